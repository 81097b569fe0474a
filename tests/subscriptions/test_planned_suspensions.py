"""A suspension that is decided for a later day: carried out on it, once, unless it is called off before."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from provisioning.models import Run
from subscriptions import planned_suspensions, suspending
from subscriptions.exceptions import SuspensionRefused, WrongState
from subscriptions.models import PlannedSuspension, State, Subscription
from tenants.models import AuditEvent, Letter, Role
from tests.factories import (
    MembershipFactory,
    PlannedSuspensionFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
DAY = localdate(NOW) + timedelta(days=10)
THAT_MORNING = NOW + timedelta(days=10)


@pytest.fixture
def held():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    MembershipFactory(organisation=subscription.tenant, role=Role.SECRETARY)
    return subscription


def plan(subscription, **how):
    said = {"on": DAY, "ground": "unpaid", "words": "Deux factures.", "by": UserFactory(), "now": NOW}
    with as_worker():
        return planned_suspensions.plan(subscription=subscription, **said | how)


def carry_out(now):
    with as_worker():
        return planned_suspensions.carry_out_due(now=now)


def state_of(subscription):
    with as_worker():
        return Subscription.objects.get(pk=subscription.pk).state


def subjects():
    with as_worker():
        return list(Letter.objects.order_by("pk").values_list("subject", flat=True))


def test_it_is_carried_out_on_its_day_once_and_told_before(held):
    planned = plan(held)
    assert len(subjects()) == 1
    assert "sera suspendu le" in subjects()[0]
    assert carry_out(THAT_MORNING - timedelta(days=1)) == 0
    assert state_of(held) == State.ACTIVE
    assert [carry_out(THAT_MORNING) for _ in range(2)] == [1, 0]
    assert state_of(held) == State.SUSPENDED
    with as_worker():
        planned.refresh_from_db()
        assert planned.carried_out_at == THAT_MORNING
        assert [run.event for run in Run.objects.all()] == ["suspend"]
        move = held.transitions.latest("pk")
        assert (move.by, move.reason) == (planned.decided_by, "Impayé : Deux factures.")
        assert set(AuditEvent.objects.values_list("what", flat=True)) >= {
            "subscription.suspension_planned", "subscription.suspended",
        }  # fmt: skip
    assert len(subjects()) == 2


def test_a_worker_that_was_away_that_day_does_it_later(held):
    plan(held)
    assert carry_out(THAT_MORNING + timedelta(days=3)) == 1


def test_it_is_called_off_and_told(held):
    planned = plan(held)
    person = UserFactory()
    with as_worker():
        assert planned_suspensions.planned_of(held) == planned
        planned_suspensions.call_off(planned=planned, by=person, now=NOW)
        assert planned_suspensions.planned_of(held) is None
        with pytest.raises(WrongState):
            planned_suspensions.call_off(planned=planned, by=person, now=NOW)
    assert carry_out(THAT_MORNING) == 0
    assert state_of(held) == State.ACTIVE
    assert "ne sera pas suspendu" in subjects()[-1]
    plan(held)


def test_what_is_open_no_more_that_day_is_left_alone(held):
    planned = plan(held)
    with as_worker():
        suspending.suspend(subscription=held, ground="security", words="Vol.", by=UserFactory(), now=NOW)
    assert carry_out(THAT_MORNING) == 0
    with as_worker():
        planned.refresh_from_db()
        assert (planned.carried_out_at, planned.called_off_at) == (None, THAT_MORNING)
        assert held.transitions.filter(after=State.SUSPENDED).count() == 1


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_day_that_is_not_to_come_is_refused(held, days):
    with pytest.raises(SuspensionRefused, match="jour à venir"):
        plan(held, on=localdate(NOW) + timedelta(days=days))


def test_two_at_once_are_refused_also_by_the_database(held):
    plan(held)
    with pytest.raises(SuspensionRefused, match="déjà prévue"):
        plan(held)
    with as_worker(), pytest.raises(IntegrityError), transaction.atomic():
        PlannedSuspensionFactory(subscription=held)
    with as_worker():
        assert PlannedSuspension.objects.count() == 1


def test_one_without_words_or_of_a_closed_service_is_refused(held):
    with pytest.raises(SuspensionRefused):
        plan(held, words=" ")
    with pytest.raises(WrongState):
        plan(SubscriptionFactory(state=State.ENDED, ended_on=localdate(NOW)))
