"""The real `make run`, in a folder and on ports of its own, for journeys in a browser."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from devstack.paths import ROOT
from tests.tools.ports import free_port, helpers_from

# The day of the demo's story on which it is visited, whenever that is: notices still run, terms are not over.
TODAY = "2026-11-27"


@dataclass(frozen=True)
class RunningStack:
    """Where it answers, and what it wrote so far."""

    url: str
    folder: Path
    log: Path
    process: subprocess.Popen

    def says(self) -> str:
        """The last lines of its log: what a failed test shows."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])


@contextmanager
def running_stack(*, give_up: float = 480) -> Iterator[RunningStack]:
    """`make run` in an empty folder; stopped and removed at the end."""
    # As root, the embedded server's own user must be able to enter the folder.
    folder = Path(tempfile.mkdtemp(prefix="halle-journey-", dir="/var/tmp"))
    folder.chmod(0o755)
    port = free_port()
    log = folder / "run.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "devstack", "--port", str(port)],
            cwd=ROOT,
            env={
                **os.environ,
                "HALLE_DATA_DIR": str(folder),
                "HALLE_PORTS_FROM": helpers_from("journey"),
                "HALLE_TODAY": TODAY,
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    stack = RunningStack(f"http://127.0.0.1:{port}", folder, log, process)
    try:
        wait_until_ready(stack, give_up)
        yield stack
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def wait_until_ready(stack: RunningStack, give_up: float) -> None:
    """Returns once the supervisor has announced itself. Raises RuntimeError with its last words."""
    deadline = time.monotonic() + give_up
    while "Halle is ready" not in stack.log.read_text(errors="replace"):
        if stack.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"make run did not come up:\n{stack.says()}")
        time.sleep(0.2)
    httpx.get(stack.url, timeout=30).raise_for_status()
