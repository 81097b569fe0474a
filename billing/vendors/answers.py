"""What becomes of a statement: the vendor agrees or contests, the operator answers and pays."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Sum
from django.utils.timezone import localdate

from billing.models import StatementMove, StatementPayment, StatementState, VendorStatement
from billing.models.vendor_statement import STATEMENT_MOVES
from billing.periods import Period
from billing.vendors import letters
from catalog.pricing import format_cents
from tenants import audit
from tenants.models import User
from tenants.moves import moved
from tenants.refusals import Refused

MAX_TEXT = 2000
MAX_REFERENCE = 140
CHANGED = "Ce relevé a changé d’état. Rechargez la page."


@transaction.atomic
def agree(*, statement: VendorStatement, by: User, now: datetime) -> None:
    """The vendor finds it right: it may be paid. Raises Refused when its state has changed."""
    move = _move(statement, to=StatementState.AGREED, by=by, now=now)
    letters.agreed(statement=statement, move=move.pk, now=now)
    _record(statement, "agreed", "a accepté", by=by, now=now)


@transaction.atomic
def contest(*, statement: VendorStatement, reason: str, by: User, now: datetime) -> None:
    """The vendor finds it wrong, and says why: nothing is paid before an answer. Raises Refused."""
    reason = _text(reason, "Dites ce qui ne va pas : l’opérateur le lira.", "reason")
    move = _move(statement, to=StatementState.CONTESTED, by=by, now=now, reason=reason)
    letters.contested(statement=statement, reason=reason, move=move.pk, now=now)
    _record(statement, "contested", "a contesté", by=by, now=now)


@transaction.atomic
def answer(*, statement: VendorStatement, text: str, by: User, now: datetime) -> None:
    """The operator answers a contest: the statement is to be agreed to again. What is wrong on it is put
    right by a credit note or an invoice, on the next one. Raises Refused."""
    text = _text(text, "Écrivez votre réponse : l’éditeur la lira.", "text")
    move = _move(statement, to=StatementState.DRAWN, by=by, now=now, reason=text)
    letters.answered(statement=statement, answer=text, move=move.pk, now=now)
    _record(statement, "answered", "a répondu à la contestation visant", by=by, now=now, in_operator=True)


@transaction.atomic
def pay(
    *, statement: VendorStatement, cents: int, paid_on: date, reference: str, by: User, now: datetime
) -> StatementPayment:
    """Takes note of a transfer made by the operator, of all that is left or of a part; paid whole, the
    statement is closed. Raises Refused, with the field to mend: not agreed, more than is left, a day to
    come."""
    held = VendorStatement.objects.select_for_update(of=("self",), no_key=True).get(pk=statement.pk)
    statement.state = held.state
    if held.state != StatementState.AGREED:
        raise Refused("Un relevé se paie une fois que l’éditeur l’a accepté.")
    if paid_on > localdate(now):
        raise Refused("Ce jour n’est pas encore passé : indiquez celui du virement.", "paid_on")
    if paid_on < held.period_start:
        raise Refused("Ce jour est avant la période du relevé : vérifiez la date.", "paid_on")
    left = left_to_pay(held)
    if not 0 < cents <= left:
        raise Refused(f"Il reste {format_cents(left)} à payer : indiquez ce montant ou moins.", "amount")
    payment = StatementPayment.objects.create(
        tenant_id=held.tenant_id,
        statement=held,
        amount_cents=cents,
        paid_on=paid_on,
        reference=" ".join(reference.split())[:MAX_REFERENCE],
        recorded_by=by,
        recorded_at=now,
    )
    if cents == left:
        _move(statement, to=StatementState.PAID, by=by, now=now)
    letters.paid(statement=statement, cents=cents, payment=payment.pk, now=now)
    _record(
        statement,
        "paid",
        f"a noté le paiement de {format_cents(cents)} sur",
        by=by,
        now=now,
        in_operator=True,
    )
    return payment


def left_to_pay(statement: VendorStatement) -> int:
    """In cents, tax included. One query."""
    paid = StatementPayment.objects.filter(statement=statement).aggregate(
        cents=Sum("amount_cents", default=0)
    )
    return statement.to_pay_cents - int(paid["cents"])


def _text(text: str, missing: str, field: str) -> str:
    text = text.replace("\0", "").strip()
    if not text:
        raise Refused(missing, field)
    if len(text) > MAX_TEXT:
        raise Refused(f"Raccourcissez : {MAX_TEXT} signes au plus.", field)
    return text


def _move(
    statement: VendorStatement, *, to: StatementState, by: User, now: datetime, reason: str = ""
) -> StatementMove:
    before = statement.state
    if not moved(statement, to=to, moves=STATEMENT_MOVES):
        raise Refused(CHANGED)
    return StatementMove.objects.create(
        tenant_id=statement.tenant_id,
        statement=statement,
        before=before,
        after=to,
        at=now,
        by=by,
        reason=reason,
    )


def _record(
    statement: VendorStatement, what: str, did: str, *, by: User, now: datetime, in_operator: bool = False
) -> None:
    """In the log of the vendor, and in that of the operator when it is who acts."""
    label = Period(statement.period_start, statement.period_end).label
    vendor, operator = statement.vendor.organisation, statement.operator
    for tenant in [vendor, operator.organisation] if in_operator else [vendor]:
        audit.record(
            tenant=tenant,
            actor=by,
            what=f"vendor.statement_{what}",
            sentence=f"{{actor}} {did} le relevé de {vendor.name} par {operator.short_name} ({label}).",
            subject_id=statement.public_id,
            now=now,
        )
