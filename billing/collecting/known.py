"""What Halle knows of the invoices that a file of the finance software names, to judge its rows against."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch

from billing.collecting.judging import Judgement, KnownInvoice, Numbered, judge, take_note
from billing.collecting.rows import TitreRow
from billing.models import Channel, Invoice, Payment, SettlementState, TitreNumber
from tenants.models import Operator


@dataclass
class Known:
    """By its number, what is known of each invoice that is named; by its series and number, which invoice
    has a titre already."""

    invoices: dict[str, KnownInvoice]
    holders: dict[Numbered, str]


def known_of(*, operator: Operator, rows: Iterable[TitreRow]) -> Known:
    """Three queries, whatever the number of rows."""
    rows = list(rows)
    references = {row.reference for row in rows}
    found = (
        Invoice.objects.issued()
        .of_operator(operator)
        .filter(number__in=references, settlement__channel=Channel.TITRE)
        .with_credited()
        .select_related("settlement__titre_number")
        .prefetch_related(Prefetch("settlement__payments", Payment.objects.order_by("paid_on", "pk")))
    )
    numbers = TitreNumber.objects.filter(
        operator=operator,
        exercice__in={row.exercice for row in rows},
        number__in={row.number for row in rows},
    ).values_list("reduces", "exercice", "number", "settlement__invoice__number")
    return Known(
        invoices={invoice.number: _known(invoice) for invoice in found},
        holders={(reduces, exercice, number): held for reduces, exercice, number, held in numbers},
    )


def judged(
    rows: Iterable[TitreRow], *, known: Known, today: date, with_doubtful: bool = True
) -> Iterable[tuple[TitreRow, Judgement]]:
    """Each row in turn, the next one against what the rows before it say, those in doubt too where they are
    taken over. `known` is changed on the way."""
    for row in rows:
        invoice = known.invoices.get(row.reference)
        key = (bool(invoice and invoice.is_credit_note), row.exercice, row.number)
        holder = known.holders.get(key)
        judgement = judge(row, known=invoice, holder=None if holder == row.reference else holder, today=today)
        if not judgement.reasons and (with_doubtful or not judgement.doubt):
            take_note(row, invoice)
            if row.number:
                known.holders[key] = row.reference
        yield row, judgement


def _known(invoice: Invoice) -> KnownInvoice:
    settlement = invoice.settlement
    titre = getattr(settlement, "titre_number", None)
    return KnownInvoice(
        number=invoice.number,
        is_credit_note=invoice.is_credit_note,
        gross_cents=invoice.gross_cents,
        owed_cents=invoice.gross_cents - invoice.credited_cents,
        issued_on=invoice.issue_date,
        is_paid=settlement.state == SettlementState.PAID,
        titre=(titre.exercice, titre.bordereau, titre.number) if titre else None,
        payments=[(payment.paid_on, payment.amount_cents) for payment in settlement.payments.all()],
    )
