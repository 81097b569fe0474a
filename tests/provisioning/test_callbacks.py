"""What a vendor says by itself: kept by a web process over HTTP, acted on by a worker, each once."""

import json
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from provisioning import callbacks, operations
from provisioning.connectors import calling
from provisioning.engine.asking import ask
from provisioning.engine.claiming import LEASE, claim_due
from provisioning.engine.inbox import settle_callbacks
from provisioning.engine.recording import record
from provisioning.models import Call, Callback, Delivery, Run, Step, StepState
from subscriptions.models import Exit, ExitState, State, Subscription
from tests.factories import EndpointFactory, ExitFactory, StepFactory, SubscriptionFactory, UserFactory
from tests.fakes.webhooks import CALLBACK_SECRET, OLD_SECRET, SECRET, Answer, called_back, vendor_listening
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

LATER = Answer(202, b"")
DONE = {"state": "done", "url": "https://vendor.example/7"}


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("TEST_CALLBACK_SECRET", CALLBACK_SECRET)
    with vendor_listening() as vendor:
        vendor.answers = [LATER]
        yield vendor


@pytest.fixture
def hurried(monkeypatch):
    """Halle does not wait for a vendor that hangs."""
    monkeypatch.setattr(calling, "TOTAL_SECONDS", 0.5)


def planned(vendor, *, now, **config) -> Run:
    subscription = SubscriptionFactory(state=State.APPROVED)
    endpoint = EndpointFactory(offer=subscription.listing.offer, webhook=True, url=vendor.url)
    endpoint.config |= config
    endpoint.save()
    with as_worker():
        return operations.plan_activation(subscription=subscription, now=now)


def go_on(run, *, now) -> Step:
    with as_worker():
        operations.take_turn(run_id=run.pk, now=now)
        return Step.objects.select_related("run").get(run=run)


def waiting(vendor, *, now) -> tuple[Run, str]:
    """An opening that its vendor has begun, and the path where it may call back."""
    run = planned(vendor, now=now)
    assert go_on(run, now=now).state == StepState.WAITING
    return run, path_told(vendor)


def path_told(vendor) -> str:
    address = vendor.messages[0].json()["data"]["callback"]
    return "/" + address.partition("://")[2].partition("/")[2]


def call_back(path, body=None, **more):
    return Client(enforce_csrf_checks=True).post(path, **called_back(DONE if body is None else body, **more))


def subscription_of(run) -> Subscription:
    with as_worker():
        return Subscription.objects.get(pk=run.subscription_id)


def kept() -> list[tuple[str, str]]:
    with as_worker():
        return list(Callback.objects.order_by("pk").values_list("said", "settled_as"))


def test_a_service_opens_when_its_vendor_calls_back(vendor, now):
    run, path = waiting(vendor, now=now)
    answer = call_back(path)
    assert (answer.status_code, answer.json()) == (200, {"received": True})
    # Nothing of the engine runs in a request.
    assert (kept(), subscription_of(run).state) == ([("done", "")], State.PROVISIONING)
    step = go_on(run, now=now)
    opened = subscription_of(run)
    assert (step.state, opened.state, opened.service_url) == (StepState.DONE, State.ACTIVE, DONE["url"])
    assert kept() == [("done", "applied")]
    assert len(vendor.messages) == 1


@pytest.mark.usefixtures("hurried")
def test_what_was_sent_and_answered_is_kept_call_by_call(vendor, now):
    vendor.answers = [Answer(503, b"tomorrow"), Answer(hang=True), LATER]
    run = planned(vendor, now=now)
    for _ in range(3):
        step = go_on(run, now=now)
        now = step.run_after
    with as_worker():
        found = list(Delivery.objects.order_by("pk").values_list("message_id", "status", "answered"))
        assert {delivery.sent for delivery in Delivery.objects.all()} == {vendor.messages[0].body.decode()}
        assert Call.objects.filter(doubtful=True).count() == 0
    assert found == [(step.key, 503, "tomorrow"), (step.key, None, ""), (step.key, 202, "")]


def test_the_same_message_again_changes_nothing(vendor, now):
    run, path = waiting(vendor, now=now)
    first, again = call_back(path), call_back(path)
    assert (first.status_code, again.status_code, first.content == again.content) == (200, 200, True)
    go_on(run, now=now)
    assert call_back(path).status_code == 200
    go_on(run, now=now)
    assert kept() == [("done", "applied")]


def test_another_message_under_a_used_identifier_is_refused(vendor, now):
    run, path = waiting(vendor, now=now)
    call_back(path, {"state": "in progress"})
    assert call_back(path).status_code == 409
    assert go_on(run, now=now).state == StepState.WAITING
    assert call_back(path, message_id="msg_2").status_code == 200
    assert go_on(run, now=now).state == StepState.DONE


