"""What of a contract is in force on a day: its grid, what it counts, by what its price is multiplied."""

import uuid
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import F, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.utils.timezone import localdate

from catalog.prices import TerritoryFacts, year_quote
from catalog.pricing import PricingError, Quote
from catalog.pricing.counted import AGENTS
from subscriptions.models import Amendment, AmendmentKind, AmendmentState, Subscription

_FOUND = "approved_amendments"


@dataclass(frozen=True)
class TermsInForce:
    """`definition` is the grid that the engine reads, `options` those chosen with it ({code, name, grid});
    `counts` what the member said of itself, by `Counted.name`; `coefficient` what the revisions came to.

    An index moves a price from the day it was made: `priced_at` is the coefficient of that day, by code, for
    the options that came later. Those of the first day and the service itself bear every revision.
    """

    definition: dict
    counts: dict[str, int]
    options: list[dict]
    coefficient: Decimal
    priced_at: dict[str, Decimal] = field(default_factory=dict)

    def at(self, coefficient: Decimal) -> "TermsInForce":
        """The same at another coefficient."""
        return replace(self, coefficient=coefficient)

    def choosing(self, *, counts: dict[str, int], options: list[dict], priced_at: Decimal) -> "TermsInForce":
        """The same with other choices; options that are new are priced on a day of that coefficient."""
        had = {option["code"] for option in self.options}
        new = {option["code"]: priced_at for option in options if option["code"] not in had}
        kept = {code: value for code, value in self.priced_at.items() if code in had}
        return replace(self, counts=counts, options=options, priced_at=kept | new)

    def with_counts(self, facts: TerritoryFacts) -> TerritoryFacts:
        """The facts with what the member said of itself."""
        return facts if facts.counts == self.counts else replace(facts, counts=self.counts)

    def price(self, facts: TerritoryFacts, *, first_year: bool) -> Quote:
        """A whole year at these terms. Raises PricingError."""
        return year_quote(
            definition=self.definition,
            options=self.options,
            facts=self.with_counts(facts),
            first_year=first_year,
            coefficient=self.coefficient,
            priced_at=self.priced_at,
        )


def approved_amendments() -> Prefetch:
    """For `prefetch_related`, where many subscriptions are priced: `terms_on` then asks nothing more."""
    return Prefetch(
        "amendments",
        queryset=Amendment.objects.filter(state=AmendmentState.APPROVED).order_by("effective_on", "number"),
        to_attr=_FOUND,  # a plain list: asked for several times of each subscription of a billing run
    )


def never_amended(subscription: Subscription) -> None:
    """Says of one that it has no approved amendment: `terms_on` then asks nothing either."""
    setattr(subscription, _FOUND, [])


def terms_on(subscription: Subscription, day: date) -> TermsInForce:
    """The terms of a subscription that day, by the amendments approved so far. One query, none if
    `approved_amendments` were prefetched."""
    terms = TermsInForce(subscription.grid, subscription.counts, subscription.options, Decimal(1))
    approved = _approved(subscription)
    for amendment in approved:
        if amendment.effective_on > day:
            break
        if amendment.kind == AmendmentKind.CHOICES:
            priced_at = _coefficient_on(approved, localdate(amendment.requested_at))
            terms = terms.choosing(counts=amendment.counts, options=amendment.options, priced_at=priced_at)
        elif amendment.kind == AmendmentKind.INDEXATION:
            terms = terms.at(amendment.coefficient)
    return terms


def _coefficient_on(approved: list[Amendment], day: date) -> Decimal:
    found = [one.coefficient for one in approved if one.coefficient and one.effective_on <= day]
    return found[-1] if found else Decimal(1)


def price_in_force(*, on: date) -> Coalesce:
    """For `annotate` on subscriptions: what a year costs by the terms of that day, in cents net of tax, as it
    was computed when they were decided (the request, or the last amendment or revision in force)."""
    changed = (
        Amendment.objects.filter(
            subscription=OuterRef("pk"),
            state=AmendmentState.APPROVED,
            effective_on__lte=on,
            effective_on__gt=OuterRef("active_from"),  # a hand-over prices anew what came before it
        )
        .exclude(kind=AmendmentKind.OTHER)
        .order_by("-effective_on", "-number")
    )
    return Coalesce(Subquery(changed.values("cents_after")[:1]), F("yearly_cents"))


def options_ever(subscription: Subscription) -> list[dict]:
    """The options ({code, name, grid}) that it had or is to have on any day, some of them twice. As
    `terms_on`."""
    amended = (amendment.options or [] for amendment in _approved(subscription))
    return [*subscription.options, *(option for options in amended for option in options)]


def agents_matter(subscription: Subscription) -> bool:
    """Whether its price counts agents on some day. As `terms_on`."""
    amended = (amendment.counts or {} for amendment in _approved(subscription))
    return any(AGENTS in counts for counts in (subscription.counts, *amended))


def follow(*, old: Subscription, new: Subscription, facts: TerritoryFacts) -> None:
    """Whoever takes over a contract takes over its amendments; those to come are priced again for her, by her
    `facts`, and stay as they were told where these give no price."""
    for amendment in _approved(old):
        if amendment.kind != AmendmentKind.OTHER and amendment.effective_on > new.active_from:
            with suppress(PricingError):
                _price_again(amendment, old, facts)
        amendment.pk, amendment.id = None, None
        amendment.tenant_id, amendment.subscription = new.tenant_id, new
        amendment.public_id, amendment.request_key = uuid.uuid4(), uuid.uuid4()
        amendment.save(force_insert=True)


def _price_again(amendment: Amendment, subscription: Subscription, facts: TerritoryFacts) -> None:
    day = amendment.effective_on
    first_year = subscription.in_first_year(day)
    before, after = (
        terms_on(subscription, on).price(facts, first_year=first_year).recurring()
        for on in (day - timedelta(days=1), day)
    )
    amendment.quote_before, amendment.quote_after = before.to_dict(), after.to_dict()
    amendment.cents_before, amendment.cents_after = before.total_cents, after.total_cents


def change_days(subscription: Subscription, *, start: date, end: date) -> list[date]:
    """The days strictly between `start` and `end` on which the price changes, in order."""
    days = {one.effective_on for one in changes_within(subscription, start=start, end=end)}
    return sorted(days - {start})


def changes_within(subscription: Subscription, *, start: date, end: date) -> list[Amendment]:
    """The amendments by which the price changes on a day of [start, end), in order."""
    return [
        amendment
        for amendment in _approved(subscription)
        if amendment.kind != AmendmentKind.OTHER and start <= amendment.effective_on < end
    ]


def _approved(subscription: Subscription) -> list[Amendment]:
    if (found := getattr(subscription, _FOUND, None)) is not None:
        return found
    found = [one for one in subscription.amendments.all() if one.state == AmendmentState.APPROVED]
    return sorted(found, key=lambda one: (one.effective_on, one.number))
