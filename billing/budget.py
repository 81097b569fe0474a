"""What each subscription will cost in a year to come, by the rules of the invoices: for a council's budget.

Nothing is computed here: the year is priced as a run that would bill it whole, from the contract as it is
known today (amendments and revisions approved, ends told), and from the population in force on 1 January. A
count that is not published yet is the one before, as for the invoices.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from billing.drafting import owed_for
from billing.drafts import OUT_OF_SCOPE, totals_of
from billing.facts import KnownFacts, facts_for_period
from billing.models import BillingRun, LedgerEntry
from billing.payers import shares_within
from billing.periods import Period
from billing.rhythms import days_due
from billing.usage import read_usage
from catalog.prices import TerritoryFacts, grid_price
from catalog.pricing import Population, PricingError
from subscriptions.in_force import approved_amendments
from subscriptions.models import Subscription
from subscriptions.vat import with_terms
from tenants.models import Operator, Organisation


@dataclass(frozen=True)
class BudgetRow:
    """One subscription over the year, in cents: what its subscriber pays; `shared` where others pay a part
    of it. `populations`: what the price rests on. Both amounts are zero with a `problem`, in French.

    `published_cents`: a whole year at the tariff that its operator has published for that year, net of tax,
    where it is another one than that of today, and the contract keeps its own.
    """

    subscription: Subscription
    net_cents: int = 0
    gross_cents: int = 0
    populations: tuple[Population, ...] = ()
    shared: bool = False
    published_cents: int | None = None
    problem: str = ""


@dataclass(frozen=True)
class Budget:
    """All the rows, by service, and their sums; a row with a problem is in no sum."""

    year: int
    rows: tuple[BudgetRow, ...]

    @property
    def net_cents(self) -> int:
        return sum(row.net_cents for row in self.rows)

    @property
    def gross_cents(self) -> int:
        return sum(row.gross_cents for row in self.rows)

    @property
    def is_whole(self) -> bool:
        """Whether each row has a price."""
        return not any(row.problem for row in self.rows)

    @property
    def counted_before(self) -> int | None:
        """The year of the population used, where that of the budget is not published yet."""
        known = {one.in_force_from.year for row in self.rows for one in row.populations}
        return max(known, default=None) if known and max(known) < self.year else None


def budget_of(*, organisation: Organisation, year: int, now: datetime) -> Budget:
    """The budget of an organisation, in its scope: its subscriptions, whoever the operator is. A few queries
    for each operator, whatever the number of subscriptions."""
    return _budgets(Subscription.objects.filter(tenant=organisation), [organisation.pk], year, now)[0]


def budgets_at(
    *, operator: Operator, members: Sequence[Organisation], year: int, now: datetime
) -> list[Budget]:
    """What each of these members has at this operator, in the same order. As `budget_of`."""
    ids = [one.pk for one in members]
    return _budgets(Subscription.objects.filter(operator=operator, tenant__in=ids), ids, year, now)


def members_to_budget(*, operator: Operator, year: int, search: str = "") -> QuerySet[Organisation]:
    """Who has a subscription at this operator that lasts into the year, by name; `search` is a part of the
    name, or the SIREN."""
    lasting = Subscription.objects.filter(operator=operator).billable_in(
        start=date(year, 1, 1), end=date(year + 1, 1, 1)
    )
    found = Organisation.objects.filter(pk__in=lasting.values("tenant")).order_by("plain_name", "pk")
    digits = "".join(search.split())
    if digits.isdigit():
        return found.filter(siren__startswith=digits[:9])
    return found.filter(name__icontains=search) if search else found


def _budgets(
    subscriptions: QuerySet[Subscription], members: list[int], year: int, now: datetime
) -> list[Budget]:
    period = Period(date(year, 1, 1), date(year + 1, 1, 1))
    rows: dict[int, list[BudgetRow]] = defaultdict(list)
    for those in _by_operator(subscriptions.billable_in(start=period.start, end=period.end)):
        facts, days = facts_for_period(those, period), days_due(those, period)
        shares = shares_within(those, start=days.start, end=days.end)
        read_usage(those, period)
        for one in those:
            row = _row(one, facts.get(one.pk), shares.get(one.pk, []), period, now)
            if row is not None:
                rows[one.tenant_id].append(row)
    return [Budget(year, tuple(sorted(rows[member], key=_by_service))) for member in members]


def _by_service(row: BudgetRow) -> tuple[str, int]:
    return row.subscription.service_name, row.subscription.pk


def _by_operator(subscriptions: QuerySet[Subscription]) -> Iterable[list[Subscription]]:
    """Facts are read for one operator's subscriptions at a time: colleges are its own."""
    found = with_terms(subscriptions).defer("quote").select_related("operator", "listing")
    found = found.prefetch_related(
        "tenant__territory", "follows", "listing__grids", approved_amendments()
    ).order_by("pk")
    by_operator: dict[int, list[Subscription]] = defaultdict(list)
    for one in found:
        by_operator[one.operator_id].append(one)
    return by_operator.values()


def _row(
    subscription: Subscription, facts: KnownFacts | None, shares: list, period: Period, now: datetime
) -> BudgetRow | None:
    run = BillingRun(operator_id=subscription.operator_id, period_start=period.start, period_end=period.end)
    try:
        owed = owed_for(run, subscription, facts, now, shares=shares)
    except PricingError as error:
        return BudgetRow(subscription, problem=str(error))
    if not owed:
        return None
    own = [entry for entry in owed if entry.tenant_id == subscription.tenant_id]
    net, gross = _sums(own)
    return BudgetRow(
        subscription,
        net_cents=net,
        gross_cents=gross,
        populations=_populations(owed),
        shared=len(own) < len(owed),
        published_cents=_published(subscription, facts, period.start, now.date()),
    )


def _sums(entries: list[LedgerEntry]) -> tuple[int, int]:
    """Net of tax, and with it: as the invoices of one subscription."""
    sides = ([e for e in entries if (e.vat_category == OUT_OF_SCOPE) == out] for out in (True, False))
    totals = [totals_of(side) for side in sides if side]
    return sum(one["net_cents"] for one in totals), sum(one["gross_cents"] for one in totals)


def _populations(entries: list[LedgerEntry]) -> tuple[Population, ...]:
    """Each that an entry rests on, once, in the order of their days."""
    frozen = [found for entry in entries if (found := entry.facts.get("population"))]
    found = {
        Population(**{**one, "in_force_from": date.fromisoformat(one["in_force_from"])}) for one in frozen
    }
    return tuple(sorted(found, key=lambda one: (one.in_force_from, one.kind)))


def _published(
    subscription: Subscription, facts: KnownFacts | None, first_day: date, today: date
) -> int | None:
    """What the tariff published for that year comes to; None where it is that of today, or has no price."""
    if not isinstance(facts, TerritoryFacts):
        return None
    grid = subscription.listing.grid_on(first_day)
    if grid is None or grid == subscription.listing.grid_on(today):
        return None
    found = grid_price(grid=grid, facts=facts)
    return None if found.quote is None else found.following_cents
