"""The months that a subscriber owes: those begun."""

from datetime import date

from billing.periods import Period
from subscriptions.models import Subscription


def months_owed(subscription: Subscription, period: Period) -> int:
    """Months of the period that are owed: those begun. The month of a merger was begun by the merged commune;
    whoever follows owes from the next one."""
    return period.months_started(since=_since(subscription), until=subscription.ended_on)


def owed_months(subscription: Subscription, period: Period) -> list[date]:
    """The same months, each by its first day."""
    first = max(period.start, _since(subscription))
    count = months_owed(subscription, period)
    return [_first_of(first.year, first.month + offset) for offset in range(count)]


def _since(subscription: Subscription) -> date:
    since = subscription.active_from
    if subscription.follows_id and since.day > 1:
        return _first_of(since.year, since.month + 1)
    return since


def _first_of(year: int, month: int) -> date:
    """Of a month counted from January of that year, beyond December too."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
