"""What becomes of deposited invoices: asked of the portal every hour, kept status by status."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from billing import tasks
from billing.models import Deposit, DepositState, Sending, SendingStatus
from billing.models.sending import DEPOSIT_MOVES
from billing.sending import letters
from billing.sending.accounts import note_answer, transport_of
from billing.sending.depositing import not_answered, note_found
from billing.sending.statuses import ENDS, NOT_TAKEN, lifecycle_of, meaning_of
from billing.sending.transport import Analysis, Happened, Known, Refused, Report, Transport, Unreached
from tenants import jobs
from tenants.moves import moved

USUAL = timedelta(days=2)  # how long an analysis may last
LOOKED_FOR = 5


def to_follow() -> QuerySet[Deposit]:
    """The deposits of which the portal may have something new to say."""
    going_on = Sending.objects.filter(live=True).filter(
        Q(lifecycle__isnull=True) | ~Q(lifecycle__in=list(ENDS))
    )
    return Deposit.objects.filter(
        Q(state=DepositState.SENT) | Q(state=DepositState.INTEGRATED, pk__in=going_on.values("deposit"))
    )


def follow_all() -> None:
    """Enqueues the following of each deposit, and the search for those whose outcome is unknown."""
    lost = Deposit.objects.filter(state=DepositState.DOUBTFUL)
    for task, deposits in ((tasks.follow_deposit, to_follow()), (tasks.find_deposit, lost)):
        waiting = jobs.waiting(task, "deposit_id")
        for pk in deposits.order_by("pk").values_list("pk", flat=True):
            if pk not in waiting:
                task.defer(deposit_id=pk)


def follow(*, deposit_id: int, now: datetime) -> None:
    """Asks the portal how far a deposit is, then each of its invoices whose status has changed.

    Asking changes nothing there: without an answer, it is asked again an hour later. What was learnt of each
    invoice is committed before the next is asked about. Outside a transaction.
    """
    deposit = Deposit.objects.select_related("operator__organisation", "asked_by").get(pk=deposit_id)
    if deposit.state not in (DepositState.SENT, DepositState.INTEGRATED):
        return
    try:
        transport = transport_of(deposit.operator)
        if deposit.state == DepositState.SENT:
            report = transport.report(deposit.number)
            if report.analysis == Analysis.REFUSED and (first := _made_before(deposit, transport)):
                note_found(deposit, number=first, now=now)
            else:
                _note_report(deposit, report, now=now)
        if deposit.state == DepositState.INTEGRATED:
            _follow_invoices(deposit, transport, now=now)
    except (Refused, Unreached) as error:
        not_answered(deposit, error, now=now)
    else:
        note_answer(deposit.operator)


def _made_before(deposit: Deposit, transport: Transport) -> str | None:
    """The number of the flow in which the portal has these invoices already: a doubtful deposit that was made
    again, and had arrived. Its first invoices are looked for, since some may be refused for themselves."""
    for sending in _sendings(deposit)[:LOOKED_FOR]:
        number = transport.find(sending.invoice.number)
        if number and number != deposit.number:
            return number
    return None


@transaction.atomic
def _note_report(deposit: Deposit, report: Report, *, now: datetime) -> None:
    """Takes over the analysis of the whole, and sets apart the invoices that it refused. One that lasts is
    told to who asked for the deposit."""
    if report.analysis == Analysis.UNDER_WAY:
        if now - deposit.changed_at > USUAL:
            letters.tell_still_under_way(deposit, now=now)
        return
    all_refused = report.analysis == Analysis.REFUSED
    to = DepositState.REFUSED if all_refused else DepositState.INTEGRATED
    if not moved(deposit, to=to, moves=DEPOSIT_MOVES, problem=report.problem, changed_at=now):
        return  # another worker was faster
    refused = 0
    for sending in _sendings(deposit):
        number = sending.invoice.number
        if all_refused or number in report.refused:
            reason = report.refused.get(number) or report.problem
            _note(sending, Happened(NOT_TAKEN, now, reason), now=now)
            Sending.objects.filter(pk=sending.pk).update(live=False)
            refused += 1
    if refused:
        letters.tell_not_taken(deposit, count=refused, now=now)


def _follow_invoices(deposit: Deposit, transport: Transport, *, now: datetime) -> None:
    known = transport.invoices(deposit.number)
    for sending in _sendings(deposit):
        there = known.get(sending.invoice.number)
        if there is not None and there.code != sending.code:
            _catch_up(sending, there, transport.history(there.external_id), now=now)


@transaction.atomic
def _catch_up(sending: Sending, there: Known, history: list[Happened], *, now: datetime) -> None:
    """Keeps what is new of an invoice's history; its last status even where the history does not say it."""
    Sending.objects.filter(pk=sending.pk).update(external_id=there.external_id)
    if not history or history[-1].code != there.code:
        history = [*history, Happened(there.code, now, "")]
    for happened in history:
        _note(sending, happened, now=now)


def _note(sending: Sending, happened: Happened, *, now: datetime) -> None:
    """One status, once; who deposited the invoice is written to when something is to be done."""
    lifecycle = lifecycle_of(happened.code)
    status, new = SendingStatus.objects.get_or_create(
        sending=sending,
        code=happened.code,
        at=happened.at,
        defaults={
            "tenant_id": sending.tenant_id,
            "lifecycle": lifecycle,
            "reason": happened.reason,
            "noted_at": now,
        },
    )
    sending.code, sending.lifecycle = happened.code, lifecycle
    Sending.objects.filter(pk=sending.pk).update(code=happened.code, lifecycle=lifecycle)
    if new and happened.code != NOT_TAKEN and meaning_of(happened.code, lifecycle).to_do:
        letters.tell(sending, status=status, now=now)


def _sendings(deposit: Deposit) -> list[Sending]:
    return list(
        Sending.objects.filter(deposit=deposit, live=True)
        .select_related("invoice", "deposit__operator__organisation", "deposit__asked_by")
        .order_by("pk")
    )
