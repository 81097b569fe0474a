"""Where the payment provider's ledger differs from ours: each difference, and the reason that closes it."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.models import DifferenceKind, LedgerComparison, LedgerDifference
from billing.settlement.difference_queries import (
    CLOSED,
    TO_SEE,
    last_comparison,
    operator_differences,
)
from billing.settlement.reconciling import DifferenceClosed, close
from marketplace.web.access import operator_view
from marketplace.web.fields import text_field
from marketplace.web.formats import day, format_cents, moment
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import counted, searched_list
from marketplace.web.operator.roles import MONEY_ROLES
from tenants.models.operator import IssuerKind

TABS = {TO_SEE: "À regarder", CLOSED: "Clos"}
GONE = "Cet écart est clos depuis. Rien n’a été changé."
TO_DO = {
    DifferenceKind.MISSING_THERE: "Le prestataire ne connaît plus cette facture : l’adhérent ne peut pas la "
    "payer par lui. Demandez-lui ce qu’elle est devenue.",
    DifferenceKind.MISSING_HERE: "Cette facture a été faite chez le prestataire sans passer par Halle. "
    "Annulez-la là-bas, ou dites ici ce qu’elle est.",
    DifferenceKind.AMOUNT: "La facture émise par Halle fait foi. Annulez celle du prestataire, ou corrigez "
    "par un avoir.",
    DifferenceKind.PAID_THERE: "L’argent est arrivé. Halle l’a demandé de nouveau au prestataire, qui ne l’a "
    "pas confirmé : regardez la facture.",
    DifferenceKind.PAID_HERE: "Halle la dit payée, le prestataire l’attend encore. Vérifiez le virement chez "
    "lui.",
    DifferenceKind.VOID_THERE: "L’adhérent ne peut plus la payer. Si elle n’est plus due, préparez un avoir.",
    DifferenceKind.REFUNDED_THERE: "De l’argent a été rendu. Émettez un avoir du même montant et notez-le "
    "comme rendu.",
}


class CloseForm(forms.Form):
    """Why it is closed, kept with it."""

    reason = text_field(
        "Pourquoi clore cet écart",
        longest=300,
        missing="Dites pourquoi cet écart est clos : la raison est gardée avec lui.",
        rows=2,
    )


@operator_view(*MONEY_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def difference_list(request, operator):
    """The differences of the last nights. POST closes one."""
    refused: dict[str, CloseForm] = {}
    if request.method == "POST":
        public_id = request.POST.get("ecart", "")
        form = _form(public_id, request.POST)
        if form.is_valid():
            _close(request, operator, public_id, form.cleaned_data["reason"])
            return redirect("operator_ledger_differences", operator=operator.slug)
        refused[public_id] = form
    frame, found = searched_list(
        request,
        operator,
        operator_differences,
        title="Écarts avec le prestataire de paiement",
        noun="écart",
        labels=TABS,
    )
    public = operator.issuer_kind == IssuerKind.PUBLIC
    context = frame | {
        "public": public,
        "compared": "" if public else _compared(last_comparison(operator=operator)),
        "rows": [_row(operator, one, refused.get(str(one.public_id))) for one in found.page],
        "has_errors": bool(refused),
    }
    return render(request, "operator/ledger_differences.html", context)


def _form(public_id: str, data=None) -> CloseForm:
    """One form a difference: its fields have names of their own on the page."""
    return CloseForm(data, prefix=f"ecart-{public_id}")


def _close(request, operator, public_id: str, reason: str) -> None:
    rows = LedgerDifference.objects.filter(operator=operator).select_related("operator__organisation")
    try:
        found = rows.get(public_id=public_id)
    except (ValidationError, LedgerDifference.DoesNotExist):
        messages.error(request, GONE)
        return
    try:
        close(difference=found, reason=reason, by=request.user, now=timezone.now())
    except DifferenceClosed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’écart est clos. Il ne revient que si les montants changent.")


def _compared(last: LedgerComparison | None) -> str:
    if last is None:
        return "Les deux comptes n’ont pas encore été comparés : Halle le fait chaque nuit."
    if last.finished_at is None:
        return (
            f"La comparaison du {day(last.on)} n’est pas finie : le prestataire n’a pas tout dit. "
            "Halle recommence d’elle-même."
        )
    return (
        f"Comparés le {moment(last.finished_at)} : {counted(last.compared, 'facture')} chez le prestataire."
    )


def _row(operator, one: LedgerDifference, refused: CloseForm | None) -> dict:
    invoice = one.settlement and one.settlement.invoice
    return {
        "id": one.public_id,
        "name": one.number or one.external_id,
        "url": invoice and reverse("operator_invoice", args=[operator.slug, invoice.public_id]),
        "debtor": one.debtor,
        "kind": capitalised(one.get_kind_display()),
        "to_do": TO_DO[DifferenceKind(one.kind)],
        "facts": [
            {"label": "Chez nous", "value": _amount(one.ours_cents)},
            {"label": "Chez le prestataire", "value": _amount(one.theirs_cents)},
            {"label": "Trouvé le", "value": day(one.found_at)},
        ],
        "closed": one.closed_at and f"Clos le {day(one.closed_at)} par {one.closed_by or 'Halle'}.",
        "reason": one.reason,
        "form": refused or _form(str(one.public_id)),
    }


def _amount(cents: int | None) -> str:
    return "rien" if cents is None else format_cents(cents)
