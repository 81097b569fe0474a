"""A suspension and its end are told to the vendor in their order, or not at all."""

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import operations
from provisioning.connectors import way_of
from provisioning.connectors.outcomes import Way
from provisioning.engine.claiming import claim_due
from provisioning.models import Event, Run, Step, StepState
from subscriptions import suspending
from subscriptions.exceptions import SuspensionRefused, WrongState
from subscriptions.models import State, Subscription
from tenants.models import AuditEvent, Letter
from tests.demo.test_broker import broker
from tests.factories import (
    EndpointFactory,
    MembershipFactory,
    StepFactory,
    SubscriptionFactory,
    UserFactory,
    prove,
)
from tests.provisioning.test_engine import go_on, to_the_end
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
SOON = timezone.now() + timedelta(hours=1)  # later than the machine's clock, which the engine also looks at


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")
    with broker(tmp_path) as client:
        yield client


def suspend(subscription, **how):
    with as_worker():
        suspending.suspend(
            subscription=subscription,
            **{"ground": "unpaid", "words": "Deux factures.", "by": UserFactory(), "now": SOON, **how},
        )


def resume(subscription, **how):
    with as_worker():
        suspending.resume(
            subscription=subscription, **{"words": "Tout est payé.", "by": UserFactory(), "now": SOON, **how}
        )


def runs(subscription):
    """What is planned besides the opening: each event, with how it stands."""
    with as_worker():
        steps = Step.objects.filter(run__subscription=subscription).exclude(run__event=Event.ACTIVATE)
        return [(step.run.event, step.state) for step in steps.select_related("run").order_by("run")]


def last_run(subscription):
    with as_worker():
        return Run.objects.filter(subscription=subscription).latest("pk")


def opened_by(vendor, **config):
    subscription = SubscriptionFactory(state=State.APPROVED)
    endpoint = EndpointFactory(offer=subscription.listing.offer, osb=True, url=vendor.base_url)
    endpoint.config |= config
    prove(endpoint)
    with as_worker():
        opening = operations.plan_activation(subscription=subscription, now=SOON)
    to_the_end(opening, now=SOON)
    with as_worker():
        return Subscription.objects.get(pk=subscription.pk)


def test_a_vendor_that_understands_it_is_told_and_told_again_when_it_is_over(vendor):
    subscription = opened_by(vendor, suspends=True)
    suspend(subscription)
    assert go_on(last_run(subscription), now=SOON).state == StepState.DONE
    assert vendor.known()[0]["wanted"]["parameters"]["suspended"] is True
    resume(subscription)
    assert go_on(last_run(subscription), now=SOON).state == StepState.DONE
    assert vendor.known()[0]["wanted"]["parameters"]["suspended"] is False
    assert subscription.state == State.ACTIVE


def test_a_change_meanwhile_does_not_reopen_it(vendor):
    subscription = opened_by(vendor, suspends=True)
    suspend(subscription)
    go_on(last_run(subscription), now=SOON)
    with as_worker():
        run = operations.plan_change(
            subscription=subscription, on=timezone.localdate(SOON), in_words="12 agents", now=SOON
        )
    assert go_on(run, now=SOON).state == StepState.DONE
    assert vendor.known()[0]["wanted"]["parameters"]["suspended"] is True


def test_what_a_system_does_not_understand_a_person_does(vendor):
    subscription = opened_by(vendor)
    before = vendor.known()
    suspend(subscription)
    step = go_on(last_run(subscription), now=SOON)
    assert (step.state, "ne sait pas suspendre" in step.problem) == (StepState.NEEDS_PERSON, True)
    assert vendor.known() == before
    resume(subscription)
    assert runs(subscription) == [("suspend", "needs_person"), ("resume", "pending")]
    # The access is not reopened before it was closed.
    assert go_on(last_run(subscription), now=SOON).state == StepState.PENDING
    with as_worker():
        operations.mark_done(step=step, by=UserFactory(), service_url="", now=SOON)
    step = go_on(last_run(subscription), now=SOON)
    assert (step.state, "ne sait pas rouvrir" in step.problem) == (StepState.NEEDS_PERSON, True)


def test_what_was_not_asked_yet_is_not_asked_at_all(vendor):
    subscription = opened_by(vendor, suspends=True)
    suspend(subscription)
    resume(subscription)
    assert runs(subscription) == [("suspend", "moot"), ("resume", "moot")]
    suspend(subscription)
    resume(subscription)
    suspend(subscription)
    assert runs(subscription)[2:] == [("suspend", "moot"), ("resume", "moot"), ("suspend", "pending")]
    with as_worker():
        assert Run.objects.filter(finished_at__isnull=True).count() == 1
        operations.take_turn(now=SOON)
    assert vendor.known()[0]["wanted"]["parameters"]["suspended"] is True


def test_one_that_is_being_asked_is_followed_by_its_opposite(vendor):
    subscription = opened_by(vendor, suspends=True)
    suspend(subscription)
    with as_worker():
        claim_due(now=SOON)
    resume(subscription)
    assert runs(subscription) == [("suspend", "running"), ("resume", "pending")]
    suspend(subscription)
    resume(subscription)
    suspend(subscription)
    assert [state for _, state in runs(subscription)] == ["running", *["moot"] * 4]
    with as_worker():
        assert Run.objects.filter(finished_at__isnull=True).count() == 1


