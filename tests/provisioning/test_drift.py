"""What a vendor says that it has against what Halle believes, asked of a real broker."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import errands, operations
from provisioning.drift import drifts_at, drifts_of, look_at_all
from provisioning.drift_settling import keep_as_is, put_right
from provisioning.models import Drift, DriftKind, Errand, Lane, Run, Step, StepState
from subscriptions.exceptions import EvidenceInvalid, WrongState
from subscriptions.models import State, Subscription
from tenants.models import AuditEvent, Letter, Role
from tests.demo.test_broker import broker
from tests.factories import EndpointFactory, MembershipFactory, SubscriptionFactory, UserFactory, prove
from tests.provisioning.test_engine import to_the_end
from tests.tools.database import as_worker, undone

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


def test_an_orphan_that_stays_is_a_named_persons_after_the_third_deletion(vendor):
    subscription, _ = opened_by(vendor)
    curator = MembershipFactory(organisation=subscription.operator.organisation, role=Role.CURATOR).user
    end(subscription)

    def deleted_in_vain():
        with as_worker():
            Step.objects.filter(run__event="undo").update(state=StepState.DONE, done_at=NIGHT)
            Run.objects.filter(event="undo", finished_at=None).update(finished_at=NIGHT)

    for night in range(3):
        look(NIGHT + timedelta(days=night))
        deleted_in_vain()
    for night in range(3, 6):  # nothing more is asked while she has not answered
        look(NIGHT + timedelta(days=night))
    with as_worker():
        assert Drift.objects.get().repairs == 3
        [step] = Step.objects.filter(state=StepState.NEEDS_PERSON)
        assert "Appelez-le" in step.problem
        assert errands.ask_people(now=NIGHT + timedelta(days=6)) == 1
        assert Errand.objects.get().assigned_to == curator
        assert [letter.to for letter in Letter.objects.filter(key__startswith="errand:")] == [curator.email]
        operations.mark_done(
            step=step, by=curator, service_url="", evidence="Effacé à la main", now=NIGHT + timedelta(days=6)
        )
        assert Run.objects.filter(event="undo", finished_at=None).count() == 0
    look(NIGHT + timedelta(days=7))
    with as_worker():
        assert (
            Step.objects.filter(state=StepState.NEEDS_PERSON).count() == 1
        )  # it is there still: asked again


def different(vendor, agents=20) -> tuple[Subscription, Drift]:
    """A service whose vendor has other numbers than agreed, as a night finds it."""
    subscription, _ = opened_by(vendor)
    with as_worker():
        Subscription.objects.filter(pk=subscription.pk).update(counts={"agents": agents})
    look()
    with as_worker():
        return subscription, Drift.objects.get()


def test_another_plan_is_put_right_too(vendor):
    _, key = opened_by(vendor)
    other = {"service_id": "cantine", "plan_id": "cantine-plus"}
    vendor.call(
        "PATCH",
        "?accepts_incomplete=true",
        instance=key,
        json=other | {"parameters": {"options": [], "counts": {"agents": 12}}},
    ).raise_for_status()
    assert look() == [(DriftKind.DIFFERENT, False)]
    with as_worker():
        drift = Drift.objects.get()
        assert "une autre formule" in drift.words
        run = put_right(drift=drift, by=UserFactory(), now=NIGHT)
    assert to_the_end(run, now=NIGHT).state == StepState.DONE
    [instance] = vendor.known()
    assert instance["wanted"]["plan_id"] == "cantine-essentiel"
    assert look(NIGHT + timedelta(days=1)) == [(DriftKind.DIFFERENT, True)]


def test_what_is_otherwise_is_put_right_once_however_often_it_is_asked(vendor):
    _, drift = different(vendor)
    person = UserFactory()
    with as_worker():
        run = put_right(drift=drift, by=person, now=NIGHT)
        assert put_right(drift=drift, by=person, now=NIGHT) == run
        assert Run.objects.filter(event="change").count() == 1
        assert AuditEvent.objects.filter(what="provisioning.drift_put_right").count() == 1
    assert look(NIGHT + timedelta(hours=1)) == [(DriftKind.DIFFERENT, False)]  # under way: left alone
    assert to_the_end(run, now=NIGHT).state == StepState.DONE
    assert look(NIGHT + timedelta(days=1)) == [(DriftKind.DIFFERENT, True)]
    with as_worker(), pytest.raises(WrongState, match="réglé"):
        put_right(drift=drift, by=person, now=NIGHT + timedelta(days=1))


def test_the_plan_and_the_drift_are_one_transaction(vendor):
    _, drift = different(vendor)
    with as_worker():
        with undone():
            put_right(drift=drift, by=UserFactory(), now=NIGHT)
        drift.refresh_from_db()
        assert (drift.repair, Run.objects.filter(event="change").count()) == (None, 0)


def test_what_ended_meanwhile_is_not_put_right(vendor):
    subscription, drift = different(vendor)
    end(subscription)
    with as_worker(), pytest.raises(WrongState, match="plus ouvert"):
        put_right(drift=drift, by=UserFactory(), now=NIGHT)


def test_what_is_kept_is_told_no_more_until_it_is_something_else(vendor):
    subscription, drift = different(vendor)
    curator = MembershipFactory(organisation=subscription.operator.organisation, role=Role.CURATOR).user

    def letters():
        with as_worker():
            return Letter.objects.filter(key__startswith="drift:").count()

    with as_worker():
        for nothing in ("", "  ", "x" * 301):
            with pytest.raises(EvidenceInvalid):
                keep_as_is(drift=drift, by=curator, reason=nothing, now=NIGHT)
        keep_as_is(drift=drift, by=curator, reason=" Essai de\nrentrée ", now=NIGHT)
        drift.refresh_from_db()
        assert (drift.kept_because, drift.kept_by) == ("Essai de rentrée", curator)
        assert list(drifts_at(vendor=subscription.listing.vendor)) == []
        assert [one.pk for one in drifts_of(operator=subscription.operator)] == [drift.pk]
        event = AuditEvent.objects.get(what="provisioning.drift_kept")
        assert event.details == {"because": "Essai de rentrée"}
    assert look(NIGHT + timedelta(days=1)) == [(DriftKind.DIFFERENT, False)]
    assert letters() == 0
    with as_worker():
        drift.refresh_from_db()
        assert drift.kept_at is not None
        Subscription.objects.filter(pk=subscription.pk).update(options=[{"code": "sms", "name": "SMS"}])
    look(NIGHT + timedelta(days=2))
    assert letters() == 1
    with as_worker():
        drift.refresh_from_db()
        assert (drift.kept_at, drift.kept_because) == (None, "")
        assert list(drifts_at(vendor=subscription.listing.vendor)) == [drift]


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
