"""The months that a subscriber owes: those begun."""

from datetime import date

from billing.periods import Period
from billing.rhythms import rhythm_in, terms_due
from catalog.pricing.usage import usage_of
from subscriptions.models import Subscription
from tenants.days import month_begun_or_next, next_month


def months_owed(subscription: Subscription, period: Period) -> int:
    """Months of the period that are owed: those begun. The month of a merger was begun by the merged commune;
    whoever follows owes from the next one."""
    return period.months_started(since=_since(subscription), until=subscription.ended_on)


def owes_in(subscription: Subscription, period: Period) -> bool:
    """Whether something falls due in the period: a month begun, or a period of its tariff's own rhythm; what
    was used may."""
    if usage_of(subscription.grid):
        return True
    if rhythm := rhythm_in(subscription):
        return bool(terms_due(subscription, rhythm, period))
    return months_owed(subscription, period) > 0


def owed_months(subscription: Subscription, period: Period) -> list[date]:
    """The same months, each by its first day; of days billed by a rhythm, each month that they touch."""
    if rhythm_in(subscription):
        count = period.months_started(since=period.start, until=period.end)
        return [next_month(period.start, ahead=ahead) for ahead in range(count)]
    first = max(period.start, _since(subscription))
    return [next_month(first, ahead=ahead) for ahead in range(months_owed(subscription, period))]


def _since(subscription: Subscription) -> date:
    since = subscription.active_from
    return month_begun_or_next(since) if subscription.follows_id else since
