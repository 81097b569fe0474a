"""What must hold of a subscription at any moment of its life, judged from what is on record alone."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from billing.drafting import months_owed
from billing.models import Closing
from billing.periods import Period
from catalog.claims.checks import after_months
from provisioning.models import Event, Run
from subscriptions.models import (
    RUNNING,
    Approval,
    ApprovalState,
    Decision,
    Exit,
    ExitMove,
    ExitState,
    State,
    Subscription,
    Transition,
)
from subscriptions.models.exit import EXIT_TRANSITIONS, OVER
from subscriptions.models.subscription import TRANSITIONS
from tests.tools.database import as_worker

ALWAYS = Period(date(2020, 1, 1), date(2060, 1, 1))
NOT_DECIDED = (State.REQUESTED, State.REFUSED, State.CANCELLED)
# A departure's state beside its subscription's.
TOGETHER = {
    ExitState.NOTICE: RUNNING,
    ExitState.TRANSITION: RUNNING,
    ExitState.RETRIEVAL: (State.TERMINATING,),
    ExitState.ERASURE: (State.TERMINATING,),
    ExitState.DONE: (State.ENDED,),
    ExitState.CARRIED: (State.TERMINATING, State.ENDED),
}


@dataclass
class Record:
    """A subscription and all that is on record of it, read in the order of its writing."""

    subscription: Subscription
    moves: list[Transition]
    decision: Decision | None
    approvals: list[Approval]
    runs: list[Run]
    departures: list[Exit]
    exit_moves: list[ExitMove]
    closing: Closing | None
    before: "Record | None" = None  # of the commune that merged
    after: "Record | None" = None  # of the commune nouvelle
    trial: "Record | None" = None  # that it goes on with
    became: "Record | None" = None  # what goes on with it

    @property
    def state(self) -> State:
        return State(self.subscription.state)

    @property
    def left(self) -> Exit | None:
        """The departure that is under way or came to its end."""
        return next((one for one in self.departures if one.state not in ("withdrawn", "carried")), None)

    @property
    def is_tried(self) -> bool:
        """Whether it is a trial under way."""
        return self.subscription.is_trial and self.state in RUNNING

    def runs_for(self, event: Event) -> list[Run]:
        return [run for run in self.runs if run.event == event]


def records() -> list[Record]:
    """Every subscription's. A constant number of queries."""
    with as_worker():
        moves, runs, departures, exit_moves = (
            list(model.objects.order_by("pk")) for model in (Transition, Run, Exit, ExitMove)
        )
        decisions = {one.subscription_id: one for one in Decision.objects.all()}
        closings = {one.subscription_id: one for one in Closing.objects.all()}
        approvals = list(Approval.objects.order_by("position"))
        subscriptions = list(Subscription.objects.select_related("vehicle").order_by("pk"))
    found = {}
    for one in subscriptions:
        own = [leaving for leaving in departures if leaving.subscription_id == one.pk]
        found[one.pk] = Record(
            subscription=one,
            moves=[move for move in moves if move.subscription_id == one.pk],
            decision=decisions.get(one.pk),
            approvals=[step for step in approvals if step.subscription_id == one.pk],
            runs=[run for run in runs if run.subscription_id == one.pk],
            departures=own,
            exit_moves=[move for move in exit_moves if move.exit_id in {leaving.pk for leaving in own}],
            closing=closings.get(one.pk),
        )
    for record in found.values():
        if record.subscription.follows_id:
            record.before = found[record.subscription.follows_id]
            record.before.after = record
        if record.subscription.after_trial_id:
            record.trial = found[record.subscription.after_trial_id]
            record.trial.became = record
    return list(found.values())


def judge_approval(record: Record) -> None:
    """No path skips an approval: whatever was opened was decided first, by an act, by whom it takes."""
    one, moves = record.subscription, record.moves
    first = moves[0]
    assert (first.before, first.after) == ("", State.REQUESTED) or record.before
    assert moves[-1].after == one.state
    for earlier, later in pairwise(moves):
        assert (later.before, later.after) in TRANSITIONS
        assert (later.before, earlier.at <= later.at) == (earlier.after, True)
    if record.before:
        assert record.before.decision, "taken over from whoever never decided"
        return
    approved = [move for move in moves if move.after == State.APPROVED]
    if one.state in NOT_DECIDED:
        assert [approved, record.runs, record.departures, one.active_from] == [[], [], [], None]
        return
    (approval,) = approved
    steps = record.approvals
    asked = ["member", one.vehicle.operator_approves and "operator", one.vehicle.vendor_approves and "vendor"]
    assert [(step.party, step.state) for step in steps] == [
        (party, ApprovalState.GIVEN) for party in asked if party
    ]
    assert (approval.before, approval.by_id) == (State.REQUESTED, steps[-1].by_id)
    assert (one.approved_by_id, approval.at) == (steps[0].by_id, max(step.at for step in steps))
    assert not one.separate_approver or len(
        {one.requested_by_id, *(step.by_id for step in steps)}
    ) == 1 + len(steps)
    if one.is_trial:
        assert (record.decision, one.approved_by_id) == (None, one.requested_by_id)
    else:
        assert record.decision.file
    assert all(run.created_at >= approval.at for run in record.runs)
    assert len(record.runs_for(Event.ACTIVATE)) == (0 if record.trial else 1)
    assert not one.wanted_from or not one.active_from or one.active_from >= one.wanted_from


