"""A run of the kit: asked for, played by a worker, kept for good; and what it opens and shuts."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from catalog.models import ListingMove, ListingState
from provisioning import connecting, kit_runs, operations
from provisioning.engine.asking import UNPROVED
from provisioning.kit.table import CHECKS
from provisioning.models import Endpoint, KitReport, KitRun, Step, StepState
from provisioning.models.endpoint import PROOF_LASTS, ConnectorKind
from subscriptions.models import State
from tenants.models import AuditEvent
from tests.factories import (
    EndpointFactory,
    KitReportFactory,
    KitRunFactory,
    ServiceSheetFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.fakes.broker import failing_broker
from tests.provisioning.kit.brokers import Broker, DeletesNothing, serving
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")


def endpoint_at(target) -> Endpoint:
    endpoint = EndpointFactory(osb=True, url=target.url, proved=False)
    endpoint.config |= {"service_id": target.service_id, "plan_id": target.plan_id}
    with as_worker():
        endpoint.save()
    return endpoint


def asked(endpoint) -> KitRun:
    vendor = endpoint.offer.partner.vendor
    return kit_runs.ask_run(
        endpoint=endpoint, service="Cantine", by=UserFactory(), on_behalf_of=vendor.organisation, now=NOW
    )


def test_a_good_broker_is_proved():
    with serving(Broker) as (_, target), as_worker():
        endpoint = endpoint_at(target)
        run = asked(endpoint)
        assert jobs.run_jobs() == ["provisioning.tasks.run_kit"]

        run.refresh_from_db()
        endpoint.refresh_from_db()
        assert (run.done, run.attempts) == (len(CHECKS), 1)
        assert run.finished_at is not None
        assert endpoint.proof == run.report
        assert endpoint.is_proved
        assert run.report.told.passed
        assert AuditEvent.objects.filter(what="endpoint.kit_asked").count() == 1


def test_a_bad_broker_is_not_and_keeps_the_proof_of_before():
    with serving(DeletesNothing) as (_, target), as_worker():
        endpoint = endpoint_at(target)
        before = KitReportFactory(run__endpoint=endpoint)
        Endpoint.objects.filter(pk=endpoint.pk).update(proof=before)
        run = asked(endpoint)
        jobs.run_jobs()

        run.refresh_from_db()
        endpoint.refresh_from_db()
        assert not run.report.passed
        assert "leaver-leaves-nothing" in {c["name"] for c in run.report.checks if c["state"] == "failed"}
        assert endpoint.proof == before


def test_one_run_at_a_time():
    with as_worker():
        endpoint = EndpointFactory(osb=True, proved=False)
        assert asked(endpoint) == asked(endpoint)
        with pytest.raises(IntegrityError, match="kit_run_one_under_way"), transaction.atomic():
            KitRunFactory(endpoint=endpoint)


def test_a_service_opened_by_hand_has_no_kit():
    with as_worker(), pytest.raises(kit_runs.NoKit):
        asked(EndpointFactory())


def test_a_missing_password_is_said_without_its_variable(monkeypatch):
    monkeypatch.delenv("TEST_BROKER_PASSWORD")
    with as_worker():
        run = asked(EndpointFactory(osb=True, proved=False))
        jobs.run_jobs()
        assert "mot de passe n’est pas encore enregistré" in run.report.problem
        assert not run.report.passed


def test_what_was_lost_is_found_and_begun_again():
    with serving(Broker) as (_, target), as_worker():
        run = asked(endpoint_at(target))
        jobs.forget()
        KitRun.objects.update(attempts=1, done=7)  # a worker died there

        kit_runs.sweep(now=NOW)
        assert jobs.run_jobs() == []
        kit_runs.sweep(now=NOW + timedelta(minutes=2))
        assert jobs.run_jobs() == ["provisioning.tasks.run_kit"]

        run.refresh_from_db()
        assert run.attempts == 2
        assert run.report.passed


def test_a_run_that_kills_its_workers_ends():
    with as_worker():
        run = asked(EndpointFactory(osb=True, proved=False))
        KitRun.objects.update(attempts=kit_runs.MAX_ATTEMPTS)
        jobs.run_jobs()
        run.refresh_from_db()
        assert run.report.problem == "le banc d’essai s’est interrompu plusieurs fois sans explication."


def test_a_report_never_changes():
    report = KitReportFactory()
    with as_worker():
        for change in (lambda: KitReport.objects.update(score=12), report.delete):
            with pytest.raises(IntegrityError), transaction.atomic():
                change()


# --- What it opens and shuts ----------------------------------------------------------------------------


def opening(endpoint_options, *, listed_at=None, until=NOW) -> Step:
    """The step of an opening, after one turn of the worker."""
    with failing_broker() as broker, as_worker():
        subscription = SubscriptionFactory(state=State.APPROVED)
        endpoint = EndpointFactory(offer=subscription.listing.offer, osb=True, url=broker.url, proved=False)
        if endpoint_options:
            report = KitReportFactory(run__endpoint=endpoint, **endpoint_options)
            Endpoint.objects.filter(pk=endpoint.pk).update(proof=report)
        if listed_at:
            ListingMove.objects.create(listing=subscription.listing, after=ListingState.LISTED, at=listed_at)
        run = operations.plan_activation(subscription=subscription, now=until)
        operations.take_turn(run_id=run.pk, now=until)
        step = Step.objects.get(run=run)
        assert bool(broker.asked) == (step.state == StepState.DONE)
        return step


def test_a_proved_broker_is_asked():
    assert opening({"at": NOW}, listed_at=NOW).state == StepState.DONE


@pytest.mark.parametrize(
    ("report", "listed_at"),
    [
        pytest.param(None, None, id="never tried"),
        pytest.param({"configuration": "0" * 64}, None, id="on another address"),
        pytest.param({"at": NOW - PROOF_LASTS - timedelta(days=1)}, NOW, id="too long before publication"),
    ],
)
def test_an_unproved_one_is_not_and_a_person_is_asked(report, listed_at):
    step = opening(report, listed_at=listed_at)
    assert (step.state, step.problem) == (StepState.NEEDS_PERSON, UNPROVED)


@pytest.mark.parametrize(("age", "opens"), [(PROOF_LASTS, True), (PROOF_LASTS + timedelta(seconds=1), False)])
def test_the_last_day_of_a_proof(age, opens):
    step = opening({"at": NOW - age}, listed_at=NOW)
    assert (step.state == StepState.DONE) == opens


def test_what_was_published_in_time_goes_on_opening():
    """A year later nobody is asked to prove it again."""
    assert opening({"at": NOW}, listed_at=NOW, until=NOW + timedelta(days=365)).state == StepState.DONE


# --- The vendor says where its broker is ---------------------------------------------------------------

TYPED = {"url": "https://courtier.example/", "username": "halle", "service_id": "s", "plan_id": "p"}


def connected(sheet, **typed) -> Endpoint:
    return connecting.connect(sheet=sheet, typed=TYPED | typed, by=UserFactory(), now=NOW)


def test_the_password_is_named_after_the_vendor():
    with as_worker():
        sheet = ServiceSheetFactory()
        endpoint = connected(sheet)
        siren = sheet.vendor.organisation.siren
        assert endpoint.connector == ConnectorKind.OSB
        assert endpoint.config == TYPED | {"password_variable": f"BROKER_PASSWORD_{siren}"}
        assert connecting.endpoint_of(sheet) == endpoint


def test_a_change_costs_the_proof_and_the_same_again_nothing():
    with as_worker():
        sheet = ServiceSheetFactory()
        endpoint = connected(sheet)
        report = KitReportFactory(run__endpoint=endpoint)
        Endpoint.objects.filter(pk=endpoint.pk).update(proof=report)

        connected(sheet)
        assert AuditEvent.objects.filter(what="endpoint.changed").count() == 1
        assert connecting.endpoint_of(sheet).is_proved

        connected(sheet, plan_id="autre")
        assert not connecting.endpoint_of(sheet).is_proved
        connected(sheet)
        assert connecting.endpoint_of(sheet).is_proved  # it is again what was proved


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "ftp://x"}, "url"),
        ({"url": "https://" + "x" * 500}, "url"),
        ({"username": "a:b"}, "username"),
        ({"service_id": "\0"}, "service_id"),
        ({"plan_id": "x" * 201}, "plan_id"),
    ],
)
def test_what_cannot_be_kept_is_refused(typed, field):
    with as_worker(), pytest.raises(connecting.ConnectionRefused) as refusal:
        connected(ServiceSheetFactory(), **typed)
    assert refusal.value.field == field


def test_plain_http_is_refused_outside_development(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with as_worker(), pytest.raises(connecting.ConnectionRefused):
        connected(ServiceSheetFactory(), url="http://courtier.example")
