"""Several workers at once, each with its threads, before one vendor and its limit."""

import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from provisioning import operations
from provisioning.engine.claiming import claim_due
from provisioning.engine.worker import Worker
from provisioning.models import Call, Lane, Step, StepState
from subscriptions.models import State, Subscription
from tests.factories import EndpointFactory, ListingFactory, SubscriptionFactory
from tests.fakes.broker import Fault, failing_broker
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

SERVICES, AT_ONCE = 30, 4


@pytest.fixture
def broker(monkeypatch):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")
    with failing_broker() as broker:
        yield broker


def to_open(broker, count=SERVICES):
    listing = ListingFactory()
    EndpointFactory(offer=listing.offer, osb=True, url=broker.url)
    asked = SubscriptionFactory.create_batch(count, listing=listing, state=State.APPROVED)
    with as_worker():
        for subscription in asked:
            operations.plan_activation(subscription=subscription, now=timezone.now())
        Lane.objects.filter(vendor=listing.vendor).update(at_once=AT_ONCE)


def as_workers(work):
    """A function to run in a thread: there the role is taken anew."""

    def run():
        with as_worker():
            return work()

    return run


def test_several_workers_claim_each_step_once_and_stay_within_the_limit(broker):
    to_open(broker)
    now = timezone.now()
    claims = [claim for found in at_once(*[as_workers(lambda: claim_due(now=now))] * 6) for claim in found]
    assert len(claims) == len({claim.step.pk for claim in claims}) == AT_ONCE
    with as_worker():
        assert Step.objects.filter(state=StepState.RUNNING).count() == Call.objects.count() == AT_ONCE


@contextmanager
def working(count=1, **options):
    """So many workers, each in a thread with a connection of its own. They are told to stop at the end, and
    do."""
    stop = threading.Event()

    def work():
        try:
            with as_worker():
                Worker(**options).run(stop)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(40)
        assert not any(thread.is_alive() for thread in threads)


def wait_until(moment, *, give_up=60):
    deadline = time.monotonic() + give_up
    while not moment():
        assert time.monotonic() < deadline, "it never comes"
        time.sleep(0.02)


def all_done():
    return not Step.objects.exclude(state=StepState.DONE).exists()


def test_three_workers_open_each_service_once(broker):
    to_open(broker)
    broker.pause = 0.02
    with as_worker(), working(3, lease=timedelta(seconds=20)):
        wait_until(all_done)
    with as_worker():
        keys = {step.key for step in Step.objects.select_related("run")}
        assert Subscription.objects.filter(state=State.ACTIVE).count() == SERVICES
    assert broker.instances == keys
    assert broker.methods() == ["PUT"] * SERVICES
    assert 1 < broker.most_at_once <= AT_ONCE


def test_a_worker_that_is_told_to_stop_ends_what_it_has_begun(broker):
    to_open(broker, count=AT_ONCE)
    broker.faults = [Fault("PUT", 201, works=True, slow=0.5)] * AT_ONCE
    with as_worker():
        with working():
            wait_until(lambda: len(broker.asked) == AT_ONCE)
        assert all_done()
