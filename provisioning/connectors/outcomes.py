"""What a connector may answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """The service is open, at `url` ("" when it has no address of its own)."""

    url: str = ""


@dataclass(frozen=True)
class InProgress:
    """The vendor works on it. Ask again after `poll_after` seconds, quoting `operation`."""

    operation: str
    poll_after: int


@dataclass(frozen=True)
class NeedsPerson:
    """No automatic way on: a person must act. `reason` in French."""

    reason: str


class Retry(Exception):
    """It did not work, and may later. `str()` is a French sentence without secret."""
