"""What was billed beyond the end of a subscription is given back, month by month not begun.

A draft is drawn again. An issued invoice is never touched: contrary entries go to the ledger, and a credit
note is drafted for the operator's finance to read and issue. What an adhesion cost is not given back.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from billing import issuing, tasks
from billing.credit_drafts import draft_credit_note
from billing.credit_letters import tell_member
from billing.drafting import months_owed, part_of_year, year_of
from billing.exceptions import CreditNoteChanged, DraftsUnsound, IssuerIncomplete
from billing.levelling import level
from billing.models import (
    Adjustment,
    BillingRun,
    Closing,
    Invoice,
    InvoiceState,
    LedgerEntry,
    RunState,
)
from billing.periods import Period
from billing.redrawing import coded, copied, draw_again, lock_runs, written_off
from billing.waiting import FLAT_UNIT
from catalog.pricing import format_cents
from subscriptions.models import Subscription
from tenants import audit
from tenants.models import User

CLOSED, CREDITED = "~clos", "~avoir"
ENDED = "Écriture annulée : l’abonnement a pris fin, ce qui reste dû est calculé de nouveau."


@transaction.atomic
def note_closing(*, subscription: Subscription, on: date, now: datetime) -> None:
    """Takes note that a subscription is billed no more from `on`, and has a worker give back what was billed
    beyond it. In the transaction that ends it, under the subscriber's own scope; twice is once."""
    closing, noted = Closing.objects.get_or_create(
        subscription=subscription,
        defaults={"tenant_id": subscription.tenant_id, "ended_on": on, "noted_at": now},
    )
    if noted:
        tasks.settle_closing.defer(closing_id=closing.pk)


@transaction.atomic
def settle_closing(*, closing_id: int, now: datetime) -> None:
    """Draws drafts under review again and credits issued invoices, in the runs that bill days from the end.

    One transaction; called again, does nothing. While one of those runs is being issued the closing stays to
    settle: the end of the issue takes it up.
    """
    closing = (
        Closing.objects.select_for_update(of=("self",), no_key=True)
        .select_related("subscription")
        .get(pk=closing_id)
    )
    if closing.settled_at:
        return
    subscription = closing.subscription
    runs = lock_runs(operator_id=subscription.operator_id, beyond=closing.ended_on)
    if runs is None:
        return
    for run in runs:
        if run.state == RunState.REVIEW:
            _shorten_drafts(run, subscription, now)
        elif Adjustment.objects.filter(run=run, subscription=subscription).exists():
            level(run=run, subscription=subscription, now=now)
        elif run.state == RunState.ISSUED:
            _credit(run, subscription, now)
    closing.settled_at = now
    closing.save(update_fields=["settled_at"])


def _billed(run: BillingRun, subscription: Subscription, state: InvoiceState) -> list[LedgerEntry]:
    lines = LedgerEntry.objects.filter(run=run, subscription=subscription, corrects__isnull=True)
    return list(lines.filter(line__invoice__state=state).select_related("line__invoice").order_by("pk"))


def _shorten_drafts(run: BillingRun, subscription: Subscription, now: datetime) -> None:
    by_payer: dict[int, list[LedgerEntry]] = defaultdict(list)
    for entry in _billed(run, subscription, InvoiceState.DRAFT):
        if _may_shrink(entry, _months(entry, subscription)):
            by_payer[entry.tenant_id].append(entry)
    for tenant_id, entries in by_payer.items():
        owed = [kept for entry in entries if (kept := _kept(entry, subscription, now))]
        off = [written_off(entry, why=ENDED, now=now) for entry in entries]
        LedgerEntry.objects.bulk_create([*off, *owed])
        draw_again(run, tenant_id, without={entry.pk for entry in entries}, added=owed)


def _may_shrink(entry: LedgerEntry, months: int) -> bool:
    """Whether it bills months that were not begun. An adhesion bills none."""
    year = entry.facts.get("year")
    return bool(year) and not year.get("one_off") and entry.facts["months"] > months


