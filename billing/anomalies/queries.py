"""What the page of a run shows of its remarks: how many drafts stand how, then the worst of each kind.

Everything was found and written when the drafts were: a page counts rows and reads a few of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, Q, QuerySet, Sum, Window
from django.db.models.functions import Coalesce, RowNumber

from billing.models import (
    BLOCKING,
    Anomaly,
    AnomalyKind,
    BillingRun,
    Invoice,
    InvoiceState,
    RunState,
    SetAside,
)

SHOWN = 10  # of each kind, before a person asks for all of them
PAGE_SIZE = 25


@dataclass(frozen=True)
class DraftTotals:
    """The drafts of a run that are to be issued, and what they come to, in cents; those set aside, by id."""

    to_issue: int
    set_aside: list[int]
    net_cents: int
    vat_cents: int
    gross_cents: int

    @property
    def aside(self) -> int:
        """How many are set aside."""
        return len(self.set_aside)

    @property
    def drafts(self) -> int:
        """How many there are in all."""
        return self.to_issue + self.aside


@dataclass(frozen=True)
class Standing:
    """Of the drafts to issue: how many are to be put right, to be looked at, have been looked at, and have
    no remark at all."""

    blocked: int
    to_see: int
    seen: int
    plain: int

    @property
    def is_ready(self) -> bool:
        """Whether nothing is left to do before somebody approves."""
        return not self.blocked and not self.to_see


@dataclass(frozen=True)
class Group:
    """The remarks of one kind that are left: how many, and some of them, the worst first."""

    kind: AnomalyKind
    blocking: bool
    count: int
    page: Page


def draft_totals(*, run: BillingRun) -> DraftTotals:
    """Two queries, whatever the number of drafts."""
    aside = list(_aside(run).values_list("invoice", flat=True))
    drafts = Invoice.objects.invoices().filter(run=run, state=InvoiceState.DRAFT)
    sums = drafts.exclude(pk__in=aside).aggregate(
        drafts=Count("pk"),
        net=Coalesce(Sum("net_cents"), 0),
        vat=Coalesce(Sum("vat_cents"), 0),
        gross=Coalesce(Sum("gross_cents"), 0),
    )
    return DraftTotals(sums["drafts"], aside, int(sums["net"]), int(sums["vat"]), int(sums["gross"]))


def standing_of(*, run: BillingRun, totals: DraftTotals) -> Standing:
    """One query. A draft that is blocked is not counted among those to look at."""
    counts = _remarks(run, totals).aggregate(
        blocked=Count("invoice", distinct=True, filter=Q(blocking=True)),
        left=Count("invoice", distinct=True, filter=Q(seen_at__isnull=True)),
        remarked=Count("invoice", distinct=True),
    )
    return Standing(
        blocked=counts["blocked"],
        to_see=counts["left"] - counts["blocked"],
        seen=counts["remarked"] - counts["left"],
        plain=totals.to_issue - counts["remarked"],
    )


def groups_left(*, run: BillingRun, totals: DraftTotals, kind: str, page: str | None) -> list[Group]:
    """The remarks that are left, kind by kind; or those of one `kind`, by pages. At most three queries,
    however many drafts there are: the worst are found by their numbers alone, then read."""
    left = _remarks(run, totals).filter(seen_at__isnull=True)
    if kind:
        worst = left.filter(kind=kind).order_by("-weight", "pk").values_list("pk", flat=True)
        found = Paginator(worst, PAGE_SIZE).get_page(page)
        found.object_list = _read(found.object_list)
        return [_group(AnomalyKind(kind), found)] if found.paginator.count else []
    by_kind = {"partition_by": "kind"}
    ranked = left.order_by().annotate(
        place=Window(RowNumber(), order_by=("-weight", "pk"), **by_kind), count=Window(Count("pk"), **by_kind)
    )
    worst = ranked.filter(place__lte=SHOWN).values_list("pk", "kind", "count")
    counts = {one: count for _, one, count in worst}
    rows = _read([pk for pk, *_ in worst])
    groups = []
    for one in filter(counts.get, AnomalyKind):
        paginator = Paginator([row for row in rows if row.kind == one], SHOWN)
        paginator.count = counts[one]
        groups.append(_group(one, paginator.get_page(1)))
    return groups


def _group(kind: AnomalyKind, page: Page) -> Group:
    return Group(kind, kind in BLOCKING, page.paginator.count, page)


def _read(ids: Iterable[int]) -> list[Anomaly]:
    """The worst first."""
    rows = Anomaly.objects.filter(pk__in=list(ids)).select_related("tenant")
    return list(rows.order_by("-weight", "pk"))


def seen_remarks(*, run: BillingRun, page: str | None) -> Page:
    """Those that were accepted: by whom, when, with which note; the last first. Two queries."""
    rows = Anomaly.objects.filter(run=run, seen_at__isnull=False).select_related("tenant", "seen_by")
    return Paginator(rows.order_by("-seen_at", "-weight", "pk"), PAGE_SIZE).get_page(page)


def drafts_aside(*, run: BillingRun, page: str | None) -> Page:
    """The drafts set aside, with who did it and why, and what is odd about them. Three queries."""
    remarks = Prefetch("invoice__anomalies", Anomaly.objects.order_by("-blocking", "kind"))
    rows = _aside(run).select_related("tenant", "by", "invoice").prefetch_related(remarks)
    return Paginator(rows.order_by("-at", "pk"), PAGE_SIZE).get_page(page)


def _aside(run: BillingRun) -> QuerySet[SetAside]:
    return SetAside.objects.filter(run=run, back_at__isnull=True)


def _remarks(run: BillingRun, totals: DraftTotals) -> QuerySet[Anomaly]:
    """Those on the drafts to issue."""
    remarks = Anomaly.objects.filter(run=run).exclude(invoice__in=totals.set_aside)
    if run.state == RunState.REVIEW:
        return remarks  # nothing of it is issued
    return remarks.filter(invoice__state=InvoiceState.DRAFT)
