"""What was used in the months of a period, as parts of what is owed for it: by what is known of it now.

What is told or corrected later changes what is owed, not what was billed: `levelling` finds the difference.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from billing.parts import Part
from billing.periods import Period
from billing.vat import regime_on
from catalog.prices import TerritoryFacts, grid_in_force
from catalog.pricing import revise
from catalog.pricing.usage import price_used, usage_of
from subscriptions.in_force import terms_on
from subscriptions.metering import Used, used_in
from subscriptions.models import Subscription
from tenants.days import next_month

FACT = "usage"  # what an entry keeps of it
_READ = "usage_read"


def read_usage(subscriptions: Iterable[Subscription], period: Period) -> None:
    """Before many subscriptions are priced: reads what all of them used. One query, none where no tariff asks
    for what is used."""
    paying = [one for one in subscriptions if usage_of(one.grid)]
    found = used_in(paying, start=period.start, end=period.end) if paying else {}
    for one in paying:
        setattr(one, _READ, found.get(one.pk, {}))


def usage_day(subscription: Subscription, period: Period) -> date:
    """The day of the facts that its usage is billed by."""
    return max(period.start, subscription.active_from)


def usage_parts(subscription: Subscription, facts: TerritoryFacts, period: Period) -> Iterator[Part]:
    """What was used, month by month and unit by unit, at the prices then in force. One query, none after
    `read_usage`."""
    prices = {one.unit: one for one in usage_of(subscription.grid)}
    if not prices:
        return
    used = _used(subscription, period)
    for (month, unit), one in sorted(used.items()):
        if unit not in prices:
            continue
        quote = price_used(prices[unit], quantity=one.quantity, month=month)
        yield Part(
            period=Period(max(month, period.start), min(next_month(month), period.end)),
            quote=revise(quote, coefficient=terms_on(subscription, month).coefficient),
            year=None,
            facts=facts.for_grid(grid_in_force(subscription.grid)),
            vat=regime_on(subscription, facts, max(month, period.start)),
            owed={FACT: _frozen(month, unit, one, prices[unit].included)},
            suffix=f"~{month:%y%m}",
        )


def _used(subscription: Subscription, period: Period) -> dict[tuple[date, str], Used]:
    read = vars(subscription).get(_READ)
    if read is not None:
        return read
    return used_in([subscription], start=period.start, end=period.end).get(subscription.pk, {})


def _frozen(month: date, unit: str, used: Used, included: int) -> dict:
    return {
        "month": month.isoformat(),
        "unit": unit,
        "quantity": used.quantity,
        "included": included,
        "events": used.events,
        "last_event": used.last_event,
    }
