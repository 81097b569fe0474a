"""What an amendment changes is told to the vendor, on its day."""

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from provisioning import operations
from provisioning.engine.claiming import claim_due
from provisioning.models import Event, Run, StepState
from subscriptions.models import AmendmentKind, AmendmentState, State, Subscription
from tenants.days import next_month
from tenants.models import AuditEvent
from tests.demo.test_broker import broker
from tests.factories import AmendmentFactory, EndpointFactory, SubscriptionFactory, UserFactory
from tests.factories.base import NOW
from tests.fakes.broker import Fault, failing_broker
from tests.provisioning.test_engine import go_on, to_the_end
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
FLAT = {"pattern": "per_inhabitant", "rate": "0.10", "population_kind": "municipale"}
SIGNATURE, ARCHIVES = ({"code": code, "name": code.capitalize(), "grid": FLAT} for code in ("sign", "arch"))
# Later than the machine's clock, which the engine also looks at.
SOON = timezone.now() + timedelta(hours=1)
DAY, LATER = (next_month(timezone.localdate(), ahead=ahead) for ahead in (2, 3))
MIDNIGHT = timezone.make_aware(datetime.combine(DAY, time.min))


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")
    with broker(tmp_path) as client:
        yield client


def amended(subscription, **values):
    with as_worker():
        return AmendmentFactory(
            subscription=subscription,
            kind=AmendmentKind.CHOICES,
            state=AmendmentState.APPROVED,
            decided_by=UserFactory(),
            decided_at=NOW,
            **{"counts": {}, "options": [ARCHIVES], "effective_on": DAY, "number": 1, **values},
        )


def planned(subscription, *, on=DAY) -> Run:
    with as_worker():
        return operations.plan_change(subscription=subscription, on=on, in_words="avec Archives", now=SOON)


def test_a_vendor_knows_the_options_from_the_opening_to_the_change(vendor):
    subscription = SubscriptionFactory(
        state=State.APPROVED, options=[SIGNATURE, ARCHIVES], counts={"agents": 12}
    )
    EndpointFactory(offer=subscription.listing.offer, osb=True, url=vendor.base_url)
    with as_worker():
        opening = operations.plan_activation(subscription=subscription, now=SOON)
    opened = to_the_end(opening, now=SOON)
    [instance] = vendor.known()
    assert instance["wanted"]["parameters"] == {"options": ["arch", "sign"], "counts": {"agents": 12}}
    with as_worker():
        subscription = Subscription.objects.get(pk=subscription.pk)
    amended(subscription, counts={"agents": 20})
    run = planned(subscription)
    early = go_on(run, now=MIDNIGHT - timedelta(seconds=1))
    assert (early.state, early.label) == (StepState.PENDING, "Modification chez l’éditeur : avec Archives")
    step = to_the_end(run, now=MIDNIGHT)
    [instance] = vendor.known()
    assert (step.state, instance["id"]) == (StepState.DONE, opened.key)
    assert instance["wanted"]["parameters"] == {"options": ["arch"], "counts": {"agents": 20}}
    with as_worker():
        assert Run.objects.get(pk=run.pk).finished_at is not None
        assert Subscription.objects.get(pk=subscription.pk).state == State.ACTIVE


def test_by_hand_it_is_a_task_and_then_it_is_done():
    subscription = SubscriptionFactory(state=State.APPROVED, options=[SIGNATURE])
    EndpointFactory(offer=subscription.listing.offer)
    with as_worker():
        opening = operations.plan_activation(subscription=subscription, now=SOON)
        step = go_on(opening, now=SOON)
        operations.mark_done(step=step, by=UserFactory(), service_url="", now=SOON)
    run = planned(subscription)
    step = go_on(run, now=MIDNIGHT)
    assert (step.state, step.problem) == (
        StepState.NEEDS_PERSON, "Faire appliquer par l’éditeur ce que change l’avenant.",
    )  # fmt: skip
    with as_worker():
        operations.mark_done(step=step, by=UserFactory(), service_url="", now=MIDNIGHT)
        assert Run.objects.get(pk=run.pk).finished_at is not None


def test_what_halle_did_not_open_is_changed_by_hand():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    EndpointFactory(offer=subscription.listing.offer, osb=True, url="http://127.0.0.1:1")
    step = go_on(planned(subscription), now=MIDNIGHT)
    assert (step.state, "se modifie à la main" in step.problem) == (StepState.NEEDS_PERSON, True)


def test_a_service_that_stopped_before_has_nothing_to_change():
    subscription = SubscriptionFactory(state=State.ENDED, ended_on=DAY)
    EndpointFactory(offer=subscription.listing.offer, osb=True, url="http://127.0.0.1:1")
    assert go_on(planned(subscription), now=MIDNIGHT).state == StepState.DONE


def test_the_address_that_a_vendor_gives_with_a_change_is_the_one_from_then_on():
    subscription = SubscriptionFactory(state=State.APPROVED)
    moved = Fault("PATCH", body=b'{"dashboard_url": "https://vendor.example/neuf"}')
    with failing_broker() as vendor:
        EndpointFactory(offer=subscription.listing.offer, osb=True, url=vendor.url)
        with as_worker():
            opening = operations.plan_activation(subscription=subscription, now=SOON)
        opened = to_the_end(opening, now=SOON)
        for fault, address in (
            ([], f"https://vendor.example/{opened.key}"),
            ([moved], "https://vendor.example/neuf"),
        ):
            vendor.faults = fault
            assert to_the_end(planned(subscription), now=MIDNIGHT).state == StepState.DONE
            with as_worker():
                assert Subscription.objects.get(pk=subscription.pk).service_url == address
    with as_worker():
        assert AuditEvent.objects.filter(what="subscription.address_changed").count() == 1


def test_two_amendments_for_two_days_are_both_on_their_way():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    planned(subscription)
    planned(subscription, on=LATER)
    with as_worker():
        assert Run.objects.filter(event=Event.CHANGE, finished_at__isnull=True).count() == 2
        assert len(claim_due(now=MIDNIGHT)) == 1
