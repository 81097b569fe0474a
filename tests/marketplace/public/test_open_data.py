"""The catalogue as files and as linked data, read back by somebody else's reader."""

import csv
import io
from datetime import date

import pytest
import rdflib
from django.urls import reverse
from rdflib import DCAT, DCTERMS, FOAF, RDF

from catalog.finding.indexing import refresh
from catalog.opendata.dcat import HYDRA, RESOURCE, SCHEMA
from marketplace.web.api.answers import remembered
from tests.factories import (
    ClaimFactory,
    ListingFactory,
    OperatorFactory,
    ServiceSheetFactory,
    VendorFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = [
    pytest.mark.django_db,
    # rdflib's own reader of JSON-LD, which its next version mends.
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _nothing_remembered():
    remembered.clear()


@pytest.fixture
def operator():
    return OperatorFactory(
        slug="hall", organisation__name="Syndicat mixte d’essai", legal_kind="syndicat_mixte"
    )


@pytest.fixture
def listing(operator):
    sheet = ServiceSheetFactory(
        name="Cantine « libre » & Cie",
        slug="cantine-libre",
        summary="Inscriptions ; repas\npointés",
        licence_spdx="AGPL-3.0-or-later",
        vendor=VendorFactory(organisation__name="Éditeur d’essai"),
    )
    listing = ListingFactory(operator=operator, sheet=sheet, approved_at=NOW)
    ClaimFactory(sheet=sheet, topic="rgaa", verified=True, valid_until=date(2099, 12, 31))
    with as_worker():
        refresh(listings=[listing.pk])
    return listing


def graph_of(answer, form: str) -> rdflib.Graph:
    return rdflib.Graph().parse(data=answer.content, format=form)


@pytest.mark.parametrize(
    ("extension", "form", "kind"),
    [("jsonld", "json-ld", "application/ld+json"), ("ttl", "turtle", "text/turtle; charset=utf-8")],
)
def test_the_catalogue_as_linked_data(client, listing, operator, extension, form, kind):
    answer = client.get(f"/catalogue/dcat.{extension}")
    assert answer["Content-Type"] == kind
    assert answer["Access-Control-Allow-Origin"] == "*"
    graph = graph_of(answer, form)
    (catalogue,) = graph.subjects(RDF.type, DCAT.Catalog)
    (service,) = graph.objects(catalogue, RESOURCE)
    assert str(service) == "http://127.0.0.1:8000/halles/hall/services/cantine-libre/"
    assert str(graph.value(service, DCTERMS.title)) == "Cantine « libre » & Cie"
    assert str(graph.value(service, SCHEMA.license)) == "AGPL-3.0-or-later"
    vendor = graph.value(service, DCTERMS.creator)
    assert str(vendor) == f"urn:siren:{listing.vendor.organisation.siren}"
    assert str(graph.value(vendor, FOAF.name)) == "Éditeur d’essai"
    publisher = graph.value(service, DCTERMS.publisher)
    assert str(graph.value(publisher, FOAF.name)) == "Syndicat mixte d’essai"
    claim = graph.value(service, SCHEMA.additionalProperty)
    assert (str(graph.value(claim, SCHEMA.propertyID)), str(graph.value(claim, SCHEMA.value))) == (
        "rgaa",
        "verified",
    )
    assert int(graph.value(catalogue, HYDRA.totalItems)) == 1


def test_what_a_portal_harvests_can_be_fetched(client, listing):
    graph = graph_of(client.get("/catalogue/dcat.ttl"), "turtle")
    (dataset,) = graph.subjects(RDF.type, DCAT.Dataset)
    (interface,) = graph.subjects(RDF.type, DCAT.DataService)
    for resource in (dataset, interface):
        for needed in (DCTERMS.title, DCTERMS.description, DCTERMS.license, DCTERMS.publisher):
            assert graph.value(resource, needed) is not None
    addresses = [
        *graph.objects(None, DCAT.downloadURL),
        graph.value(interface, DCAT.endpointURL),
        graph.value(interface, DCAT.endpointDescription),
        graph.value(dataset, DCAT.landingPage),
    ]
    assert len(addresses) == 5
    for address in addresses:
        assert client.get(str(address).removeprefix("http://127.0.0.1:8000")).status_code == 200


def test_a_large_catalogue_leads_from_page_to_page(client, operator):
    vendor = VendorFactory()
    for _ in range(103):
        sheet = ServiceSheetFactory(vendor=vendor)
        ListingFactory(operator=operator, sheet=sheet, grid=None, vehicle=False)
    seen, address = set(), "/catalogue/dcat.jsonld"
    pages = 0
    while address:
        graph = graph_of(client.get(address), "json-ld")
        seen |= set(graph.subjects(RDF.type, DCAT.Resource))
        (view,) = graph.subjects(RDF.type, HYDRA.PartialCollectionView)
        following = graph.value(view, HYDRA.next)
        address = str(following).removeprefix("http://127.0.0.1:8000") if following else ""
        pages += 1
    assert (pages, len(seen)) == (2, 103)


@pytest.mark.parametrize(
    "address", ["dcat.rdf", *(f"dcat.ttl?page={page}" for page in ("0", "2", "x", "²", "", "9999999"))]
)
def test_pages_that_do_not_exist(client, listing, address):
    assert client.get(f"/catalogue/{address}").status_code == 404


def rows(answer) -> list[dict]:
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_services_in_the_anct_columns(client, listing):
    answer = client.get(reverse("services_csv"))
    assert answer["Content-Disposition"] == 'attachment; filename="services.csv"'
    (row,) = rows(answer)
    columns = "id,nom,description,url,type,nom_instance,maturite,date_lancement,logo_url"
    assert ",".join(row) == columns
    assert row["nom"] == "Cantine « libre » & Cie"
    assert row["description"] == "Inscriptions ; repas\npointés"
    assert row["type"] == "Cantine et périscolaire"
    assert date.fromisoformat(row["date_lancement"]) == NOW.date()


def test_operators_in_the_anct_columns(client, listing, operator):
    (row,) = rows(client.get(reverse("operators_csv")))
    assert list(row) == [
        "id",
        "nom",
        "nom_avec_article",
        "url",
        "siret",
        "statut",
        "services",
        "departements",
    ]
    assert row["nom_avec_article"] == "le Syndicat mixte d’essai"
    assert row["services"] == "Cantine et périscolaire"


def test_a_name_cannot_become_a_formula(client, operator):
    ListingFactory(operator=operator, sheet__name='=HYPERLINK("https://evil.example")')
    (row,) = rows(client.get(reverse("services_csv")))
    assert row["nom"].startswith("'=")


def test_the_page_leads_to_all_of_it(client):
    page = client.get(reverse("open_data")).content.decode()
    for name, arguments in (
        ("services_csv", []), ("operators_csv", []), ("catalogue_dcat", ["ttl"]),
        ("catalogue_dcat", ["jsonld"]), ("api:root", []), ("api:openapi", []), ("api_documentation", []),
    ):  # fmt: skip
        assert f'href="{reverse(name, args=arguments)}"' in page
    assert reverse("open_data") in client.get(reverse("accessibility")).content.decode()


def test_queries(client, listing, snapshot):
    with snapshot_queries(snapshot(name="dcat")):
        client.get("/catalogue/dcat.ttl")
    remembered.clear()
    with snapshot_queries(snapshot(name="services.csv")):
        client.get(reverse("services_csv"))
    with snapshot_queries(snapshot(name="operateurs.csv")):
        client.get(reverse("operators_csv"))
