"""The public API: what it says, what it never says, and how it says no."""

import json
from datetime import date

import jsonschema
import pytest
from django.test import Client
from django.urls import reverse

from catalog.finding.indexing import refresh
from catalog.models import Family, ListingState
from marketplace.web.api.answers import Remembered, remembered
from marketplace.web.api.operations import document
from tests.factories import (
    ClaimFactory,
    ListingFactory,
    OperatorFactory,
    ReviewFactory,
    ServiceSheetFactory,
    TerritoryFactory,
    VendorFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

RATE = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "1"}
LIST_RATE = {**RATE, "rate": "3"}


@pytest.fixture(autouse=True)
def _nothing_remembered():
    remembered.clear()


@pytest.fixture
def operator():
    return OperatorFactory(
        slug="hall", short_name="La Halle d’essai", organisation__name="Syndicat mixte d’essai"
    )


@pytest.fixture
def sheet():
    return ServiceSheetFactory(
        name="Cantine libre",
        slug="cantine-libre",
        licence_spdx="AGPL-3.0-or-later",
        repository_url="https://code.example/cantine.git",
        contractors=[{"name": "Petite Fabrique", "until": "2028-06-30", "email": "zoe.k@fabrique.example"}],
        contacts=[{"label": "Assistance", "email": "jeanne.d@editeur.example", "phone": "0102030405"}],
        options=[{"code": "sms", "name": "Envoi de SMS"}],
        vendor=VendorFactory(
            organisation__name="Éditeur d’essai",
            contact_email="paul.b@editeur.example",
            website="https://editeur.example/",
        ),
    )


@pytest.fixture
def listing(operator, sheet):
    listing = ListingFactory(
        operator=operator, sheet=sheet, grid__definition=RATE, grid__list_definition=LIST_RATE
    )
    ClaimFactory(sheet=sheet, verified=True, value={"dpo_contact": "zoe.k@editeur.example"})
    ClaimFactory(sheet=sheet, topic="rgaa", valid_until=date(2020, 1, 1))
    for rating in (4, 5):
        ReviewFactory(sheet=sheet, operator=operator, rating=rating)
    changed(listing)
    return listing


def changed(listing):
    """As the verbs leave it after a change."""
    with as_worker():
        refresh(listings=[listing.pk])


@pytest.fixture
def commune():
    return TerritoryFactory(name="Trévières", code="14711", departement="14")


def get(client: Client, path: str, **parameters):
    return client.get(f"/api/v1/{path}", parameters)


def test_a_service_in_a_list(client, listing):
    answer = get(client, "services")
    assert answer["Content-Type"] == "application/json"
    found = answer.json()
    assert (found["total"], found["page"], found["next"], found["previous"]) == (1, 1, None, None)
    assert found["items"] == [
        {
            "id": "cantine-libre",
            "name": "Cantine libre",
            "summary": "Inscriptions et pointage des repas.",
            "family": "canteen",
            "connector": "manual",
            "licence": "AGPL-3.0-or-later",
            "vendor": {"siren": listing.vendor.organisation.siren, "name": "Éditeur d’essai"},
            "body_types": [],
            "population_min": None,
            "population_max": None,
            "claims": [{"topic": "licence", "level": "verified", "valid_until": None}],
            "rating": {"average": 4.5, "count": 2},
            "listed_on": found["items"][0]["listed_on"],
            "updated_at": None,
            "operators": ["hall"],
            "url": "http://127.0.0.1:8000/halles/hall/services/cantine-libre/",
        }
    ]


def test_a_service_on_two_shelves_is_told_once(client, listing):
    ListingFactory(operator=OperatorFactory(slug="autre"), sheet=listing.sheet)
    (item,) = get(client, "services").json()["items"]
    assert sorted(item["operators"]) == ["autre", "hall"]
    assert get(client, "services", operator="autre").json()["items"][0]["operators"][0] == "autre"


@pytest.mark.parametrize("state", [ListingState.DRAFT, ListingState.SUSPENDED, ListingState.WITHDRAWN])
def test_what_is_not_on_a_shelf_is_not_published(client, operator, state):
    hidden = ListingFactory(operator=operator, state=state)
    assert get(client, "services").json()["total"] == 0
    assert get(client, f"services/{hidden.sheet.slug}").status_code == 404
    assert get(client, f"services/{hidden.sheet.slug}/claims").status_code == 404
    assert get(client, "operators/hall/listings").json()["total"] == 0
    assert get(client, "vendors").json()["total"] == 0
    assert get(client, f"vendors/{hidden.vendor.organisation.siren}").status_code == 404


