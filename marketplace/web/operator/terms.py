"""The ends of terms of the members' contracts, and the operator's word against a renewal."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.web.access import operator_view
from marketplace.web.commune.life_forms import ReasonForm
from marketplace.web.formats import day
from marketplace.web.operator.lists import counted, crumbs
from marketplace.web.operator.roles import TASK_ROLES
from subscriptions import renewing
from subscriptions.exceptions import RenewalRefused
from subscriptions.models import Side, Subscription
from subscriptions.term_queries import Ending, ending_terms
from subscriptions.terms import Fate, outlook

TITLE = "Échéances"


@operator_view()
@require_safe
def term_list(request, operator):
    """The contracts that near the end of a term, and what comes then."""
    return _list_page(request, operator)


@operator_view(*TASK_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def notice(request, operator, public_id):
    """The operator does not renew a member's contract, or changes its mind in time."""
    rows = Subscription.objects.select_related("tenant", "operator__organisation")
    subscription = get_object_or_404(rows, operator=operator, public_id=public_id)
    if request.reads_only:
        return _list_page(request, operator)
    back = reverse("operator_terms", args=[operator.slug])
    if (found := outlook(subscription)) is None:
        raise Http404
    takes_back = found.non_renewal is not None
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            _decide(request, subscription, form.cleaned_data["reason"])
        except RenewalRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "C’est noté. L’adhérent est prévenu.")
        return redirect(back)
    today = timezone.localdate()
    possible = (
        found.non_renewal.side == Side.OPERATOR and found.may_take_back(on=today)
        if takes_back
        else found.may_give_notice(on=today)
    )
    if not possible:
        messages.info(request, "Rien n’est à décider aujourd’hui pour cet abonnement.")
        return redirect(back)
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, back), (subscription.service_name, "")),
        "subscription": subscription,
        "form": form,
        "takes_back": takes_back,
        "back": back,
        "consequences": [
            f"Le contrat continue le {day(found.term.ends)}. L’adhérent est prévenu."
            if takes_back
            else f"Le contrat prend fin le {day(found.term.last_day)}. L’adhérent le lit, avec le motif.",
            f"Vous pouvez changer d’avis jusqu’au {day(found.notice_until)}.",
        ],
    }
    return render(request, "operator/term_notice.html", context)


def _decide(request, subscription: Subscription, reason: str) -> None:
    how = {"subscription": subscription, "side": Side.OPERATOR, "by": request.user, "now": timezone.now()}
    if request.POST.get("action") == "reconduire":
        renewing.take_back(**how)
    else:
        renewing.give_notice(reason=reason, **how)


def _list_page(request, operator):
    today = timezone.localdate()
    page, endings = ending_terms(operator=operator, on=today, page=request.GET.get("page"))
    may_act = bool(request.roles & TASK_ROLES)
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, "")),
        "page": page,
        "total": counted(page.paginator.count, "échéance"),
        "may_act": may_act,
        "rows": [_row(operator, one, today, may_act=may_act) for one in endings],
    }
    return render(request, "operator/terms.html", context)


def _row(operator, ending: Ending, today, *, may_act: bool) -> dict:
    subscription, found = ending.subscription, ending.outlook
    own = found.non_renewal is not None and found.non_renewal.side == Side.OPERATOR
    acts = may_act and (found.may_give_notice(on=today) or (own and found.may_take_back(on=today)))
    return {
        "member": subscription.tenant.name,
        "service": subscription.service_name,
        "ends": day(found.term.last_day),
        "badge": _badge(found, today),
        "note": _note(found),
        "url": reverse("operator_term_notice", args=[operator.slug, subscription.public_id]) if acts else "",
        "action": "Changer d’avis" if found.non_renewal else "Ne pas reconduire",
    }


def _badge(found, today) -> dict:
    if found.fate == Fate.GOES_ON:
        return {"state": "success", "label": "Reconduit tacitement"}
    if found.fate == Fate.AWAITED and today < found.term.ends:
        return {"state": "warning", "label": "À reconduire par l’adhérent"}
    return {"state": "neutral", "label": "Prend fin" if today < found.term.ends else "Terminé"}


def _note(found) -> str:
    if found.fate == Fate.GOES_ON:
        return f"Préavis jusqu’au {day(found.notice_until)}"
    if found.non_renewal:
        return f"Refusé par {found.non_renewal.get_side_display()}"
    return "" if found.fate == Fate.AWAITED else "Dernière période du contrat"
