"""What the pages of an import of titres, and those of an invoice, show of what the finance software said."""

from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from billing.models import (
    Invoice,
    Payment,
    TitreImport,
    TitreImportRow,
    TitreNumber,
    TitreRowState,
)
from tenants.models import Operator
from tenants.spreadsheets.imports import kept_aside
from tenants.spreadsheets.reading import RejectedRow

SET_ASIDE = (TitreRowState.REFUSED, TitreRowState.DOUBTFUL)


@dataclass(frozen=True)
class Received:
    """A payment, in cents."""

    cents: int
    on: date


@dataclass(frozen=True)
class Collected:
    """The titre of an invoice and what was paid on it; None and nothing while no file said so."""

    titre: TitreNumber | None
    payments: tuple[Received, ...]

    @property
    def cents(self) -> int:
        """What was paid so far."""
        return sum(payment.cents for payment in self.payments)


def with_collected(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """What `collected` reads of each, in the same query."""
    payments = Payment.objects.filter(settlement__invoice=OuterRef("pk")).order_by("paid_on", "pk")
    received = ArraySubquery(payments.values(one=JSONObject(cents="amount_cents", on="paid_on")))
    return invoices.select_related("settlement__titre_number").annotate(received=received)


def collected(invoice: Invoice) -> Collected:
    """No query: `invoice` as `with_collected` reads it."""
    settlement = getattr(invoice, "settlement", None)
    return Collected(
        getattr(settlement, "titre_number", None),
        tuple(Received(one["cents"], date.fromisoformat(one["on"])) for one in invoice.received),
    )


def imports_of(*, operator: Operator) -> QuerySet[TitreImport]:
    """The last first, each with who sent it."""
    found = TitreImport.objects.filter(operator=operator).select_related("sent_by", "operator", "tenant")
    return found.order_by("-sent_at", "-pk")


def counts_of_rows(titre_import: TitreImport) -> dict[str, int]:
    """How many rows are in each state, 0 for those in which none is."""
    rows = TitreImportRow.objects.filter(titre_import=titre_import).order_by()
    return dict.fromkeys(TitreRowState.values, 0) | dict(rows.values_list("state").annotate(Count("pk")))


def rows_of(*, titre_import: TitreImport, state: str) -> QuerySet[TitreImportRow]:
    """Those in this state ("" for all), as the file has them."""
    rows = TitreImportRow.objects.filter(titre_import=titre_import).order_by("line")
    return rows.filter(state=state) if state else rows


def set_aside(*, titre_import: TitreImport) -> list[RejectedRow]:
    """Every row that was not taken over, as `spreadsheets.writing.rejected_as_csv` takes them."""
    rows = TitreImportRow.objects.filter(titre_import=titre_import, state__in=SET_ASIDE)
    return kept_aside(rows)
