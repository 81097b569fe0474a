"""Reads for the pages of an operator's staff: runs, drafts to review, issued invoices.

Every function filters by the operator it is given, although the tenant scope holds as well.
"""

from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from billing.models import (
    Anomaly,
    BillingRun,
    Invoice,
    InvoiceLine,
    InvoiceState,
    InvoiceType,
    Settlement,
    SettlementState,
)
from billing.periods import Period, periods_of
from catalog.pricing import Population
from tenants.members.search import member_matches
from tenants.models import Operator

PAGE_SIZE = 25

# What a list of invoices may be narrowed to. PAID is the only end.
TO_COLLECT = (
    SettlementState.PENDING,
    SettlementState.STARTED,
    SettlementState.PUSHED,
    SettlementState.PROPOSED,
)
ALL = "toutes"
GROUPS = {
    ALL: Q(),
    "encaisser": Q(settlement__state__in=TO_COLLECT, type_code=InvoiceType.INVOICE),
    "regarder": Q(settlement__state=SettlementState.NEEDS_PERSON),
    "payees": Q(settlement__state=SettlementState.PAID),
    "avoirs": Q(type_code=InvoiceType.CREDIT_NOTE),
}


@dataclass(frozen=True)
class RunSummary:
    """One run in the list. Amounts in cents; `invoices` counts drafts and issued ones alike."""

    run: BillingRun
    period: Period
    invoices: int
    net_cents: int
    gross_cents: int


@dataclass(frozen=True)
class RunTotals:
    """All the issued invoices of a run together, in cents; `documents` counts credit notes as well."""

    invoices: int
    documents: int
    net_cents: int
    vat_cents: int
    gross_cents: int


@dataclass(frozen=True)
class InvoiceList:
    """A page of issued invoices and credit notes; `counts` by group of GROUPS, for the same search."""

    page: Page
    counts: dict[str, int]


def period_of(run: BillingRun) -> Period:
    """The half-open days a run covers."""
    return Period(run.period_start, run.period_end)


def runs_of(*, operator: Operator) -> list[RunSummary]:
    """The operator's runs, newest period first, without the credit notes made since. One query."""
    no_credit = Q(invoices__type_code=InvoiceType.INVOICE)
    runs = (
        BillingRun.objects.filter(operator=operator)
        .annotate(
            invoice_count=Count("invoices", filter=no_credit),
            net_sum=Coalesce(Sum("invoices__net_cents", filter=no_credit), 0),
            gross_sum=Coalesce(Sum("invoices__gross_cents", filter=no_credit), 0),
        )
        .order_by("-period_start")
    )
    return [
        RunSummary(run, period_of(run), run.invoice_count, int(run.net_sum), int(run.gross_sum))
        for run in runs
    ]


def latest_run(*, operator: Operator) -> BillingRun | None:
    """The last run that is not issued yet; when there is none, the last one issued."""
    runs = BillingRun.objects.filter(operator=operator)
    return runs.order_by(F("issued_at").desc(nulls_first=True), "-started_at").first()


def billable_periods(*, operator: Operator, today: date) -> list[Period]:
    """Periods of this year and the last of which no day is billed yet, this year's first. One query."""
    candidates = all_periods(today=today)
    billed = [
        Period(start, end)
        for start, end in BillingRun.objects.filter(operator=operator).values_list(
            "period_start", "period_end"
        )
    ]
    return [
        period
        for period in candidates
        if not any(period.start < run.end and run.start < period.end for run in billed)
    ]


def all_periods(*, today: date) -> list[Period]:
    """Periods that may be asked for: this year's, then last year's."""
    return [*periods_of(today.year), *periods_of(today.year - 1)]


