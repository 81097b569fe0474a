"""The fault table: whatever happens on the way, the vendor holds what Halle believes, no more, no less.

The lines are those of "Orphan Mitigation" in the Open Service Broker specification 2.17, and the faults of a
network.
"""

import http.server
import time

import pytest
from django.utils import timezone

from provisioning import operations
from provisioning.connectors import calling
from provisioning.models import Run, Step, StepState
from subscriptions.models import Exit, ExitState, State, Subscription
from tests.factories import EndpointFactory, ExitFactory, SubscriptionFactory, prove
from tests.fakes.broker import Fault, serving
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

TURNS = 200


def opening(broker, *, now) -> Run:
    subscription = SubscriptionFactory(state=State.APPROVED)
    EndpointFactory(offer=subscription.listing.offer, osb=True, url=broker.url)
    with as_worker():
        return operations.plan_activation(subscription=subscription, now=now)


def to_its_end(run: Run, *, now) -> Step:
    """Every turn as soon as it is due, until the step is done or a person is asked."""
    with as_worker():
        for _ in range(TURNS):
            operations.take_turn(run_id=run.pk, now=now)
            step = Step.objects.select_related("lane", "run").get(run=run)
            if step.state in (StepState.DONE, StepState.NEEDS_PERSON):
                return step
            now = max(step.run_after, step.lane.cut_until or step.run_after)
    raise AssertionError("it never ends")


def judge(broker, step: Step) -> None:
    """What the vendor holds is what Halle believes."""
    with as_worker():
        active = Subscription.objects.filter(state=State.ACTIVE).exists()
    assert active == (step.state == StepState.DONE)
    assert broker.instances == ({step.key} if active else set())
    assert not step.doubtful


MALFORMED = b"<html>Welcome to the proxy</html>"
# (what the broker does with the first request to open, whether what it may hold is deleted first)
PROVISION = [
    pytest.param(Fault("PUT", 200, works=True), False, id="200"),
    pytest.param(Fault("PUT", 200, MALFORMED, works=True), False, id="200 malformed"),
    pytest.param(Fault("PUT", 201, works=True), False, id="201"),
    pytest.param(Fault("PUT", 201, MALFORMED, works=True), True, id="201 malformed"),
    pytest.param(Fault("PUT", 202, works=True), False, id="202"),
    pytest.param(Fault("PUT", 202, MALFORMED, works=True), True, id="202 malformed"),
    pytest.param(Fault("PUT", 204, b"", works=True), True, id="204"),
    pytest.param(Fault("PUT", 206, works=True), True, id="206"),
    pytest.param(Fault("PUT", 302, headers={"Location": "http://127.0.0.1:1/"}), False, id="302"),
    *(
        pytest.param(Fault("PUT", status), False, id=str(status))
        for status in (400, 401, 403, 404, 408, 409, 412, 418, 422, 429)
    ),
    pytest.param(Fault("PUT", 422, b'{"error": "AsyncRequired"}'), False, id="422 AsyncRequired"),
    pytest.param(Fault("PUT", 422, b'{"error": "ConcurrencyError"}'), False, id="422 ConcurrencyError"),
    pytest.param(
        Fault("PUT", 422, b'{"error": "MaintenanceInfoConflict"}'), False, id="422 MaintenanceInfoConflict"
    ),
    *(
        pytest.param(Fault("PUT", status, MALFORMED, works=works), True, id=f"{status} works={works}")
        for status in (500, 502, 503, 504)
        for works in (False, True)
    ),
    pytest.param(Fault("PUT", hang=True), True, id="timeout before"),
    pytest.param(Fault("PUT", hang=True, works=True), True, id="timeout after"),
    pytest.param(Fault("PUT", reset=True), True, id="reset before"),
    pytest.param(Fault("PUT", reset=True, works=True), True, id="reset after"),
    pytest.param(Fault("PUT", 201, b"a" * 2_000_000, works=True), True, id="endless answer"),
    pytest.param(Fault("PUT", 201, b'{"dashboard_url": "\xff"}', works=True), True, id="not UTF-8"),
    pytest.param(
        Fault("PUT", 202, b'{"operation": "\\u0000", "dashboard_url": "https://x\\ud800"}', works=True),
        False,
        id="what no database keeps",
    ),
    pytest.param(Fault("PUT", 201, b"[" * 100_000, works=True), True, id="nested without end"),
]


@pytest.mark.parametrize(("fault", "deleted_first"), PROVISION)
def test_opening(broker, now, fault, deleted_first):
    broker.faults = [fault]
    step = to_its_end(opening(broker, now=now), now=now)
    judge(broker, step)
    assert ("DELETE" in broker.methods()) == deleted_first
    refused = 400 <= fault.status < 500 and fault.status not in (408, 429)
    refused = refused and b"ConcurrencyError" not in fault.body
    assert step.state == (StepState.NEEDS_PERSON if refused else StepState.DONE)


