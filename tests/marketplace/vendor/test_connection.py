"""The vendor's page of a connection: her broker, the kit, its report; and what an operator sees of it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.catalogues import read_catalogues
from provisioning.models import CatalogueReading, Endpoint, KitRun
from provisioning.models.endpoint import ConnectorKind
from tenants.models import Role
from tests.factories import (
    EndpointFactory,
    KitReportFactory,
    KitRunFactory,
    ListingFactory,
    MembershipFactory,
)
from tests.fakes.broker import failing_broker
from tests.provisioning.test_catalogues import catalogue
from tests.tools.database import as_worker
from tests.tools.jobs import run_jobs, waiting
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

TYPED = {"url": "https://courtier.example", "username": "halle", "service_id": "s", "plan_id": "p"}


@pytest.fixture
def listing():
    return ListingFactory()


@pytest.fixture
def editor(listing):
    return MembershipFactory(organisation=listing.vendor.organisation, role=Role.VENDOR_EDITOR).user


@pytest.fixture
def broker():
    with failing_broker() as broker:
        yield broker


def address(listing, name="vendor_connection", *more):
    return reverse(name, args=[listing.vendor.organisation.siren, listing.sheet.slug, *more])


def endpoint_of(listing, **options):
    return EndpointFactory(offer=listing.offer, osb=True, **options)


def test_nothing_is_connected_yet(client, listing, editor):
    client.force_login(editor)
    page = client.get(address(listing)).content.decode()
    assert "À la main" in page
    assert "Écrivez d’abord l’adresse de votre courtier." in page


def test_she_says_where_her_broker_is(client, listing, editor):
    client.force_login(editor)
    answer = client.post(address(listing), TYPED, follow=True)

    page = answer.content.decode()
    assert "À la main en attendant le banc d’essai" in page
    assert f"BROKER_PASSWORD_{listing.vendor.organisation.siren}" in page
    with as_worker():
        assert Endpoint.objects.get(offer=listing.offer).connector == ConnectorKind.OSB


def test_what_is_wrong_is_said_and_kept(client, listing, editor):
    client.force_login(editor)
    page = client.post(address(listing), TYPED | {"url": "ftp://là"}).content.decode()
    assert "Écrivez l’adresse en entier : https://…" in page
    assert "ftp://là" in page
    with as_worker():
        assert not Endpoint.objects.exists()


def test_she_has_the_kit_played_and_leaves(client, listing, editor):
    endpoint_of(listing, proved=False)
    client.force_login(editor)
    first = client.post(address(listing, "vendor_kit_ask"))
    again = client.post(address(listing, "vendor_kit_ask"))

    run = KitRun.objects.get()
    assert first.url == again.url == address(listing, "vendor_kit_run", run.public_id)
    assert waiting() == [("provisioning.tasks.run_kit", {"run_id": run.pk})]
    page = client.get(first.url).content.decode()
    assert "0 points sur" in page
    assert 'hx-trigger="every 2s"' in page
    assert "En cours" in client.get(address(listing)).content.decode()


def test_there_is_nothing_to_play_without_a_broker(client, listing, editor):
    client.force_login(editor)
    assert client.post(address(listing, "vendor_kit_ask")).status_code == 404
    EndpointFactory(offer=listing.offer)
    answer = client.post(address(listing, "vendor_kit_ask"), follow=True)
    assert "Aucun courtier n’est raccordé" in answer.content.decode()


def test_the_progress_stops_asking_when_it_is_over(client, listing, editor):
    endpoint = endpoint_of(listing)
    run = KitRun.objects.get(endpoint=endpoint)
    client.force_login(editor)
    part = client.get(address(listing, "vendor_kit_progress", run.public_id)).content.decode()
    assert 'hx-trigger="' not in part
    assert "Voir le rapport" in part


def test_a_report_says_what_to_mend(client, listing, editor):
    endpoint = endpoint_of(listing, proved=False)
    checks = [
        {"name": "other-parameters-conflict", "state": "failed", "seen": "PUT /v2 : 200 reçu, 409 attendu."},
        {"name": "check-of-before", "state": "passed", "seen": ""},
    ]
    report = KitReportFactory(
        run__endpoint=endpoint, passed=False, checks=checks, left=["instance-1"], configuration="0" * 64
    )
    client.force_login(editor)
    page = client.get(address(listing, "vendor_kit_run", report.run.public_id)).content.decode()
    assert "200 reçu, 409 attendu." in page
    assert "répondez 409 quand cela diffère" in page
    assert "instance-1" in page
    assert "ne vaut plus pour lui" in page


def test_what_her_broker_does_is_said_and_kept(client, listing, editor):
    client.force_login(editor)
    client.post(address(listing), TYPED | {"bindable": "on", "changes": "on"})
    with as_worker():
        endpoint = Endpoint.objects.get(offer=listing.offer)
    said = {name: endpoint.config.get(name) for name in ("bindable", "changes", "suspends")}
    assert (said, endpoint.binds) == ({"bindable": True, "changes": None, "suspends": None}, True)

    fields = client.get(address(listing)).context["form"]
    assert [fields[name].value() for name in said] == [True, True, False]
    client.post(address(listing), TYPED | {"suspends": "on"})
    with as_worker():
        endpoint = Endpoint.objects.get(offer=listing.offer)
    said = {name: endpoint.config.get(name) for name in said}
    assert said == {"bindable": None, "changes": False, "suspends": True}


def test_she_has_the_catalogue_read(client, listing, editor, broker):
    broker.catalogue = catalogue()
    endpoint_of(listing, url=broker.url)
    client.force_login(editor)
    assert "Halle n’y a encore rien lu" in client.get(address(listing)).content.decode()
    asked = client.post(address(listing, "vendor_catalogue"))
    assert asked.url == f"{address(listing)}#catalogue"
    page = client.get(address(listing)).content.decode()
    assert "Lecture en cours" in page
    assert 'hx-trigger="every 2s"' in page
    assert "Relire le catalogue" not in page

    assert run_jobs() == ["provisioning.tasks.read_catalogue"]
    part = client.get(address(listing, "vendor_catalogue")).content.decode()
    assert "Le catalogue propose bien cette formule." in part
    assert "halle-alert--success" in part
    assert "hx-trigger" not in part
    client.post(address(listing, "vendor_catalogue"))
    assert "attendez une minute" in client.get(address(listing)).content.decode()
    assert run_jobs() == []


def test_what_came_of_a_reading_is_said_as_it_is(client, listing, editor, broker):
    endpoint = endpoint_of(listing, url=broker.url)
    client.force_login(editor)

    def read(said):
        broker.catalogue = said
        with as_worker():
            CatalogueReading.objects.all().delete()
        client.post(address(listing, "vendor_catalogue"))
        run_jobs()
        return client.get(address(listing)).content.decode()

    read(catalogue(plan={"maximum_polling_duration": 60}))
    page = read(catalogue(plan={"maximum_polling_duration": 60}))
    assert "Rien n’a changé pour cette formule." in page
    assert "1 minute au plus" in page
    assert "sans succès" in read(b"<html>")
    page = read(catalogue(plans=[]))
    assert page.count("retiré cette formule") == 2
    assert "Ouvertures arrêtées" in page
    read(catalogue())
    broker.catalogue = b"<html>"
    with as_worker():
        read_catalogues(now=timezone.now())
    page = client.get(address(listing)).content.decode()
    assert "La dernière lecture a échoué" in page
    assert Endpoint.objects.get(pk=endpoint.pk).mismatch == ""


def test_there_is_no_catalogue_without_a_broker(client, listing, editor):
    client.force_login(editor)
    for ask in (client.get, client.post):
        assert ask(address(listing, "vendor_catalogue")).status_code == 404
    EndpointFactory(offer=listing.offer)
    for ask in (client.get, client.post):
        assert ask(address(listing, "vendor_catalogue")).status_code == 404


def test_another_vendors_run_is_not_found(client, listing, editor):
    other = KitRunFactory()
    endpoint_of(listing)
    client.force_login(editor)
    for name in ("vendor_kit_run", "vendor_kit_progress"):
        assert client.get(address(listing, name, other.public_id)).status_code == 404


def test_the_queries_of_her_page(client, listing, editor, snapshot):
    endpoint = endpoint_of(listing)
    for _ in range(3):
        KitReportFactory(run__endpoint=endpoint)
    client.force_login(editor)
    with snapshot_queries(snapshot(name="connection")):
        client.get(address(listing))


def test_an_operator_reads_the_report_and_plays_the_kit(client, listing):
    endpoint_of(listing)
    curator = MembershipFactory(organisation=listing.operator.organisation, role=Role.CURATOR).user
    client.force_login(curator)
    where = reverse("operator_listing_connection", args=[listing.operator.slug, listing.pk])

    page = client.get(where).content.decode()
    assert "Automatique" in page
    assert "TEST_BROKER_PASSWORD" in page
    assert "Réussi : 100 %" in page
    assert "Lancez" not in page

    assert client.post(where).status_code == 302
    assert "points sur" in client.get(where).content.decode()


def test_a_report_opens_nothing_once_the_catalogue_no_longer_fits(client, listing):
    endpoint = endpoint_of(listing)
    with as_worker():
        Endpoint.objects.filter(pk=endpoint.pk).update(mismatch="L’éditeur a retiré cette formule.")
    curator = MembershipFactory(organisation=listing.operator.organisation, role=Role.CURATOR).user
    client.force_login(curator)
    where = reverse("operator_listing_connection", args=[listing.operator.slug, listing.pk])
    page = client.get(where).content.decode()
    assert "Ouvertures arrêtées" in page
    assert "Réussi, mais le catalogue de l’éditeur ne convient plus." in page
    assert "peuvent s’ouvrir tout seuls" not in page


def test_an_auditor_is_shown_no_form(client, listing):
    endpoint_of(listing)
    auditor = MembershipFactory(organisation=listing.operator.organisation, role=Role.AUDITOR).user
    client.force_login(auditor)
    where = reverse("operator_listing_connection", args=[listing.operator.slug, listing.pk])
    assert "Lancer le banc d’essai" not in client.get(where).content.decode()
    assert client.post(where).status_code == 404


def test_anybody_reads_how_to_connect(client):
    page = client.get(reverse("vendors_connect")).content.decode()
    assert "Des demandes simultanées ouvrent un seul service" in page
    assert "class Broker:" in page

    example = client.get(reverse("vendors_broker"))
    assert example["Content-Disposition"] == 'attachment; filename="example_broker.py"'
    compile(example.content, "example_broker.py", "exec")