def test_a_second_word_after_the_end_comes_too_late(vendor, now):
    run, path = waiting(vendor, now=now)
    call_back(path)
    go_on(run, now=now)
    assert call_back(path, {"state": "failed"}, message_id="msg_2").status_code == 200
    step = go_on(run, now=now)
    assert (step.state, subscription_of(run).state) == (StepState.DONE, State.ACTIVE)
    assert kept() == [("done", "applied"), ("failed", "too_late")]


def test_a_failure_asks_a_person_and_what_she_tries_again_is_the_same_message(vendor, now):
    run, path = waiting(vendor, now=now)
    call_back(path, {"state": "failed", "message": "SIREN inconnu"})
    step = go_on(run, now=now)
    assert step.state == StepState.NEEDS_PERSON
    assert step.problem == "L’éditeur dit qu’il n’a pas réussi : « SIREN inconnu »"
    with as_worker():
        operations.try_again(step=step, by=UserFactory(), now=now)
    assert go_on(run, now=now).state == StepState.DONE
    first, second = vendor.messages
    assert (first.id, first.body) == (second.id, second.body)


def test_a_service_that_a_person_has_closed_the_task_of_stays_as_she_said(vendor, now):
    run, path = waiting(vendor, now=now)
    call_back(path, {"state": "failed"})
    step = go_on(run, now=now)
    with as_worker():
        operations.mark_done(step=step, by=UserFactory(), service_url="https://by-hand.example/", now=now)
    call_back(path, message_id="msg_2")
    go_on(run, now=now)
    assert subscription_of(run).service_url == "https://by-hand.example/"
    assert kept() == [("failed", "applied"), ("done", "too_late")]


def test_a_vendor_that_succeeds_after_all_relieves_the_person(vendor, now):
    run, path = waiting(vendor, now=now)
    call_back(path, {"state": "failed"})
    go_on(run, now=now)
    call_back(path, message_id="msg_2")
    assert go_on(run, now=now).state == StepState.DONE
    assert subscription_of(run).state == State.ACTIVE


def test_a_callback_before_the_answer_waits_for_it(vendor, now):
    """The vendor is quicker than its own answer."""
    run = planned(vendor, now=now)
    with as_worker():
        [claim] = claim_due(run_id=run.pk, now=now)
        outcome = ask(claim)
    call_back(path_told(vendor))
    with as_worker():
        assert settle_callbacks(now=now) == 0
        record([(claim, outcome, now)], now=now)
        assert settle_callbacks(now=now) == 1
        assert Step.objects.get(run=run).state == StepState.DONE
    assert subscription_of(run).state == State.ACTIVE


def test_a_callback_after_the_worker_died_is_enough(vendor, now):
    run = planned(vendor, now=now)
    with as_worker():
        [dead] = claim_due(run_id=run.pk, now=now)
        outcome = ask(dead)
    call_back(path_told(vendor))
    with as_worker():
        late = now + LEASE + timedelta(seconds=1)
        assert settle_callbacks(now=late) == 1
        assert Step.objects.get(run=run).state == StepState.DONE
        record([(dead, outcome, late)], now=late)  # it was only slow
        step = Step.objects.get(run=run)
        assert (step.state, step.lease_until) == (StepState.DONE, None)
    assert subscription_of(run).state == State.ACTIVE


@pytest.mark.usefixtures("hurried")
def test_a_callback_while_the_sending_is_tried_again(vendor, now):
    """The answer was lost, not the message."""
    vendor.answers = [Answer(hang=True)]
    run = planned(vendor, now=now)
    assert go_on(run, now=now).state == StepState.PENDING
    call_back(path_told(vendor))
    assert go_on(run, now=now).state == StepState.DONE
    assert len(vendor.messages) == 1


def test_a_vendor_that_never_calls_back_comes_to_a_person(vendor, now):
    vendor.answers = [LATER, LATER]
    run = planned(vendor, now=now, callback_hours=48)
    step = go_on(run, now=now)
    assert now + timedelta(hours=47) < step.run_after < now + timedelta(hours=49)
    step = go_on(run, now=step.run_after)
    assert (step.state, step.problem) == (
        StepState.NEEDS_PERSON,
        "L’éditeur n’a pas rappelé au bout de 48 heures.",
    )
    assert len({message.id for message in vendor.messages}) == 1


