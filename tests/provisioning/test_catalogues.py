"""Brokers' catalogues: read again only when they change, and obeyed; what no longer fits opens nothing."""

import json
from datetime import timedelta

import pytest

from provisioning import operations
from provisioning.catalogues import mismatches, read_catalogues
from provisioning.models import BrokerCatalogue, Call, Endpoint, Step, StepState
from subscriptions.models import State, Subscription
from tests.factories import EndpointFactory, SubscriptionFactory, UserFactory
from tests.fakes.broker import Fault
from tests.provisioning.test_bindings import rotated, to_its_end
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
SERVICE = {"id": "cantine", "name": "cantine", "description": "La cantine", "bindable": True}
PLAN = {"id": "cantine-essentiel", "name": "essentiel", "description": "Tout"}


def catalogue(*, plan=None, **service) -> dict:
    return {"services": [{**SERVICE, "plans": [PLAN | (plan or {})], **service}]}


@pytest.fixture
def endpoint(broker):
    """Of an approved subscription."""
    subscription = SubscriptionFactory(state=State.APPROVED)
    return EndpointFactory(offer=subscription.listing.offer, osb=True, url=broker.url, bindable=True)


def read(broker, said, *, now) -> Endpoint:
    broker.catalogue = said
    with as_worker():
        read_catalogues(now=now)
        return Endpoint.objects.get()


def opened(*, now):
    with as_worker():
        subscription = Subscription.objects.select_related("tenant", "listing__offer__endpoint").get()
        return to_its_end(operations.plan_activation(subscription=subscription, now=now), now=now)


def test_what_a_plan_promises_is_kept_and_no_secret(broker, endpoint, now):
    said = catalogue(
        plan={"bindable": True, "maximum_polling_duration": 600, "maintenance_info": {"version": "1.2.3"}},
        dashboard_client={"id": "halle", "secret": "tres-secret"},
        instances_retrievable=True,
    )
    found = read(broker, said, now=now)
    assert found.offered == {
        "bindable": True,
        "binding_rotatable": False,
        "instances_retrievable": True,
        "bindings_retrievable": False,
        "polling_seconds": 600,
        "maintenance_version": "1.2.3",
    }
    assert (found.mismatch, found.longest_polling) == ("", timedelta(minutes=10))
    with as_worker():
        kept = BrokerCatalogue.objects.get()
    assert (kept.read_at, kept.problem) == (now, "")
    assert "tres-secret" not in json.dumps(kept.services)


def test_one_that_has_not_changed_is_not_sent_again(broker, endpoint, now):
    read(broker, catalogue(), now=now)
    later = now + timedelta(days=1)
    assert read(broker, catalogue(), now=later).offered["bindable"] is True
    assert broker.not_modified == 1
    with as_worker():
        assert BrokerCatalogue.objects.get().read_at == later
    assert read(broker, catalogue(plan={"id": "plus"}), now=later).mismatch


CHANGED = [
    pytest.param(catalogue(plan={"id": "cantine-2"}), "retiré cette formule", id="plan renamed"),
    pytest.param(catalogue(plans=[]), "retiré cette formule", id="plan removed"),
    pytest.param(catalogue(id="cantine-2"), "retiré ce service", id="service renamed"),
    pytest.param({"services": []}, "retiré ce service", id="service removed"),
    pytest.param(catalogue(plan={"bindable": False}), "ne donne plus d’identifiants", id="not bindable"),
]


@pytest.mark.parametrize(("said", "why"), CHANGED)
def test_what_no_longer_fits_opens_nothing_and_asks_a_person(broker, endpoint, now, said, why):
    read(broker, catalogue(), now=now)
    found = read(broker, said, now=now)
    assert why in found.mismatch
    with as_worker():
        operator = endpoint.offer.listings.get().operator
        assert mismatches(operator=operator) == [found]
    _, steps = opened(now=now)
    assert (steps[0].state, steps[0].problem) == (StepState.NEEDS_PERSON, found.mismatch)
    assert broker.methods() == []
    assert read(broker, catalogue(), now=now).mismatch == ""


def test_a_service_that_is_open_goes_on_when_its_plan_is_withdrawn(broker, endpoint, now):
    read(broker, catalogue(plan={"binding_rotatable": True}), now=now)
    opened(now=now)
    assert read(broker, catalogue(plans=[]), now=now).offered["binding_rotatable"] is True
    with as_worker():
        subscription = Subscription.objects.get()
    run, _ = to_its_end(rotated(subscription, now=now, leaked=True), now=now)
    assert run.finished_at is not None


UNREADABLE = [
    b"<html>",
    b"[]",
    b'{"services": 3}',
    b'{"services": [{"id": "cantine"}]}',
    json.dumps(catalogue(name="\0")).encode(),
    json.dumps(catalogue(plan={"id": "\ud800"})).encode(),
    json.dumps({"services": catalogue()["services"] * 2}).encode(),
    b'{"services": [' + b"[" * 50_000,
    b"a" * 2_000_000,
]


@pytest.mark.parametrize("body", UNREADABLE, ids=lambda body: str(body[:30]))
def test_what_is_no_catalogue_changes_nothing_and_is_noted(broker, endpoint, now, body):
    before = read(broker, catalogue(), now=now)
    after = read(broker, body, now=now + timedelta(days=1))
    assert (after.offered, after.mismatch) == (before.offered, "")
    with as_worker():
        kept = BrokerCatalogue.objects.get()
    assert (kept.read_at, bool(kept.problem)) == (now, True)


