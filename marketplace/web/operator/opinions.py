"""An operator reads over what its members wrote of services, before anybody else reads it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from catalog.experience import opinions, queries
from catalog.models import ModerationState
from marketplace.web.access import operator_view
from marketplace.web.operator.lists import chosen, crumbs, rest_of_address, tabs
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.opinion_views import experience_card, review_card
from tenants.models import Role
from tenants.refusals import Refused

PAGE = 20
STATES = {
    "a-relire": ModerationState.PENDING,
    "publies": ModerationState.PUBLISHED,
    "refuses": ModerationState.REFUSED,
}
LABELS = {"a-relire": "À relire", "publies": "Publiés", "refuses": "Non publiés"}
KINDS = {"avis": queries.reviews_to_moderate, "retours": queries.experiences_to_moderate}
KIND_LABELS = {"avis": "Avis", "retours": "Retours d’expérience"}

opinions_view = operator_view(Role.CURATOR, Role.OPERATOR_ADMIN)


@opinions_view
@require_safe
def opinion_list(request, operator):
    """Reviews or accounts, by state."""
    group = chosen(request, LABELS)
    kind = request.GET.get("sorte", "")
    kind = kind if kind in KINDS else "avis"
    found = {name: KINDS[kind](operator=operator, state=state) for name, state in STATES.items()}
    page = Paginator(found[group], PAGE).get_page(request.GET.get("page"))
    counts = {name: page.paginator.count if name == group else rows.count() for name, rows in found.items()}
    card = review_card if kind == "avis" else experience_card
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Avis et retours", "")),
        "kinds": [
            {
                "label": label,
                "url": f"{request.path}?sorte={name}",
                "active": name == kind,
            }
            for name, label in KIND_LABELS.items()
        ],
        "kind": kind,
        "tabs": [
            {**tab, "url": f"{tab['url']}&sorte={kind}"}
            for tab in tabs(request, labels=LABELS, counts=counts, active=group, search="")
        ],
        "page": page,
        "rest": rest_of_address(etat=group, sorte=kind),
        "may_decide": bool(request.roles & TASK_ROLES),
        "rows": [
            {
                **card(one),
                "service": one.sheet.name,
                "reason": one.reason,
                "publish_url": reverse("operator_opinion_decide", args=[operator.slug, kind, one.public_id])
                if group == "a-relire"
                else "",
                "refuse_url": reverse("operator_opinion_decide", args=[operator.slug, kind, one.public_id])
                if group != "refuses"
                else "",
                "id": one.public_id,
            }
            for one in page
        ],
    }
    return render(request, "operator/opinions.html", context)


@opinions_view
@require_POST
def decide(request, operator, kind, public_id):
    """Publishes or refuses one text."""
    if kind not in KINDS:
        raise Http404
    model = {"avis": queries.Review, "retours": queries.ExperienceSheet}[kind]
    opinion = (
        model.objects.select_related("organisation", "sheet", "operator__organisation", "written_by")
        .filter(operator=operator, public_id=public_id)
        .first()
    )
    if opinion is None:
        raise Http404
    try:
        if request.POST.get("decision") == "publish":
            opinions.publish(opinion=opinion, by=request.user, now=timezone.now())
            messages.success(request, "Le texte est publié.")
        else:
            opinions.refuse(
                opinion=opinion,
                reason=request.POST.get("reason", ""),
                by=request.user,
                now=timezone.now(),
            )
            messages.success(request, "Le texte n’est pas publié, son auteur est prévenu.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(f"{reverse('operator_opinions', args=[operator.slug])}?sorte={kind}")
