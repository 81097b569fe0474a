"""Ports for what the tests start: those of one test process are no other's.

A port that the system chooses (bind to 0, look, release) may go to any outgoing connection before it is
used again, and a fixed one is wanted by every test process at once. So each process claims a block of
ports below those the system gives away, for as long as it lives.
"""

import atexit
import itertools
import socket
from collections.abc import Iterator
from functools import cache

from devstack.supervisor.stack import holder

EPHEMERAL = 32_768  # Linux gives ports from here on to outgoing connections; others begin higher
SIZE = 200
BLOCKS = range(12_000, EPHEMERAL - SIZE, SIZE)
# Where in its block each kind of stack has the helpers of `make run`; before them, ports for anything else.
STACKS = {"small": 80, "journey": 120, "bench": 160}


def free_port() -> int:
    """A port nobody listens on, and nobody else's tests will: the next one of this process's own."""
    return next(number for number in _in_turn() if not holder(number))


def helpers_from(stack: str) -> str:
    """For HALLE_PORTS_FROM: where the helpers of that kind of stack (one of STACKS) begin."""
    return str(claimed_block() + STACKS[stack])


@cache
def claimed_block() -> int:
    """The first port of a block that is this process's alone; the rest may be used.

    The claim is a socket bound to that port: the system gives it to one process, and takes it back when
    that process ends, however it ends. Raises RuntimeError when all blocks are claimed.
    """
    for first in BLOCKS:
        claim = socket.socket()
        try:
            claim.bind(("127.0.0.1", first))
        except OSError:
            claim.close()
        else:
            atexit.register(claim.close)
            return first
    raise RuntimeError(f"no block of {SIZE} ports is left: end some of the test runs")


@cache
def _in_turn() -> Iterator[int]:
    """In turn, so that a port that was just used rests for a while."""
    first = claimed_block()
    return itertools.cycle(range(first + 1, first + min(STACKS.values())))