def run_totals(*, run: BillingRun) -> RunTotals:
    """One query, whatever the size of the run."""
    billed = Q(type_code=InvoiceType.INVOICE)
    sums = (
        Invoice.objects.issued()
        .filter(run=run)
        .aggregate(
            documents=Count("pk"),
            invoices=Count("pk", filter=billed),
            net_cents=Sum("net_cents", filter=billed, default=0),
            vat_cents=Sum("vat_cents", filter=billed, default=0),
            gross_cents=Sum("gross_cents", filter=billed, default=0),
        )
    )
    return RunTotals(**{name: int(value) for name, value in sums.items()})


def run_drafts(*, run: BillingRun, search: str, page: str | None, drafts: int) -> Page:
    """A page of the run's drafts by member name, each with its lines, the facts behind them and its remarks.

    Three queries, whatever the size of the run, and one to count where something is searched; `drafts` is how
    many there are. `page` is what the address says: a wrong one gives the nearest page.
    """
    remarks = Prefetch("anomalies", Anomaly.objects.order_by("-blocking", "kind"))
    found = _by_member(run, InvoiceState.DRAFT, search).prefetch_related(with_lines(), remarks)
    return _page(found, page, count=None if search else drafts)


def run_issued(*, run: BillingRun, search: str, page: str | None, issued: int) -> Page:
    """A page of the run's issued invoices by member name. As `run_drafts`, one query."""
    found = _by_member(run, InvoiceState.ISSUED, search).select_related("settlement")
    return _page(found, page, count=None if search else issued)


def _by_member(run: BillingRun, state: InvoiceState, search: str) -> QuerySet[Invoice]:
    invoices = Invoice.objects.invoices().filter(member_matches(search), run=run, state=state)
    return invoices.select_related("tenant").order_by("tenant__plain_name", "pk")


def _page(found: QuerySet[Invoice], page: str | None, *, count: int | None) -> Page:
    paginator = Paginator(found, PAGE_SIZE)
    if count is not None:
        paginator.count = count
    return paginator.get_page(page)


def with_lines() -> Prefetch:
    """Lines in their order, with their ledger entry (the facts)."""
    return Prefetch("lines", InvoiceLine.objects.select_related("entry").order_by("position"))


def populations_used(invoice: Invoice) -> list[Population]:
    """The populations its lines were computed from, each once; empty when only flat prices.

    The invoice must have been read `with_lines`.
    """
    used = {}
    for line in invoice.lines.all():
        if facts := line.entry.facts.get("population"):
            population = Population(
                value=facts["value"],
                kind=facts["kind"],
                reference_year=facts["reference_year"],
                in_force_from=date.fromisoformat(facts["in_force_from"]),
                source=facts["source"],
            )
            used[population] = None
    return list(used)


def issued_invoices(*, operator: Operator, search: str, group: str, page: str | None) -> InvoiceList:
    """A page of the operator's issued invoices, last first. Two queries.

    `search` is part of a member's name, a SIREN, or part of an invoice's number; `group` one of
    GROUPS.
    """
    found = issued_matching(operator=operator, search=search)
    counts = found.aggregate(**{name: Count("pk", filter=which) for name, which in GROUPS.items()})
    rows = (
        found.filter(GROUPS[group])
        .select_related("settlement", "interruption")
        .order_by("-issue_date", "-year", "-sequence", "pk")
    )
    paginator = Paginator(rows, PAGE_SIZE)
    paginator.count = counts[group]  # counted already, with the tabs
    return InvoiceList(paginator.get_page(page), counts)


def issued_matching(*, operator: Operator, search: str, group: str = ALL) -> QuerySet[Invoice]:
    """The operator's issued invoices and credit notes that `issued_invoices` shows."""
    found = Invoice.objects.issued().of_operator(operator).filter(GROUPS[group])
    return found.filter(member_matches(search) | Q(number__icontains=search)) if search else found


def settlements_for_person(*, operator: Operator) -> int:
    """How many settlements wait for a person."""
    return Settlement.objects.filter(invoice__operator=operator, state=SettlementState.NEEDS_PERSON).count()
