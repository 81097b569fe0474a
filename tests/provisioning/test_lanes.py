"""A vendor's lane: what it is asked at once, and when it is left alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import operations
from provisioning.connectors.outcomes import Done, InProgress, Retry
from provisioning.engine.claiming import claim_due
from provisioning.engine.patience import BREAK_AFTER, FIRST_CUT
from provisioning.engine.recording import record
from provisioning.engine.worker import Worker
from provisioning.models import Cause, Lane, Step, StepState
from subscriptions.models import State
from tests.factories import EndpointFactory, ListingFactory, SubscriptionFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
DOWN = Retry("Le système de l’éditeur ne répond pas.", cause=Cause.UNREACHABLE)


@pytest.fixture
def now():
    return timezone.now()


def to_open(count, *, now, at_once=10) -> Lane:
    """So many services to be opened at one vendor; its lane."""
    listing = ListingFactory()
    EndpointFactory(offer=listing.offer, osb=True)
    asked = SubscriptionFactory.create_batch(count, listing=listing, state=State.APPROVED)
    with as_worker():
        for subscription in asked:
            operations.plan_activation(subscription=subscription, now=now)
        lane = Lane.objects.get(vendor=listing.vendor)
        lane.at_once = at_once
        lane.save()
    return lane


def answer(claims, outcome, *, now):
    record([(claim, outcome, now) for claim in claims], now=now)


def test_what_is_under_way_at_the_vendors_counts_among_what_it_is_asked_at_once(now):
    to_open(5, now=now, at_once=2)
    with as_worker():
        first = claim_due(now=now)
        assert (len(first), claim_due(now=now)) == (2, [])
        answer(first, InProgress("op", poll_after=10), now=now)
        assert claim_due(now=now) == []
        # Due again: the questions go on, nothing more begins.
        later = now + timedelta(seconds=10)
        again = claim_due(now=later)
        assert {claim.step.pk for claim in again} == {claim.step.pk for claim in first}
        answer(again[:1], Done(), now=later)
        [next_one] = claim_due(now=later)
        assert next_one.step.attempts == 1


def test_one_vendors_lane_leaves_anothers_free(now):
    full, free = to_open(3, now=now, at_once=1), to_open(2, now=now)
    with as_worker():
        claims = claim_due(now=now)
    assert sorted(claim.step.lane_id for claim in claims) == sorted([full.pk, free.pk, free.pk])


def test_a_system_that_fails_again_and_again_is_left_alone_then_tried_by_one_call(now):
    lane = to_open(8, now=now, at_once=8)
    with as_worker():
        claims = claim_due(now=now)
        answer(claims[: BREAK_AFTER - 1], DOWN, now=now)
        lane.refresh_from_db()
        assert lane.cut_until is None
        answer(claims[BREAK_AFTER - 1 :], DOWN, now=now)
        lane.refresh_from_db()
        assert lane.cut_until > now + timedelta(seconds=FIRST_CUT - 1)

        # Long after each was due again: nobody asks before the cut is over, whoever the worker.
        assert claim_due(now=lane.cut_until - timedelta(seconds=1)) == []
        [probe] = claim_due(now=lane.cut_until)
        answer([probe], DOWN, now=lane.cut_until)
        before = lane.cut_until
        lane.refresh_from_db()
        assert lane.cut_until > before

        [probe] = claim_due(now=lane.cut_until)
        answer([probe], InProgress("op", poll_after=600), now=lane.cut_until)
        lane.refresh_from_db()
        assert (lane.failures, lane.cut_until) == (0, None)
        assert len(claim_due(now=now + timedelta(hours=1))) == 8


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.UNREADABLE])
def test_what_is_wrong_with_one_request_cuts_nothing(now, cause):
    lane = to_open(BREAK_AFTER + 1, now=now)
    with as_worker():
        answer(claim_due(now=now), Retry("Occupé.", cause=cause), now=now)
        lane.refresh_from_db()
    assert (lane.failures, lane.cut_until) == (0, None)


def test_a_vendor_that_says_when_to_come_back_is_not_asked_before(now):
    to_open(1, now=now)
    with as_worker():
        answer(claim_due(now=now), Retry("Patience.", cause=Cause.BUSY, after=120), now=now)
        step = Step.objects.get()
    assert step.run_after == now + timedelta(seconds=120)


def test_an_answer_that_cannot_be_recorded_holds_up_no_other(now, caplog):
    to_open(2, now=now)
    with as_worker():
        odd, good = claim_due(now=now)
        Worker()._record([(odd, InProgress("\0"), timezone.now()), (good, InProgress("op"), timezone.now())])
        states = dict(Step.objects.values_list("pk", "state"))
    assert (states[odd.step.pk], states[good.step.pk]) == (StepState.RUNNING, StepState.WAITING)
    assert f"could not be recorded: steps [{odd.step.pk}]" in caplog.text
