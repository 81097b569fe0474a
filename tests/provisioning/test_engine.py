"""The engine against the demo vendor's real broker, a process of its own over HTTP."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import operations
from provisioning.connectors.outcomes import Done
from provisioning.engine.asking import ask
from provisioning.engine.claiming import LEASE, claim_due
from provisioning.engine.patience import MAX_CLAIMS, PATIENCE
from provisioning.engine.recording import record
from provisioning.models import Call, Cause, Run, Step, StepState
from subscriptions import operations as subscriptions
from subscriptions.exceptions import WrongState
from subscriptions.models import Exit, ExitState, State, Subscription
from tenants.models import AuditEvent
from tests.demo.test_broker import broker
from tests.factories import EndpointFactory, ExitFactory, SubscriptionFactory, UserFactory, prove
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    """Later than the machine's clock, which the engine also looks at."""
    return timezone.now() + timedelta(hours=1)


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")
    with broker(tmp_path) as client:
        yield client


@pytest.fixture
def planned(now):
    """A function that plans the opening of an approved subscription, with that endpoint."""

    def plan(**endpoint) -> tuple[Subscription, Run]:
        subscription = SubscriptionFactory(state=State.APPROVED)
        if endpoint:
            EndpointFactory(offer=subscription.listing.offer, **endpoint)
        with as_worker():
            return subscription, operations.plan_activation(subscription=subscription, now=now)

    return plan


def go_on(run, *, now) -> Step:
    """One turn of a worker at `now`; the step as it is afterwards."""
    with as_worker():
        operations.take_turn(run_id=run.pk, now=now)
        return Step.objects.select_related("run", "lane").get(run=run)


def to_the_end(run, *, now) -> Step:
    """As many turns as it takes, each when it is due; the vendor's clock is the real one."""
    deadline = time.monotonic() + 20
    step = go_on(run, now=now)
    while step.state == StepState.WAITING:
        assert time.monotonic() < deadline, "the vendor never ends"
        time.sleep(0.05)
        step = go_on(run, now=step.run_after)
    return step


def current(subscription) -> Subscription:
    with as_worker():
        return Subscription.objects.get(pk=subscription.pk)


def test_a_service_opens_asynchronously_and_becomes_active(vendor, planned, now):
    subscription, run = planned(osb=True, url=vendor.base_url)
    step = go_on(run, now=now)
    assert (step.state, step.operation, step.lease_until) == (StepState.WAITING, "provision", None)
    assert current(subscription).state == State.PROVISIONING
    assert step.run_after > now

    step = to_the_end(run, now=step.run_after)
    opened, [instance] = current(subscription), vendor.known()
    assert (step.state, step.problem) == (StepState.DONE, "")
    assert opened.state == State.ACTIVE
    assert opened.service_url == f"{vendor.base_url}/instances/{step.key}"
    assert opened.active_from is not None
    assert instance["id"] == step.key
    assert instance["wanted"]["organization_guid"] == opened.tenant.siren
    assert instance["requested_by"]["value"] == {"siren": opened.tenant.siren}
    with as_worker():
        assert Run.objects.get(pk=run.pk).finished_at is not None
        calls = list(Call.objects.filter(step=step).order_by("pk"))
        assert AuditEvent.objects.filter(what="subscription.activated").count() == 1
    assert [call.outcome for call in calls][-1] == "done"
    assert all(call.finished_at for call in calls)


def test_a_turn_that_is_not_due_asks_nothing(vendor, planned, now):
    _, run = planned(osb=True, url=vendor.base_url)
    step = go_on(run, now=now)
    go_on(run, now=step.run_after - timedelta(seconds=1))
    with as_worker():
        assert Call.objects.count() == 1


def test_a_finished_run_does_nothing_more(vendor, planned, now):
    _, run = planned(osb=True, url=vendor.base_url)
    step = to_the_end(run, now=now)
    with as_worker():
        before = Call.objects.count()
    go_on(run, now=step.run_after + timedelta(days=1))
    with as_worker():
        assert Call.objects.count() == before


def test_a_worker_that_dies_after_the_call_leaves_one_instance(vendor, planned, now):
    """It asked, and died before its record: the next worker asks the same, under the same key."""
    subscription, run = planned(osb=True, url=vendor.base_url)
    with as_worker():
        [dead] = claim_due(run_id=run.pk, now=now)
        outcome = ask(dead)
    assert len(vendor.known()) == 1

    # While its lease runs nobody else takes the step.
    step = go_on(run, now=now + LEASE - timedelta(seconds=1))
    assert (step.state, step.attempts) == (StepState.RUNNING, 1)

    step = to_the_end(run, now=now + LEASE + timedelta(seconds=1))
    [instance] = vendor.known()
    assert step.state == StepState.DONE
    assert current(subscription).state == State.ACTIVE
    assert instance["id"] == dead.step.key

    # The dead one was only slow: what it brings back changes nothing.
    with as_worker():
        record([(dead, outcome, now)], now=now)
        assert Step.objects.get(pk=step.pk).state == StepState.DONE
        assert Call.objects.get(pk=dead.call.pk).outcome == ""
        assert AuditEvent.objects.filter(what="subscription.activated").count() == 1


