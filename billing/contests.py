"""A member contests a line of an invoice; the operator's finance answers by a reason, or by a credit note.

The time to pay is interrupted meanwhile, once an invoice (CCP R2192-27 to 29), where it was still running.
"""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.timezone import localdate

from billing import contest_letters
from billing.credit_drafts import draft_credit_note
from billing.exceptions import ContestAnswered, NotContestable, TooMuchGivenBack
from billing.late_interest import due_again_on
from billing.levelling import taken_from
from billing.models import (
    Adjustment,
    AdjustmentKind,
    BillingRun,
    ContestReason,
    ContestState,
    Invoice,
    InvoiceLine,
    InvoiceState,
    LedgerEntry,
    LineContest,
    LineContestMove,
    PaymentInterruption,
    SettlementState,
)
from billing.models.contest import CONTEST_TRANSITIONS
from catalog.pricing import format_cents
from tenants import audit
from tenants.constraints import violated
from tenants.models import User


@transaction.atomic
def contest(*, line: InvoiceLine, reason: ContestReason, text: str, by: User, now: datetime) -> LineContest:
    """Says that a line of an issued invoice is wrong, and tells the operator's finance by letter.

    Raises NotContestable: a credit note, a line that is contested already or was given back whole.
    """
    invoice = line.invoice
    if invoice.state != InvoiceState.ISSUED or invoice.is_credit_note:
        raise NotContestable("Seule une ligne d’une facture émise se conteste.")
    if not left_of(line):
        raise NotContestable("Cette ligne a déjà été rendue en entier par un avoir.")
    found = LineContest(
        tenant_id=line.tenant_id,
        operator_id=invoice.operator_id,
        line=line,
        reason=reason,
        text=text,
        opened_by=by,
        opened_at=now,
    )
    try:
        with transaction.atomic():
            found.save(force_insert=True)
    except IntegrityError as error:
        if violated(error) != "contest_one_open_a_line":
            raise
        raise NotContestable(
            "Cette ligne est déjà contestée : la réponse de l’opérateur est attendue."
        ) from None
    _log(found, before="", by=by, now=now)
    _interrupt(found, invoice, now)
    contest_letters.tell_operator(contest=found, now=now)
    _record(found, "invoice.line_contested", "a contesté", by=by, now=now)
    return found


@transaction.atomic
def withdraw(*, contest: LineContest, by: User, now: datetime) -> None:
    """The member contests no longer. Raises ContestAnswered when there is an answer."""
    found = _locked(contest)
    _close(found, to=ContestState.WITHDRAWN, by=by, now=now)
    contest_letters.tell_operator_withdrawn(contest=found, now=now)
    _record(found, "invoice.contest_withdrawn", "a retiré sa contestation de", by=by, now=now)


@transaction.atomic
def refuse(*, contest: LineContest, answer: str, by: User, now: datetime) -> None:
    """The line stays as it is, for a reason that the member reads. Raises ContestAnswered."""
    found = _locked(contest)
    _close(found, to=ContestState.REFUSED, by=by, now=now, answer=answer)
    contest_letters.tell_member(contest=found, now=now)
    _record(found, "invoice.contest_refused", "a refusé la contestation de", by=by, now=now)


@transaction.atomic
def accept(*, contest: LineContest, cents: int, answer: str, by: User, now: datetime) -> Invoice:
    """Gives back `cents` (net of tax, more than zero) of the line, on the draft credit note of its invoice.

    Raises ContestAnswered, or TooMuchGivenBack when less is left of the line: nothing is changed then.
    """
    found = _locked(contest)
    entry = found.line.entry
    put_right = entry.adjustment.run_id if entry.adjustment else entry.run_id
    # As whatever else gives back on an invoice of these runs.
    runs = BillingRun.objects.filter(pk__in={entry.run_id, put_right}).order_by("pk")
    list(runs.select_for_update(of=("self",), no_key=True))
    left = left_of(found.line)
    if not 0 < cents <= left:
        raise TooMuchGivenBack(left)
    adjustment = Adjustment.objects.create(
        tenant_id=found.tenant_id,
        kind=AdjustmentKind.CONTESTED,
        subscription_id=entry.subscription_id,
        operator_id=found.operator_id,
        run_id=put_right,
        period_start=entry.period_start,
        period_end=entry.period_end,
        amount_cents=-cents,
        label=f"{entry.label[:175]} – Contestation acceptée",
        steps=[
            f"Contestée le {localdate(found.opened_at):%d/%m/%Y} : {found.get_reason_display()}",
            f"{format_cents(cents)} rendus sur {format_cents(entry.amount_cents)} facturés",
        ],
        noted_at=now,
        settled_at=now,
    )
    back = taken_from(entry, cents, adjustment, now)
    back.save(force_insert=True)
    note = draft_credit_note(corrects=found.line.invoice, entries=[back])
    _close(
        found, to=ContestState.ACCEPTED, by=by, now=now, answer=answer, accepted_cents=cents, credit_note=note
    )
    contest_letters.tell_member(contest=found, now=now)
    _record(found, "invoice.contest_accepted", "a accepté la contestation de", by=by, now=now, cents=cents)
    return note


