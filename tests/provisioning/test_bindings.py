"""Credentials at the vendor's: asked for once the service is open, taken back before it is closed, and after
any fault the vendor holds those that Halle knows, no more, no less."""

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import operations
from provisioning.models import Binding, Event, Run, Step, StepState
from subscriptions.exceptions import WrongState
from subscriptions.models import ExitState, State, Subscription
from tenants.sealing import unseal
from tests.factories import EndpointFactory, ExitFactory, SubscriptionFactory, UserFactory
from tests.fakes.broker import Fault
from tests.provisioning.test_faults import MALFORMED, TURNS
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


def opening(broker, *, now, **endpoint) -> Run:
    subscription = SubscriptionFactory(state=State.APPROVED)
    EndpointFactory(
        offer=subscription.listing.offer, osb=True, url=broker.url, **{"bindable": True, **endpoint}
    )
    with as_worker():
        return operations.plan_activation(subscription=subscription, now=now)


def to_its_end(run: Run, *, now) -> tuple[Run, list[Step]]:
    """Every turn as soon as it is due, until the plan is carried out or a person is asked."""
    with as_worker():
        for _ in range(TURNS):
            operations.take_turn(run_id=run.pk, now=now)
            run = Run.objects.get(pk=run.pk)
            steps = list(run.steps.select_related("lane").order_by("position"))
            left = [step for step in steps if step.state not in (StepState.DONE, StepState.LATER)]
            if run.finished_at or left[0].state == StepState.NEEDS_PERSON:
                return run, steps
            now = max(left[0].run_after, left[0].lane.cut_until or left[0].run_after)
    raise AssertionError("it never ends")


def rotated(subscription, *, now, leaked=False) -> Run:
    with as_worker():
        return operations.plan_rotation(subscription=subscription, by=UserFactory(), leaked=leaked, now=now)


def known() -> dict[str, dict]:
    """By their names at the vendor's, the credentials that Halle knows and has not taken back."""
    with as_worker():
        live = Binding.objects.filter(bound_at__isnull=False, ended_at=None).select_related("made_by__run")
        return {
            one.made_by.key: unseal(one.sealed, owner=str(one.public_id)) if one.sealed else {}
            for one in live
        }


def current() -> Subscription:
    with as_worker():
        return Subscription.objects.select_related("tenant", "listing__offer__endpoint").get()


def test_a_service_is_open_once_its_credentials_are_there(broker, now):
    run = opening(broker, now=now)
    with as_worker():
        operations.take_turn(run_id=run.pk, now=now)
        opened, bind = run.steps.order_by("position")
    assert (opened.state, bind.state, current().state) == (
        StepState.DONE,
        StepState.PENDING,
        State.PROVISIONING,
    )
    run, [opened, bind] = to_its_end(run, now=bind.run_after)
    assert (run.finished_at is not None, current().state) == (True, State.ACTIVE)
    assert current().service_url == f"https://vendor.example/{opened.key}"
    assert broker.methods() == ["PUT", "BIND"]
    assert known() == broker.bindings != {}
    [_, asked] = broker.bodies
    assert (asked["plan_id"], asked["context"]["platform"]) == ("cantine-essentiel", "halle")


def test_a_plan_without_credentials_asks_for_none(broker, now):
    run, [_] = to_its_end(opening(broker, now=now, bindable=False), now=now)
    assert (run.finished_at is not None, broker.methods()) == (True, ["PUT"])


