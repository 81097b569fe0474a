"""Reads for pages: where the payment provider's ledger and ours differ, and when they were compared."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from billing.models import LedgerComparison, LedgerDifference
from tenants.models import Operator

PAGE_SIZE = 25
TO_SEE, CLOSED = "a-regarder", "clos"


@dataclass(frozen=True)
class DifferenceList:
    """A page of differences, each with its invoice at hand; `counts` by group for the same search."""

    page: Page
    counts: dict[str, int]


def operator_differences(*, operator: Operator, search: str, group: str, page: str | None) -> DifferenceList:
    """A page of an operator's differences, by debtor or number; the newest first. Two queries."""
    matches = Q(debtor__icontains=search) | Q(number__icontains=search) if search else Q()
    found = LedgerDifference.objects.filter(matches, operator=operator)
    is_open = Q(closed_at__isnull=True)
    counts = found.aggregate(**{TO_SEE: Count("pk", filter=is_open), CLOSED: Count("pk", filter=~is_open)})
    rows = found.filter(is_open if group == TO_SEE else ~is_open)
    order = ("-found_at", "-pk") if group == TO_SEE else ("-closed_at", "-pk")
    paginator = Paginator(rows.select_related("settlement__invoice", "closed_by").order_by(*order), PAGE_SIZE)
    paginator.count = counts[group]  # counted already, with the tabs
    return DifferenceList(paginator.get_page(page), counts)


def open_differences(*, operator: Operator) -> int:
    """How many wait for a person."""
    return LedgerDifference.objects.filter(operator=operator, closed_at__isnull=True).count()


def last_comparison(*, operator: Operator) -> LedgerComparison | None:
    """The newest one, finished or not; None before the first night."""
    return LedgerComparison.objects.filter(operator=operator).order_by("-on").first()
