"""How far a long command is: what it says on a terminal, and in a log."""

import io
import itertools
import re

from django.core.management.base import OutputWrapper

from tenants.management.progress import ProgressBar
from tenants.register.loading import BATCH, load_register
from tenants.register.reader import read_register


class Terminal(io.StringIO):
    def isatty(self):
        return True


def told(out, steps):
    bar = ProgressBar(OutputWrapper(out), "Registre")
    for done, total in steps:
        bar(done, total)
    return out.getvalue()


def test_a_terminal_has_one_line_redrawn_and_ended_once():
    text = told(Terminal(), [(done, 2000) for done in range(0, 2001, 4)])
    assert text.count("\n") == 1
    assert text.endswith("\n")
    shown = text.split("\r")[1:]
    assert [int(re.search(r"(\d+) %", line)[1]) for line in shown] == list(range(101))
    assert "[███████████████···············]  50 %  1\u202f000 lignes sur 2\u202f000" in text


def test_a_log_has_a_plain_line_every_tenth():
    lines = told(io.StringIO(), [(done, 200) for done in range(201)]).splitlines()
    assert lines[5] == "Registre : 50 %  100 lignes sur 200"
    assert len(lines) == 11
    assert "\r" not in "".join(lines)


def test_a_hundred_per_cent_is_said_of_the_last_row_only():
    before, last = told(io.StringIO(), [(99_999, 100_000), (100_000, 100_000)]).splitlines()
    assert before.startswith("Registre : 99 %")
    assert last.startswith("Registre : 100 %")


def test_nothing_to_do_is_done():
    assert "100 %" in told(io.StringIO(), [(0, 0)])


def test_the_register_tells_each_row_it_has_written(db):
    """A part of the real register: the lone département of Lozère."""
    from tenants.models import FormerCode, Population, Territory
    from tests.tools.database import as_worker

    register = read_register()
    register.communes = [row for row in register.communes if row.departement == "48"]
    kept = {row.code for row in register.communes} | {row.siren for row in register.epci}
    register.populations = [row for row in register.populations if row.code in kept]
    heard = []
    with as_worker():
        before = [model.objects.count() for model in (Territory, FormerCode, Population)]
        load_register(register=register, tell=lambda *now: heard.append(now))
        after = [model.objects.count() for model in (Territory, FormerCode, Population)]
    written = sum(after) - sum(before)
    assert heard[0] == (0, written)
    assert heard[-1] == (written, written)
    steps = [done for done, _ in heard]
    assert steps == sorted(steps)
    assert max(b - a for a, b in itertools.pairwise(steps)) <= BATCH
