"""What a connector may answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from provisioning.models.run import Cause

MAX_KEPT = 4_000  # characters of an answer


@dataclass(frozen=True)
class Exchange:
    """A message as it was sent, without secret, and what was answered (`status` None: nothing)."""

    message_id: str
    url: str
    sent: str
    status: int | None = None
    answered: str = ""

    def answered_by(self, status: int, body: bytes) -> "Exchange":
        """With that answer: the beginning of it, as text that a database keeps."""
        text = body[:MAX_KEPT].decode(errors="replace").replace("\0", "\ufffd")
        return replace(self, status=status, answered=text)


class Way(Enum):
    """How an event of a subscription's life is carried out at a vendor's."""

    MACHINE = "machine"  # its system does it when asked
    PERSON = "person"  # a person of the operator's staff sees to it
    NEVER = "never"  # nobody can: it has no effect there


@dataclass(frozen=True)
class Credentials:
    """What reaches a service. Its `repr` holds no secret: it may be logged."""

    values: Mapping = field(repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Seen:
    """The vendor has the service. `differences`: what of it is not as asked, in French."""

    differences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Absent:
    """The vendor does not know the service."""


@dataclass(frozen=True)
class Proposed:
    """What would be done, in words and as it is to be carried out: a person agrees to it first."""

    text: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Done:
    """It is done: the service is open, at `url` ("" when it has no address of its own), or `credentials` were
    given. `exchange`, of any outcome: the message to keep, if the connector keeps them."""

    url: str = ""
    exchange: Exchange | None = field(default=None, compare=False)
    credentials: Credentials | None = None


@dataclass(frozen=True)
class InProgress:
    """The vendor works on it. Ask again after `poll_after` seconds (None: the vendor did not say), quoting
    `operation`; `url` is what it said already of where the service will be. `calls_back_within`: seconds in
    which the vendor says by itself what became of it, and before which it is not asked."""

    operation: str
    poll_after: int | None = None
    url: str = ""
    calls_back_within: int | None = None
    exchange: Exchange | None = field(default=None, compare=False)


@dataclass(frozen=True)
class NeedsPerson:
    """No automatic way on: a person must act. `reason` in French. `doubtful`: the vendor may have begun, what
    it may hold is to be deleted first. `proposed`: she is only to agree to that."""

    reason: str
    doubtful: bool = False
    exchange: Exchange | None = field(default=None, compare=False)
    proposed: Proposed | None = field(default=None, compare=False)


class Retry(Exception):
    """It did not work, and may later. `str()` is a French sentence without secret.

    `cause` says how patiently to try again, `after` how many seconds the vendor asks for. `doubtful`: the
    vendor may have done the work all the same, or half of it. `afresh`: what was under way is over.
    """

    def __init__(
        self,
        sentence: str,
        *,
        cause: Cause,
        after: int | None = None,
        doubtful: bool = False,
        afresh: bool = False,
    ):
        super().__init__(sentence)
        self.cause, self.after, self.doubtful, self.afresh = cause, after, doubtful, afresh
        self.exchange: Exchange | None = None
