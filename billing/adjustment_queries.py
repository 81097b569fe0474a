"""Reads for pages: what is to be put right and is on no issued invoice yet."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Case, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from billing.models import Adjustment, Invoice, InvoiceState, LedgerEntry
from subscriptions.models import PayerAccess, Subscription
from tenants.members.search import member_matches
from tenants.models import Operator, Organisation
from tenants.tenancy import tenant_scope

PAGE_SIZE = 25
ALL, NEXT_INVOICE, DRAFT_INVOICE, CREDIT_NOTE = "toutes", "prochaine", "projet", "avoir"


@dataclass(frozen=True)
class AdjustmentList:
    """A page of adjustments, each with its member and its subscription at hand; `counts` by where they wait
    (ALL, NEXT_INVOICE, DRAFT_INVOICE, CREDIT_NOTE), for the same search."""

    page: Page
    counts: dict[str, int]


def not_issued() -> QuerySet[Adjustment]:
    """What waits for the next invoice, or is drafted. Each has `cents`, net of tax, what is to be added or,
    negative, given back; and `waits`: NEXT_INVOICE, DRAFT_INVOICE or CREDIT_NOTE. One that is given back on
    several credit notes counts for those that are not issued."""
    drafted = LedgerEntry.objects.filter(adjustment=OuterRef("pk"), line__invoice__state=InvoiceState.DRAFT)
    cents = drafted.order_by().values("adjustment").annotate(cents=Sum("amount_cents")).values("cents")
    return (
        Adjustment.objects.annotate(drafted_cents=Subquery(cents))
        .filter(Q(settled_at__isnull=True, amount_cents__gt=0) | Q(drafted_cents__isnull=False))
        .annotate(
            cents=Coalesce(F("drafted_cents"), F("amount_cents")),
            waits=Case(
                When(drafted_cents__isnull=True, then=Value(NEXT_INVOICE)),
                When(amount_cents__gt=0, then=Value(DRAFT_INVOICE)),
                default=Value(CREDIT_NOTE),
                output_field=CharField(),
            ),
        )
    )


def to_come(*, organisation: Organisation, subscription: Subscription | None = None) -> list[Adjustment]:
    """What a member will read on its next invoice or credit note, newest first; of one subscription only,
    when it is given. Opens the scope of those it pays a part for. Two queries."""
    found = not_issued().filter(tenant=organisation).select_related("subscription")
    if subscription is not None:
        found = found.filter(subscription=subscription)
    paid_for = PayerAccess.objects.filter(tenant=organisation).values_list("subscriber", flat=True)
    with tenant_scope({organisation.pk, *paid_for}):
        return list(found.order_by("-noted_at", "-pk"))


def operator_adjustments(*, operator: Operator, search: str, group: str, page: str | None) -> AdjustmentList:
    """A page of what an operator is about to bill or give back, by member. Two queries."""
    found = not_issued().filter(member_matches(search), operator=operator)
    kinds = (NEXT_INVOICE, DRAFT_INVOICE, CREDIT_NOTE)
    counts = found.aggregate(
        **{ALL: Count("pk")}, **{kind: Count("pk", filter=Q(waits=kind)) for kind in kinds}
    )
    if group != ALL:
        found = found.filter(waits=group)
    rows = found.select_related("tenant", "subscription__tenant").order_by("tenant__plain_name", "pk")
    paginator = Paginator(rows, PAGE_SIZE)
    paginator.count = counts[group]  # counted already, with the tabs
    return AdjustmentList(paginator.get_page(page), counts)


def drafts_with(adjustments: list[Adjustment]) -> dict[int, list[Invoice]]:
    """By adjustment id, the drafts it is on. One query, none where all wait for the next invoice."""
    found: dict[int, list[Invoice]] = {one.pk: [] for one in adjustments}
    if any(one.waits != NEXT_INVOICE for one in adjustments):
        entries = LedgerEntry.objects.filter(
            adjustment__in=adjustments, line__invoice__state=InvoiceState.DRAFT
        )
        for entry in entries.select_related("line__invoice__run").order_by("pk"):
            if entry.line.invoice not in found[entry.adjustment_id]:
                found[entry.adjustment_id].append(entry.line.invoice)
    return found
