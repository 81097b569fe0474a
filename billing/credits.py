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
from billing.drafting import part_of_year, year_of
from billing.entries import FLAT_UNIT, copied, said_of_share
from billing.exceptions import CreditNoteChanged, DraftsUnsound, IssuerIncomplete
from billing.levelling import is_adjusted, level
from billing.models import (
    BillingRun,
    Closing,
    Invoice,
    InvoiceState,
    LedgerEntry,
    RunState,
)
from billing.months import months_owed
from billing.payers import by_line, give_back, shared_out, shares_within, whole_of
from billing.periods import Period
from billing.redrawing import coded, draw_payers_again, lock_runs, standing, tell_problem, written_off
from billing.repricing import bill_anew
from billing.rhythms import rhythm_in
from catalog.pricing import PricingError, format_cents
from subscriptions.models import PayerShare, Subscription
from tenants import audit
from tenants.days import month_begun_or_next
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
    runs = lock_runs(operator_id=subscription.operator_id, beyond=closing.ended_on, subscription=subscription)
    standings = {run: standing(run, subscription) for run in runs}
    if None in standings.values():
        return
    if rhythm_in(subscription):
        bill_anew(standings, subscription, ending=CLOSED, why=ENDED, now=now)
    else:
        _settle_months(standings, subscription, now)
    closing.settled_at = now
    closing.save(update_fields=["settled_at"])


def _settle_months(standings: dict[BillingRun, RunState], subscription: Subscription, now: datetime) -> None:
    for run, how in standings.items():
        if how == RunState.REVIEW:
            _shorten_drafts(run, subscription, now)
        elif how == RunState.ISSUED:
            _give_back(run, subscription, now)


def _give_back(run: BillingRun, subscription: Subscription, now: datetime) -> None:
    """Line by line; all together where something was put right since."""
    if not is_adjusted(run, subscription):
        _credit(run, subscription, now)
        return
    try:
        level(run=run, subscription=subscription, now=now)
    except PricingError as error:
        tell_problem(run, subscription, error)


def _billed(run: BillingRun, subscription: Subscription, state: InvoiceState) -> list[LedgerEntry]:
    lines = LedgerEntry.objects.filter(run=run, subscription=subscription, corrects__isnull=True)
    return list(lines.filter(line__invoice__state=state).select_related("line__invoice").order_by("pk"))


def _shorten_drafts(run: BillingRun, subscription: Subscription, now: datetime) -> None:
    gone, owed = [], []
    for parts in by_line(_billed(run, subscription, InvoiceState.DRAFT)):
        whole = whole_of(subscription, parts)
        if _may_shrink(whole, _months(whole, subscription)):
            gone += parts
            owed += [kept] if (kept := _kept(whole, subscription, now)) else []
    owed = shared_out(subscription, owed, _shares(run, subscription))
    off = [written_off(entry, why=ENDED, now=now) for entry in gone]
    LedgerEntry.objects.bulk_create([*off, *owed])
    draw_payers_again(run, gone=gone, added=owed, now=now)


def _shares(run: BillingRun, subscription: Subscription) -> list[PayerShare]:
    """Who paid a part of what a run billed: nothing has changed since, for periods that are invoiced."""
    found = shares_within([subscription], start=run.period_start, end=run.period_end)
    return found.get(subscription.pk, [])


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
    """The contrary entries of what was invoiced and not begun, on the credit note of each invoice: whoever
    paid a part of it is given back that part."""
    lines = by_line(_billed(run, subscription, InvoiceState.ISSUED))
    owed = _still_owed(run, subscription, [whole_of(subscription, parts) for parts in lines])
    by_invoice: dict[Invoice, list[LedgerEntry]] = defaultdict(list)
    for parts in lines:
        if parts[0].code not in owed:
            continue
        back = give_back({entry.tenant_id: entry.amount_cents for entry in parts}, owed[parts[0].code])
        for entry in parts:
            if cents := back.get(entry.tenant_id):
                by_invoice[entry.line.invoice].append(_given_back(entry, subscription, cents, now))
    for invoice, entries in by_invoice.items():
        LedgerEntry.objects.bulk_create(entries)
        draft_credit_note(corrects=invoice, entries=entries)


def _still_owed(
    run: BillingRun, subscription: Subscription, wholes: list[LedgerEntry]
) -> dict[str, dict[int, int]]:
    """By code, the lines that shrink: what each payer still owes of them, in cents."""
    months = {whole.code: _months(whole, subscription) for whole in wholes}
    shrinking = [whole for whole in wholes if _may_shrink(whole, months[whole.code])]
    owed: dict[str, dict[int, int]] = {whole.code: {} for whole in shrinking}
    begun = [whole for whole in shrinking if months[whole.code]]
    for whole in begun:
        whole.amount_cents = part_of_year(year_of(whole), months[whole.code]).total_cents
    for entry in shared_out(subscription, begun, _shares(run, subscription)):
        owed[entry.code][entry.tenant_id] = entry.amount_cents
    return owed


def _given_back(entry: LedgerEntry, subscription: Subscription, cents: int, now: datetime) -> LedgerEntry:
    billed, since = entry.facts["months"], _first_not_begun(entry, subscription)
    months, owed = _months(entry, subscription), entry.amount_cents - cents
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
        facts=said_of_share(entry),
        recorded_at=now,
    )


def _first_not_begun(entry: LedgerEntry, subscription: Subscription) -> date:
    """The first day of the months given back: the end's own, or the first of the next month."""
    return month_begun_or_next(max(subscription.ended_on, entry.period_start))


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
