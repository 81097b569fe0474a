"""`make run`, from the first check to the last process stopped."""

import argparse
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from devstack import database, migrations, schema
from devstack.leash import end_with_parent
from devstack.paths import ROOT, data_dir
from devstack.problem import Problem
from devstack.progress import step
from devstack.supervisor.alone import end_survivors, only_run, remember
from devstack.supervisor.child import Child, prefix, say
from devstack.supervisor.people import people_table
from devstack.supervisor.processes import PEOPLE, Process, command, django, processes
from devstack.supervisor.stack import Stack, open_stack

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Start everything, show the address and the people, wait for Ctrl-C, stop everything."""
    parser = argparse.ArgumentParser(prog="python -m devstack", description="Run Halle with its demo.")
    parser.add_argument(
        "--port", default=os.environ.get("PORT") or "8000", help="where the marketplace listens"
    )
    return run(parser.parse_args().port, prepare, processes)


def run(port: str, prepare: Callable[[Stack], None], table: Callable[[Stack], Sequence[Process]]) -> int:
    """One run, from the checks to the end of the processes of `table`. Returns the exit code.

    Raises `Problem` when something outside the code prevents it.
    """
    start, folder = time.monotonic(), data_dir()
    for number in SIGNALS:  # before anything is started, a signal simply unwinds what is being done
        signal.signal(number, signal.default_int_handler)
    with only_run(folder, f"http://127.0.0.1:{port}"):
        if left := end_survivors(folder):
            say(f"Ended {left} processes left by a run that was killed")
        stack = open_stack(port)
        with database.in_use():
            prepare(stack)
            ready = lambda: say(welcome(stack.url, time.monotonic() - start))  # noqa: E731
            return supervise(table(stack), folder, ready)


def prepare(stack: Stack) -> None:
    """The database, its schema, and the first time the demo data."""
    (stack.folder / "state").mkdir(exist_ok=True)
    with step("Database"):
        database.ensure_server()
    if schema.notes().get("schema") != migrations.fingerprint():
        with step("Schema"):
            schema.ensure_schema()
    if "demo" not in schema.notes():
        with step("Demo data (once)"):
            seed(stack)
            schema.note(demo="loaded")


def seed(stack: Stack) -> None:
    """Load the demo data; the command may be run again, so that a killed one is simply started afresh."""
    environment = {**os.environ, **django(stack, "worker"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command(["manage.py", "seed_demo"]), cwd=ROOT, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", preexec_fn=end_with_parent(),
    ) as popen:  # fmt: skip
        try:
            for line in popen.stdout or ():
                say(prefix("seed", 0) + line.rstrip())
        except BaseException:
            popen.terminate()
            raise
    if popen.returncode:
        raise Problem("the demo data could not be loaded: see above. The next `make run` tries again")


def supervise(table: Sequence[Process], folder: Path, when_ready: Callable[[], None]) -> int:
    """Run the processes until a signal comes (returns 0) or one of them ends (returns 1, after saying which).

    `when_ready` is called once all are ready. None is left running, whatever happens.
    """
    wanted = threading.Event()
    for wish in SIGNALS:
        signal.signal(wish, lambda *_: wanted.set())
    children: list[Child] = []
    try:
        for number, process in enumerate(table):
            children.append(Child(process, number=number))
            remember(folder, [child.popen.pid for child in children])
        announced = False
        while not wanted.wait(0.05):
            if dead := next((child for child in children if child.dead()), None):
                dead.pump.join(timeout=1)
                say(f"\n'{dead.name}' ended by itself with code {dead.popen.returncode}. Its last lines:")
                for line in dead.tail:
                    say(f"    {line}")
                say("Everything else is being stopped.")
                return 1
            if not announced and all(child.ready.is_set() for child in children):
                when_ready()
                announced = True
        say("\nStopping…")
        return 0
    finally:
        for child in children:  # web first, then the worker, then those they talk to
            child.stop()
        (folder / "children.json").unlink(missing_ok=True)


def welcome(url: str, seconds: float) -> str:
    """What one reads once everything is ready."""
    return (
        f"\nHalle is ready at {url} ({seconds:.0f} s)\n\n"
        f"Sign in as one of the demo people (no password):\n{people_table(PEOPLE)}\n\n"
        "Ctrl-C stops everything; the data stays.\n"
    )
