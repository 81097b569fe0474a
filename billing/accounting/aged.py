"""Who owes what and since when, and what should come in month by month: from issued invoices and the last
day to pay each, which a contest may have moved."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import BigIntegerField, ExpressionWrapper, F, QuerySet, Sum
from django.db.models.functions import TruncMonth

from billing.models import Invoice, SettlementState
from billing.queries import received_cents
from tenants.models import Operator

# Days after the last day to pay, both included; the first is not due yet, the last has no end.
BUCKETS = {
    "not_due": "Non échu",
    "to_30": "1 à 30 jours",
    "to_60": "31 à 60 jours",
    "to_90": "61 à 90 jours",
    "over_90": "Plus de 90 jours",
}
_LIMITS = {"to_30": 30, "to_60": 60, "to_90": 90}


@dataclass(frozen=True)
class Aged:
    """What one member owes, or all of them, in cents: by bucket, and altogether."""

    name: str
    siren: str
    cents: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.cents.values())


@dataclass(frozen=True)
class Month:
    """What is due in a month, in cents; `first` None for what is overdue already."""

    first: date | None
    cents: int


def aged_balance(*, operator: Operator, on: date) -> list[Aged]:
    """Each member that owes something, the largest debt first. One query.

    An invoice counts for what is left of it: its credit notes and what was paid on it are taken away.
    """
    sums: dict[int, Aged] = {}
    for tenant, name, siren, due, left in unpaid(operator).values_list(
        "tenant", "tenant__name", "tenant__siren", "pay_by_day", "left"
    ):
        member = sums.setdefault(tenant, Aged(name, siren, dict.fromkeys(BUCKETS, 0)))
        member.cents[bucket_of(due, on=on)] += left
    return sorted(sums.values(), key=lambda member: (-member.total, member.name, member.siren))


def totals(members: Iterable[Aged]) -> Aged:
    """All members together."""
    cents = dict.fromkeys(BUCKETS, 0)
    for member in members:
        for bucket, amount in member.cents.items():
            cents[bucket] += amount
    return Aged("", "", cents)


def bucket_of(due: date | None, *, on: date) -> str:
    """Which bucket an invoice due on that day is in; None: a contest interrupts its time."""
    if due is None or due >= on:
        return "not_due"
    late = (on - due).days
    return next((bucket for bucket, days in _LIMITS.items() if late <= days), "over_90")


def cash_in(*, operator: Operator, on: date) -> list[Month]:
    """What is overdue, then what comes due in each month that has something. An invoice whose time a contest
    interrupts comes due nobody knows when, and is left out. Two queries."""
    owed = unpaid(operator)
    late = owed.filter(pay_by_day__lt=on).aggregate(cents=Sum("left"))["cents"]
    months = (
        owed.filter(pay_by_day__gte=on)
        .annotate(month=TruncMonth("pay_by_day"))
        .values("month")
        .annotate(cents=Sum("left"))
        .order_by("month")
    )
    found = [Month(None, int(late))] if late else []
    return found + [Month(row["month"], int(row["cents"])) for row in months]


def unpaid(operator: Operator) -> QuerySet[Invoice]:
    """Issued invoices that are not paid in full, each with what is `left` of it."""
    left = ExpressionWrapper(
        F("gross_cents") - F("credited_cents") - received_cents(), output_field=BigIntegerField()
    )
    return (
        Invoice.objects.issued()
        .invoices()
        .of_operator(operator)
        .exclude(settlement__state=SettlementState.PAID)
        .with_credited()
        .with_pay_by()
        .annotate(left=left)
        .filter(left__gt=0)
        .order_by()
    )
