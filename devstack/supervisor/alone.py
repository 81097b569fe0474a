"""One run at a time in a data folder, and nothing left over from a run that was killed."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from devstack.problem import Problem


@contextlib.contextmanager
def only_run(folder: Path, url: str) -> Iterator[None]:
    """Hold the data folder for this run. Raises `Problem` with the address of the run that holds it.

    The kernel gives the lock back when the holder dies, however it dies.
    """
    with (folder / "run.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            running = json.loads(file.read() or "{}")
            raise Problem(
                f"Halle is running already at {running.get('url', 'an unknown address')} "
                f"(process {running.get('pid', '?')}). Use it, or stop it with Ctrl-C where it runs"
            ) from None
        file.truncate(0)
        file.write(json.dumps({"url": url, "pid": os.getpid()}))
        file.flush()
        yield


def remember(folder: Path, pids: Iterable[int]) -> None:
    """Note the processes of this run; their start times tell them from later ones with the same numbers."""
    started = {}
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            started[str(pid)] = psutil.Process(pid).create_time()
    (folder / "children.json").write_text(json.dumps(started))


def end_survivors(folder: Path) -> int:
    """End the processes that a killed run left behind; returns how many there were."""
    noted = folder / "children.json"
    try:
        started = json.loads(noted.read_text())
    except (FileNotFoundError, ValueError):
        return 0
    survivors = []
    for pid, since in started.items():
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(pid))
            if process.create_time() == since and process.status() != psutil.STATUS_ZOMBIE:
                survivors += [process, *process.children(recursive=True)]
    for process in survivors:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, stubborn = psutil.wait_procs(survivors, timeout=3)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    noted.unlink(missing_ok=True)
    return len(survivors)