def left_of(line: InvoiceLine) -> int:
    """What may still be given back of an invoiced line, in cents net of tax: drafted credit notes count as
    given back. Zero for a line that gives back. One query."""
    back = LedgerEntry.objects.filter(corrects=line.entry_id).aggregate(cents=Sum("amount_cents", default=0))
    return max(line.net_cents + int(back["cents"]), 0)


def _interrupt(found: LineContest, invoice: Invoice, now: datetime) -> None:
    """The time to pay stops where it still runs: not once it is over, nor paid, nor a second time."""
    today = localdate(now)
    settlement = getattr(invoice, "settlement", None)
    if invoice.due_date < today or (settlement and settlement.state == SettlementState.PAID):
        return
    PaymentInterruption.objects.get_or_create(
        invoice=invoice, defaults={"tenant_id": invoice.tenant_id, "contest": found, "starts_on": today}
    )


def _resume(invoice: Invoice, today: date) -> None:
    """Another time to pay opens with the last answer that was awaited."""
    # Two answers at once, to two lines: the second waits here, then sees the first.
    held = PaymentInterruption.objects.select_for_update(of=("self",), no_key=True)
    interruption = held.filter(invoice=invoice, ends_on=None).first()
    awaited = LineContest.objects.filter(line__invoice=invoice, state=ContestState.OPEN)
    if interruption is None or awaited.exists():
        return
    interruption.ends_on = today
    interruption.due_on = due_again_on(
        due_on=invoice.due_date, interrupted_on=interruption.starts_on, resumed_on=today
    )
    interruption.save(update_fields=["ends_on", "due_on"])


def _locked(contest: LineContest) -> LineContest:
    rows = LineContest.objects.select_for_update(of=("self",), no_key=True).select_related(
        "tenant", "operator__organisation", "opened_by", "line__entry__adjustment", "line__invoice"
    )
    found = rows.filter(pk=contest.pk, state=ContestState.OPEN).first()
    if found is None:
        raise ContestAnswered
    return found


def _close(found: LineContest, *, to: ContestState, by: User, now: datetime, **fields) -> None:
    before = ContestState(found.state)
    assert (before, to) in CONTEST_TRANSITIONS  # noqa: S101 `_locked` gives open ones only
    rows = LineContest.objects.filter(pk=found.pk, state=before)
    if rows.update(state=to, closed_at=now, **fields) != 1:
        raise ContestAnswered
    found.state, found.closed_at = to, now
    vars(found).update({name: value for name, value in fields.items() if name != "credit_note"})
    _log(found, before=before, by=by, now=now)
    _resume(found.line.invoice, localdate(now))


def _log(found: LineContest, *, before: str, by: User, now: datetime) -> None:
    LineContestMove.objects.create(
        tenant_id=found.tenant_id, contest=found, before=before, after=found.state, at=now, by=by
    )


def _record(
    found: LineContest, what: str, did: str, *, by: User, now: datetime, cents: int | None = None
) -> None:
    """In the log of the member, and in that of the operator when it is who answers."""
    line, invoice = found.line, found.line.invoice
    outcome = "" if cents is None else f" : {format_cents(cents)} HT à rendre"
    answered = found.state in (ContestState.ACCEPTED, ContestState.REFUSED)
    for tenant in [found.operator.organisation, found.tenant] if answered else [found.tenant]:
        audit.record(
            tenant=tenant,
            actor=by,
            what=what,
            sentence=f"{{actor}} {did} la ligne « {line.name} » de la facture {invoice.number}{outcome}.",
            subject_id=invoice.public_id,
            now=now,
            details=None if cents is None else {"net_cents": cents},
        )
