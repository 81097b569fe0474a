"""What of a contract is in force on a day: its grid, what it counts, by what its price is multiplied."""

import uuid
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import Prefetch

from catalog.prices import TerritoryFacts, year_quote
from catalog.pricing import Quote, revise
from subscriptions.models import Amendment, AmendmentKind, AmendmentState, Subscription


@dataclass(frozen=True)
class TermsInForce:
    """`definition` is the grid that the engine reads, `options` those chosen with it ({code, name, grid});
    `counts` what the member said of itself, by `Counted.name`; `coefficient` what the revisions came to."""

    definition: dict
    counts: dict[str, int]
    options: list[dict]
    coefficient: Decimal

    def at(self, coefficient: Decimal) -> "TermsInForce":
        """The same at another coefficient."""
        return replace(self, coefficient=coefficient)

    def with_counts(self, facts: TerritoryFacts) -> TerritoryFacts:
        """The facts with what the member said of itself."""
        return replace(facts, counts=self.counts)

    def price(self, facts: TerritoryFacts, *, first_year: bool) -> Quote:
        """A whole year at these terms. Raises PricingError."""
        quote = year_quote(
            definition=self.definition,
            options=self.options,
            facts=self.with_counts(facts),
            first_year=first_year,
        )
        return revise(quote, coefficient=self.coefficient)


def approved_amendments() -> Prefetch:
    """For `prefetch_related`, where many subscriptions are priced: `terms_on` then asks nothing more."""
    return Prefetch(
        "amendments",
        queryset=Amendment.objects.filter(state=AmendmentState.APPROVED).order_by("effective_on", "number"),
    )


def terms_on(subscription: Subscription, day: date) -> TermsInForce:
    """The terms of a subscription that day, by the amendments approved so far. One query, none if
    `approved_amendments` were prefetched."""
    counts, options, coefficient = subscription.counts, subscription.options, Decimal(1)
    for amendment in _approved(subscription):
        if amendment.effective_on > day:
            break
        if amendment.kind == AmendmentKind.CHOICES:
            counts, options = amendment.counts, amendment.options
        elif amendment.kind == AmendmentKind.INDEXATION:
            coefficient = amendment.coefficient
    return TermsInForce(subscription.grid, counts, options, coefficient)


def options_ever(subscription: Subscription) -> list[dict]:
    """The options ({code, name, grid}) that it had or is to have on any day, some of them twice. As
    `terms_on`."""
    amended = (amendment.options or [] for amendment in _approved(subscription))
    return [*subscription.options, *(option for options in amended for option in options)]


def follow(*, old: Subscription, new: Subscription) -> None:
    """Whoever takes over a contract takes over its amendments, those to come included."""
    for amendment in _approved(old):
        amendment.pk, amendment.id = None, None
        amendment.tenant_id, amendment.subscription = new.tenant_id, new
        amendment.public_id, amendment.request_key = uuid.uuid4(), uuid.uuid4()
        amendment.save(force_insert=True)


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
    found = [one for one in subscription.amendments.all() if one.state == AmendmentState.APPROVED]
    return sorted(found, key=lambda one: (one.effective_on, one.number))
