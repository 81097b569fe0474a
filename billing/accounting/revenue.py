"""What an operator has invoiced in a year, month by month and service by service, and what is left to collect
of it: from issued invoices, credit notes deducted in the month they are issued in."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, Sum
from django.db.models.functions import TruncMonth

from billing.accounting.aged import unpaid
from billing.models import Invoice, InvoiceLine, InvoiceState
from billing.models.invoice import signed
from tenants.models import Operator


@dataclass(frozen=True)
class MonthRevenue:
    """What was invoiced in a month, in cents; `left` is what is still to be collected of its invoices."""

    first: date
    net_cents: int
    vat_cents: int
    left_cents: int

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents


@dataclass(frozen=True)
class ServiceRevenue:
    """What was invoiced of a service in a year, in cents, net of tax, to so many members."""

    service: str
    net_cents: int
    members: int


def revenue_by_month(*, operator: Operator, year: int) -> list[MonthRevenue]:
    """The months of a year in which something was issued, in their order. Two queries."""
    issued = Invoice.objects.issued().of_operator(operator).filter(issue_date__year=year)
    rows = issued.annotate(month=TruncMonth("issue_date")).values("month").order_by("month")
    left = dict(
        unpaid(operator)
        .filter(issue_date__year=year)
        .annotate(month=TruncMonth("issue_date"))
        .values_list("month")
        .annotate(Sum("left"))
    )
    return [
        MonthRevenue(row["month"], int(row["net"]), int(row["vat"]), int(left.get(row["month"], 0)))
        for row in rows.annotate(net=Sum(signed("net_cents")), vat=Sum(signed("vat_cents")))
    ]


def revenue_by_service(*, operator: Operator, year: int) -> list[ServiceRevenue]:
    """The services that were invoiced in a year, the most first. One query."""
    lines = InvoiceLine.objects.filter(
        invoice__operator=operator, invoice__state=InvoiceState.ISSUED, invoice__issue_date__year=year
    )
    rows = (
        lines.values(service=F("entry__subscription__service_name"))
        .annotate(net=Sum(signed("net_cents", through="invoice__")), members=Count("tenant", distinct=True))
        .order_by("-net", "service")
    )
    return [ServiceRevenue(row["service"], int(row["net"]), row["members"]) for row in rows]


def years_invoiced(*, operator: Operator) -> list[int]:
    """The years in which the operator issued something, the last first. One query."""
    dates = Invoice.objects.issued().of_operator(operator).dates("issue_date", "year", order="DESC")
    return [first.year for first in dates]