@pytest.mark.parametrize("link", ["follows", "after_trial"])
def test_one_unfinished_when_another_takes_the_service_over_comes_before_its_reopening(vendor, link):
    old = opened_by(vendor, suspends=True)
    suspend(old)
    with as_worker():  # the vendor did not answer: it is asked again in an hour
        Step.objects.filter(run__event=Event.SUSPEND).update(
            first_tried_at=SOON, run_after=SOON + timedelta(hours=1)
        )
        Subscription.objects.filter(pk=old.pk).update(state=State.ENDED, ended_on=timezone.localdate(SOON))
    taken_over = SubscriptionFactory(
        listing=old.listing, state=State.SUSPENDED, **{link: Subscription(pk=old.pk)}
    )
    resume(taken_over)
    with as_worker():
        operations.take_turn(now=SOON)
    assert runs(taken_over) == [("resume", "pending")]
    later = SOON + timedelta(hours=2)
    with as_worker():
        operations.take_turn(now=later)
        operations.take_turn(now=later)
        go_on(last_run(taken_over), now=later)
    assert [*runs(old), *runs(taken_over)] == [("suspend", "done"), ("resume", "done")]
    assert vendor.known()[0]["wanted"]["parameters"]["suspended"] is False


def test_where_nobody_can_the_service_stays_open_and_nobody_is_asked():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    endpoint = EndpointFactory(offer=subscription.listing.offer, config={"suspends": False})
    assert [way_of(endpoint, event) for event in (Event.SUSPEND, Event.RESUME, Event.CLOSE)] == [
        Way.NEVER, Way.NEVER, Way.PERSON,
    ]  # fmt: skip
    suspend(subscription)
    with as_worker():
        step = Step.objects.get()
    assert (step.state, "reste ouvert" in step.problem) == (StepState.MOOT, True)
    assert last_run(subscription).finished_at == SOON


def test_a_closing_calls_off_what_waits_and_is_held_up_by_nobody(vendor):
    subscription = opened_by(vendor)
    suspend(subscription)
    go_on(last_run(subscription), now=SOON)
    resume(subscription)
    with as_worker():
        Subscription.objects.update(state=State.TERMINATING, ended_on=timezone.localdate(SOON))
        operations.plan_closing(subscription=subscription, now=SOON)
    assert runs(subscription) == [("suspend", "moot"), ("resume", "moot"), ("close", "pending")]


def test_a_closing_waits_for_what_is_under_way_and_for_that_alone():
    subscription = SubscriptionFactory(state=State.TERMINATING)
    closing = StepFactory(run__subscription=subscription, run__event=Event.CLOSE, name="close")
    other = StepFactory(
        run__subscription=subscription,
        run__event=Event.SUSPEND,
        run__starts_at=closing.run.starts_at - timedelta(hours=1),
        state=StepState.WAITING,
        run_after=SOON + timedelta(days=1),
    )
    with as_worker():
        assert claim_due(now=SOON) == []
        Step.objects.filter(pk=other.pk).update(state=StepState.NEEDS_PERSON)
        [claim] = claim_due(now=SOON)
    assert claim.step.pk == closing.pk


def test_a_change_of_a_later_day_holds_up_nothing():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    with as_worker():
        operations.plan_change(
            subscription=subscription,
            on=timezone.localdate(SOON) + timedelta(days=30),
            in_words="12 agents",
            now=SOON,
        )
    suspend(subscription)
    with as_worker():
        assert [claim.step.run.event for claim in claim_due(now=SOON)] == [Event.SUSPEND]


def test_both_sides_read_why_and_the_log_says_who():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    secretary = MembershipFactory(organisation=subscription.tenant, role="secretary").user
    admin = MembershipFactory(organisation=subscription.operator.organisation, role="operator_admin").user
    suspend(subscription)
    resume(subscription)
    with as_worker():
        moves = [(move.after, move.reason) for move in subscription.transitions.order_by("pk")][-2:]
        letters = [(letter.to, letter.body) for letter in Letter.objects.order_by("pk")]
        sentences = list(AuditEvent.objects.order_by("pk").values_list("what", flat=True))
    assert moves == [("suspended", "Impayé : Deux factures."), ("active", "Tout est payé.")]
    assert sentences == ["subscription.suspended", "subscription.resumed"]
    assert [to for to, _ in letters] == [secretary.email, admin.email] * 2
    assert "Impayé : Deux factures." in letters[0][1]
    assert "Tout est payé." in letters[2][1]


@pytest.mark.parametrize("state", [State.REQUESTED, State.PROVISIONING, State.SUSPENDED, State.TERMINATING])
def test_only_what_is_open_is_suspended(state):
    subscription = SubscriptionFactory(state=state)
    with pytest.raises(WrongState):
        suspend(subscription)
    assert runs(subscription) == []


@pytest.mark.parametrize("words", ["", "  ", "x" * 401])
def test_it_takes_words_and_not_too_many(words):
    with pytest.raises(SuspensionRefused):
        suspend(SubscriptionFactory(state=State.ACTIVE), words=words)