BIND = [
    pytest.param(Fault("BIND", 200, MALFORMED, works=True), False, id="200 malformed"),
    pytest.param(Fault("BIND", 200, b'{"credentials": "secret"}', works=True), False, id="200 no object"),
    pytest.param(Fault("BIND", 201, MALFORMED, works=True), True, id="201 malformed"),
    pytest.param(
        Fault("BIND", 201, b'{"credentials": {"user": "\\ud800"}}', works=True), True, id="201 half a pair"
    ),
    pytest.param(
        Fault("BIND", 201, b'{"credentials": {"key": "' + b"k" * 70_000 + b'"}}', works=True),
        True,
        id="201 too long",
    ),
    pytest.param(Fault("BIND", 202, works=True), False, id="202"),
    pytest.param(Fault("BIND", 202, MALFORMED, works=True), True, id="202 malformed"),
    pytest.param(Fault("BIND", 204, b"", works=True), True, id="204"),
    *(
        pytest.param(Fault("BIND", status), False, id=str(status))
        for status in (302, 400, 401, 403, 404, 408, 409, 410, 412, 422, 429)
    ),
    pytest.param(Fault("BIND", 422, b'{"error": "RequiresApp"}'), False, id="422 RequiresApp"),
    pytest.param(Fault("BIND", 422, b'{"error": "ConcurrencyError"}'), False, id="422 ConcurrencyError"),
    *(
        pytest.param(Fault("BIND", status, MALFORMED, works=works), True, id=f"{status} works={works}")
        for status in (500, 503)
        for works in (False, True)
    ),
    pytest.param(Fault("BIND", hang=True), True, id="timeout before"),
    pytest.param(Fault("BIND", hang=True, works=True), True, id="timeout after"),
    pytest.param(Fault("BIND", reset=True, works=True), True, id="reset after"),
]


@pytest.mark.parametrize(("fault", "deleted_first"), BIND)
def test_asking_for_credentials(broker, now, fault, deleted_first):
    """Whatever happens, what is in doubt is unbound, and the service itself is never deleted."""
    broker.faults = [fault]
    _, [opened, bind] = to_its_end(opening(broker, now=now), now=now)
    assert broker.instances == {opened.key}
    assert ("UNBIND" in broker.methods(), "DELETE" in broker.methods()) == (deleted_first, False)
    refused = 400 <= fault.status < 500 and fault.status not in (408, 429)
    refused = refused and b"ConcurrencyError" not in fault.body
    assert bind.state == (StepState.NEEDS_PERSON if refused else StepState.DONE)
    assert known() == broker.bindings
    assert (len(broker.bindings), bind.doubtful) == (0 if refused else 1, False)
    assert current().state == (State.PROVISIONING if refused else State.ACTIVE)


def test_credentials_that_always_break_leave_none_and_ask_a_person(broker, now):
    broker.faults = [Fault("BIND", 500, works=True)] * TURNS
    _, [_, bind] = to_its_end(opening(broker, now=now), now=now)
    assert (bind.state, broker.bindings, known()) == (StepState.NEEDS_PERSON, {}, {})
    assert broker.methods()[-1] == "UNBIND"


def test_credentials_that_fail_under_way_are_unbound_and_a_person_asked(broker, now):
    broker.faults = [Fault("BIND", 202, works=True), Fault("BIND-GET", 200, b'{"state": "failed"}')]
    _, [_, bind] = to_its_end(opening(broker, now=now), now=now)
    assert (bind.state, broker.bindings) == (StepState.NEEDS_PERSON, {})
    assert broker.methods() == ["PUT", "BIND", "BIND-GET", "UNBIND"]


@pytest.mark.parametrize("status", [404, 429, 500])
@pytest.mark.parametrize("method", ["BIND-GET", "BIND-FETCH"])
def test_a_question_without_answer_is_asked_again(broker, now, method, status):
    broker.faults = [Fault("BIND", 202, works=True), Fault(method, status), Fault(method, hang=True)]
    run, _ = to_its_end(opening(broker, now=now), now=now)
    assert run.finished_at
    assert "UNBIND" not in broker.methods()
    assert known() == broker.bindings != {}


def test_credentials_that_got_lost_under_way_are_asked_for_again(broker, now):
    broker.faults = [Fault("BIND", 202)]
    run, _ = to_its_end(opening(broker, now=now), now=now)
    assert run.finished_at
    assert broker.methods() == [
        "PUT",
        "BIND",
        "BIND-GET",
        "BIND",
    ]
    assert known() == broker.bindings != {}


