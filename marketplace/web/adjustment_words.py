"""What is to be put right on the next invoice, said to whoever reads it."""

from billing.adjustment_queries import CREDIT_NOTE, DRAFT_INVOICE, NEXT_INVOICE
from billing.models import Adjustment, AdjustmentKind
from billing.periods import Period
from catalog.pricing.usage import usage_of
from marketplace.web.commune.words import is_taxed
from marketplace.web.formats import net
from marketplace.web.operator.forms import capitalised

WHERE = {
    NEXT_INVOICE: "seront ajoutés à votre prochaine facture",
    DRAFT_INVOICE: "seront ajoutés à votre prochaine facture, que votre opérateur relit",
    CREDIT_NOTE: "vous seront rendus par un avoir, que votre opérateur relit",
}


def announced(one: Adjustment) -> dict:
    """For commune/_adjustments.html: the sentence, and the calculation. `one` as `to_come` gives it."""
    return {
        "id": one.pk,
        "service": one.subscription.service_name,
        "sentence": f"{amount_of(one)} {WHERE[one.waits]}, parce que {because(one)}.",
        "steps": one.steps,
    }


def amount_of(one: Adjustment) -> str:
    """ "12,40 € HT", without its sign: the words around say which way it goes."""
    return net(abs(one.cents), taxed=is_taxed(one.subscription))


def because(one: Adjustment) -> str:
    """Why, after « parce que »."""
    period = Period(one.period_start, one.period_end).label
    if one.kind == AdjustmentKind.TRUE_UP:
        return f"le groupe, compté au dernier jour, fixe le prix de toute l’{period}"
    if one.kind == AdjustmentKind.CONTESTED:
        return f"votre contestation de « {one.subscription.service_name} » a été acceptée ({period})"
    what = "l’usage ou le prix" if usage_of(one.subscription.grid) else "le prix"
    return f"{what} de « {one.subscription.service_name} » a changé pour une période déjà facturée ({period})"


def kind_of(one: Adjustment) -> str:
    """Why, in two or three words."""
    if one.kind == AdjustmentKind.REPRICED and usage_of(one.subscription.grid):
        return "Changement d’usage ou de prix"
    return capitalised(one.get_kind_display())
