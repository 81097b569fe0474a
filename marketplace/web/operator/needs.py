"""An operator's needs board, seen from inside: answer, close."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from catalog.experience import needs as board
from catalog.experience.queries import needs, with_answers
from catalog.models import NeedState
from marketplace.web.access import operator_view
from marketplace.web.operator.lists import chosen, crumbs, rest_of_address, tabs
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.opinion_views import need_page, need_row
from tenants.models import Role
from tenants.refusals import Refused

PAGE = 20
LABELS = {"ouverts": "Ouverts", "repondus": "Une réponse est proposée", "clos": "Clos"}
STATES = {"ouverts": NeedState.OPEN, "repondus": NeedState.ANSWERED, "clos": NeedState.CLOSED}

needs_view = operator_view(Role.CURATOR, Role.OPERATOR_ADMIN)


@needs_view
@require_safe
def need_list(request, operator):
    """Needs by state, most wanted first."""
    group = chosen(request, LABELS)
    found = {name: needs(operator=operator, state=state) for name, state in STATES.items()}
    page = Paginator(found[group], PAGE).get_page(request.GET.get("page"))
    counts = {name: page.paginator.count if name == group else rows.count() for name, rows in found.items()}
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Besoins", "")),
        "tabs": tabs(request, labels=LABELS, counts=counts, active=group, search=""),
        "page": page,
        "rest": rest_of_address(etat=group),
        "rows": [
            need_row(need, url=reverse("operator_need", args=[operator.slug, need.public_id]))
            for need in page
        ],
    }
    return render(request, "operator/needs.html", context)


@needs_view
@require_http_methods(["GET", "HEAD", "POST"])
def need(request, operator, public_id):
    """One need; answers it, or closes it."""
    rows = needs(operator=operator) | needs(operator=operator, state=NeedState.CLOSED)
    found = with_answers(rows).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    typed, error = {"text": request.POST.get("text", ""), "reason": request.POST.get("reason", "")}, ""
    if request.method == "POST":
        common = {
            "need": found,
            "organisation": operator.organisation,
            "by": request.user,
            "now": timezone.now(),
        }
        try:
            if request.POST.get("quoi") == "clore":
                board.close(reason=typed["reason"], **common)
                messages.success(request, "Le besoin est clos.")
            else:
                board.answer(text=typed["text"], sheet=None, **common)
                messages.success(request, "Votre réponse est au tableau, la collectivité est prévenue.")
        except Refused as refusal:
            error = str(refusal)
        else:
            return redirect("operator_need", operator=operator.slug, public_id=public_id)
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator, ("Besoins", reverse("operator_needs", args=[operator.slug])), (found.title, "")
        ),
        "need": need_page(found),
        "typed": typed,
        "error": error,
        "may_act": bool(request.roles & TASK_ROLES),
    }
    return render(request, "operator/need.html", context)
