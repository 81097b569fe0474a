"""Jobs of killed workers: done again, never in anybody's way."""

from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from billing.tasks import confirm_payment, make_file
from billing.tasks import sweep as billing_sweep
from marketplace.tasks import MAX_ATTEMPTS, rescue
from tenants import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _worker_role():
    with as_worker():
        yield


def held(task, *, silent_for: int, attempts: int = 0, **arguments) -> int:
    """A job that a worker, silent for so many seconds, was doing."""
    job_id = task.defer(**arguments)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s * interval '1 second')"
            " RETURNING id",
            [silent_for],
        )
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', attempts = %s, worker_id = %s WHERE id = %s",
            [attempts, cursor.fetchone()[0], job_id],
        )
    return job_id


def run_rescue() -> None:
    async_to_sync(rescue.func)(SimpleNamespace(app=app), timestamp=0)


def status(job_id: int) -> str:
    return ProcrastinateJob.objects.get(pk=job_id).status


def test_the_job_of_a_killed_worker_waits_again_and_that_of_a_living_one_goes_on():
    dead = held(confirm_payment, silent_for=31, external_id="in_1")
    alive = held(confirm_payment, silent_for=29, external_id="in_2")
    run_rescue()
    assert (status(dead), status(alive)) == ("todo", "doing")


def test_a_job_that_killed_five_workers_is_given_up():
    job = held(confirm_payment, silent_for=60, attempts=MAX_ATTEMPTS - 1, external_id="in_1")
    run_rescue()
    assert status(job) == "failed"


def test_a_killed_sweep_keeps_no_lock_from_the_next_one():
    dead = held(billing_sweep, silent_for=60, timestamp=0)
    following = billing_sweep.defer(timestamp=60)
    run_rescue()
    assert (status(dead), status(following)) == ("failed", "todo")


def test_only_what_is_still_to_be_started_counts_as_waiting():
    make_file.defer(invoice_id=1)
    held(make_file, silent_for=1, invoice_id=2)
    confirm_payment.defer(external_id="in_3")
    assert jobs.waiting(make_file, "invoice_id") == {1}
