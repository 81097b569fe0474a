"""What is to be put right on the next invoices and credit notes, read before they are issued."""

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from billing.adjustment_queries import (
    ALL,
    CREDIT_NOTE,
    DRAFT_INVOICE,
    NEXT_INVOICE,
    drafts_with,
    operator_adjustments,
)
from billing.models import Adjustment, Invoice
from billing.periods import Period
from marketplace.web.access import operator_view
from marketplace.web.adjustment_words import amount_of, kind_of
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import searched_list
from marketplace.web.operator.roles import MONEY_ROLES
from tenants.models import Operator

TABS = {
    ALL: "Toutes",
    NEXT_INVOICE: "Sur la prochaine facture",
    DRAFT_INVOICE: "Sur un projet de facture",
    CREDIT_NOTE: "Sur un avoir à émettre",
}


@operator_view(*MONEY_ROLES)
@require_safe
def adjustment_list(request, operator):
    """Each difference that nobody has been invoiced for or given back yet, and where it waits."""
    frame, found = searched_list(
        request,
        operator,
        operator_adjustments,
        title="Régularisations à venir",
        noun="régularisation",
        labels=TABS,
    )
    shown = list(found.page)
    drafts = drafts_with(shown)
    context = frame | {"rows": [_row(operator, one, drafts[one.pk]) for one in shown]}
    return render(request, "operator/adjustments.html", context)


def _row(operator: Operator, one: Adjustment, drafts: list[Invoice]) -> dict:
    subscription = one.subscription
    other = "" if one.tenant_id == subscription.tenant_id else f", pour {subscription.tenant.name}"
    return {
        "member": one.tenant.name,
        "service": f"{subscription.service_name}{other}",
        "why": kind_of(one),
        "period": capitalised(Period(one.period_start, one.period_end).label),
        "amount": f"{'+' if one.cents > 0 else '−'} {amount_of(one)}",
        "steps": one.steps,
        "drafts": [_draft(operator, draft) for draft in drafts],
    }


def _draft(operator: Operator, draft: Invoice) -> dict:
    if draft.is_credit_note:
        url = reverse("operator_credit_note", args=[operator.slug, draft.public_id])
        return {"label": "Avoir à émettre", "url": url}
    url = reverse("operator_run", args=[operator.slug, draft.run.public_id])
    return {"label": "Projet de facture à relire", "url": url}