def test_of_two_that_end_together_one_that_came_too_late_holds_up_no_other(planned, now):
    (opened, first), (called_off, second) = planned(osb=True), planned(osb=True)
    with as_worker():
        claims = [claim for run in (first, second) for claim in claim_due(run_id=run.pk, now=now)]
        subscriptions.move(
            subscription=Subscription.objects.get(pk=called_off.pk), to=State.CANCELLED, by=None, now=now
        )
        record([(claim, Done(url="https://open.example"), now) for claim in claims], now=now)
        steps = dict(Step.objects.values_list("run", "state"))
        told = AuditEvent.objects.filter(what="subscription.activated").values_list("tenant", flat=True)
        assert list(told) == [opened.tenant_id]
    assert (current(opened).state, current(opened).service_url) == (State.ACTIVE, "https://open.example")
    assert current(called_off).state == State.CANCELLED
    assert steps == {first.pk: StepState.DONE, second.pk: StepState.RUNNING}


def test_what_kills_every_worker_comes_to_a_person(planned, now):
    _, run = planned(osb=True)
    with as_worker():
        for turn in range(MAX_CLAIMS):
            assert len(claim_due(run_id=run.pk, now=now + turn * 2 * LEASE)) == 1
    step = go_on(run, now=now + MAX_CLAIMS * 2 * LEASE)
    assert step.state == StepState.NEEDS_PERSON
    assert "plusieurs fois" in step.problem
    with as_worker():
        assert Call.objects.filter(finished_at=None).count() == MAX_CLAIMS


def test_what_a_dead_worker_left_is_taken_once_its_lease_is_over(planned, now):
    _, run = planned(connector="manual")
    with as_worker():
        assert len(claim_due(now=now)) == 1
        assert claim_due(now=now + LEASE - timedelta(seconds=1)) == []
        [claim] = claim_due(now=now + LEASE)
    assert (claim.step.run, claim.step.turn) == (run, 2)


def test_a_vendor_that_is_down_is_asked_again_later_and_later_then_a_person_is(planned, now):
    _, run = planned(osb=True, url="http://127.0.0.1:1")
    patience = PATIENCE[Cause.UNREACHABLE]
    for attempt in range(1, patience.attempts):
        step = go_on(run, now=now)
        assert (step.state, step.attempts, step.cause) == (StepState.PENDING, attempt, Cause.UNREACHABLE)
        assert step.problem == "Le système de l’éditeur ne répond pas."
        usual = min(patience.first * 2 ** (attempt - 1), patience.longest)
        assert 0.75 * usual <= (step.run_after - now).total_seconds() <= 1.25 * usual
        now = max(step.run_after, step.lane.cut_until or step.run_after)
    step = go_on(run, now=now)
    assert (step.state, step.doubtful) == (StepState.NEEDS_PERSON, False)
    with as_worker():
        assert Call.objects.filter(outcome="retry", cause="unreachable").count() == patience.attempts


def test_after_a_person_asked_again_the_series_starts_afresh(vendor, planned, now):
    subscription, run = planned(osb=True, url="http://127.0.0.1:1")
    for _ in range(PATIENCE[Cause.UNREACHABLE].attempts):
        step = go_on(run, now=now)
        now = max(step.run_after, step.lane.cut_until or now)
    with as_worker():
        endpoint = subscription.listing.offer.endpoint
        endpoint.config["url"] = vendor.base_url
        prove(endpoint)
        # Two days later: the limit on polling counts from this new try.
        now += timedelta(days=2)
        operations.try_again(step=step, by=UserFactory(), now=now)
    assert to_the_end(run, now=now).state == StepState.DONE
    assert current(subscription).state == State.ACTIVE


def test_a_vendor_that_never_ends_comes_to_a_person(tmp_path, monkeypatch, planned, now):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")
    with broker(tmp_path, delay="600") as slow:
        _, run = planned(osb=True, url=slow.base_url)
        step = go_on(run, now=now)
        assert step.state == StepState.WAITING
        step = go_on(run, now=now + timedelta(hours=23))
        assert step.state == StepState.WAITING
        step = go_on(run, now=now + timedelta(hours=25))
    assert (step.state, step.problem) == (
        StepState.NEEDS_PERSON,
        "L’éditeur n’a pas terminé au bout d’un jour.",
    )