@pytest.mark.parametrize("works", [True, False])
def test_an_opening_that_always_breaks_leaves_nothing_and_asks_a_person(broker, now, works):
    broker.faults = [Fault("PUT", 500, works=works)] * TURNS
    step = to_its_end(opening(broker, now=now), now=now)
    judge(broker, step)
    assert step.state == StepState.NEEDS_PERSON
    assert step.problem == "Le système de l’éditeur a répondu par une erreur (code 500)."
    assert broker.methods()[-1] == "DELETE"


def test_what_fails_under_way_is_deleted_and_a_person_asked(broker, now):
    broker.faults = [Fault("PUT", 202, works=True), Fault("GET", 200, b'{"state": "failed"}')]
    step = to_its_end(opening(broker, now=now), now=now)
    judge(broker, step)
    assert (step.state, broker.methods()) == (StepState.NEEDS_PERSON, ["PUT", "GET", "DELETE"])
    assert step.problem == "L’éditeur n’a pas réussi à ouvrir le service."


@pytest.mark.parametrize("status", [404, 429, 500, 503])
@pytest.mark.parametrize("method", ["GET", "FETCH"])
def test_a_question_without_answer_is_asked_again_and_deletes_nothing(broker, now, method, status):
    broker.faults = [Fault("PUT", 202, works=True), Fault(method, status), Fault(method, hang=True)]
    step = to_its_end(opening(broker, now=now), now=now)
    judge(broker, step)
    assert (step.state, "DELETE" in broker.methods()) == (StepState.DONE, False)


def test_a_deletion_in_doubt_is_asked_for_until_it_is_confirmed(broker, now):
    deletions = [Fault("DELETE", 500), Fault("DELETE", hang=True), Fault("DELETE", reset=True, works=True)]
    broker.faults = [Fault("PUT", hang=True, works=True), *deletions]
    step = to_its_end(opening(broker, now=now), now=now)
    judge(broker, step)
    assert broker.methods() == ["PUT", *["DELETE"] * 4, "PUT"]
    assert step.state == StepState.DONE


CLOSING = [
    *(Fault("DELETE", status, works=works) for status in (408, 429, 500, 502) for works in (False, True)),
    Fault("DELETE", 200, MALFORMED, works=True),
    Fault("DELETE", 204, b"", works=True),
    Fault("DELETE", 422, b'{"error": "ConcurrencyError"}'),
    Fault("DELETE", hang=True),
    Fault("DELETE", hang=True, works=True),
    Fault("DELETE", reset=True),
    Fault("DELETE", reset=True, works=True),
]


@pytest.mark.parametrize("fault", CLOSING, ids=str)
def test_closing(broker, now, fault):
    """Asked for again until the vendor says that it is gone."""
    run = opening(broker, now=now)
    to_its_end(run, now=now)
    with as_worker():
        subscription = Subscription.objects.get()
        ExitFactory(subscription=subscription, state=ExitState.ERASURE)
        Subscription.objects.update(state=State.TERMINATING, ended_on=timezone.localdate())
        subscription.refresh_from_db()
        closing = operations.plan_closing(subscription=subscription, now=now)
    broker.faults = [fault]
    step = to_its_end(closing, now=now)
    assert (step.state, broker.instances) == (StepState.DONE, set())
    with as_worker():
        assert Exit.objects.get().closed_at is not None


def test_a_broker_that_is_not_there_is_asked_again_and_nothing_is_deleted(broker, now):
    run = opening(broker, now=now)
    with as_worker():
        endpoint = run.subscription.listing.offer.endpoint
        endpoint.config["url"] = "http://127.0.0.1:1"
        prove(endpoint)
        operations.take_turn(run_id=run.pk, now=now)
        step = Step.objects.get(run=run)
        assert (step.state, step.cause, step.doubtful) == (StepState.PENDING, "unreachable", False)
        endpoint.config["url"] = broker.url
        prove(endpoint)
    step = to_its_end(run, now=step.run_after)
    judge(broker, step)
    assert broker.methods() == ["PUT"]


def test_an_answer_that_trickles_ends_in_time(monkeypatch, now):
    """Byte by byte, each within the wait for one: the whole is bounded too."""

    class Trickle(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(50):
                try:
                    self.wfile.write(b" ")
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.05)

        def log_message(self, *arguments):
            """Stay silent."""

    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")
    monkeypatch.setattr(calling, "TOTAL_SECONDS", 0.3)
    with serving(Trickle) as url:
        subscription = SubscriptionFactory(state=State.APPROVED)
        EndpointFactory(offer=subscription.listing.offer, osb=True, url=url)
        with as_worker():
            run = operations.plan_activation(subscription=subscription, now=now)
            began = time.monotonic()
            operations.take_turn(run_id=run.pk, now=now)
            assert time.monotonic() - began < 2
            step = Step.objects.get(run=run)
    assert (step.state, step.cause, step.doubtful) == (StepState.PENDING, "timeout", True)