def judge_bills(record: Record, *, on: date) -> None:
    """Nothing is billed after the end, by what the drafts of invoices count; everything is before it."""
    one = record.subscription
    if one.is_trial:
        assert not _billed(one, ALWAYS)
        if record.left and one.ended_on:
            assert one.ended_on == record.left.retrieval_from == record.closing.ended_on <= on
        return
    if one.state in (*NOT_DECIDED, State.APPROVED, State.PROVISIONING):
        assert not _billed(one, ALWAYS)
        return
    if one.ended_on:
        later = Period(one.ended_on, ALWAYS.end)
        assert not _billed(one, later)
        assert not months_owed(one, later)
    else:
        assert one.state in RUNNING
        assert one.active_from > on or _billed(one, Period(on, on + timedelta(days=1)))
    if record.left and one.ended_on:
        # By its departure, never sooner: billing is told, and gives back what was invoiced beyond.
        assert one.ended_on == record.left.retrieval_from <= on
        assert record.closing.ended_on == one.ended_on
    if record.before:
        # Whoever takes over owes no month that the merged commune owed already.
        both = [months_owed(each, ALWAYS) for each in (record.before.subscription, one)]
        assert sum(both) <= ALWAYS.months_started(
            since=record.before.subscription.active_from, until=one.ended_on
        )


def judge_service(record: Record, *, on: date) -> None:
    """Nothing is closed at the vendor's before the end, nor before the data could be fetched; a departure
    comes to its end with the service closed and its certificate on record."""
    one, leaving = record.subscription, record.left
    closings = record.runs_for(Event.CLOSE)
    assert len(closings) <= 1
    if closings:
        assert leaving.state in (ExitState.ERASURE, ExitState.DONE)
        assert one.ended_on < leaving.erasure_from <= on
        assert (leaving.closed_at is not None) == (closings[0].finished_at is not None)
    if one.state in RUNNING:
        chain = record
        while chain:
            assert not chain.runs_for(Event.CLOSE)
            chain = chain.before or chain.trial
    if one.state == State.ENDED and leaving:
        assert leaving.state == ExitState.DONE
        assert leaving.certificate
        assert closings[0].finished_at
        assert leaving.erasure_from <= leaving.certified_on <= on
    elif one.state == State.ENDED:
        # Only a merger ends it otherwise, or the subscription after a trial: the vendor's service goes on.
        assert record.became or record.moves[-1].reason.startswith("reprise par ")
        assert not closings


def judge_suspensions(record: Record) -> None:
    """What the vendor is told last is what the subscription is; one suspension and one reopening under way at
    most, and each asked after what came before it."""
    told = [run for run in record.runs if run.event in (Event.SUSPEND, Event.RESUME)]
    under_way = [run.event for run in told if run.finished_at is None]
    assert len(under_way) == len(set(under_way))
    if told and record.state in RUNNING:
        assert told[-1].event == (Event.SUSPEND if record.state == State.SUSPENDED else Event.RESUME)
    finished = [run.finished_at is not None for run in told]
    assert finished == sorted(finished, reverse=True) or record.state not in RUNNING


def judge_departures(record: Record, *, on: date | None) -> None:
    """One departure at a time, within the law's limits, each phase on its day: as of `on`, if said."""
    assert sum(leaving.state not in OVER for leaving in record.departures) <= 1
    for leaving in record.departures:
        log = [move for move in record.exit_moves if move.exit_id == leaving.pk]
        assert log[-1].after == leaving.state
        for earlier, later in pairwise(log):
            assert later.before == earlier.after
            assert (later.before, later.after) in EXIT_TRANSITIONS
        if leaving.state != ExitState.WITHDRAWN:
            assert record.state in TOGETHER[leaving.state]
        assert leaving.erasure_from - leaving.retrieval_from >= timedelta(days=30)
        transition = leaving.retrieval_from - leaving.transition_from
        if leaving.extended_at:
            assert leaving.retrieval_from <= after_months(leaving.transition_from, 7)
        else:
            assert transition <= timedelta(days=30)
        if leaving.state == ExitState.CARRIED and record.after:
            followed = record.after.departures[0]
            assert followed.retrieval_from >= record.after.subscription.active_from
            assert (followed.requested_at, followed.transition_from) == (
                leaving.requested_at,
                leaving.transition_from,
            )
        if on and leaving.state not in OVER:
            assert leaving.state == _phase(leaving, on)


def judge_trial(record: Record, *, on: date | None) -> None:
    """It lasts as promised, never longer (as of `on`, if said); what goes on with it costs nothing before it
    is over."""
    one = record.subscription
    if record.trial:
        tried = record.trial.subscription
        assert (tried.state, tried.tenant_id, tried.listing_id) == (
            State.ENDED,
            one.tenant_id,
            one.listing_id,
        )
        assert one.active_from >= tried.ended_on
        assert one.service_url == tried.service_url
    if not one.is_trial or one.active_from is None:
        return
    assert one.trial_until == one.active_from + timedelta(days=one.trial_days)
    if one.ended_on and not record.became:
        assert one.ended_on <= max(one.trial_until, record.left.notice_from)
    if on and one.state in RUNNING:
        assert on < one.trial_until


def same_end_as_before(record: Record, ends: dict[int, date]) -> None:
    """A day once written as the last never moves: no bill can be made beyond it later."""
    one = record.subscription
    if one.pk in ends or one.ended_on:
        assert one.ended_on == ends.setdefault(one.pk, one.ended_on)


def _phase(leaving: Exit, day: date) -> ExitState:
    if day < leaving.transition_from:
        return ExitState.NOTICE
    if day < leaving.retrieval_from:
        return ExitState.TRANSITION
    return ExitState.RETRIEVAL if day < leaving.erasure_from else ExitState.ERASURE


def _billed(subscription: Subscription, period: Period) -> bool:
    with as_worker():
        rows = Subscription.objects.billable_in(start=period.start, end=period.end)
        return rows.filter(pk=subscription.pk).exists()
