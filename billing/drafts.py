"""Entries of the ledger gathered on draft invoices, with their lines and totals."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from django.db import connection

from billing.models import BillingRun, Invoice, LedgerEntry
from billing.vat import reason_code
from catalog.pricing import vat_breakdown

OUT_OF_SCOPE = "O"


def write_invoices(run: BillingRun, entries: list[LedgerEntry]) -> None:
    """One draft per member and side of the tax border, with its lines and totals."""
    drafts = drafts_of(run, entries)
    Invoice.objects.bulk_create(invoice for invoice, _ in drafts)
    write_lines(drafts)


def drafts_of(run: BillingRun, entries: list[LedgerEntry]) -> list[tuple[Invoice, list[LedgerEntry]]]:
    """The same drafts, not saved, each with the entries that it bills."""
    groups: dict[tuple[int, bool], list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        groups[entry.tenant_id, entry.vat_category == OUT_OF_SCOPE].append(entry)
    return [(_draft(run, *key, group), group) for key, group in groups.items()]


# Copied by the server: what a line says is in the ledger already.
_LINES = """
    INSERT INTO billing_invoiceline (
        tenant_id, invoice_id, entry_id, position, name, description, steps, quantity, unit, unit_price,
        net_cents, vat_category, vat_rate, vat_reason
    )
    SELECT entry.tenant_id, drawn.invoice_id, entry.id, drawn.position, entry.label,
        coalesce(entry.facts #>> '{share,rests_on}', ''), entry.steps, entry.quantity, entry.unit,
        entry.unit_price * drawn.sign, entry.amount_cents * drawn.sign, entry.vat_category, entry.vat_rate,
        entry.vat_reason
    FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::smallint[])
        AS drawn (entry_id, invoice_id, position, sign)
    JOIN billing_ledgerentry AS entry ON entry.id = drawn.entry_id
"""


def write_lines(drafts: Iterable[tuple[Invoice, Iterable[LedgerEntry]]]) -> None:
    """The lines of drafts, copied from the ledger in the order of these entries, all of them saved; positive
    on a credit note, whose type turns the sign. One query."""
    drawn = [
        (entry.pk, invoice.pk, position, invoice.sign)
        for invoice, entries in drafts
        for position, entry in enumerate(entries, start=1)
    ]
    if drawn:
        with connection.cursor() as cursor:
            cursor.execute(_LINES, [list(column) for column in zip(*drawn, strict=True)])


def _draft(run: BillingRun, tenant_id: int, out_of_scope: bool, entries: list[LedgerEntry]) -> Invoice:
    return Invoice(
        tenant_id=tenant_id,
        operator_id=run.operator_id,
        run=run,
        out_of_scope=out_of_scope,
        period_start=run.period_start,
        period_end=run.period_end,
        **totals_of(entries),
    )


def totals_of(entries: list[LedgerEntry], *, sign: int = 1, most: dict | None = None) -> dict:
    """The totals and the tax table of an invoice with those entries, in cents; `sign` -1 for a credit note.

    `most`: by category and rate, the tax that a credit note may give back at most (several of them are
    rounded one by one).
    """
    subtotals = vat_breakdown((e.amount_cents * sign, e.vat_category, e.vat_rate) for e in entries)
    reasons, codes = defaultdict(dict), defaultdict(set)
    for e in entries:
        reasons[e.vat_category, e.vat_rate][e.vat_reason] = None
        codes[e.vat_category, e.vat_rate].add(reason_code(e))
    vat = [
        {
            "category": subtotal.category,
            "rate": str(subtotal.rate),
            "base_cents": subtotal.base_cents,
            "vat_cents": subtotal.vat_cents,
            # One reason by category (BT-120), which names all of them; one code (BT-121), if they agree.
            "reason": " ; ".join(reasons[subtotal.category, subtotal.rate]),
            **_agreed(codes[subtotal.category, subtotal.rate]),
        }
        for subtotal in subtotals
    ]
    if most is not None:
        for row in vat:
            row["vat_cents"] = min(row["vat_cents"], most[row["category"], Decimal(row["rate"])])
    net = sum(entry.amount_cents for entry in entries) * sign
    tax = sum(row["vat_cents"] for row in vat)
    return {"vat": vat, "net_cents": net, "vat_cents": tax, "gross_cents": net + tax}


def _agreed(codes: set[str]) -> dict:
    code = next(iter(codes)) if len(codes) == 1 else ""
    return {"code": code} if code else {}
