"""Reads for the pages of whoever pays. All need a tenant scope, and filter by the organisation.

Drafts are the operator's business: a member sees issued invoices only.
"""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Prefetch, Q, QuerySet, Sum

from billing.models import Invoice, InvoiceLine, SettlementState
from tenants.models import Organisation


def invoices_of_member(*, organisation: Organisation) -> QuerySet[Invoice]:
    """An organisation's issued invoices, newest first, each with its operator and settlement."""
    return (
        Invoice.objects.issued()
        .filter(tenant=organisation)
        .select_related("operator", "settlement")
        .order_by("-issue_date", "-pk")
    )


def invoice_for_member(*, organisation: Organisation) -> QuerySet[Invoice]:
    """To fetch one issued invoice of an organisation with its lines, file and settlement."""
    return (
        invoices_of_member(organisation=organisation)
        .select_related("file")
        .prefetch_related(Prefetch("lines", queryset=InvoiceLine.objects.order_by("position")))
    )


@dataclass(frozen=True)
class Due:
    """What an organisation still has to pay, in cents, tax included, as far as Halle knows."""

    count: int
    cents: int
    late_count: int
    late_cents: int


def due_of_member(*, organisation: Organisation, today: date) -> Due:
    """Issued invoices whose payment is not known; late ones are past their due date. One query."""
    unpaid = (
        Invoice.objects.issued()
        .filter(tenant=organisation)
        .exclude(settlement__state=SettlementState.PAID)
        .order_by()
    )
    late = Q(due_date__lt=today)
    totals = unpaid.aggregate(
        count=Count("pk"),
        cents=Sum("gross_cents", default=0),
        late_count=Count("pk", filter=late),
        late_cents=Sum("gross_cents", filter=late, default=0),
    )
    return Due(**{name: int(value) for name, value in totals.items()})
