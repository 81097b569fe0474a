"""The journal of sales: each issued invoice and credit note, by VAT rate, in the order they were issued."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.timezone import localdate

from billing.models import Invoice
from tenants.models import Operator


@dataclass(frozen=True)
class Sale:
    """The part of an invoice at one VAT rate. Amounts in cents, negative on a credit note. `due`: the last
    day to pay, None while a contest interrupts that time."""

    on: date
    number: str
    kind: str
    corrects: str
    buyer: str
    siren: str
    category: str
    rate: Decimal
    net_cents: int
    vat_cents: int
    due: date | None
    paid: date | None
    titre: str

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents


def issued_between(*, operator: Operator, start: date, end: date) -> QuerySet[Invoice]:
    """What was issued from `start` to `end`, both included, in the order of issue: the settlement is made in
    the transaction that numbers the invoice."""
    return (
        Invoice.objects.issued()
        .of_operator(operator)
        .filter(issue_date__range=(start, end))
        .select_related("corrects", "settlement__titre_number", "interruption")
        .order_by("issue_date", "settlement__pk", "pk")
    )


def sales(*, operator: Operator, start: date, end: date) -> Iterator[Sale]:
    """Every line of the journal. One query, whatever the number of invoices."""
    for invoice in issued_between(operator=operator, start=start, end=end).iterator(chunk_size=2000):
        settlement = invoice.settlement
        titre = getattr(settlement, "titre_number", None)
        for row in invoice.vat:
            yield Sale(
                on=invoice.issue_date,
                number=invoice.number,
                kind=invoice.get_type_code_display(),
                corrects=invoice.corrects.number if invoice.corrects else "",
                buyer=invoice.buyer["name"],
                siren=invoice.buyer["siren"],
                category=row["category"],
                rate=Decimal(row["rate"]),
                net_cents=row["base_cents"] * invoice.sign,
                vat_cents=row["vat_cents"] * invoice.sign,
                due=invoice.pay_by,
                paid=localdate(settlement.paid_at) if settlement.paid_at else None,
                titre=str(titre) if titre else "",
            )