def _months(entry: LedgerEntry, subscription: Subscription) -> int:
    """Months owed of the part of the period that an entry bills."""
    return months_owed(subscription, Period(entry.period_start, entry.period_end))


def _kept(entry: LedgerEntry, subscription: Subscription, now: datetime) -> LedgerEntry | None:
    """What is still owed of a drafted entry."""
    months = _months(entry, subscription)
    if not months:
        return None
    [line] = part_of_year(year_of(entry), months).lines
    return copied(
        entry,
        code=coded(entry.code, CLOSED),
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        amount_cents=line.amount_cents,
        period_end=min(entry.period_end, subscription.ended_on),
        steps=line.steps,
        facts=entry.facts | {"months": months},
        recorded_at=now,
    )


def _credit(run: BillingRun, subscription: Subscription, now: datetime) -> None:
    """The contrary entries of what was invoiced and not begun, on the credit note of each invoice."""
    by_invoice: dict[Invoice, list[LedgerEntry]] = defaultdict(list)
    for entry in _billed(run, subscription, InvoiceState.ISSUED):
        months = _months(entry, subscription)
        if _may_shrink(entry, months) and (given_back := _given_back(entry, subscription, months, now)):
            by_invoice[entry.line.invoice].append(given_back)
    for invoice, entries in by_invoice.items():
        LedgerEntry.objects.bulk_create(entries)
        draft_credit_note(corrects=invoice, entries=entries)


def _given_back(
    entry: LedgerEntry, subscription: Subscription, months: int, now: datetime
) -> LedgerEntry | None:
    owed = part_of_year(year_of(entry), months).total_cents if months else 0
    cents = entry.amount_cents - owed
    if cents <= 0:
        return None
    billed, since = entry.facts["months"], _first_not_begun(entry, subscription)
    days = f"du {since:%d/%m/%Y} au {entry.period_end - timedelta(days=1):%d/%m/%Y}"
    return copied(
        entry,
        corrects=entry,
        code=coded(entry.code, CREDITED),
        period_start=since,
        quantity=Decimal(1),
        unit=FLAT_UNIT,
        unit_price=-Decimal(cents) / 100,
        amount_cents=-cents,
        steps=[
            f"{billed - months} mois non commencés sur {billed} facturés, {days}",
            f"{format_cents(entry.amount_cents)} facturés − {format_cents(owed)} dus pour {months} mois"
            f" = {format_cents(cents)}",
        ],
        facts={},
        recorded_at=now,
    )


def _first_not_begun(entry: LedgerEntry, subscription: Subscription) -> date:
    """The first day of the months given back: the end's own, or the first of the next month."""
    end = max(subscription.ended_on, entry.period_start)
    if end.day == 1:
        return end
    return date(end.year + end.month // 12, end.month % 12 + 1, 1)


@transaction.atomic
def issue_credit_note(*, credit_note: Invoice, shown_cents: int, by: User, now: datetime) -> None:
    """Gives a credit note its number: it becomes a document that nobody changes.

    `shown_cents` is the total, tax included, that the person read. Raises IssuerIncomplete, DraftsUnsound, or
    CreditNoteChanged when another line has come meanwhile or somebody has issued it.
    """
    operator = credit_note.operator
    drafts = Invoice.objects.credit_notes().filter(pk=credit_note.pk, state=InvoiceState.DRAFT)
    found = drafts.select_for_update(of=("self",), no_key=True).first()
    if found is None or found.gross_cents != shown_cents:
        raise CreditNoteChanged
    if missing := issuing.missing_mentions(operator):
        raise IssuerIncomplete(missing)
    if problems := issuing.unsound_drafts(drafts=drafts, operator=operator, now=now):
        raise DraftsUnsound(problems)
    issuing.issue(invoice_id=credit_note.pk, operator=operator, now=now)
    credit_note.refresh_from_db()
    tell_member(credit_note=credit_note, now=now)
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="billing.credit_note_issued",
        sentence=f"{{actor}} a émis l’avoir {credit_note.number}.",
        subject_id=credit_note.public_id,
        now=now,
        details={"gross_cents": credit_note.gross_cents},
    )
