"""Reads for pages: deposits and what became of invoices at the portal."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from billing.models import Deposit, Invoice, Sending, SendingAccount, SendingStatus
from billing.sending.readiness import Missing, lacking, missing, ready_invoices
from tenants.models import Operator

PAGE_SIZE = 25
SHOWN = 50


@dataclass(frozen=True)
class Waiting:
    """What is not deposited yet: how many invoices are ready, how many the portal did not take and are ready
    again, and those that lack something, the first of them with what."""

    ready: int
    refused: int
    lacking: int
    shown: list[tuple[Invoice, list[Missing]]]


def waiting(account: SendingAccount) -> Waiting:
    """Five queries."""
    short = lacking(account)
    shown = list(short[:SHOWN])
    whys = missing(shown)
    return Waiting(
        ready=ready_invoices(account).count(),
        refused=ready_invoices(account, refused=True).count(),
        lacking=short.count(),
        shown=[(invoice, whys[invoice.pk]) for invoice in shown],
    )


def deposits_of(*, operator: Operator, page: str | None) -> Page:
    """Its deposits, newest first, each with `count` invoices and `told`, how many of them have a status. Two
    queries."""
    rows = Deposit.objects.filter(operator=operator).select_related("asked_by")
    rows = rows.annotate(count=Count("sendings"), told=Count("sendings", filter=~Q(sendings__code="")))
    return Paginator(rows.order_by("-asked_at", "-pk"), PAGE_SIZE).get_page(page)


def sendings_of(*, deposit: Deposit, page: str | None) -> Page:
    """The invoices of a deposit, what needs somebody first, each with the `reason` of its last status. Two
    queries."""
    last = SendingStatus.objects.filter(sending=OuterRef("pk")).order_by("-at", "-pk")
    rows = Sending.objects.filter(deposit=deposit).select_related("invoice")
    rows = rows.annotate(reason=Subquery(last.values("reason")[:1]))
    return Paginator(rows.order_by("live", "invoice__sequence", "pk"), PAGE_SIZE).get_page(page)


def with_said(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Each with what `said_of` reads, in the same query."""
    said = SendingStatus.objects.filter(sending__invoice=OuterRef("pk")).order_by("at", "pk")
    return invoices.annotate(
        said=ArraySubquery(said.values(row=JSONObject(**{name: name for name in _SAID})))
    )


_SAID = ("code", "lifecycle", "reason", "at")


def said_of(invoice: Invoice) -> list[SendingStatus]:
    """All that the portal said of an invoice that `with_said` has read, oldest first."""
    return [SendingStatus(**row | {"at": datetime.fromisoformat(row["at"])}) for row in invoice.said]
