"""The months that a subscriber owes: those begun."""

from datetime import date

from billing.periods import Period
from subscriptions.models import Subscription
from tenants.days import month_begun_or_next, next_month


def months_owed(subscription: Subscription, period: Period) -> int:
    """Months of the period that are owed: those begun. The month of a merger was begun by the merged commune;
    whoever follows owes from the next one."""
    return period.months_started(since=_since(subscription), until=subscription.ended_on)


def owed_months(subscription: Subscription, period: Period) -> list[date]:
    """The same months, each by its first day."""
    first = max(period.start, _since(subscription))
    return [next_month(first, ahead=ahead) for ahead in range(months_owed(subscription, period))]


def _since(subscription: Subscription) -> date:
    since = subscription.active_from
    return month_begun_or_next(since) if subscription.follows_id else since
