"""Several test processes at once, each with ports of its own."""

import socket
import subprocess
import sys

from devstack.supervisor.stack import holder
from tests.tools import ports

CLAIM = "from tests.tools import ports\nprint(ports.claimed_block(), flush=True)\ninput()"


def claiming():
    """A process that has claimed its block and keeps it; and that block."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLAIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, int(process.stdout.readline())


def test_each_process_has_a_block_of_its_own():
    started = [claiming() for _ in range(3)]
    blocks = [block for _, block in started]
    try:
        taken = [*blocks, ports.claimed_block()]
        assert len(set(taken)) == 4
        assert all(abs(one - other) >= ports.SIZE for one in taken for other in taken if one != other)
        assert all(holder(block) for block in blocks)
    finally:
        for process, _ in started:
            process.kill()
            process.communicate()


def test_ports_are_free_different_and_below_those_the_system_gives_away():
    numbers = [ports.free_port() for _ in range(10)]
    assert len(set(numbers)) == 10
    for number in numbers:
        assert ports.claimed_block() < number < ports.EPHEMERAL
        with socket.socket() as free:
            free.bind(("127.0.0.1", number))


def test_a_port_in_use_is_passed_over():
    with socket.socket() as used:
        used.bind(("127.0.0.1", ports.free_port()))
        used.listen()
        number = used.getsockname()[1]
        round_and_more = [ports.free_port() for _ in range(ports.SIZE)]
    assert number not in round_and_more


def test_the_stacks_of_one_process_are_apart_and_inside_its_block():
    begins = [int(ports.helpers_from(stack)) for stack in ports.STACKS]
    ends = [*begins[1:], ports.claimed_block() + ports.SIZE]
    assert all(end - begin >= 30 for begin, end in zip(begins, ends, strict=True))
    assert ends[-1] <= ports.EPHEMERAL
