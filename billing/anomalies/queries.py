"""What the page of a run shows of its remarks: how many drafts stand how, then the worst of each kind.

Everything was found and written when the drafts were: a page counts rows and reads a few of them.
"""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from billing.models import BLOCKING, Anomaly, AnomalyKind, BillingRun, Invoice, InvoiceState, SetAside

SHOWN = 10  # of each kind, before a person asks for all of them
PAGE_SIZE = 25


@dataclass(frozen=True)
class DraftTotals:
    """The drafts of a run, and what those come to that nobody set aside, in cents."""

    drafts: int
    aside: int
    net_cents: int
    vat_cents: int
    gross_cents: int

    @property
    def to_issue(self) -> int:
        """How many are not set aside."""
        return self.drafts - self.aside


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
    """One query, whatever the number of drafts."""
    drafts = Invoice.objects.invoices().filter(run=run, state=InvoiceState.DRAFT)
    kept = Q(is_aside=False)
    sums = drafts.annotate(is_aside=Exists(_aside(run).filter(invoice=OuterRef("pk")))).aggregate(
        drafts=Count("pk"),
        aside=Count("pk", filter=~kept),
        net=Coalesce(Sum("net_cents", filter=kept), 0),
        vat=Coalesce(Sum("vat_cents", filter=kept), 0),
        gross=Coalesce(Sum("gross_cents", filter=kept), 0),
    )
    return DraftTotals(sums["drafts"], sums["aside"], int(sums["net"]), int(sums["vat"]), int(sums["gross"]))


def standing_of(*, run: BillingRun, totals: DraftTotals) -> Standing:
    """One query. A draft that is blocked is not counted among those to look at."""
    counts = _left(run, with_seen=True).aggregate(
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


def groups_left(*, run: BillingRun, kind: str, page: str | None) -> list[Group]:
    """The remarks that are left, kind by kind; or those of one `kind`, by pages. A query for the counts and
    one a kind, however many drafts there are."""
    counts = dict(_left(run).order_by().values_list("kind").annotate(Count("pk")))
    groups = []
    for one in AnomalyKind:
        if one not in counts or kind not in ("", one):
            continue
        rows = _left(run).filter(kind=one).select_related("tenant").order_by("-weight", "pk")
        paginator = Paginator(rows, PAGE_SIZE if kind else SHOWN)
        paginator.count = counts[one]  # counted already
        groups.append(Group(one, one in BLOCKING, counts[one], paginator.get_page(page if kind else 1)))
    return groups


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


def _left(run: BillingRun, *, with_seen: bool = False) -> QuerySet[Anomaly]:
    """The remarks on drafts that nobody set aside; those seen are left out unless asked for."""
    aside = _aside(run).filter(invoice=OuterRef("invoice"))
    found = Anomaly.objects.filter(~Exists(aside), run=run, invoice__state=InvoiceState.DRAFT)
    return found if with_seen else found.filter(seen_at__isnull=True)