def test_a_closing_ends_by_a_callback_too(vendor, now):
    run, path = waiting(vendor, now=now)
    call_back(path)
    go_on(run, now=now)
    with as_worker():
        ExitFactory(subscription=subscription_of(run), state=ExitState.ERASURE)
        Subscription.objects.update(state=State.TERMINATING, ended_on=timezone.localdate())
        closing = operations.plan_closing(subscription=subscription_of(run), now=now)
    vendor.answers, vendor.messages = [LATER], []
    go_on(closing, now=now)
    [message] = vendor.messages
    with as_worker():
        opened, closed = Step.objects.get(run=run), Step.objects.select_related("run").get(run=closing)
        assert (message.id, message.json()["data"]["instance"]) == (closed.key, opened.key)
    call_back(path_told(vendor), {"state": "done"})
    assert go_on(closing, now=now).state == StepState.DONE
    with as_worker():
        assert Exit.objects.get().closed_at is not None


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"secret": OLD_SECRET}, 401),
        ({"at": 0}, 401),
        pytest.param({"at": time.time() - 330}, 401, id="late"),
        pytest.param({"at": time.time() + 3600}, 401, id="from the future"),
        ({"message_id": "un accent é"}, 401),
        ({"body": b"<html>"}, 400),
        ({"body": b"\xff"}, 400),
        ({"body": b"[" * 50_000}, 400),
        ({"body": []}, 400),
        ({"body": {}}, 400),
        ({"body": {"state": ["done"]}}, 400),
        ({"body": {"state": "perhaps"}}, 400),
        ({"body": {"state": "done", "url": "javascript:alert(1)"}}, 400),
        ({"body": {"state": "done", "url": "https://" + "a" * 500}}, 400),
        ({"body": {"state": "done", "url": "https://a\ud800"}}, 400),
        ({"body": json.dumps({"state": "done", "message": "a" * 70_000}).encode()}, 413),
    ],
    ids=str,
)
def test_what_is_refused_says_why_and_is_not_kept(vendor, now, more, status):
    run, path = waiting(vendor, now=now)
    answer = call_back(path, more.pop("body", None), **more)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["detail"]
    assert kept() == []
    assert go_on(run, now=now).state == StepState.WAITING


def test_without_any_header_it_is_refused(vendor, now):
    _, path = waiting(vendor, now=now)
    answer = Client().post(path, json.dumps(DONE), content_type="application/json")
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "door", ["x", "1-1", "1-1.x", "1-1." + "A" * 43, "0-0.é", "9" * 400 + "-1.x", "1-1.a.b.c", "%00"]
)
def test_an_address_that_is_no_steps_is_not_found(vendor, now, door):
    answer = call_back(f"/api/v1/callbacks/{door}/")
    assert answer.status_code == 404


def test_the_address_of_another_way_of_opening_is_not_found(vendor, now):
    """Of a step that no message opened: a broker's, or none."""
    with as_worker():
        step = StepFactory()
        path = callbacks.address_of(step).partition("://")[2].partition("/")[2]
    assert call_back(f"/{path}").status_code == 404


def test_another_vendors_secret_is_refused(vendor, now, monkeypatch):
    _, path = waiting(vendor, now=now)
    monkeypatch.setenv("TEST_OTHER_SECRET", OLD_SECRET)
    vendor.answers = [LATER]
    planned(vendor, now=now, callback_secret_variable="TEST_OTHER_SECRET")
    assert call_back(path, secret=OLD_SECRET).status_code == 401


def test_the_vendors_key_may_be_replaced_too(vendor, now, monkeypatch):
    monkeypatch.setenv("TEST_OLD_SECRET", OLD_SECRET)
    run = planned(vendor, now=now, previous_callback_secret_variable="TEST_OLD_SECRET")
    go_on(run, now=now)
    path = path_told(vendor)
    assert call_back(path, {"state": "in progress"}, secret=OLD_SECRET).status_code == 200
    assert call_back(path, secret=CALLBACK_SECRET, message_id="msg_2").status_code == 200


def test_without_our_half_of_the_secret_the_vendor_is_told_to_come_back(vendor, now, monkeypatch):
    _, path = waiting(vendor, now=now)
    monkeypatch.delenv("TEST_CALLBACK_SECRET")
    assert call_back(path).status_code == 503
    assert kept() == []


def test_a_vendor_that_talks_without_end_is_stopped(vendor, now, monkeypatch):
    _, path = waiting(vendor, now=now)
    monkeypatch.setattr(callbacks, "MAX_PER_STEP", 3)
    said = [call_back(path, {"state": "in progress"}, message_id=f"m{n}").status_code for n in range(5)]
    assert said == [200, 200, 200, 429, 429]


def test_nothing_but_posting(vendor, now):
    _, path = waiting(vendor, now=now)
    for method in ("get", "put", "delete", "patch"):
        assert getattr(Client(), method)(path).status_code == 405


def test_what_was_said_can_no_longer_be_changed(vendor, now):
    from django.db import IntegrityError, transaction

    run, path = waiting(vendor, now=now)
    call_back(path)
    with as_worker():
        for change in ({"said": "failed"}, {"digest": "1" * 64}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Callback.objects.update(**change)
        with pytest.raises(IntegrityError), transaction.atomic():
            Callback.objects.all().delete()
    go_on(run, now=now)
    with as_worker(), pytest.raises(IntegrityError), transaction.atomic():
        Callback.objects.update(settled_as="too_late")
