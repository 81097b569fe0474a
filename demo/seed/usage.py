"""What a service of the Brumelle told of its use: a quarter at a time, and once too little."""

from datetime import date, timedelta

from billing.models import Repricing
from billing.repricing import settle_repricing
from demo.seed.bills import FIRST_QUARTER, SECOND_QUARTER, THIRD_QUARTER, jobs_forgotten
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.operators import BRUMELLE
from demo.seed.shelves import WITH_USAGE
from subscriptions.metering import Told, take
from subscriptions.models import State, Subscription, UsageEvent
from tenants.days import next_month

CORRECTED_ON = date(2026, 7, 10)
FORGOTTEN = 64  # messages of June, told once June was invoiced
MESSAGES = (118, 187, 236, 164, 92, 205, 143)  # a month; each member begins at its own place


def tell_usage() -> None:
    """Before the runs: each quarter is told on the morning after it."""
    with jobs_forgotten():
        for place, subscription in enumerate(_metered()):
            for quarter in (FIRST_QUARTER, SECOND_QUARTER, THIRD_QUARTER):
                if told := _months(subscription, quarter, place):
                    _tell(subscription, told, quarter.end)


def correct_usage() -> None:
    """Of the main commune, once the second quarter is invoiced: the rest is on its next invoice."""
    subscription = _metered().get(tenant__territory__code=MAIN)
    last = UsageEvent.objects.filter(subscription=subscription, used_on__lt=SECOND_QUARTER.end).latest(
        "used_on"
    )
    told = Told(
        id=f"{last.source_event_id}-bis",
        unit=last.unit,
        quantity=last.quantity + FORGOTTEN,
        used_at=at(last.used_on, 18),
        corrects=last.source_event_id,
    )
    with jobs_forgotten():
        _tell(subscription, [told], CORRECTED_ON)


def _metered():
    return (
        Subscription.objects.filter(
            operator__slug=BRUMELLE.slug,
            listing__offer__product__sheet__slug=WITH_USAGE,
            state=State.ACTIVE,
        )
        .select_related("tenant", "listing__offer__product__sheet")
        .order_by("pk")
    )


def _months(subscription: Subscription, quarter, place: int) -> list[Told]:
    """The messages sent each month that the service was open, dated of the month's last day."""
    found, month = [], quarter.start
    while month < quarter.end:
        last_day = next_month(month) - timedelta(days=1)
        if last_day >= subscription.active_from:
            quantity = MESSAGES[(place + month.month) % len(MESSAGES)]
            name = f"sms-{month:%Y-%m}-{subscription.tenant.siren}"
            found.append(Told(id=name, unit="sms", quantity=quantity, used_at=at(last_day, 18)))
        month = next_month(month)
    return found


def _tell(subscription: Subscription, told: list[Told], day: date) -> None:
    """As its service does with its key; what that changes is seen to at once."""
    source = f"service:{subscription.listing.sheet.pk}"
    take(subscription=subscription, source=source, told=told, now=at(day, 6))
    for pk in Repricing.objects.filter(subscription=subscription, settled_at=None).values_list(
        "pk", flat=True
    ):
        settle_repricing(repricing_id=pk, now=at(day, 6, 1))
