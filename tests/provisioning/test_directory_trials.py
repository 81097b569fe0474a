"""A directory is read once before it is used; then it is told of all who subscribe already."""

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import directories, directory_trials, operations
from provisioning.agents import plan_agents
from provisioning.models import AgentDirectory, Event, Run, Step, StepState
from subscriptions.models import State
from tenants.models import Role
from tests.factories import (
    AgentDirectoryFactory,
    ListingFactory,
    MembershipFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.fakes.scim import TOKEN, Fault, directory
from tests.tools import jobs
from tests.tools.database import as_worker, undone

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("TEST_SCIM_TOKEN", TOKEN)
    with directory() as server:
        yield server


@pytest.fixture
def listing():
    return ListingFactory()


@pytest.fixture
def tried(server, listing):
    """A directory that nobody has tried yet, of a service that two communes have and a third one left."""
    for state in (State.ACTIVE, State.SUSPENDED, State.ENDED):
        ended = {"ended_on": timezone.localdate()} if state == State.ENDED else {}
        one = SubscriptionFactory(listing=listing, state=state, **ended)
        MembershipFactory(organisation=one.tenant, role=Role.ORG_ADMIN)
    SubscriptionFactory(state=State.ACTIVE)  # of another service
    return AgentDirectoryFactory(offer=listing.offer, url=server.url, passed_at=None)


def ask(one, *, now):
    with as_worker():
        directory_trials.ask_trial(sheet=one.offer.product.sheet, by=UserFactory(), now=now)


def tell_runs():
    with as_worker():
        return list(Run.objects.filter(event=Event.AGENTS).order_by("pk"))


def test_the_first_trial_that_passes_tells_of_all_who_subscribe(tried, server, now):
    ask(tried, now=now)
    ask(tried, now=now)
    assert jobs.run_jobs() == ["provisioning.tasks.try_directory"]
    tried.refresh_from_db()
    assert (tried.asked_at, tried.problem) == (None, "")
    assert tried.passed_at == tried.tried_at == tried.told_at
    assert server.asked == [("GET", "/ServiceProviderConfig"), ("GET", "/Users?startIndex=1&count=1")]

    with as_worker():
        operations.take_turn(now=timezone.now() + timedelta(minutes=1))
        assert {run.subscription.state for run in tell_runs()} == {State.ACTIVE, State.SUSPENDED}
        assert set(Step.objects.values_list("state", flat=True)) == {StepState.DONE}
    assert len(server.held["Users"]) == 2

    ask(tried, now=now)
    jobs.run_jobs()
    assert len(tell_runs()) == 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("GET", status=401), "refuse notre jeton"),
        (Fault("GET", status=404), "Il n’y a pas d’annuaire SCIM à l’adresse"),
        (Fault("GET", status=503), "en panne (réponse 503)"),
        (Fault("GET", status=200, body=b"<html>"), "illisible"),
    ],
)
def test_what_fails_is_said_and_nobody_is_told_of(tried, server, fault, said, now):
    server.faults = [fault]
    ask(tried, now=now)
    jobs.run_jobs()
    tried.refresh_from_db()
    assert said in tried.problem
    assert (tried.passed_at, tried.asked_at) == (None, None)
    assert tell_runs() == []
    with as_worker():
        [subscriber] = {one.tenant for one in _running(tried) if one.state == State.ACTIVE}
        assert plan_agents(organisation=subscriber, now=now) == []


def _running(one):
    return list(
        Run.subscription.field.related_model.objects.filter(listing__offer=one.offer).select_related("tenant")
    )


def test_a_trial_that_fails_later_leaves_a_directory_in_use(server, listing, now):
    used = AgentDirectoryFactory(offer=listing.offer, url=server.url)
    server.faults = [Fault("GET", status=503)]
    ask(used, now=now)
    jobs.run_jobs()
    used.refresh_from_db()
    assert used.passed_at is not None
    assert "en panne" in used.problem


def test_the_pass_and_the_plans_are_one_transaction(tried, now, monkeypatch):
    ask(tried, now=now)
    with as_worker():
        found = directory_trials._begin(tried.pk)
        with undone():
            directory_trials._record(found, directory_trials.Done(), now=now)
            assert len(tell_runs()) == 2
        tried.refresh_from_db()
        assert (tried.passed_at, tell_runs()) == (None, [])


def test_another_address_is_tried_afresh_and_what_was_planned_asks_nothing(tried, server, now, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = True
    ask(tried, now=now)
    jobs.run_jobs()
    with as_worker():
        sheet = tried.offer.product.sheet
        kept = directories.keep_directory(sheet=sheet, url=f"{server.url}/v2", by=UserFactory(), now=now)
        assert (kept.passed_at, kept.told_at, kept.tried_at) == (None, None, None)
        server.asked.clear()
        operations.take_turn(now=timezone.now() + timedelta(minutes=1))
        assert set(Step.objects.values_list("state", flat=True)) == {StepState.DONE}
    assert server.asked == []


def test_many_are_told_batch_by_batch(tried, now, monkeypatch):
    monkeypatch.setattr(directory_trials, "AT_ONCE", 1)
    ask(tried, now=now)
    jobs.run_jobs()
    tried.refresh_from_db()
    assert tried.told_at is not None
    assert len({run.subscription_id for run in tell_runs()}) == len(tell_runs()) == 2


def test_a_worker_that_died_between_two_batches_is_followed(tried, now, monkeypatch):
    monkeypatch.setattr(directory_trials, "AT_ONCE", 1)
    ask(tried, now=now)
    jobs.forget()
    with as_worker():
        found = directory_trials._begin(tried.pk)
        directory_trials._record(found, directory_trials.Done(), now=now)
        assert len(tell_runs()) == 1
        directory_trials.sweep(now=now)
        assert jobs.waiting() == []
        directory_trials.sweep(now=now + timedelta(minutes=2))
        directory_trials.sweep(now=now + timedelta(minutes=2))
    assert jobs.run_jobs() == ["provisioning.tasks.tell_subscribers"]
    assert len({run.subscription_id for run in tell_runs()}) == len(tell_runs()) == 2


def test_a_lost_trial_is_found_and_one_that_kills_its_workers_ends(tried, now):
    ask(tried, now=now)
    jobs.forget()
    AgentDirectory.objects.update(attempts=directory_trials.MAX_ATTEMPTS)
    with as_worker():
        directory_trials.sweep(now=now + timedelta(minutes=2))
    assert jobs.run_jobs() == ["provisioning.tasks.try_directory"]
    tried.refresh_from_db()
    assert (tried.problem, tried.asked_at) == (directory_trials.CUT_SHORT, None)
