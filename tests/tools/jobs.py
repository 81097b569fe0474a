"""The jobs that an operation enqueued, and running them as a worker would, in this process."""

import json

from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from tests.tools.database import acting_as, as_worker


def waiting() -> list[tuple[str, dict]]:
    """(task, arguments) of each job to be done, oldest first: "billing.draft_run" for its task."""
    return [(task, args) for _, task, args in _todo(due_only=False)]


def run_jobs(*, scheduled: bool = False, at_most: int = 50) -> list[str]:
    """Do every job that is due, and those that they enqueue; the names of the tasks done.

    `scheduled` does the ones of later as well. An exception of a task comes through.
    """
    done = []
    while jobs := _todo(due_only=not scheduled):
        job_id, name, args = jobs[0]
        assert len(done) < at_most, f"jobs without end: {done}"
        with acting_as("worker"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [job_id])
        with as_worker():
            app.tasks[name].func(**args)
        done.append(name)
    return done


def forget() -> None:
    """Lose every job, as a queue that was not backed up would."""
    with acting_as("worker"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def _todo(*, due_only: bool) -> list[tuple[int, str, dict]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, args::text FROM procrastinate_jobs WHERE status = 'todo'"
            " AND (NOT %s OR scheduled_at IS NULL OR scheduled_at <= %s) ORDER BY id",
            [due_only, timezone.now()],
        )
        return [(job_id, name, json.loads(args)) for job_id, name, args in cursor.fetchall()]