def test_a_wrong_password_needs_a_person(vendor, planned, now, monkeypatch):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "wrong")
    _, run = planned(osb=True, url=vendor.base_url)
    step = go_on(run, now=now)
    assert (step.state, step.problem) == (
        StepState.NEEDS_PERSON,
        "L’éditeur a refusé le nom ou le mot de passe de Halle (code 401) : à revoir avec lui.",
    )
    assert vendor.known() == []


def test_opening_by_hand(planned, now):
    subscription, run = planned(connector="manual", config={"instructions": "Créer le compte."})
    step = go_on(run, now=now)
    assert (step.state, step.problem) == (StepState.NEEDS_PERSON, "Créer le compte.")
    person = UserFactory()
    with as_worker():
        done = {"step": step, "by": person, "service_url": "https://cantine.example/", "now": now}
        operations.mark_done(**done)
        with pytest.raises(WrongState):
            operations.mark_done(**done)
        with pytest.raises(WrongState):
            operations.try_again(step=step, by=person, now=now)
        event = AuditEvent.objects.get(what="provisioning.marked_done")
    opened = current(subscription)
    assert (opened.state, opened.service_url) == (State.ACTIVE, "https://cantine.example/")
    assert event.actor == person


@pytest.mark.parametrize(
    ("endpoint", "problem"),
    [
        ({}, "Aucun raccordement n’est enregistré pour cette offre."),
        (
            {"connector": "osb", "config": {"url": "nowhere"}},
            "Le raccordement de cette offre est mal configuré.",
        ),
    ],
)
def test_an_endpoint_that_cannot_serve_needs_a_person(planned, now, endpoint, problem):
    _, run = planned(**endpoint)
    step = go_on(run, now=now)
    assert (step.state, step.problem) == (StepState.NEEDS_PERSON, problem)


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34",
        "https://127.0.0.1",
        "https://10.0.0.8",
        "https://192.168.1.1",
        "https://169.254.169.254",
        "https://[::1]",
        "https://[fd00::1]",
        "https://0.0.0.0",
    ],
)
def test_a_private_address_is_refused_before_any_call(planned, now, settings, url):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    _, run = planned(osb=True, url=url)
    step = go_on(run, now=now)
    assert step.state == StepState.NEEDS_PERSON
    assert "privé" in step.problem or "https://" in step.problem


def test_a_name_that_leads_nowhere_is_asked_again(planned, now, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    _, run = planned(osb=True, url="https://no-such-vendor.invalid")
    step = go_on(run, now=now)
    assert (step.state, step.problem) == (
        StepState.PENDING,
        "Le nom du système de l’éditeur est introuvable.",
    )


def test_a_subscription_has_one_open_run(planned, now):
    subscription, _ = planned(connector="manual")
    with as_worker(), pytest.raises(WrongState):
        subscriptions.start_provisioning(subscription=subscription, now=now)


def test_a_service_closes_at_the_vendor_under_the_key_it_was_opened_with(vendor, planned, now):
    subscription, run = planned(osb=True, url=vendor.base_url)
    opened = to_the_end(run, now=now)
    ExitFactory(subscription=current(subscription), state=ExitState.ERASURE)
    with as_worker():
        Subscription.objects.update(state=State.TERMINATING, ended_on=timezone.localdate())
        closing = operations.plan_closing(subscription=current(subscription), now=now)
    step = to_the_end(closing, now=now)
    [instance] = vendor.known()
    assert (step.state, instance["id"], instance["operation"]) == (StepState.DONE, opened.key, "deprovision")
    with as_worker():
        assert Exit.objects.get().closed_at is not None
    assert current(subscription).state == State.TERMINATING  # its certificate is awaited


def test_what_halle_did_not_open_is_closed_by_a_person(planned, now):
    subscription = SubscriptionFactory(state=State.TERMINATING)
    EndpointFactory(offer=subscription.listing.offer, osb=True, url="http://127.0.0.1:1")
    with as_worker():
        run = operations.plan_closing(subscription=subscription, now=now)
    assert go_on(run, now=now).problem == "Halle n’a pas ouvert ce service : il se ferme à la main."


def test_what_no_longer_has_a_purpose_is_not_carried_out(planned, now):
    _, run = planned(osb=True, url="http://127.0.0.1:1")
    with as_worker():
        Subscription.objects.update(state=State.CANCELLED)
        assert claim_due(run_id=run.pk, now=now) == []
