"""`kill -9` on real provisioning workers, several at once, at random points: nothing lost, nothing twice.

HALLE_KILLS=200 kills that often; the suite does fewer. The rows' clocks are set back at each kill, so that
leases of the living run out as well: what they bring back then is too late, and must change nothing.
"""

import os
import random
import time

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from devstack import database, roles
from provisioning import operations
from provisioning.models import Call, Step, StepState
from subscriptions.models import State, Subscription, Transition
from tests.concurrency.worker_process import WorkerProcess, time_passes
from tests.factories import EndpointFactory, ListingFactory, SubscriptionFactory
from tests.fakes.broker import failing_broker
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = int(os.environ.get("HALLE_KILLS", "12"))
WORKERS = 3
LONGEST_LIFE = 0.5  # seconds, from the moment that it has begun to work


@pytest.fixture
def workers(tmp_path):
    started = []
    for number in range(WORKERS):
        (folder := tmp_path / str(number)).mkdir()
        started.append(WorkerProcess(folder, ("provision",)))
    yield started
    for process in started:
        process.close()


def test_workers_killed_at_random_open_each_service_once(workers):
    with failing_broker() as broker, as_worker():
        broker.pause = 0.01
        listing = ListingFactory()
        EndpointFactory(offer=listing.offer, osb=True, url=broker.url)
        wanted = SubscriptionFactory.create_batch(KILLS, listing=listing, state=State.APPROVED)
        for process in workers:
            process.start()
        for subscription in wanted:  # one more to open for each that is killed
            operations.plan_activation(subscription=subscription, now=timezone.now())
            process = random.choice(workers)
            time.sleep(random.uniform(0, LONGEST_LIFE))
            process.kill()
            time_passes()
            process.start()
        workers[0].wait_until(lambda: not Step.objects.exclude(state=StepState.DONE).exists())

        assert sum(process.kills for process in workers) == KILLS
        assert Subscription.objects.filter(state=State.ACTIVE).count() == KILLS
        assert Transition.objects.filter(after=State.ACTIVE).count() == KILLS
        assert broker.instances == {step.key for step in Step.objects.select_related("run")}
        assert "DELETE" not in broker.methods()
        interrupted = Call.objects.filter(outcome="").count()
    print(f"{KILLS} kills, {len(broker.asked)} requests, {interrupted} calls that were never answered")


def test_a_worker_whose_database_goes_away_goes_on_when_it_is_back(workers):
    """What it held then is asked for again once the lease is over, under the same key."""
    worker = workers[0]
    with failing_broker() as broker, as_worker():
        broker.pause = 0.05
        listing = ListingFactory()
        EndpointFactory(offer=listing.offer, osb=True, url=broker.url)
        for subscription in SubscriptionFactory.create_batch(30, listing=listing, state=State.APPROVED):
            operations.plan_activation(subscription=subscription, now=timezone.now())
        worker.start()
        worker.wait_until(lambda: broker.asked)
        with psycopg.connect(database.urls("postgres")["admin"], autocommit=True) as admin:
            cut = admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND datname = %s",
                [roles.WORKER, connection.settings_dict["NAME"]],
            ).fetchall()
        assert cut
        time_passes()
        worker.wait_until(lambda: not Step.objects.exclude(state=StepState.DONE).exists())
        assert Subscription.objects.filter(state=State.ACTIVE).count() == 30
        assert broker.instances == {step.key for step in Step.objects.select_related("run")}
    assert "the database did not answer" in worker.log_file.read_text()
