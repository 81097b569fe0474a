"""Real runs of the supervisor over small processes: start, stop, die, be killed, start again."""

import json
import signal
import time
import urllib.error
import urllib.request

import psutil
import psycopg
import pytest

from devstack import database
from tests.devstack.conftest import SMALL_RUN, one_line, run
from tests.tools.ports import helpers_from


def children(folder):
    """The processes the run has noted."""
    return [int(pid) for pid in json.loads((folder / "children.json").read_text())]


def wait_until_gone(pids, *, within=30):
    deadline = time.monotonic() + within
    while alive := [pid for pid in pids if psutil.pid_exists(pid) and not is_zombie(pid)]:
        assert time.monotonic() < deadline, f"still there: {alive}"
        time.sleep(0.05)


def is_zombie(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def answers(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(running, folder, port, number):
    one = running([*SMALL_RUN, port])
    one.wait_for(f"ready at http://127.0.0.1:{port}")
    assert answers(port)
    pids = children(folder)
    assert len(pids) == 2
    assert one.end(number) == 0
    wait_until_gone(pids)
    assert not answers(port)
    assert not (folder / "postgres" / "postmaster.pid").exists()  # the database too
    printed = one.printed()
    assert "worker   | Starting worker" in printed
    assert "Traceback" not in printed


def test_when_one_dies_the_others_are_stopped_and_its_last_lines_shown(running, folder, port):
    one = running([*SMALL_RUN, port, "no-database", "dies"])
    assert one.popen.wait(60) == 1
    after = one.printed().partition("'printer' ended by itself with code 1. Its last lines:")[2]
    assert "about to fail" in after
    assert "no more paper" in after
    assert not answers(port)


def test_a_second_run_is_told_where_the_first_is(running, folder, port):
    one = running([*SMALL_RUN, port, "no-database"])
    one.wait_for("ready at")
    line = one_line(run([*SMALL_RUN, port], folder))
    assert f"running already at http://127.0.0.1:{port} (process {one.popen.pid})" in line
    assert answers(port)


def test_children_end_with_a_killed_supervisor_and_it_starts_again(running, folder, port, monkeypatch):
    monkeypatch.setenv("HALLE_DATA_DIR", str(folder))
    one = running([*SMALL_RUN, port])
    one.wait_for("ready at")
    with psycopg.connect(database.urls()["owner"], autocommit=True) as owner:
        owner.execute("CREATE TABLE meal AS SELECT 42 AS price")
    pids = children(folder)
    one.end(signal.SIGKILL)
    wait_until_gone(pids)
    again = running([*SMALL_RUN, port])
    again.wait_for("ready at")
    with psycopg.connect(database.urls()["owner"]) as owner:
        assert owner.execute("SELECT price FROM meal").fetchone() == (42,)
    assert again.end() == 0


def test_what_outlives_a_killed_run_is_ended_by_the_next(running, folder, port):
    one = running([*SMALL_RUN, port, "no-database", "stubborn"])
    one.wait_for("ready at")
    pids = children(folder)
    one.end(signal.SIGKILL)
    time.sleep(0.5)
    assert any(psutil.pid_exists(pid) and not is_zombie(pid) for pid in pids)
    again = running([*SMALL_RUN, port, "no-database"])
    again.wait_for("Ended 1 processes left by a run that was killed")
    wait_until_gone(pids)
    again.wait_for("ready at")
    assert again.end() == 0


def test_a_number_that_now_belongs_to_another_program_is_left_alone(running, folder, port):
    other = running(["sleep", "60"])
    (folder / "children.json").write_text(json.dumps({str(other.popen.pid): 1.0}))
    one = running([*SMALL_RUN, port, "no-database"])
    one.wait_for("ready at")
    one.end()
    assert other.popen.poll() is None


def test_ctrl_c_before_everything_has_started(running, folder, port):
    one = running([*SMALL_RUN, port, "slow-start"])
    one.wait_for("slow start")
    assert one.end() == 130
    assert "Traceback" not in one.printed()
    assert not (folder / "postgres" / "postmaster.pid").exists()


def test_ports_and_secrets_stay_the_same_and_private(running, folder, port):
    kept = []
    for _ in range(2):
        one = running([*SMALL_RUN, port, "no-database"])
        one.wait_for("ready at")
        one.end()
        kept.append((folder / "stack.json").read_text())
    assert kept[0] == kept[1]
    assert (folder / "stack.json").stat().st_mode & 0o777 == 0o600
    first = int(helpers_from("small"))
    assert json.loads(kept[0])["ports"] == {"identity": first, "broker": first + 10, "stripe": first + 20}