def test_filters(client, operator, listing):
    other = ListingFactory(
        operator=operator,
        sheet=ServiceSheetFactory(name="Cimetière", slug="cimetiere", summary="Les concessions.",
                                  family=Family.CEMETERY, connector="osb"),
    )  # fmt: skip

    def names(**filters):
        return [item["id"] for item in get(client, "services", **filters).json()["items"]]

    assert names() == ["cantine-libre", "cimetiere"]
    assert names(q="CANTINE inscription") == ["cantine-libre"]
    assert names(q="concessions cimetiè") == ["cimetiere"]
    assert names(family="cemetery") == ["cimetiere"]
    assert names(operator="hall", connector="osb") == ["cimetiere"]
    assert names(operator="nowhere") == []
    assert names(vendor=other.vendor.organisation.siren) == ["cimetiere"]
    assert names(licence="agpl-3.0-or-later") == ["cantine-libre"]


def test_pages_lead_to_one_another_and_keep_the_filters(client, operator):
    for number in range(5):
        ListingFactory(operator=operator, sheet__name=f"Service {number}", sheet__slug=f"service-{number}")
    seen, url = [], "/api/v1/services?page_size=2&family=canteen"
    while url:
        page = client.get(url.removeprefix("http://127.0.0.1:8000")).json()
        assert page["total"] == 5
        seen += [item["id"] for item in page["items"]]
        url = page["next"]
    assert seen == [f"service-{number}" for number in range(5)]
    assert "family=canteen" in page["previous"]
    beyond = get(client, "services", page=9, page_size=2).json()
    assert (beyond["items"], beyond["next"]) == ([], None)
    assert "page=3" in beyond["previous"]


def test_a_service_in_full(client, listing):
    found = get(client, "services/cantine-libre").json()
    assert found["description"].startswith("Les familles inscrivent")
    assert found["repository_url"] == "https://code.example/cantine.git"
    assert found["contractors"] == [{"name": "Petite Fabrique", "until": "2028-06-30", "website": None}]
    assert found["options"] == [{"code": "sms", "name": "Envoi de SMS", "summary": ""}]
    assert [(one["topic"], one["level"], one["valid_until"]) for one in found["claims"]] == [
        ("licence", "verified", None)
    ]
    assert found["shelves"][0]["operator"] == "hall"
    assert get(client, "services/cantine-libre/claims").json()["items"] == found["claims"]


def test_a_service_is_told_as_it_was_approved(client, listing):
    sheet = listing.sheet
    sheet.name, sheet.description = "Pas encore relue", "Promesses."
    with as_worker():
        sheet.save()
    found = get(client, "services/cantine-libre").json()
    assert found["name"] == "Cantine libre"
    assert "Promesses" not in found["description"]


def test_nobody_s_name_nor_address_is_published(client, listing, operator, commune):
    said = "".join(
        get(client, path, **parameters).content.decode()
        for path, parameters in (
            ("services", {}), ("services/cantine-libre", {}), ("services/cantine-libre/claims", {}),
            ("operators", {}), ("operators/hall", {}), ("operators/hall/listings", {"insee": "14711"}),
            ("vendors", {}), (f"vendors/{listing.vendor.organisation.siren}", {}),
        )
    )  # fmt: skip
    assert "@" not in said
    assert "0102030405" not in said
    assert operator.iban == "" or operator.iban not in said


def price_of(client, **parameters):
    found = get(client, "operators/hall/listings", **parameters).json()
    return found, found["items"][0]


def test_a_negotiated_price_is_told_only_if_its_operator_says_so(client, listing, commune):
    found, item = price_of(client, insee="14711")
    assert found["commune"] == {"insee": "14711", "name": "Trévières"}
    assert item["price"] is None
    assert item["price_published"] is False
    people = item["population"]["value"]
    assert item["list_price"]["net_cents"] == 300 * people
    assert f'"net_cents":{100 * people}' not in json.dumps(found, separators=(",", ":"))

    listing.price_is_public = True
    with as_worker():
        listing.save()
    _, item = price_of(client, insee="14711")
    assert item["price"]["net_cents"] == 100 * people
    assert item["price"]["gross_cents"] == 120 * people


def test_without_a_commune_there_is_no_price(client, listing):
    found, item = price_of(client)
    assert found["commune"] is None
    assert (item["price"], item["list_price"], item["population"]) == (None, None, None)


def test_an_operator(client, listing, operator):
    assert get(client, "operators/hall").json() == {
        "id": "hall",
        "name": "Syndicat mixte d’essai",
        "short_name": "La Halle d’essai",
        "siren": operator.organisation.siren,
        "siret": operator.organisation.siret or None,
        "legal_kind": operator.legal_kind,
        "departement": get(client, "operators/hall").json()["departement"],
        "services": 1,
        "url": "http://127.0.0.1:8000/halles/hall/",
    }
    assert [one["id"] for one in get(client, "operators").json()["items"]] == ["hall"]


