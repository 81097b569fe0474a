"""Proposals of *titres de recettes*: what a public issuer's accountant is asked to collect.

A public body's money is collected by its public accountant only (CGCT L1611-7, D1617-23): Halle proposes
the title of each issued invoice, the issuer's own accounting software takes it over.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from billing.models import BillingRun, Channel, Settlement
from billing.periods import Period
from tenants.models import Operator

PAGE_SIZE = 25


@dataclass(frozen=True)
class Titre:
    """One proposal, from the invoice's own copies. Amounts in cents."""

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
    """A page of proposals and the totals of all of them, in cents."""

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
        net=Coalesce(Sum("invoice__net_cents"), 0),
        vat=Coalesce(Sum("invoice__vat_cents"), 0),
        gross=Coalesce(Sum("invoice__gross_cents"), 0),
        unpaid=Coalesce(Sum("invoice__gross_cents", filter=Q(paid_at__isnull=True)), 0),
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
        rows.select_related("invoice")
        .annotate(is_paid=Q(paid_at__isnull=False))
        .order_by("is_paid", "-invoice__year", "invoice__sequence", "pk")
    )


def _titres(settlements: Iterable[Settlement]) -> Iterable[Titre]:
    for settlement in settlements:
        invoice = settlement.invoice
        label = Period(invoice.period_start, invoice.period_end).label
        yield Titre(
            public_id=str(invoice.public_id),
            debtor=invoice.buyer["name"],
            siret=invoice.buyer["siret"],
            service_code=invoice.buyer["service_code"],
            purpose=f"Services numériques mutualisés, {label}",
            number=invoice.number,
            issue_date=invoice.issue_date,
            due_date=invoice.due_date,
            net_cents=invoice.net_cents,
            vat_cents=invoice.vat_cents,
            gross_cents=invoice.gross_cents,
            iban=invoice.payment["iban"],
            state=settlement.get_state_display(),
            paid=settlement.paid_at is not None,
        )
