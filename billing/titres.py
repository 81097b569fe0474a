"""Proposals of *titres de recettes*: what a public issuer's accountant is asked to collect, or to reduce.

A public body's money is collected by its public accountant only (CGCT L1611-7, D1617-23): Halle proposes
the title of each issued invoice, and for a credit note the reduction of the title of the invoice that it
corrects (instruction M57: a title is reduced or cancelled, never set off against another debt). The issuer's
own accounting software takes them over.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from billing.models import BillingRun, Channel, Invoice, Settlement
from billing.models.invoice import signed
from billing.periods import Period
from tenants.models import Operator

PAGE_SIZE = 25


@dataclass(frozen=True)
class Titre:
    """One proposal, from the invoice's own copies. Amounts in cents, negative when a title is reduced."""

    public_id: str
    debtor: str
    siret: str
    service_code: str
    purpose: str
    number: str
    issue_date: date
    due_date: date
    net_cents: int
    vat_cents: int
    gross_cents: int
    iban: str
    state: str
    paid: bool


@dataclass(frozen=True)
class TitreList:
    """A page of proposals and the totals of all of them, in cents, reductions taken away."""

    page: Page
    net_cents: int
    vat_cents: int
    gross_cents: int
    unpaid_cents: int


def titre_page(*, operator: Operator, run: BillingRun | None, page: str | None) -> TitreList:
    """A page of proposals, of one run or of all: unpaid ones first, in the order of their numbers.

    Three queries.
    """
    rows = _rows(operator=operator, run=run)
    sums = rows.aggregate(
        net=Coalesce(Sum(_signed("net_cents")), 0),
        vat=Coalesce(Sum(_signed("vat_cents")), 0),
        gross=Coalesce(Sum(_signed("gross_cents")), 0),
        unpaid=Coalesce(Sum(_signed("gross_cents"), filter=Q(paid_at__isnull=True)), 0),
    )
    shown = Paginator(rows, PAGE_SIZE).get_page(page)
    shown.object_list = list(_titres(shown.object_list))
    return TitreList(shown, int(sums["net"]), int(sums["vat"]), int(sums["gross"]), int(sums["unpaid"]))


def all_titres(*, operator: Operator, run: BillingRun | None) -> list[Titre]:
    """Every proposal, for the export. One query."""
    return list(_titres(_rows(operator=operator, run=run)))


def _rows(*, operator: Operator, run: BillingRun | None):
    rows = Settlement.objects.filter(channel=Channel.TITRE, invoice__operator=operator)
    if run is not None:
        rows = rows.filter(invoice__run=run)
    return (
        rows.select_related("invoice__corrects")
        .annotate(is_paid=Q(paid_at__isnull=False))
        .order_by("is_paid", "-invoice__year", "invoice__sequence", "pk")
    )


def _titres(settlements: Iterable[Settlement]) -> Iterable[Titre]:
    for settlement in settlements:
        invoice = settlement.invoice
        yield Titre(
            public_id=str(invoice.public_id),
            debtor=invoice.buyer["name"],
            siret=invoice.buyer["siret"],
            service_code=invoice.buyer["service_code"],
            purpose=purpose_of(invoice),
            number=invoice.number,
            issue_date=invoice.issue_date,
            due_date=invoice.due_date,
            net_cents=invoice.net_cents * invoice.sign,
            vat_cents=invoice.vat_cents * invoice.sign,
            gross_cents=invoice.gross_cents * invoice.sign,
            iban=invoice.payment["iban"],
            state=settlement.in_words,
            paid=settlement.paid_at is not None,
        )


def purpose_of(invoice: Invoice) -> str:
    """What a titre is for, in words."""
    if invoice.corrects:
        return f"Réduction du titre de la facture {invoice.corrects.number}"
    return f"Services numériques mutualisés, {Period(invoice.period_start, invoice.period_end).label}"


def _signed(amount: str):
    return signed(amount, through="invoice__")
