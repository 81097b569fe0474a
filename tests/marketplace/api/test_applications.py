"""The list that application switchers read, as st-deploycenter answers it."""

import pytest
from django.urls import reverse

from catalog.models import ListingState
from subscriptions.models import State
from tests.factories import ListingFactory, OperatorFactory, OrganisationFactory, SubscriptionFactory
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return OperatorFactory(slug="hall", shows_applications=True)


@pytest.fixture
def listings(operator):
    return [
        ListingFactory(operator=operator, sheet__name=name, sheet__slug=slug)
        for name, slug in (("Archives", "archives"), ("Cantine", "cantine"), ("voirie", "voirie"))
    ]


@pytest.fixture
def commune(operator, listings):
    organisation = OrganisationFactory()
    SubscriptionFactory(
        tenant=organisation, listing=listings[1], state=State.ACTIVE, service_url="https://cantine.example/"
    )
    return organisation


def ask(client, **asked):
    return client.get(reverse("lagaufre_services"), asked)


def test_without_an_organisation_the_catalogue_by_name(client, listings):
    answer = ask(client, operator="hall")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer.json() == {
        "services": [
            {
                "id": slug,
                "name": name,
                "url": f"http://127.0.0.1:8000/halles/hall/services/{slug}/",
                "maturity": "stable",
                "logo": None,
            }
            for slug, name in (("archives", "Archives"), ("cantine", "Cantine"), ("voirie", "voirie"))
        ]
    }


@pytest.mark.parametrize("name", ["siret", "siren", "insee"])
def test_those_of_the_organisation_come_first_with_its_own_address(client, commune, name):
    value = {"siret": commune.siret, "siren": commune.siren, "insee": commune.territory.code}[name]
    answer = ask(client, operator="hall", **{name: value}).json()
    assert answer["organization"] == {"name": commune.name, "type": "commune", "siret": commune.siret}
    assert [(one["id"], one["subscribed"]) for one in answer["services"]] == [
        ("cantine", True),
        ("archives", False),
        ("voirie", False),
    ]
    assert answer["services"][0]["url"] == "https://cantine.example/"


def test_what_is_used_and_offered_no_longer_is_there_and_what_another_operator_gives_is_not(
    client, commune, listings
):
    type(listings[1]).objects.filter(pk=listings[1].pk).update(state=ListingState.WITHDRAWN)
    elsewhere = SubscriptionFactory(tenant=commune, state=State.ACTIVE)
    found = ask(client, operator="hall", siren=commune.siren).json()["services"]
    assert [one["id"] for one in found if one["subscribed"]] == ["cantine"]
    assert elsewhere.listing.sheet.slug not in [one["id"] for one in found]


def test_an_operator_that_says_nothing_of_its_members_is_obeyed(client, commune, operator):
    type(operator).objects.filter(pk=operator.pk).update(shows_applications=False)
    answer = ask(client, operator="hall", siren=commune.siren)
    assert answer.json() == ask(client, operator="hall").json()
    assert b"cantine.example" not in answer.content


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 400),
        ({"operator": "nobody"}, 404),
        ({"operator": "hall", "siret": "12"}, 400),
        ({"operator": "hall", "siren": "１２３４５６７８９"}, 400),
        ({"operator": "hall", "insee": "2B'--"}, 400),
        ({"operator": "hall", "siret": "99999999999999"}, 404),
    ],
)
def test_what_cannot_be_answered_says_why(client, operator, asked, status):
    answer = ask(client, **asked)
    assert answer.status_code == status
    assert answer.json()["services"] == []
    assert answer.json()["error"]


def test_queries_do_not_grow_with_services(client, commune, snapshot):
    with snapshot_queries(snapshot):
        ask(client, operator="hall", siren=commune.siren)
