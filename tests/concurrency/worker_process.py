"""A real worker process on the test's database, to be killed for good."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from procrastinate.exceptions import AlreadyEnqueued

from billing import tasks as billing_tasks
from catalog import tasks as catalog_tasks
from devstack import database
from devstack.leash import end_with_parent
from marketplace import tasks as housekeeping
from tenants import tasks as tenants_tasks
from tests.tools.database import acting_as

ROOT = Path(__file__).resolve().parents[2]
# `HALLE_REAL_WAITING=1 pytest tests/concurrency/test_killed_workers.py` lets the real minutes pass.
REAL_WAITING = os.environ.get("HALLE_REAL_WAITING") == "1"


class WorkerProcess:
    """A worker as in production: its own database role, a folder for its files. `manage.py` runs it.

    A process of its own, forked from one that has loaded the code (see `nursery`).
    """

    def __init__(self, folder: Path, command: tuple[str, ...] = ("procrastinate", "worker")):
        self.log_file = folder / "worker.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")},
            "DJANGO_SETTINGS_MODULE": "marketplace.settings.development",
            "HALLE_DB_ROLE": "worker",
            "WORKER_DATABASE_URL": database.urls(connection.settings_dict["NAME"])["worker"],
            "HALLE_MEDIA_ROOT": str(folder / "media"),
            "TEST_BROKER_PASSWORD": "secret",
        }
        with self.log_file.open("a") as log:
            self.nursery = subprocess.Popen(
                [sys.executable, "-m", "tests.concurrency.nursery", *command],
                cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                text=True, preexec_fn=end_with_parent(),
            )  # fmt: skip
        self.number: int | None = None
        self.kills = 0
        self.began = time.monotonic()

    def start(self) -> None:
        print("", file=self.nursery.stdin, flush=True)
        born = self.nursery.stdout.readline()
        assert born, f"no worker was started:\n{self.log_file.read_text()}"
        self.number = int(born)

    def kill(self) -> None:
        """`kill -9`."""
        if self.number:
            self.assert_alive()
            os.kill(self.number, signal.SIGKILL)
            while self.is_alive():
                time.sleep(0.001)
            self.number = None
            self.kills += 1
            print(f"kill -9 number {self.kills}, {time.monotonic() - self.began:.0f} s after the first start")

    def close(self) -> None:
        """Kill it, and whoever would start another."""
        try:
            self.kill()
        finally:
            self.nursery.communicate()

    def is_alive(self) -> bool:
        try:
            os.kill(self.number, 0)
        except ProcessLookupError:
            return False
        return True

    def assert_alive(self) -> None:
        assert self.is_alive(), f"the worker ended by itself:\n{self.log_file.read_text()}"

    def kill_when(self, moment: Callable[[], bool]) -> None:
        """Kill it at that moment, start it again, and let the next minutes pass."""
        self.wait_until(moment)
        self.kill()
        time_passes()
        self.start()
        next_minute()

    def kill_when_grown(self, rows: QuerySet, *, by: int, at_most: int) -> None:
        """Kill it at work: once there are so many more rows than when it was started, or all of them."""
        target = min(rows.count() + by, at_most)
        self.kill_when(lambda: rows.count() >= target)

    def wait_until(self, moment: Callable[[], bool], *, within: float = 300 if REAL_WAITING else 60) -> None:
        deadline = time.monotonic() + within
        while not moment():
            self.assert_alive()
            assert time.monotonic() < deadline, f"it never came:\n{self.log_file.read_text()}"
            time.sleep(0.01)


# What a worker looks at to know that another one is dead, or that a row was left.
CLOCKS = {
    "procrastinate_workers": ["last_heartbeat"],
    "procrastinate_jobs": ["scheduled_at"],
    "provisioning_step": ["lease_until", "run_after"],
    "billing_billingrun": ["started_at", "approved_at"],
    "billing_settlement": ["changed_at"],
    "tenants_memberimport": ["sent_at"],
    "catalog_gridsimulation": ["started_at"],
}


def time_passes(by: timedelta = timedelta(minutes=3)) -> None:
    """Stands for three minutes without any worker: every clock in the rows is set back."""
    if REAL_WAITING:
        return
    with acting_as("worker"), connection.cursor() as cursor:
        for table, columns in CLOCKS.items():
            settings = ", ".join(f"{column} = {column} - %(by)s" for column in columns)
            cursor.execute(f"UPDATE {table} SET {settings}", {"by": by})


def next_minute() -> None:
    """Stands for the tick of the clock that makes the worker rescue and sweep; it does so itself."""
    if REAL_WAITING:
        return
    with acting_as("worker"):
        for sweep in (
            housekeeping.rescue,
            billing_tasks.sweep,
            tenants_tasks.sweep_member_imports,
            catalog_tasks.sweep_simulations,
        ):
            with contextlib.suppress(AlreadyEnqueued):  # the real tick came just before
                sweep.defer(timestamp=int(timezone.now().timestamp()))
