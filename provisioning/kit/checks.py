"""What a check is, and what came out of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from provisioning.kit.line import Answer, Fault, Line


class NotConcerned(Exception):
    """The broker does not offer what the check is about. `str()` is a French sentence."""


@dataclass(frozen=True)
class Check:
    """One thing that the kit plays. `does`, `expected`, `mend` are French for the vendor; `section` names the
    part of the Open Service Broker specification 2.17. `opening`: it needs that a service can be opened."""

    name: str
    title: str
    does: str
    expected: str
    section: str
    mend: str
    required: bool
    opening: bool
    play: Callable[[Line], None]


class State(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_CONCERNED = "not_concerned"
    NOT_PLAYED = "not_played"


IN_WORDS = {
    State.PASSED: "Réussi",
    State.FAILED: "Échoué",
    State.NOT_CONCERNED: "Sans objet",
    State.NOT_PLAYED: "Non joué",
}


@dataclass(frozen=True)
class Result:
    """What came out of one check; `seen` is a French sentence, "" when there is nothing to say."""

    name: str
    state: State
    seen: str = ""


def expect(answer: Answer, *statuses: int) -> Answer:
    """The answer, if its status is one of these. Raises Fault."""
    if answer.status not in statuses:
        wanted = " ou ".join(map(str, statuses))
        raise Fault(f"{answer.asked} : {answer.status} reçu, {wanted} attendu.")
    return answer


def expect_refusal(answer: Answer) -> Answer:
    """The answer, if it says that the request was wrong. Raises Fault."""
    if not 400 <= answer.status < 500:
        raise Fault(f"{answer.asked} : {answer.status} reçu, un code 4xx attendu.")
    return answer
