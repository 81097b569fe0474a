"""A catalogue read because its vendor asks for it: by a worker, once a minute at most, told as it ended."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from provisioning import catalogue_readings, catalogues
from provisioning.catalogue_readings import NotRead
from provisioning.models import BrokerCatalogue, CatalogueReading, Endpoint
from tenants.models import AuditEvent
from tests.factories import CatalogueReadingFactory, EndpointFactory, UserFactory
from tests.provisioning.test_catalogues import catalogue
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TASK = "provisioning.tasks.read_catalogue"


@pytest.fixture
def endpoint(broker):
    broker.catalogue = catalogue()
    return EndpointFactory(osb=True, url=broker.url)


def ask(endpoint, *, now) -> CatalogueReading:
    vendor = endpoint.offer.partner.vendor.organisation
    with as_worker():
        return catalogue_readings.ask_reading(
            endpoint=endpoint, service="Cantine", by=UserFactory(), on_behalf_of=vendor, now=now
        )


def read(endpoint, *, now) -> CatalogueReading:
    asked = ask(endpoint, now=now)
    assert jobs.run_jobs() == [TASK]
    asked.refresh_from_db()
    assert asked.finished_at is not None
    return asked


def test_what_is_new_is_said_and_kept(broker, endpoint, now):
    first = read(endpoint, now=now)
    assert (first.problem, first.changes) == ("", ["Le catalogue propose bien cette formule."])
    same = read(endpoint, now=now + timedelta(minutes=1))
    assert (same.problem, same.changes, broker.not_modified) == ("", [], 1)

    broker.catalogue = catalogue(
        plan={
            "bindable": False,
            "binding_rotatable": True,
            "maximum_polling_duration": 600,
            "maintenance_info": {"version": "2.0.0"},
        },
        instances_retrievable=True,
    )
    other = read(endpoint, now=now + timedelta(minutes=2))
    assert other.changes == [
        "La formule ne donne plus d’identifiants d’accès.",
        "Des identifiants peuvent désormais être remplacés par d’autres.",
        "Un service ouvert peut désormais être relu.",
        "La durée annoncée d’une opération a changé.",
        "La formule est désormais en version 2.0.0.",
    ]
    broker.catalogue = catalogue(plans=[])
    gone = read(endpoint, now=now + timedelta(minutes=3))
    assert gone.changes == [Endpoint.objects.get().mismatch]
    assert "retiré cette formule" in gone.changes[0]
    assert read(endpoint, now=now + timedelta(minutes=4)).changes == []
    broker.catalogue = catalogue()
    back = read(endpoint, now=now + timedelta(minutes=5))
    assert back.changes[0] == "Le catalogue propose de nouveau cette formule comme elle est raccordée."
    with as_worker():
        assert AuditEvent.objects.filter(what="endpoint.catalogue_asked").count() == 6


def test_all_that_use_the_broker_are_judged(broker, endpoint, now):
    other = EndpointFactory(osb=True, url=broker.url)
    other.config |= {"plan_id": "cantine-plus"}
    with as_worker():
        other.save()
    read(endpoint, now=now)
    other.refresh_from_db()
    assert "retiré cette formule" in other.mismatch


@pytest.mark.parametrize("said", [b"<html>", b"a" * 2_000_000])
def test_what_cannot_be_read_is_said_and_changes_nothing(broker, endpoint, now, said):
    read(endpoint, now=now)
    before = Endpoint.objects.get().offered
    broker.catalogue = said
    failed = read(endpoint, now=now + timedelta(minutes=1))
    assert failed.problem == BrokerCatalogue.objects.get().problem != ""
    assert (failed.changes, Endpoint.objects.get().offered) == ([], before)


def test_a_connection_that_says_too_little_is_not_asked(endpoint, now):
    asked = ask(endpoint, now=now)
    with as_worker():
        Endpoint.objects.update(config={"url": "là"})
    jobs.run_jobs()
    asked.refresh_from_db()
    assert asked.problem == "Le raccordement est incomplet."


def test_what_changed_while_it_was_read_is_not_judged(endpoint, now):
    """The vendor names another plan while its broker is being asked."""
    with as_worker():
        asked = catalogues.ask_for(endpoint)
        Endpoint.objects.update(config=endpoint.config | {"plan_id": "cantine-plus"})
        found = catalogues.record(asked, now=now)[endpoint.pk]
    assert (found.problem, found.changes) == (catalogues.CHANGED_MEANWHILE, ())
    assert Endpoint.objects.get().offered == {}


def test_one_at_a_time_and_one_a_minute(endpoint, now):
    asked = ask(endpoint, now=now)
    assert ask(endpoint, now=now) == asked
    with as_worker(), pytest.raises(IntegrityError, match="one_under_way"), transaction.atomic():
        CatalogueReadingFactory(endpoint=endpoint)
    jobs.run_jobs()
    with pytest.raises(NotRead, match="attendez une minute"):
        ask(endpoint, now=now + timedelta(seconds=59))
    assert ask(endpoint, now=now + timedelta(minutes=1)) != asked


def test_there_is_nothing_to_read_without_a_broker(now):
    with pytest.raises(NotRead, match="Aucun courtier"):
        ask(EndpointFactory(), now=now)


def test_what_was_lost_is_found_and_one_that_kills_its_workers_ends(endpoint, now):
    asked = ask(endpoint, now=now)
    jobs.forget()
    with as_worker():
        catalogue_readings.sweep(now=now)
        assert jobs.run_jobs() == []
        CatalogueReading.objects.update(attempts=catalogue_readings.MAX_ATTEMPTS)
        catalogue_readings.sweep(now=now + timedelta(minutes=2))
    assert jobs.run_jobs() == [TASK]
    asked.refresh_from_db()
    assert asked.problem == "La lecture s’est interrompue plusieurs fois."
    with as_worker():
        catalogue_readings.carry_out(reading_id=asked.pk, now=now)
    asked.refresh_from_db()
    assert asked.attempts == catalogue_readings.MAX_ATTEMPTS + 1