def test_a_person_may_hand_them_over_outside_halle(broker, now):
    broker.faults = [Fault("BIND", 400)]
    _, [_, bind] = to_its_end(opening(broker, now=now), now=now)
    with as_worker():
        step = Step.objects.select_related("run__subscription__tenant").get(pk=bind.pk)
        operations.mark_done(step=step, by=UserFactory(), service_url="", now=now)
        binding = Binding.objects.get()
    assert (current().state, binding.bound_at, binding.sealed) == (State.ACTIVE, now, "")


def test_a_rotation_gives_new_ones_and_lets_the_old_ones_a_day(broker, now):
    to_its_end(opening(broker, now=now), now=now)
    [old] = broker.bindings
    run = rotated(current(), now=now)
    with as_worker():
        operations.take_turn(run_id=run.pk, now=now)
        bind, unbind = run.steps.order_by("position")
        assert (bind.state, unbind.state) == (StepState.DONE, StepState.PENDING)
        assert unbind.run_after - bind.done_at == timedelta(days=1)
        operations.take_turn(run_id=run.pk, now=unbind.run_after - timedelta(seconds=1))
    assert set(broker.bindings) == {old, bind.key} == set(known())
    run, _ = to_its_end(run, now=unbind.run_after)
    assert run.finished_at
    assert broker.bindings == known()
    assert set(broker.bindings) == {bind.key}


def test_what_has_leaked_is_taken_back_at_once(broker, now):
    to_its_end(opening(broker, now=now), now=now)
    _, [bind, unbind] = to_its_end(rotated(current(), now=now, leaked=True), now=now)
    assert unbind.done_at - bind.done_at < timedelta(minutes=1)
    assert set(broker.bindings) == {bind.key}


def test_nothing_is_taken_back_before_the_new_ones_are_there(broker, now):
    to_its_end(opening(broker, now=now), now=now)
    before = dict(broker.bindings)
    broker.faults = [Fault("BIND", 400)]
    _run, [bind, unbind] = to_its_end(rotated(current(), now=now, leaked=True), now=now)
    assert (bind.state, unbind.state) == (StepState.NEEDS_PERSON, StepState.LATER)
    assert broker.bindings == before == known()


def test_one_rotation_at_a_time_of_an_open_service_only(broker, now):
    run = opening(broker, now=now)
    with pytest.raises(WrongState, match="n’est pas ouvert"):
        rotated(current(), now=now)
    to_its_end(run, now=now)
    rotated(current(), now=now)
    with pytest.raises(WrongState, match="déjà demandés"):
        rotated(current(), now=now)


def closing(*, now) -> Run:
    with as_worker():
        subscription = Subscription.objects.get()
        ExitFactory(subscription=subscription, state=ExitState.ERASURE)
        Subscription.objects.update(state=State.TERMINATING, ended_on=timezone.localdate())
        subscription.refresh_from_db()
        return operations.plan_closing(subscription=subscription, now=now)


def test_a_closing_takes_back_every_set_then_closes(broker, now):
    """Also what a rotation, under way then, may have left."""
    to_its_end(opening(broker, now=now), now=now)
    rotation = rotated(current(), now=now)
    with as_worker():
        operations.take_turn(run_id=rotation.pk, now=now)
    assert len(broker.bindings) == 2
    broker.faults = [Fault("UNBIND", 500), Fault("UNBIND", 202, works=True), Fault("UNBIND", 200, MALFORMED)]
    run, steps = to_its_end(closing(now=now), now=now)
    assert [step.name for step in steps] == ["unbind", "unbind-2", "close"]
    assert (run.finished_at is not None, broker.bindings, broker.instances) == (True, {}, set())
    assert broker.methods()[-1] == "DELETE"
    with as_worker():
        assert Run.objects.get(event=Event.ROTATE).finished_at == now
        assert not Binding.objects.filter(ended_at=None).exists()
        assert not Binding.objects.exclude(sealed="").exists()


def test_a_service_without_credentials_closes_at_once(broker, now):
    to_its_end(opening(broker, now=now, bindable=False), now=now)
    _, steps = to_its_end(closing(now=now), now=now)
    assert ([step.name for step in steps], broker.instances) == (["close"], set())
