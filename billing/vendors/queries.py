"""Reads for the pages of an operator's finance and of a vendor. Rows are the vendor's: the operator's pages
open the scope of its vendors (marketplace.web.access) and filter by the operator."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import BigIntegerField, Count, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.models import (
    CommissionTerms,
    StatementLine,
    StatementMove,
    StatementPayment,
    StatementRun,
    StatementState,
    VendorStatement,
)
from catalog.models import Vendor
from subscriptions.models import ContractTransfer
from tenants.models import Operator

PAGE_SIZE = 50
ALL = "tous"
TO_ANSWER, TO_PAY = "contestes", "payer"
GROUPS = {
    TO_ANSWER: Q(state=StatementState.CONTESTED),
    TO_PAY: Q(state=StatementState.AGREED, gross_cents__gt=0),
    ALL: Q(pk__isnull=False),
}


@dataclass(frozen=True)
class StatementList:
    """A page of statements, `counts` by group of GROUPS, for the same search."""

    page: Page
    counts: dict[str, int]


def vendors_of(*, operator: Operator) -> QuerySet[Vendor]:
    """Who has, or had, a service on an operator's shelf, by name, but itself. In the operator's own scope."""
    before = ContractTransfer.objects.filter(operator=operator).values("from_vendor")
    now = Q(sheets__product__stockrecords__listings__operator=operator)
    return (
        Vendor.objects.filter(now | Q(pk__in=before))
        .exclude(organisation=operator.organisation_id)
        .select_related("organisation")
        .order_by("organisation__plain_name", "pk")
        .distinct()
    )


def statement_runs(*, operator: Operator) -> QuerySet[StatementRun]:
    """The last period first."""
    return StatementRun.objects.filter(operator=operator).order_by("-period_end", "-pk")


def statements_of_operator(
    *, operator: Operator, search: str = "", group: str = ALL, page=None
) -> StatementList:
    """A page of them, the last period first; `search` is a part of a vendor's name, or its SIREN. Three
    queries."""
    rows = with_paid(VendorStatement.objects.filter(operator=operator))
    digits = "".join(search.split())
    if digits.isdigit():
        rows = rows.filter(tenant__siren__startswith=digits[:9])
    elif search:
        rows = rows.filter(tenant__name__icontains=search)
    counts = rows.order_by().aggregate(**{name: Count("pk", filter=how) for name, how in GROUPS.items()})
    paginator = Paginator(rows.filter(GROUPS[group]), PAGE_SIZE)
    paginator.count = counts[group]
    return StatementList(paginator.get_page(page), counts)


def statements_of_vendor(*, vendor: Vendor) -> QuerySet[VendorStatement]:
    """All its statements, whoever the operator is, the last period first."""
    return with_paid(VendorStatement.objects.filter(tenant=vendor.organisation_id, vendor=vendor))


def statement_for_operator(*, operator: Operator) -> QuerySet[VendorStatement]:
    """To fetch one, with its history."""
    return with_history(with_paid(VendorStatement.objects.filter(operator=operator)))


def with_history(rows: QuerySet[VendorStatement]) -> QuerySet[VendorStatement]:
    """Each with its moves and payments, in their order."""
    moves = StatementMove.objects.select_related("by").order_by("pk")
    payments = StatementPayment.objects.order_by("paid_on", "pk")
    return rows.prefetch_related(Prefetch("moves", moves), Prefetch("payments", payments))


def lines_of(*, statement: VendorStatement) -> QuerySet[StatementLine]:
    """In the order of their invoices, each with the terms that its commission follows."""
    return StatementLine.objects.filter(statement=statement).select_related("terms").order_by("pk")


def terms_of(*, operator: Operator) -> dict[int, list[CommissionTerms]]:
    """By vendor, all that was proposed to it or agreed with it, the latest first. One query."""
    rows = CommissionTerms.objects.filter(operator=operator).select_related("proposed_by", "agreed_by")
    found: dict[int, list[CommissionTerms]] = {}
    for one in rows.order_by("-since", "-pk"):
        found.setdefault(one.vendor_id, []).append(one)
    return found


def terms_with(*, vendor: Vendor) -> QuerySet[CommissionTerms]:
    """What operators proposed to a vendor, and what was agreed, the latest first."""
    rows = CommissionTerms.objects.filter(tenant=vendor.organisation_id, vendor=vendor)
    return rows.select_related("operator", "vendor__organisation").order_by("operator_id", "-since", "-pk")


def with_paid(rows: QuerySet[VendorStatement]) -> QuerySet[VendorStatement]:
    """Each with its operator, its vendor and `paid_cents`, the last period first."""
    paid = StatementPayment.objects.filter(statement=OuterRef("pk")).order_by()
    total = paid.values("statement").values_list(Sum("amount_cents"))
    return (
        rows.select_related("operator__organisation", "vendor__organisation")
        .annotate(paid_cents=Coalesce(Subquery(total, BigIntegerField()), 0))
        .order_by("-period_end", "tenant__plain_name", "pk")
    )
