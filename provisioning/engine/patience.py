"""How long to wait, and how often to try: by what went wrong. Pure."""

import random
from dataclasses import dataclass
from datetime import timedelta

from provisioning.models.run import Cause


@dataclass(frozen=True)
class Patience:
    """The first wait in seconds, doubled at each failure up to `longest`, and how many attempts in all."""

    first: float
    longest: float
    attempts: int


PATIENCE = {
    Cause.UNREACHABLE: Patience(first=5, longest=1_800, attempts=12),
    Cause.TIMEOUT: Patience(first=10, longest=1_800, attempts=10),
    Cause.BROKEN: Patience(first=5, longest=1_800, attempts=10),
    Cause.BUSY: Patience(first=5, longest=900, attempts=40),
    # What is not a passing trouble of the network comes to a person sooner.
    Cause.UNREADABLE: Patience(first=5, longest=60, attempts=4),
    Cause.UNTRUSTED: Patience(first=60, longest=600, attempts=4),
}
# Claimed that often without a record: each worker died of it, or failed in a way nobody foresaw.
MAX_CLAIMS = 40
# These mean that the vendor's system is down, not that this one request is wrong.
OF_THE_SYSTEM = {Cause.UNREACHABLE, Cause.TIMEOUT, Cause.BROKEN}
BREAK_AFTER = 5
FIRST_CUT, LONGEST_CUT = 30, 600
MAX_AFTER = 3_600  # a vendor may ask for more; we look again all the same
SHORTEST_POLL, LONGEST_POLL = 1.0, 60.0


def wait_after_failure(*, cause: Cause, attempts: int, after: int | None) -> timedelta:
    """Until the next attempt, after that many failed: exponential, within a quarter at random so that those
    that failed together do not come back together; never before what the vendor asked for."""
    patience = PATIENCE[cause]
    seconds = min(patience.first * 2 ** (attempts - 1), patience.longest)
    asked = min(after or 0, MAX_AFTER)
    return timedelta(seconds=max(asked, seconds * random.uniform(0.75, 1.25)))  # noqa: S311 – no secret


def wait_before_poll(*, age: timedelta, after: int | None) -> timedelta:
    """Until one asks again how far an operation is that began `age` ago: what the vendor said, else a fifth
    of its age: an operation is known to have ended within a fifth of the time it took."""
    if after:
        return timedelta(seconds=min(after, MAX_AFTER))
    return timedelta(seconds=min(max(age.total_seconds() / 5, SHORTEST_POLL), LONGEST_POLL))


def cut_for(*, failures: int) -> timedelta:
    """How long a vendor is left alone after that many failures in a row, from BREAK_AFTER on."""
    return timedelta(seconds=min(FIRST_CUT * 2 ** (failures - BREAK_AFTER), LONGEST_CUT))