def test_families(client):
    assert len(get(client, "families").json()["items"]) == len(Family)


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("services?page=0", 400, "au moins 1"),
        ("services?page=un", 400, "nombre entier"),
        ("services?page=99999999999999999999", 400, "page"),
        ("services?page_size=101", 400, "au plus 100"),
        ("services?family=voirie", 400, "« canteen »"),
        ("services?vendor=12", 400, "vendor"),
        ("services?q=" + "a" * 10_000, 400, "au plus 200"),
        ("services?q=%00", 400, "q"),
        ("services?operator=%00&licence=%00", 400, "licence"),
        ("services/nothing", 404, "Aucun service"),
        ("services/no%00thing", 404, "Il n’y a rien"),
        ("services/" + "a" * 5000, 404, "Aucun service"),
        ("operators/nothing", 404, "Aucun opérateur"),
        ("operators/nothing/listings", 404, "Aucun opérateur"),
        ("operators/hall/listings?insee=14x", 400, "insee"),
        ("operators/hall/listings?insee=99999", 404, "code INSEE"),
        ("vendors/12", 400, "siren"),
        ("vendors/732829320", 404, "Aucun éditeur"),
        ("nothing", 404, "Il n’y a rien"),
        ("", 200, ""),
    ],
)  # fmt: skip
def test_errors_are_told_in_french(client, operator, path, status, word):
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == status
    assert answer["Access-Control-Allow-Origin"] == "*"
    if status == 200:
        return
    assert answer["Content-Type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == status
    assert word in found["detail"].replace("\u00a0", " ")


@pytest.mark.parametrize("words", ["'", "%", "\\", "((((", "& | !", "a:*", "🙂", "OR 1=1 --", "   "])
def test_any_words_may_be_looked_for(client, listing, words):
    assert get(client, "services", q=words).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_may_be_sent(method):
    answer = getattr(Client(enforce_csrf_checks=True), method)("/api/v1/services")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")


def test_any_site_may_ask(client, listing):
    preflight = client.options("/api/v1/services")
    assert (preflight.status_code, preflight["Access-Control-Allow-Origin"]) == (204, "*")
    answer = get(client, "services")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Cookie" not in answer.get("Vary", "")
    assert not answer.cookies


def test_an_answer_is_not_sent_twice(client, listing):
    first = get(client, "services")
    assert "max-age" in first["Cache-Control"]
    again = client.get("/api/v1/services", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    ListingFactory(operator=listing.operator)
    changed = client.get("/api/v1/services", headers={"if-none-match": first["ETag"]})
    assert changed.status_code == 200
    head = client.head("/api/v1/services")
    assert (head.status_code, head.content) == (200, b"")


def test_a_remembered_answer_lasts_until_the_catalogue_changes(client, listing, django_assert_num_queries):
    get(client, "services")
    with django_assert_num_queries(1):
        assert get(client, "services").json()["total"] == 1
    ListingFactory(operator=listing.operator)
    assert get(client, "services").json()["total"] == 2


def test_memory_is_bounded():
    memory, made = Remembered(max_bytes=100, seconds=60), []

    def make():
        made.append(1)
        return b"x" * 40

    for key in (1, 2, 3, 3, 1):
        memory.get(key, make)
    assert len(made) == 4
    assert memory.size <= 100


def test_service_list_queries(client, listing, snapshot):
    with snapshot_queries(snapshot):
        get(client, "services", family="canteen", operator="hall", q="cantine", page_size=100)


def test_shelf_queries(client, listing, commune, snapshot):
    for number in range(3):
        ListingFactory(operator=listing.operator, sheet__slug=f"s-{number}", price_is_public=True)
    with snapshot_queries(snapshot):
        get(client, "operators/hall/listings", insee="14711")


def resolved(schema, components):
    return {**schema, "components": components}


def test_the_document_says_what_is_answered(client, listing, commune):
    """Each operation is asked, and its answer held against its own description."""
    said = client.get("/api/v1/openapi.json").json()
    assert said["openapi"] == "3.1.0"
    values = {
        "operator": "hall", "service": "cantine-libre", "insee": "14711",
        "siren": listing.vendor.organisation.siren,
    }  # fmt: skip
    for path, methods in said["paths"].items():
        operation = methods["get"]
        address, query = path, {}
        for parameter in operation.get("parameters", []):
            name = parameter["name"]
            if parameter["in"] == "path":
                address = address.replace(f"{{{name}}}", values[name])
            elif name in values and "listings" in path:
                query[name] = values[name]
        answer = client.get(address, query)
        assert answer.status_code == 200, address
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        validator = jsonschema.Draft202012Validator(
            resolved(schema, said["components"]), format_checker=jsonschema.FormatChecker()
        )
        assert [error.message for error in validator.iter_errors(answer.json())] == [], address
        _no_unknown_field(answer.json(), schema, said)


def _no_unknown_field(value, schema, document):
    """What is answered beyond the description would be published without anybody having decided it."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    for branch in schema.get("anyOf", ()):
        if "$ref" in branch and value is not None:
            _no_unknown_field(value, branch, document)
    if isinstance(value, dict) and "properties" in schema:
        assert set(value) <= set(schema["properties"])
        for name, inner in value.items():
            _no_unknown_field(inner, schema["properties"][name], document)
    for inner in value if isinstance(value, list) and "items" in schema else ():
        _no_unknown_field(inner, schema["items"], document)


def test_the_documentation_is_for_people(client):
    page = client.get(reverse("api_documentation")).content.decode()
    for path in document()["paths"]:
        assert path in page
