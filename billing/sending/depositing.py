"""Depositing issued invoices: a record and its job in one transaction, mark started, call, record what came.

A deposit found "started", or whose answer was lost, is never made again blindly: the portal is asked whether
it has the invoices, and the person who asked for it decides.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from billing import tasks
from billing.custody import FileUnsound, read_sound
from billing.models import Deposit, DepositState, Invoice, InvoiceFile, Sending, SendingAccount
from billing.models.sending import DEPOSIT_MOVES
from billing.sending import letters
from billing.sending.accounts import note_answer, note_silence, transport_of
from billing.sending.readiness import ready_invoices
from billing.sending.transport import MAX_BYTES, MAX_INVOICES, InDoubt, Parcel, Refused, Unreached
from tenants import audit
from tenants.models import Operator, User
from tenants.moves import moved

log = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=5)  # before another try, times the tries so far
MAX_TRIES = 8
# A call ends long before: after it, a deposit found "started" was interrupted.
LEASE = timedelta(minutes=10)
LOST = "Le dépôt a été interrompu avant la réponse de Chorus Pro."
FILE_UNSOUND = "Facture {number}. {why} Rien n’est parti : prévenez l’équipe de la plateforme."


class WrongDepositState(Exception):
    """The deposit moved meanwhile, or this move does not exist."""


class NothingToDeposit(Exception):
    """No invoice is ready, or another person has just deposited them."""


@transaction.atomic
def deposit_ready(*, operator: Operator, by: User, now: datetime, refused: bool = False) -> list[Deposit]:
    """Puts every ready invoice of an operator in deposits, to be made by a worker; `by` is who is asked when
    an outcome is unknown. Those that the portal did not take go again only when asked: `refused`.

    The account is locked, and one invoice is in one live deposit only: pressed twice, nothing goes twice.
    Raises NothingToDeposit.
    """
    account = (
        SendingAccount.objects.select_for_update(of=("self",), no_key=True).filter(operator=operator).first()
    )
    ready = list(_to_pack(account, refused=refused)) if account else []
    deposits = []
    for invoices in _parcels(ready):
        deposit = Deposit.objects.create(
            tenant_id=operator.organisation_id,
            operator=operator,
            run_after=now,
            asked_by=by,
            asked_at=now,
            changed_at=now,
        )
        Sending.objects.bulk_create(
            Sending(tenant_id=invoice.tenant_id, deposit=deposit, invoice=invoice) for invoice in invoices
        )
        tasks.deposit.defer(deposit_id=deposit.pk)
        deposits.append(deposit)
    if not deposits:
        raise NothingToDeposit
    count = len(ready)
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="sending.asked",
        sentence=f"{{actor}} a demandé le dépôt de {count} facture{'s' if count > 1 else ''} sur Chorus Pro.",
        subject_id=deposits[0].public_id,
        now=now,
        details={"deposits": [str(deposit.public_id) for deposit in deposits]},
    )
    return deposits


def _to_pack(account: SendingAccount, *, refused: bool) -> QuerySet[Invoice]:
    """No more than is needed to make parcels of them: there may be tens of thousands."""
    return ready_invoices(account, refused=refused).select_related("file").only("tenant_id", "file__size")


def _parcels(invoices: list[Invoice]) -> Iterator[list[Invoice]]:
    """At most so many and so heavy."""
    batch: list[Invoice] = []
    weight = 0
    for invoice in invoices:
        if batch and (len(batch) == MAX_INVOICES or weight + invoice.file.size > MAX_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append(invoice)
        weight += invoice.file.size
    if batch:
        yield batch


def to_send(*, now: datetime) -> QuerySet[Deposit]:
    """Those that are due, or were interrupted: for the sweep that enqueues what a dead worker left."""
    return Deposit.objects.filter(
        Q(state=DepositState.PENDING, run_after__lt=now)
        | Q(state=DepositState.STARTED, changed_at__lt=now - LEASE)
    )


def send(*, deposit_id: int, now: datetime) -> None:
    """Makes a deposit, once. Must run outside a transaction: each record is committed before the next step.

    Nothing happens to one that is not due. One found "started" after LEASE was interrupted: its outcome is
    unknown.
    """
    deposit = Deposit.objects.select_related("operator__organisation", "asked_by").get(pk=deposit_id)
    if deposit.state == DepositState.STARTED and deposit.changed_at < now - LEASE:
        _doubt(deposit, why=LOST, now=now)
        return
    if deposit.state != DepositState.PENDING or deposit.run_after > now:
        return
    try:
        transport, parcel = transport_of(deposit.operator), _parcel(deposit)
    except Refused as refusal:
        _ask_person(deposit, why=str(refusal), now=now)
        return
    move(deposit, to=DepositState.STARTED, now=now, tries=deposit.tries + 1)
    try:
        number = transport.deposit(parcel)
    except Refused as refusal:
        _ask_person(deposit, why=str(refusal), now=now)
    except Unreached as error:
        note_silence(deposit.operator, now=now)
        _later(deposit, why=str(error), now=now)
    except InDoubt as error:
        note_silence(deposit.operator, now=now)
        _doubt(deposit, why=str(error), now=now)
    else:
        note_answer(deposit.operator)
        move(deposit, to=DepositState.SENT, now=now, number=number, problem="")


def _parcel(deposit: Deposit) -> Parcel:
    """Raises Refused when a file is not where it was kept, or is no longer the one that was made."""
    files = InvoiceFile.objects.filter(invoice__sendings__deposit=deposit).select_related("invoice")
    content = {}
    for file in files.order_by("invoice__sequence", "pk"):
        try:
            content[file.invoice.number] = read_sound(path=file.path, sha256=file.sha256)
        except FileUnsound as error:
            raise Refused(FILE_UNSOUND.format(number=file.invoice.number, why=error)) from error
    return Parcel(deposit.file_name, content)


def find_lost(*, deposit_id: int, now: datetime) -> None:
    """Looks a deposit of unknown outcome up at the portal, by one of its invoices: found, it is sent.

    Not found proves nothing: the portal may not have read it yet. Outside a transaction.
    """
    deposit = Deposit.objects.select_related("operator__organisation", "asked_by").get(pk=deposit_id)
    if deposit.state != DepositState.DOUBTFUL:
        return
    invoice = Invoice.objects.filter(sendings__deposit=deposit).order_by("sequence", "pk")[0]
    try:
        number = transport_of(deposit.operator).find(invoice.number)
    except (Refused, Unreached) as error:
        not_answered(deposit, error, now=now)
        return
    note_answer(deposit.operator)
    if number:
        note_found(deposit, number=number, now=now)


@transaction.atomic
def note_found(deposit: Deposit, *, number: str, now: datetime) -> None:
    """The portal has these invoices, in the flow of that number: the deposit is followed there. Raises
    WrongDepositState."""
    move(deposit, to=DepositState.SENT, now=now, number=number, problem="")
    audit.record(
        tenant=deposit.operator.organisation,
        actor=None,
        what="sending.found",
        sentence=f"Le dépôt {deposit.file_name} a été retrouvé sur Chorus Pro.",
        subject_id=deposit.public_id,
        now=now,
    )


def not_answered(deposit: Deposit, error: Refused | Unreached, *, now: datetime) -> None:
    """The portal did not answer for a deposit: it is asked again an hour later. A refusal does not pass by
    itself: who asked for the deposit is told, once a day."""
    log.warning("Deposit %s was not answered for: %s", deposit.pk, type(error).__name__)
    note_silence(deposit.operator, now=now)
    if isinstance(error, Refused):
        letters.tell_not_answered(deposit, why=str(error), now=now)


@transaction.atomic
def try_again(*, deposit: Deposit, by: User, now: datetime) -> None:
    """A person has put right what was refused, or has looked: the portal does not have it. It is made once
    more. Raises WrongDepositState when it waits for nobody."""
    before = deposit.state
    move(deposit, to=DepositState.PENDING, now=now, problem="", tries=0, run_after=now)
    looked = "après avoir vérifié que Chorus Pro ne l’a pas" if before == DepositState.DOUBTFUL else ""
    _record(deposit, by, now, "sending.retried", f"a relancé le dépôt {deposit.file_name} {looked}".strip())
    tasks.deposit.defer(deposit_id=deposit.pk)


@transaction.atomic
def say_number(*, deposit: Deposit, number: str, by: User, now: datetime) -> None:
    """A person has found a doubtful deposit at the portal, and gives its number. Raises WrongDepositState."""
    if deposit.state != DepositState.DOUBTFUL:
        raise WrongDepositState(deposit.state)
    move(deposit, to=DepositState.SENT, now=now, number=number, problem="")
    _record(deposit, by, now, "sending.told", f"a retrouvé le dépôt {deposit.file_name} sur Chorus Pro")
    tasks.follow_deposit.defer(deposit_id=deposit.pk)


def move(deposit: Deposit, *, to: DepositState, now: datetime, **fields) -> None:
    """Along the table of moves. Raises WrongDepositState."""
    if not moved(deposit, to=to, moves=DEPOSIT_MOVES, changed_at=now, **fields):
        raise WrongDepositState(f"{deposit.state} → {to}")


def _later(deposit: Deposit, *, why: str, now: datetime) -> None:
    if deposit.tries >= MAX_TRIES:
        _ask_person(deposit, why=f"{why} Halle l’a essayé {deposit.tries} fois.", now=now)
        return
    move(deposit, to=DepositState.PENDING, now=now, problem=why, run_after=now + PATIENCE * deposit.tries)


@transaction.atomic
def _ask_person(deposit: Deposit, *, why: str, now: datetime) -> None:
    move(deposit, to=DepositState.NEEDS_PERSON, now=now, problem=why)
    letters.ask(deposit, now=now)


@transaction.atomic
def _doubt(deposit: Deposit, *, why: str, now: datetime) -> None:
    move(deposit, to=DepositState.DOUBTFUL, now=now, problem=why)
    letters.ask(deposit, now=now)


def _record(deposit: Deposit, by: User, now: datetime, what: str, done: str) -> None:
    audit.record(
        tenant=deposit.operator.organisation,
        actor=by,
        what=what,
        sentence=f"{{actor}} {done}.",
        subject_id=deposit.public_id,
        now=now,
    )