def test_a_broker_that_is_away_changes_nothing(now):
    subscription = SubscriptionFactory(state=State.APPROVED)
    EndpointFactory(offer=subscription.listing.offer, osb=True, url="http://127.0.0.1:1")
    with as_worker():
        read_catalogues(now=now)
        assert BrokerCatalogue.objects.get().problem == "Le système de l’éditeur ne répond pas."
        assert Endpoint.objects.get().mismatch == ""


def test_an_operation_longer_than_announced_has_failed_and_is_deleted(broker, endpoint, now):
    read(broker, catalogue(plan={"maximum_polling_duration": 600}), now=now)
    under_way = Fault("GET", 200, b'{"state": "in progress"}')
    broker.faults = [Fault("PUT", 202, works=True), *[under_way] * 40]
    _, steps = opened(now=now)
    assert steps[0].state == StepState.NEEDS_PERSON
    assert "dans le délai que son catalogue annonce" in steps[0].problem
    assert (broker.instances, broker.methods()[-1]) == (set(), "DELETE")
    assert (steps[0].run_after - now) < timedelta(minutes=15)


def test_a_new_version_of_a_plan_is_asked_for_once_the_catalogue_says_it(broker, endpoint, now):
    read(broker, catalogue(plan={"maintenance_info": {"version": "1.0.0"}}), now=now)
    broker.catalogue = catalogue(plan={"maintenance_info": {"version": "2.0.0"}})
    broker.faults = [Fault("PUT", 422, b'{"error": "MaintenanceInfoConflict"}')]
    run, _ = opened(now=now)
    assert run.finished_at
    asked = [body["maintenance_info"]["version"] for body in broker.bodies if "maintenance_info" in body]
    assert asked == ["1.0.0", "2.0.0"]


def test_the_same_version_refused_is_left_to_a_person(broker, endpoint, now):
    read(broker, catalogue(plan={"maintenance_info": {"version": "1.0.0"}}), now=now)
    broker.faults = [Fault("PUT", 422, b'{"error": "MaintenanceInfoConflict"}')]
    _, steps = opened(now=now)
    assert (steps[0].state, broker.methods()) == (StepState.NEEDS_PERSON, ["PUT"])
    assert "que son catalogue n’annonce pas" in steps[0].problem


AWAY = [
    pytest.param(b"<html>", "ne suit pas la norme", id="no catalogue"),
    pytest.param(b"a" * 2_000_000, "trop longue", id="endless"),
]


@pytest.mark.parametrize(("said", "why"), AWAY)
def test_no_version_is_guessed_while_the_catalogue_cannot_be_read(broker, endpoint, now, said, why):
    """What was refused was not begun: nothing is deleted, the same is asked again later, and in the end a
    person is asked. With a catalogue again, it opens in its version."""
    read(broker, catalogue(plan={"maintenance_info": {"version": "1.0.0"}}), now=now)
    broker.catalogue = said
    conflict = Fault("PUT", 422, b'{"error": "MaintenanceInfoConflict"}')
    broker.faults = [conflict] * 40
    run, steps = opened(now=now)
    assert (steps[0].state, why in steps[0].problem) == (StepState.NEEDS_PERSON, True)
    assert broker.methods() == ["PUT"] * 4
    assert {body["maintenance_info"]["version"] for body in broker.bodies} == {"1.0.0"}
    with as_worker():
        assert (broker.instances, Subscription.objects.get().state) == (set(), State.PROVISIONING)

    broker.faults, broker.catalogue = (
        [conflict],
        catalogue(plan={"maintenance_info": {"version": "2.0.0"}}),
    )
    with as_worker():
        operations.try_again(step=Step.objects.get(pk=steps[0].pk), by=UserFactory(), now=now)
    to_its_end(run, now=now)
    with as_worker():
        assert Subscription.objects.get().state == State.ACTIVE
    asked = [body["maintenance_info"]["version"] for body in broker.bodies if "maintenance_info" in body]
    assert asked[-1] == "2.0.0"


@pytest.mark.parametrize("rotatable", [True, False])
def test_a_rotation_names_its_predecessor_where_the_vendor_knows_how(broker, endpoint, now, rotatable):
    read(broker, catalogue(plan={"binding_rotatable": rotatable}), now=now)
    opened(now=now)
    [old] = broker.bindings
    with as_worker():
        subscription = Subscription.objects.get()
    to_its_end(rotated(subscription, now=now, leaked=True), now=now)
    assert broker.bodies[-1].get("predecessor_binding_id") == (old if rotatable else None)


@pytest.mark.parametrize("retrievable", [True, False])
def test_what_cannot_be_fetched_is_not(broker, endpoint, now, retrievable):
    read(broker, catalogue(instances_retrievable=retrievable), now=now)
    broker.faults = [Fault("PUT", 202, works=True)]
    run, _ = opened(now=now)
    assert run.finished_at
    assert ("FETCH" in broker.methods()) == retrievable


def test_each_call_has_the_name_that_the_vendor_was_told(broker, endpoint, now):
    opened(now=now)
    with as_worker():
        kept = [str(call.identity) for call in Call.objects.order_by("pk")]
    assert broker.identities == kept
    assert len(set(kept)) == len(kept) == 2
