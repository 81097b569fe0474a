"""The VAT of a subscription: what its tariff says, and the regime that was told when it was asked for.

A subscription copies the regime of the day it is asked for. The tariff's own words are kept in its quote
where the regime was another: each invoice looks for the regime of its own period from them.
"""

from decimal import Decimal

from django.db.models import F, QuerySet

from catalog.models import PriceGrid
from catalog.prices import vat_in, vat_terms
from catalog.pricing import Quote
from catalog.vat import Regime, Terms
from subscriptions.models import Subscription

KEPT = "vat"
_READ_APART = "vat_kept"


def told(*, vat: Regime, grid: PriceGrid, quote: Quote) -> dict:
    """The fields of a subscription that say its VAT, its quote among them."""
    terms = vat_terms(grid)
    kept = quote.to_dict()
    if vat.undecided or (vat.category, vat.rate, vat.reason) != (terms.category, terms.rate, terms.reason):
        kept[KEPT] = {
            "category": terms.category,
            "rate": f"{terms.rate:f}",
            "reason": terms.reason,
            "undecided": vat.undecided,
        }
    return {"quote": kept, "vat_category": vat.category, "vat_rate": vat.rate, "vat_reason": vat.reason}


def taken_over(subscription: Subscription, quote: Quote) -> dict:
    """The quote of whoever follows it, with what is kept beside the one before."""
    kept = subscription.quote.get(KEPT)
    return quote.to_dict() | ({KEPT: kept} if kept else {})


def with_terms(subscriptions: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """For many of them: `terms_of` then does without their quote, which is long."""
    return subscriptions.annotate(**{_READ_APART: F(f"quote__{KEPT}")})


def keep_apart(subscription: Subscription, kept: dict | None) -> None:
    """The same for one whose quote was not read: `kept` is what stands in it under `KEPT`."""
    setattr(subscription, _READ_APART, kept)


def terms_of(subscription: Subscription) -> Terms:
    """What the tariff that it was asked for by said of VAT."""
    read = vars(subscription)
    kept = read[_READ_APART] if _READ_APART in read else subscription.quote.get(KEPT)
    if kept:
        return Terms(kept["category"], Decimal(kept["rate"]), kept["reason"])
    return Terms(subscription.vat_category, subscription.vat_rate, subscription.vat_reason)


def vat_asked(subscription: Subscription) -> Regime:
    """The regime told when it was asked for."""
    return Regime(
        subscription.vat_category,
        subscription.vat_rate,
        subscription.vat_reason,
        undecided=(subscription.quote.get(KEPT) or {}).get("undecided", ""),
    )


def vat_cents_asked(subscription: Subscription, quote: Quote) -> int:
    """VAT in cents on a quote, by that regime."""
    return vat_in(quote, vat_asked(subscription))
