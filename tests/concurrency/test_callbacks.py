"""A vendor that calls back several times at once, and several workers that act on it."""

import threading
from collections import Counter

import pytest
from django.test import Client
from django.utils import timezone

from provisioning import operations
from provisioning.engine.inbox import settle_callbacks
from provisioning.engine.worker import Worker
from provisioning.models import Callback, Step, StepState
from subscriptions.models import State, Subscription
from tests.factories import EndpointFactory, SubscriptionFactory
from tests.fakes.webhooks import CALLBACK_SECRET, SECRET, Answer, called_back, vendor_listening
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("TEST_CALLBACK_SECRET", CALLBACK_SECRET)
    with vendor_listening() as vendor:
        vendor.answers = [Answer(202, b"")]
        yield vendor


def planned(vendor):
    subscription = SubscriptionFactory(state=State.APPROVED)
    EndpointFactory(offer=subscription.listing.offer, webhook=True, url=vendor.url)
    with as_worker():
        return operations.plan_activation(subscription=subscription, now=timezone.now())


@pytest.fixture
def path(vendor):
    """Where a vendor that has begun may call back."""
    run = planned(vendor)
    with as_worker():
        operations.take_turn(run_id=run.pk, now=timezone.now())
    return "/" + vendor.messages[0].json()["data"]["callback"].partition("://")[2].partition("/")[2]


def sending(path, body, **more):
    return lambda: Client().post(path, **called_back(body, **more)).status_code


def settle():
    with as_worker():
        return settle_callbacks(now=timezone.now())


def test_the_same_message_several_times_at_once_is_kept_once(path):
    assert at_once(*[sending(path, {"state": "done"})] * 6) == [200] * 6
    assert sum(at_once(*[settle] * 4)) == 1
    with as_worker():
        assert Callback.objects.get().settled_as == "applied"
        subscription = Subscription.objects.get()
        assert subscription.state == State.ACTIVE
        assert subscription.transitions.filter(after=State.ACTIVE).count() == 1


def test_of_two_messages_under_one_identifier_one_is_kept(path):
    said = at_once(*[sending(path, {"state": "done", "url": f"https://v.example/{n}"}) for n in range(4)])
    assert Counter(said) == {200: 1, 409: 3}
    with as_worker():
        assert Callback.objects.count() == 1


def test_two_that_contradict_each_other_are_both_settled_in_their_order(path):
    at_once(sending(path, {"state": "done"}), sending(path, {"state": "failed"}, message_id="msg_2"))
    assert sum(at_once(*[settle] * 4)) + settle() == 2
    with as_worker():
        assert not Callback.objects.filter(settled_at=None).exists()
        assert Step.objects.get().state == StepState.DONE
        assert Subscription.objects.get().state == State.ACTIVE


def test_a_worker_acts_on_it_by_itself(vendor):
    planned(vendor)
    stop = threading.Event()

    def work():
        with as_worker():
            Worker().run(stop)

    def call_back():
        try:
            while not vendor.messages:
                stop.wait(0.02)
            told = vendor.messages[0].json()["data"]["callback"]
            answer = sending("/" + told.partition("://")[2].partition("/")[2], {"state": "done"})()
            while not stop.is_set():
                with as_worker():
                    if Subscription.objects.get().state == State.ACTIVE:
                        return answer
                stop.wait(0.02)
        finally:
            stop.set()

    assert at_once(work, call_back)[1] == 200
