"""Reads for the pages of whoever pays. All need a tenant scope, and filter by the organisation.

Drafts are the operator's business: a member sees issued invoices only.
"""

from dataclasses import dataclass
from datetime import date

from django.db.models import BigIntegerField, Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.collecting.queries import with_collected
from billing.models import Invoice, InvoiceLine, InvoiceType, Payment, SettlementState
from tenants.models import Organisation


def invoices_of_member(*, organisation: Organisation) -> QuerySet[Invoice]:
    """An organisation's issued invoices and credit notes, newest first, each with its operator,
    settlement, the invoice it corrects and what was credited on it."""
    return (
        Invoice.objects.issued()
        .filter(tenant=organisation)
        .with_credited()
        .select_related("operator", "settlement", "corrects", "interruption")
        .order_by("-issue_date", "-pk")
    )


def invoice_for_member(*, organisation: Organisation) -> QuerySet[Invoice]:
    """To fetch one issued invoice of an organisation with its lines and their facts, file and settlement."""
    return (
        with_collected(invoices_of_member(organisation=organisation))
        .select_related("file")
        .prefetch_related(Prefetch("lines", InvoiceLine.objects.select_related("entry").order_by("position")))
    )


def received_cents() -> Coalesce:
    """What the public accountant has collected already of an invoice that is not paid in full."""
    payments = Payment.objects.filter(settlement__invoice=OuterRef("pk")).order_by()
    total = payments.values("settlement__invoice").values_list(Sum("amount_cents"))
    return Coalesce(Subquery(total, BigIntegerField()), 0)


@dataclass(frozen=True)
class Due:
    """What an organisation still has to pay, in cents, tax included, as far as Halle knows: what was credited
    or paid in part is taken away. `to_give_back_cents` are credit notes on invoices that it has paid
    already."""

    count: int
    cents: int
    late_count: int
    late_cents: int
    to_give_back_cents: int


def due_of_member(*, organisation: Organisation, today: date) -> Due:
    """Issued invoices whose payment is not known; late ones are past their due date, or past the one that
    followed a contest. One query."""
    unsettled = (
        Invoice.objects.issued()
        .filter(tenant=organisation)
        .exclude(settlement__state=SettlementState.PAID)
        .with_credited()
        .annotate(left=F("gross_cents") - F("credited_cents") - received_cents())
        .order_by()
    )
    due = Q(type_code=InvoiceType.INVOICE, left__gt=0)
    late = due & (Q(interruption__isnull=True, due_date__lt=today) | Q(interruption__due_on__lt=today))
    back = Q(type_code=InvoiceType.CREDIT_NOTE, corrects__settlement__state=SettlementState.PAID)
    totals = unsettled.aggregate(
        count=Count("pk", filter=due),
        cents=Sum("left", filter=due, default=0),
        late_count=Count("pk", filter=late),
        late_cents=Sum("left", filter=late, default=0),
        to_give_back_cents=Sum("gross_cents", filter=back, default=0),
    )
    return Due(**{name: int(value) for name, value in totals.items()})
