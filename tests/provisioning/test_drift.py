"""What a vendor says that it has against what Halle believes, asked of a real broker."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import operations
from provisioning.drift import drifts_of, look_at_all
from provisioning.models import Drift, DriftKind, Lane, Run, Step, StepState
from subscriptions.models import State, Subscription
from tenants.models import Letter, Role
from tests.demo.test_broker import broker
from tests.factories import EndpointFactory, MembershipFactory, SubscriptionFactory, prove
from tests.provisioning.test_engine import to_the_end
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
SOON = timezone.now() + timedelta(hours=1)
NIGHT = SOON + timedelta(hours=12)


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")
    with broker(tmp_path) as client:
        yield client


def opened_by(vendor, **config) -> tuple[Subscription, str]:
    """An open service, and the vendor's name for it."""
    subscription = SubscriptionFactory(state=State.APPROVED, counts={"agents": 12})
    endpoint = EndpointFactory(offer=subscription.listing.offer, osb=True, url=vendor.base_url)
    endpoint.config |= {"retrievable": True} | config
    prove(endpoint)
    with as_worker():
        opening = operations.plan_activation(subscription=subscription, now=SOON)
    step = to_the_end(opening, now=SOON)
    return subscription, step.key


def look(now=NIGHT) -> list[tuple[str, bool]]:
    """The differences after a night: each kind, and whether it is settled."""
    with as_worker():
        look_at_all(now=now)
        return [(drift.kind, drift.closed_at is not None) for drift in Drift.objects.order_by("pk")]


def end(subscription):
    """As a departure would, without the vendor."""
    with as_worker():
        Subscription.objects.filter(pk=subscription.pk).update(
            state=State.ENDED, ended_on=timezone.localdate(SOON)
        )
        run = operations.plan_undoing(subscription=subscription, now=SOON)
        Step.objects.filter(run=run).update(state=StepState.DONE, done_at=SOON)
        Run.objects.filter(pk=run.pk).update(finished_at=SOON)


def take_away(vendor, key):
    query = "accepts_incomplete=true&service_id=cantine&plan_id=cantine-essentiel"
    vendor.call("DELETE", f"?{query}", instance=key)
    time.sleep(0.4)  # what its closing takes


def test_what_is_as_it_should_be_is_no_difference(vendor):
    opened_by(vendor)
    assert look() == []


def test_a_broker_that_cannot_be_asked_is_not(vendor):
    _, key = opened_by(vendor, retrievable=False)
    take_away(vendor, key)
    assert look() == []


def test_what_is_lost_is_told_to_people_once_and_never_opened_again(vendor):
    subscription, key = opened_by(vendor)
    curator = MembershipFactory(organisation=subscription.operator.organisation, role=Role.CURATOR).user
    take_away(vendor, key)
    assert look() == [(DriftKind.MISSING, False)]
    assert look(NIGHT + timedelta(days=1)) == [(DriftKind.MISSING, False)]
    with as_worker():
        assert [letter.to for letter in Letter.objects.filter(key__startswith="drift:")] == [curator.email]
        assert [one.words[:12] for one in drifts_of(operator=subscription.operator)] == ["L’éditeur ne"]
        assert Run.objects.count() == 1


def test_an_orphan_is_deleted_again_and_then_it_is_over(vendor):
    subscription, _ = opened_by(vendor)
    end(subscription)
    assert look() == [(DriftKind.ORPHAN, False)]
    with as_worker():
        [undo] = Run.objects.filter(event="undo", finished_at__isnull=True)
    assert to_the_end(undo, now=NIGHT).state == StepState.DONE
    assert [one for one in vendor.known() if one["state"] == "open"] == []
    assert look(NIGHT + timedelta(days=1)) == [(DriftKind.ORPHAN, True)]
    with as_worker():
        assert Subscription.objects.get(pk=subscription.pk).state == State.ENDED


def test_an_orphan_that_stays_is_not_deleted_without_end(vendor):
    subscription, _ = opened_by(vendor)
    end(subscription)
    for night in range(6):
        look(NIGHT + timedelta(days=night))
        with as_worker():
            Step.objects.filter(run__event="undo").update(state=StepState.DONE, done_at=NIGHT)
            Run.objects.filter(event="undo", finished_at=None).update(finished_at=NIGHT)
    with as_worker():
        assert Drift.objects.get().repairs == 3
        assert Run.objects.filter(event="undo").count() == 4  # with the first one, that told a lie


def test_what_is_otherwise_is_told_and_over_once_it_is_put_right(vendor):
    subscription, _ = opened_by(vendor)
    with as_worker():
        Subscription.objects.filter(pk=subscription.pk).update(counts={"agents": 20})
    assert look() == [(DriftKind.DIFFERENT, False)]
    with as_worker():
        assert "d’autres quantités" in Drift.objects.get().words
        current = Subscription.objects.get(pk=subscription.pk)
        run = operations.plan_change(
            subscription=current, on=timezone.localdate(NIGHT), in_words="remise en accord", now=NIGHT
        )
    assert to_the_end(run, now=NIGHT).state == StepState.DONE
    assert look(NIGHT + timedelta(days=1)) == [(DriftKind.DIFFERENT, True)]


def test_what_is_being_done_is_left_alone(vendor):
    subscription, key = opened_by(vendor)
    take_away(vendor, key)
    with as_worker():
        operations.plan_change(
            subscription=subscription, on=timezone.localdate(SOON), in_words="12 agents", now=SOON
        )
    assert look() == []


def test_a_lane_that_is_cut_and_a_vendor_that_is_silent_say_nothing(vendor):
    subscription, key = opened_by(vendor)
    take_away(vendor, key)
    with as_worker():
        Lane.objects.update(cut_until=NIGHT + timedelta(hours=1))
    assert look() == []
    with as_worker():
        Lane.objects.update(cut_until=None)
        endpoint = subscription.listing.offer.endpoint
        endpoint.config |= {"url": "http://127.0.0.1:1"}
        endpoint.save()
    assert look() == []
