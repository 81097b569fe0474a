"""Plays every check, one after the other, and cleans up behind each."""

import contextlib
import time
import uuid
from collections.abc import Callable

from provisioning.kit.checks import Check, NotConcerned, Result, State
from provisioning.kit.line import (
    ANSWER_SECONDS,
    SETTLE_SECONDS,
    AddressRefused,
    Fault,
    Line,
    NoAnswer,
    Target,
)
from provisioning.kit.reports import Report
from provisioning.kit.table import CHECKS, VERSION

SWEEPS = 5
# A broker that makes every check wait would hold a worker for an hour; one that opens in twenty seconds is
# played whole.
TOTAL_SECONDS = 900.0
OUT_OF_TIME = "Non joué : le banc d’essai a dépassé sa durée, le courtier répond trop lentement."
UNPLAYED = "Non joué : un service ne s’ouvre pas."


def play(
    target: Target,
    *,
    run: uuid.UUID,
    told: Callable[[int], None] = lambda done: None,
    answer_seconds: float = ANSWER_SECONDS,
    settle_seconds: float = SETTLE_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
) -> Report:
    """The report on a broker. `run` names what is opened there: played again with the same, it finds and
    deletes what a run that was cut short left behind. `told` hears how many checks are over."""
    line = Line(target, run=run, answer_seconds=answer_seconds, settle_seconds=settle_seconds)
    if problem := _closed_door(line):
        nothing = tuple(Result(check.name, State.NOT_PLAYED) for check in CHECKS)
        return Report(VERSION, nothing, problem=problem)
    line.answers.clear()
    results: list[Result] = []
    left: list[str] = []
    opens, end = True, time.monotonic() + total_seconds
    for done, check in enumerate(CHECKS, start=1):
        if check.opening and not opens:
            results.append(Result(check.name, State.NOT_PLAYED, UNPLAYED))
        elif time.monotonic() > end:
            results.append(Result(check.name, State.NOT_PLAYED, OUT_OF_TIME))
        else:
            results.append(_played(check, line))
            left += _sweep(line)
        if check.name == "opens":
            opens = results[-1].state == State.PASSED
        told(done)
    return Report(VERSION, tuple(results), left=tuple(left))


def _closed_door(line: Line) -> str:
    """Why nothing can be played, "" when the broker lets us in."""
    try:
        answer = line.ask("GET", "/v2/catalog")
    except (NoAnswer, AddressRefused) as refusal:
        return str(refusal)
    if answer.status in (401, 403):
        return f"le courtier refuse l’identifiant ou le mot de passe (code {answer.status})."
    return ""


def _played(check: Check, line: Line) -> Result:
    try:
        check.play(line)
    except NotConcerned as reason:
        return Result(check.name, State.NOT_CONCERNED, str(reason))
    except (Fault, AddressRefused) as fault:
        return Result(check.name, State.FAILED, str(fault)[:500])
    return Result(check.name, State.PASSED)


def _sweep(line: Line) -> list[str]:
    """Deletes what the check made; returns the ids of what the broker would not delete."""
    made, line.made = list(line.made), {}
    return [instance for instance in made if not _deleted(line, instance)]


def _deleted(line: Line, instance: str) -> bool:
    with contextlib.suppress(Fault, AddressRefused):
        for turn in range(SWEEPS):
            answer = line.close(instance)
            if answer.status in (200, 404, 410):
                return True
            if answer.status == 202:
                return line.settle(instance, answer) != "failed"
            if answer.status != 422:
                return False
            time.sleep(0.2 * 2**turn)  # it ends another operation first
    return False
