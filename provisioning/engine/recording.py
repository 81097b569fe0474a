"""What came back, and what happens next: one transaction, written by the claim that still stands only."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta

from django.db import connection, transaction

from provisioning.bindings import record_binding
from provisioning.clients import record_client
from provisioning.connectors.outcomes import Done, InProgress, NeedsPerson, Retry
from provisioning.engine.asking import NO_WORD, Outcome
from provisioning.engine.claiming import Claim
from provisioning.engine.finishing import finish
from provisioning.engine.keeping import keep
from provisioning.engine.patience import (
    BREAK_AFTER,
    OF_THE_SYSTEM,
    PATIENCE,
    cut_for,
    wait_after_failure,
    wait_before_poll,
)
from provisioning.models import Call, Lane, Step, StepState
from subscriptions.exceptions import WrongState

logger = logging.getLogger(__name__)

MAX_POLLING = timedelta(hours=24)
TOO_LONG = "L’éditeur n’a pas terminé au bout d’un jour."
LATE = "L’éditeur n’a pas terminé dans le délai que son catalogue annonce."
BEGINNING = ("open", "bind")  # what these left unfinished at the vendor's is deleted
ADDRESSES = """
UPDATE provisioning_step AS step SET url = said.url
FROM unnest(%s::bigint[], %s::text[]) AS said (id, url)
WHERE step.id = said.id
"""

Answers = Sequence[tuple[Claim, Outcome, datetime]]


def record(answers: Answers, *, now: datetime) -> None:
    """Writes what came back, each with its moment, and what happens next, in one transaction; one by one when
    a subscription has moved on while its vendor was asked. What a vendor asked to wait for is counted from
    its answer.

    A worker that was thought dead and comes back late changes nothing: another has claimed the step since.
    """
    try:
        _record_together(answers, now=now)
    except WrongState:
        if len(answers) == 1:
            # Its plan has no purpose any more.
            logger.warning("step %s came too late for its subscription", answers[0][0].step.pk)
            return
        for answer in answers:
            record([answer], now=now)


@transaction.atomic
def _record_together(answers: Answers, *, now: datetime) -> None:
    held = Step.objects.filter(pk__in=[claim.step.pk for claim, *_ in answers], state=StepState.RUNNING)
    held = held.order_by("pk").select_for_update(of=("self",), no_key=True)
    standing = set(held.values_list("pk", "turn"))
    steps, calls, lanes = defaultdict(list), defaultdict(list), defaultdict(list)
    kept, addresses, done = [], {}, []
    for claim, outcome, at in answers:
        step = claim.step
        if (step.pk, step.turn) not in standing:
            logger.warning("step %s was taken over by another worker", step.pk)
            continue
        fields = _next(step, outcome, now=at, longest=_longest_polling(claim))
        url = fields.pop("url", step.url)
        if url != step.url:
            addresses[step.pk] = url
        steps[tuple(fields.items())].append(step.pk)
        said = {
            "outcome": type(outcome).__name__.lower(),
            "cause": outcome.cause if isinstance(outcome, Retry) else "",
            "doubtful": isinstance(outcome, Retry | NeedsPerson) and outcome.doubtful,
            "detail": fields.get("problem", ""),
        }
        calls[tuple(said.items())].append(claim.call.pk)
        lanes[step.lane].append(outcome)
        kept.append((claim, outcome))
        if fields["state"] == StepState.DONE:
            done.append((step, outcome))
    for fields, ids in steps.items():
        Step.objects.filter(pk__in=ids).update(lease_until=None, **dict(fields))
    if addresses:
        with connection.cursor() as cursor:
            cursor.execute(ADDRESSES, [list(addresses), list(addresses.values())])
    for said, ids in calls.items():
        Call.objects.filter(pk__in=ids).update(finished_at=now, **dict(said))
    keep(kept)
    for lane, outcomes in sorted(lanes.items(), key=lambda item: item[0].pk):
        _judge_lane(lane, outcomes, now=now)
    finished = []
    for step, outcome in done:
        keep_credentials = record_client if step.verb == "client" else record_binding
        keep_credentials(step=step, credentials=outcome.credentials, now=now)
        # A copy: if all of this is undone, nothing of it may be left in memory.
        run = copy(step.run)
        run.subscription = copy(run.subscription)
        finished.append(run)
    finish(finished, now=now)


def _longest_polling(claim: Claim) -> timedelta | None:
    """What the vendor announced, of what it is asked for; a deletion in doubt has the day of all others."""
    return claim.endpoint.longest_polling if claim.endpoint and not claim.step.doubtful else None


def _next(step: Step, outcome: Outcome, *, now: datetime, longest: timedelta | None) -> dict:
    """What becomes of the step: the fields to write. After `longest` an operation has failed."""
    if step.doubtful and isinstance(outcome, Done):
        return _cleared(step, now=now)
    match outcome:
        case Done():
            said = {"problem": "", "cause": "", "operation": "", "url": outcome.url or step.url}
            return {"state": StepState.DONE, "done_at": now} | said
        case InProgress(operation=operation, url=url, calls_back_within=int(seconds)):
            return {
                "state": StepState.WAITING,
                "operation": operation or NO_WORD,
                "url": url or step.url,
                "run_after": now + timedelta(seconds=seconds),
                "attempts": 0,
                **({} if step.doubtful else {"problem": ""}),
            }
        case InProgress(operation=operation, poll_after=after, url=url):
            age = now - (step.first_tried_at or now)
            if longest is not None and age > longest and step.verb in BEGINNING:
                return _in_doubt(now=now, problem=LATE, gives_up=True)
            expired = age > (longest or MAX_POLLING)
            return {
                "state": StepState.NEEDS_PERSON if expired else StepState.WAITING,
                "operation": operation or NO_WORD,
                "url": url or step.url,
                "run_after": now + wait_before_poll(age=age, after=after),
                "attempts": 0,
                **(
                    {"problem": LATE if longest else TOO_LONG}
                    if expired
                    else {}
                    if step.doubtful
                    else {"problem": ""}
                ),
            }
        case NeedsPerson(reason=reason, doubtful=True) if not step.doubtful:
            return _in_doubt(now=now, problem=reason, gives_up=True)
        case NeedsPerson(reason=reason):
            return {"state": StepState.NEEDS_PERSON, "problem": reason}
        case Retry() as problem:
            return _again(step, problem, now=now)


def _again(step: Step, problem: Retry, *, now: datetime) -> dict:
    exhausted = step.attempts >= PATIENCE[problem.cause].attempts
    said = {"problem": str(problem), "cause": problem.cause}
    if problem.doubtful and not step.doubtful:
        wait = wait_after_failure(cause=problem.cause, attempts=step.attempts, after=problem.after)
        return _in_doubt(now=now + wait, gives_up=exhausted) | said
    if exhausted:
        return {"state": StepState.NEEDS_PERSON} | said
    wait = wait_after_failure(cause=problem.cause, attempts=step.attempts, after=problem.after)
    if step.operation and not problem.afresh:
        # What is under way at the vendor's stays so: only the question is asked again.
        return {"state": StepState.WAITING, "run_after": now + wait} | said
    return {"state": StepState.PENDING, "run_after": now + wait, "operation": ""} | said


def _in_doubt(*, now: datetime, gives_up: bool, **fields) -> dict:
    """The vendor may hold something of it: that is deleted before anything else."""
    return {
        "state": StepState.PENDING,
        "run_after": now,
        "operation": "",
        "doubtful": True,
        "gives_up": gives_up,
        **fields,
    }


def _cleared(step: Step, *, now: datetime) -> dict:
    """The vendor holds nothing any more: asked afresh, or left to a person."""
    return {
        "state": StepState.NEEDS_PERSON if step.gives_up else StepState.PENDING,
        "run_after": now,
        "operation": "",
        "doubtful": False,
        "gives_up": False,
    }


def _judge_lane(lane: Lane, outcomes: list[Outcome], *, now: datetime) -> None:
    """A system that fails again and again is left alone for a while; one answer is enough to trust it."""
    failed = [one for one in outcomes if isinstance(one, Retry) and one.cause in OF_THE_SYSTEM]
    if len(failed) < len(outcomes):
        if lane.failures:  # as it was when the step was claimed
            Lane.objects.filter(pk=lane.pk).update(failures=0, cut_until=None)
        return
    lane = Lane.objects.select_for_update(no_key=True).get(pk=lane.pk)
    lane.failures = min(lane.failures + len(failed), 1_000)
    if lane.failures >= BREAK_AFTER:
        lane.cut_until = now + cut_for(failures=lane.failures)
    lane.save(update_fields=["failures", "cut_until"])
