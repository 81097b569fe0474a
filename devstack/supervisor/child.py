"""One child process: its log lines with its name in front, its readiness, its end."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque

from devstack.leash import end_with_parent
from devstack.paths import ROOT
from devstack.supervisor.processes import Process, command

COLOURS = (36, 33, 35, 32, 34, 31)
DATABASE_ADDRESSES = ("DATABASE_URL", "WORKER_DATABASE_URL", "OWNER_DATABASE_URL")
printing = threading.Lock()


class Child:
    """A started process. `ready` is set once it answers; `tail` keeps its last lines."""

    def __init__(self, process: Process, *, number: int = 0):
        """Start it in its own process group: Ctrl-C reaches the supervisor only, which ends all in order.

        Only number 0, which serves the pages, does not yield to the others."""
        self.name = process.name
        self.ready = threading.Event()
        self.tail: deque[str] = deque(maxlen=15)
        self.prefix = prefix(process.name, number)
        self.ready_text = "" if process.ready.startswith("http") else process.ready
        inherited = {key: value for key, value in os.environ.items() if key not in DATABASE_ADDRESSES}
        self.popen = subprocess.Popen(
            command(process.argv), cwd=ROOT, env={**inherited, "PYTHONUNBUFFERED": "1", **process.env},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", start_new_session=True, preexec_fn=end_with_parent(nice=5 if number else 0),
        )  # fmt: skip
        self.pump = threading.Thread(target=self.show_log, daemon=True)
        self.pump.start()
        if process.ready.startswith("http"):
            threading.Thread(target=self.wait_for_answer, args=[process.ready], daemon=True).start()
        elif not process.ready:
            self.ready.set()

    def show_log(self) -> None:
        """Copy its output to ours, line by line, until it closes."""
        for line in self.popen.stdout or ():
            self.tail.append(line.rstrip())
            if self.ready_text and self.ready_text in line:
                self.ready.set()
            say(self.prefix + line.rstrip())

    def wait_for_answer(self, url: str) -> None:
        """Ask until it answers, whatever the answer: some want a password, an error is for its log."""
        while self.popen.poll() is None and not self.ready.is_set():
            if answers(url):
                self.ready.set()
            time.sleep(0.05)

    def dead(self) -> bool:
        """Whether it has ended, wished for or not."""
        return self.popen.poll() is not None

    def stop(self, *, patience: float = 10) -> None:
        """Ask it to end, wait `patience` seconds, then make it. Its own children end with it."""
        self.signal(signal.SIGTERM)
        try:
            self.popen.wait(patience)
        except subprocess.TimeoutExpired:
            say(f"{self.prefix}does not stop: killed")
        self.signal(signal.SIGKILL)
        self.popen.wait()
        self.pump.join(timeout=2)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to what it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, number)


def answers(url: str) -> bool:
    """Whether something answers at `url`."""
    try:
        urllib.request.urlopen(url, timeout=30).close()  # noqa: S310 (our own address)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def prefix(name: str, number: int) -> str:
    """The name in front of each log line, coloured on a terminal."""
    text = f"{name:<8} | "
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        return f"\033[{COLOURS[number % len(COLOURS)]}m{text}\033[0m"
    return text


def say(line: str) -> None:
    """Print a whole line at once, whichever thread says it."""
    with printing, contextlib.suppress(BrokenPipeError, ValueError):
        print(line, flush=True)
