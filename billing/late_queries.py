"""Reads for pages: invoices paid late or not yet, with what is due for it."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
)
from django.db.models.functions import TruncDate
from django.utils.timezone import localdate

from billing.late_interest import (
    Late,
    RateMissing,
    Rates,
    days_late,
    half_year_of,
    lapses_on,
    late_in_parts,
)
from billing.models import (
    ContestState,
    Dunning,
    DunningKind,
    Invoice,
    LateInterestRate,
    LineContest,
    ReminderPace,
    SettlementState,
)
from billing.queries import received_cents
from tenants.members.search import member_matches
from tenants.models import Operator, Organisation
from tenants.models.organisation import OrganisationKind

PAGE_SIZE = 25
UNPAID, TO_DECIDE, DECIDED = "impayees", "interets", "closes"
PRIVATE = (OrganisationKind.ASSOCIATION, OrganisationKind.COMPANY)
# The last day of each age, in days late; None: older.
AGES = (30, 60, 90, None)


@dataclass(frozen=True)
class LateList:
    """A page of one group; `counts` by group, for the same search; `aged`: for each of AGES, how many unpaid
    invoices and what is left of them, in cents, tax included."""

    page: Page
    counts: dict[str, int]
    aged: list[tuple[int, int]]


@dataclass(frozen=True)
class Assessment:
    """Where a late invoice stands on a day. `missing`: the half-year whose rate is not known; `late` is then
    None, as where nothing is due. `until`: the payment, or that day."""

    due_on: date
    until: date
    days: int
    left_cents: int
    late: Late | None
    missing: date | None
    lapses_on: date


def is_private(organisation: Organisation) -> bool:
    """Whether it pays by the commercial code, not by that of public procurement."""
    return organisation.kind in PRIVATE


def late_invoices(*, operator: Operator, today: date) -> QuerySet[Invoice]:
    """Invoices past their day, paid after it or not yet, with `owed`, `left` (to pay; all that was owed, of
    one that is paid), `pay_by_day`, `paid_day`, `decided`,
    `contested`, `reminded_at` and `reminders`."""
    dunnings = Dunning.objects.filter(invoice=OuterRef("pk"))
    reminders = dunnings.filter(kind=DunningKind.REMINDER).order_by().values("invoice")
    contests = LineContest.objects.filter(line__invoice=OuterRef("pk"), state=ContestState.OPEN)
    paid = Q(settlement__state=SettlementState.PAID)
    return (
        Invoice.objects.issued()
        .invoices()
        .of_operator(operator)
        .with_credited()
        .with_pay_by()
        .annotate(
            owed=F("gross_cents") - F("credited_cents"),
            left=Case(
                When(paid, then=F("owed")),
                default=F("owed") - received_cents(),
                output_field=BigIntegerField(),
            ),
            paid_day=TruncDate("settlement__paid_at"),
            decided=Exists(dunnings.exclude(kind=DunningKind.REMINDER)),
            contested=Exists(contests),
            reminded_at=Subquery(reminders.values(last=Max("at"))),
            reminders=Subquery(reminders.values(number=Count("pk"))),
        )
        .filter(
            (paid & Q(paid_day__gt=F("pay_by_day"))) | (~paid & Q(pay_by_day__lt=today)),
            left__gt=0,
        )
        .select_related("tenant", "settlement", "interruption")
        .prefetch_related("settlement__payments")
    )


def operator_late(*, operator: Operator, search: str, group: str, page: str | None, today: date) -> LateList:
    """A page of one group: what is unpaid from the oldest on, what was paid late and is to decide, what was
    decided. Two queries."""
    found = late_invoices(operator=operator, today=today)
    if search:
        found = found.filter(member_matches(search) | Q(number__icontains=search))
    groups = _groups()
    ages = _ages(today)
    sums = found.order_by().aggregate(
        **{name: Count("pk", filter=which) for name, which in groups.items()},
        **{f"count_{number}": Count("pk", filter=groups[UNPAID] & age) for number, age in enumerate(ages)},
        **{
            f"cents_{number}": Sum("left", filter=groups[UNPAID] & age, default=0)
            for number, age in enumerate(ages)
        },
    )
    paginator = Paginator(found.filter(groups[group]).order_by("pay_by_day", "pk"), PAGE_SIZE)
    paginator.count = sums[group]  # counted already, with the tabs
    return LateList(
        paginator.get_page(page),
        {name: sums[name] for name in groups},
        [(sums[f"count_{number}"], int(sums[f"cents_{number}"])) for number in range(len(ages))],
    )


def count_to_decide(*, operator: Operator, today: date) -> int:
    """How many late invoices wait for finance: unpaid, or paid with interest to claim or not."""
    groups = _groups()
    return late_invoices(operator=operator, today=today).filter(groups[UNPAID] | groups[TO_DECIDE]).count()


def _groups() -> dict[str, Q]:
    paid = Q(settlement__state=SettlementState.PAID)
    return {UNPAID: ~paid, TO_DECIDE: paid & Q(decided=False), DECIDED: paid & Q(decided=True)}


def _ages(today: date) -> list[Q]:
    found, since = [], 0
    for last in AGES:
        age = Q(pay_by_day__lt=today - timedelta(days=since))
        if last is not None:
            age &= Q(pay_by_day__gte=today - timedelta(days=last))
            since = last
        found.append(age)
    return found


def assess(invoice: Invoice, *, rates: Rates, today: date) -> Assessment:
    """What is due for the delay of an invoice of `late_invoices`. Credit notes make its base smaller from the
    start: what they give back was never owed. What was paid in part bears interest until its own day."""
    until = invoice.paid_day or today
    private = is_private(invoice.tenant)
    try:
        due = late_in_parts(
            parts=_parts(invoice, until), due_on=invoice.pay_by_day, private=private, rates=rates
        )
        missing = None
    except RateMissing as error:
        due, missing = None, error.half_year
    return Assessment(
        due_on=invoice.pay_by_day,
        until=until,
        days=days_late(due_on=invoice.pay_by_day, until=until),
        left_cents=invoice.left,
        late=due,
        missing=missing,
        lapses_on=lapses_on(
            issued_on=invoice.issue_date,
            due_on=invoice.pay_by_day,
            last_claim_on=invoice.reminded_at and localdate(invoice.reminded_at),
            private=private,
        ),
    )


def _parts(invoice: Invoice, until: date) -> list[tuple[int, date]]:
    """What was paid in part, each on its day, then the rest."""
    paid = [(one.amount_cents, one.paid_on) for one in invoice.settlement.payments.all()]
    return [*paid, (invoice.owed - sum(cents for cents, _ in paid), until)]


def rates_of(*, operator: Operator) -> list[LateInterestRate]:
    """The rates that an operator uses, last first; its own before those known to all. One query."""
    rows = LateInterestRate.objects.filter(Q(operator=operator) | Q(operator=None))
    found = {row.starts_on: row for row in rows.order_by(F("operator").asc(nulls_first=True))}
    return sorted(found.values(), key=lambda row: row.starts_on, reverse=True)


def known_rates(*, operator: Operator) -> Rates:
    """The same, as the calculation asks for them. One query."""
    found = {row.starts_on: row.ecb_rate for row in rates_of(operator=operator)}
    return found.get


def missing_half_years(*, operator: Operator, today: date) -> list[date]:
    """The half-years of this year and the last two whose rate is not known, last first. One query."""
    known = {row.starts_on for row in rates_of(operator=operator)}
    wanted = [
        date(year, month, 1) for year in (today.year, today.year - 1, today.year - 2) for month in (7, 1)
    ]
    return [day for day in wanted if day <= half_year_of(today) and day not in known]


def pace_of(*, operator: Operator) -> int:
    """Days between two reminders of an invoice, at least. One query."""
    pace = ReminderPace.objects.filter(operator=operator).first()
    return pace.days if pace else ReminderPace.DEFAULT_DAYS


def dunnings_of(*, invoice: Invoice) -> list[Dunning]:
    """What was written about an invoice, oldest first. One query."""
    return list(Dunning.objects.filter(invoice=invoice).order_by("at", "pk"))
