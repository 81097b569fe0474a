"""What is given back on an issued invoice gathers on one draft, until a person issues it."""

from collections.abc import Iterable
from decimal import Decimal

from billing.drafts import OUT_OF_SCOPE, totals_of, write_lines
from billing.models import Invoice, InvoiceState, InvoiceType, LedgerEntry
from billing.models.invoice import SERIES


def draft_credit_note(*, corrects: Invoice, entries: Iterable[LedgerEntry]) -> Invoice:
    """Adds entries of the ledger, all negative, to the draft credit note of an issued invoice; makes it when
    there is none. In the caller's transaction."""
    draft = (
        Invoice.objects.select_for_update(of=("self",), no_key=True)
        .filter(corrects=corrects, state=InvoiceState.DRAFT)
        .first()
    )
    there = list(LedgerEntry.objects.filter(line__invoice=draft).order_by("pk")) if draft else []
    gathered = [*there, *entries]
    if draft is None:
        draft = Invoice(
            tenant_id=corrects.tenant_id,
            operator_id=corrects.operator_id,
            run_id=corrects.run_id,
            type_code=InvoiceType.CREDIT_NOTE,
            series=SERIES[InvoiceType.CREDIT_NOTE],
            corrects=corrects,
            out_of_scope=gathered[0].vat_category == OUT_OF_SCOPE,
        )
    draft.period_start = min(entry.period_start for entry in gathered)
    draft.period_end = max(entry.period_end for entry in gathered)
    vars(draft).update(totals_of(gathered, sign=-1, most=_vat_left(corrects)))
    draft.save()
    draft.lines.all().delete()
    write_lines([(draft, gathered)])
    return draft


def _vat_left(invoice: Invoice) -> dict[tuple[str, Decimal], int]:
    """By category and rate, the tax of an invoice that no issued credit note has given back."""
    left = {(row["category"], Decimal(row["rate"])): row["vat_cents"] for row in invoice.vat}
    for note in invoice.credit_notes.issued():
        for row in note.vat:
            left[row["category"], Decimal(row["rate"])] -= row["vat_cents"]
    return left
