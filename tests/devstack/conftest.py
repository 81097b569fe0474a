"""A data folder of its own for each test, and real processes to try things with."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.tools.ports import free_port, helpers_from

ROOT = Path(__file__).resolve().parents[2]
PYTHON = [sys.executable]
SMALL_RUN = [sys.executable, "tests/devstack/small_run.py"]


@contextlib.contextmanager
def data_folder():
    """An empty data folder that the embedded server's user may enter (pytest's own are private to root)."""
    path = Path(tempfile.mkdtemp(prefix="halle-test-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    if (path / "postgres").exists():
        run([*PYTHON, "-m", "devstack.database", "stop"], path)
    shutil.rmtree(path)


@pytest.fixture
def folder():
    """A data folder for one test."""
    with data_folder() as path:
        yield path


def environment(folder, **more):
    """The environment of a shell in which somebody works on Halle, with that data folder."""
    kept = {key: value for key, value in os.environ.items() if not key.endswith("DATABASE_URL")}
    kept.pop("PORT", None)
    ours = {"HALLE_DATA_DIR": str(folder), "HALLE_PORTS_FROM": helpers_from("small")}
    return {**kept, **ours, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **more}


def run(command, folder, **more):
    """Run a command to its end."""
    return subprocess.run(
        [str(word) for word in command], cwd=ROOT, env=environment(folder, **more),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


class Running:
    """A command that goes on, with what it has printed so far."""

    def __init__(self, command, folder, **more):
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.popen = subprocess.Popen(
            [str(word) for word in command], cwd=ROOT, env=environment(folder, **more), text=True,
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def printed(self):
        self.output.seek(0)
        return self.output.read()

    def wait_for(self, text, *, within=60):
        deadline = time.monotonic() + within
        while text not in self.printed():
            assert time.monotonic() < deadline, f"{text!r} never came: {self.printed()}"
            assert self.popen.poll() is None or text in self.printed(), self.printed()
            time.sleep(0.05)

    def end(self, number=signal.SIGINT, *, within=60):
        """Send a signal; the exit code once it has ended."""
        self.popen.send_signal(number)
        return self.popen.wait(within)


@pytest.fixture
def running(folder):
    """Start commands that are surely ended with the test."""
    started = []

    def start(command, **more):
        started.append(Running(command, folder, **more))
        return started[-1]

    yield start
    for one in started:
        if one.popen.poll() is None:
            one.end(signal.SIGKILL)
        one.output.close()


@pytest.fixture
def port():
    """A port that nobody listens on."""
    return free_port()


def one_line(done):
    """The only line on standard error of a command that must have failed."""
    assert done.returncode not in (0, None), done.stdout
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]
