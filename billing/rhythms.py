"""The periods of a tariff that says its rhythm: which fall due in a run, and what of them is owed.

A period falls due on one day, in which the subscription is open: its first one in advance, its last one in
arrears. A run bills those that fall due in it; runs never overlap, so each is billed once. Days are in
Europe/Paris like every date of a bill: no clock changes their number.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from billing.periods import Period
from catalog.pricing import Rhythm, rhythm_of
from subscriptions.models import Subscription
from tenants.days import months_after, months_between

FACT = "rhythm"  # what an entry keeps of its own period
YEAR = 12


@dataclass(frozen=True)
class Term:
    """One period of a rhythm, `whole`; `days` of it the subscription is open; what is owed goes `since` to
    `until`, in months from the anchor: more than the days where a month or a period begun is owed whole."""

    whole: Period
    days: Period
    since: Fraction
    until: Fraction
    anchor: date

    def moments(self, span: Period) -> tuple[Fraction, Fraction]:
        """What is owed of some of its days, `span`, as `catalog.pricing.slice_of_year` takes it: from and to
        which month of its year, the same twice where nothing is. Those of the spans that its days are cut in
        sum to what is owed of the whole term."""
        first = self.since if span.start <= self.days.start else self._within(span.start)
        last = self.until if span.end >= self.days.end else self._within(span.end)
        year = self.since // YEAR * YEAR
        return first - year, last - year

    def _within(self, day: date) -> Fraction:
        return min(max(self.since, months_between(self.anchor, day)), self.until)


def terms_due(subscription: Subscription, rhythm: Rhythm, within: Period) -> list[Term]:
    """The periods of a subscription that fall due within those days and of which something is owed, in
    order."""
    anchor = anchor_of(subscription, rhythm)
    found = []
    for whole in _periods(anchor, rhythm.months, within):
        first = max(whole.start, subscription.active_from)
        last = min(whole.end, subscription.ended_on or whole.end)
        if last <= first:
            continue
        due = first if rhythm.due == "advance" else last - timedelta(days=1)
        if not within.start <= due < within.end:
            continue
        days = Period(first, last)
        since, until = _owed(subscription, rhythm, anchor, whole, days)
        if since < until:
            found.append(Term(whole, days, since, until, anchor))
    return found


def days_due(subscriptions: Iterable[Subscription], within: Period) -> Period:
    """Those days, and all that their periods in rhythm bill when they fall due in them: more in advance, and
    in arrears."""
    start, end = within.start, within.end
    for one in subscriptions:
        if rhythm := rhythm_in(one):
            for term in terms_due(one, rhythm, within):
                start, end = min(start, term.days.start), max(end, term.days.end)
    return Period(start, end)


def anchor_of(subscription: Subscription, rhythm: Rhythm) -> date:
    """The day that its periods are counted from. Whoever follows a merged commune keeps its rhythm."""
    opened = subscription.origin.active_from
    return opened if rhythm.anchor == "subscription" else date(opened.year, 1, 1)


def rhythm_in(subscription: Subscription) -> Rhythm | None:
    """The rhythm of its tariff, frozen with it."""
    return rhythm_of(subscription.grid)


def _periods(anchor: date, months: int, within: Period) -> Iterator[Period]:
    """Those that have a day within."""
    number = months_between(anchor, within.start) // months * months
    while (start := months_after(anchor, number)) < within.end:
        number += months
        yield Period(start, months_after(anchor, number))


def _owed(
    subscription: Subscription, rhythm: Rhythm, anchor: date, whole: Period, days: Period
) -> tuple[Fraction, Fraction]:
    """From and to which moment it is owed. What the merged commune had begun, and owes whole, is not owed
    again by whoever follows it."""
    since, until = months_between(anchor, days.start), months_between(anchor, days.end)
    if rhythm.proration == "day":
        return since, until
    step = 1 if rhythm.proration == "month" else rhythm.months
    begun = -(-since // step) if subscription.follows_id else since // step
    return Fraction(begun * step), Fraction(-(-until // step) * step)
