"""The page of all of a person's applications."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from subscriptions.models import State
from tenants.models import Role
from tests.factories import (
    CoverFactory,
    MembershipFactory,
    OrganisationFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return UserFactory()


@pytest.fixture
def read(person):
    """A function that reads the page as that person: by organisation, (name, url, note) of each."""

    def found():
        client = Client()
        client.force_login(person)
        context = client.get(reverse("my_applications")).context
        return {
            one["name"]: [(item["name"], item["url"], item["note"]) for item in one["applications"]]
            for one in context["organisations"]
        }

    return found


def member(person, organisation=None, role=Role.SECRETARY):
    organisation = organisation or OrganisationFactory()
    MembershipFactory(user=person, organisation=organisation, role=role)
    return organisation


def test_the_services_of_all_her_organisations_are_there_and_no_other(person, read):
    first, second = member(person), member(person, role=Role.SIGNATORY)
    member(person, first, role=Role.ORG_ADMIN)
    opened = SubscriptionFactory(tenant=first, state=State.ACTIVE, service_url="https://one.example/")
    leaving = SubscriptionFactory(tenant=second, state=State.TERMINATING, service_url="https://two.example/")
    SubscriptionFactory(tenant=first, state=State.REQUESTED)
    SubscriptionFactory(tenant=second, state=State.ENDED)
    SubscriptionFactory(state=State.ACTIVE)  # of somebody else
    assert read() == {
        first.name: [(opened.service_name, "https://one.example/", "")],
        second.name: [
            (leaving.service_name, "https://two.example/", "Se ferme bientôt : récupérez vos données.")
        ],
    }


def test_what_cannot_be_entered_is_no_link_and_says_why(person, read):
    commune = member(person)
    SubscriptionFactory(tenant=commune, state=State.SUSPENDED, service_url="https://one.example/")
    SubscriptionFactory(tenant=commune, state=State.ACTIVE, service_url="")
    [rows] = read().values()
    assert {url for _, url, _ in rows} == {""}
    assert {note.split(" ")[0] for _, _, note in rows} == {"Suspendu", "Ouvert,"}


def test_a_service_of_the_intercommunality_is_one_of_the_commune(person, read):
    cover = CoverFactory(subscription__service_url="https://shared.example/", since=date(2026, 1, 1))
    member(person, cover.tenant)
    assert read() == {cover.tenant.name: [(cover.subscription.service_name, "https://shared.example/", "")]}


def test_whoever_has_no_mandate_at_a_member_is_told_how_to_get_one(person, read):
    client = Client()
    client.force_login(person)
    assert "ne vous a donné de rôle" in client.get(reverse("my_applications")).content.decode()


def test_queries_do_not_grow_with_services(person, read, snapshot):
    commune = member(person)
    for _ in range(3):
        SubscriptionFactory(tenant=commune, state=State.ACTIVE)
    cover = CoverFactory(since=date(2026, 1, 1))
    member(person, cover.tenant)
    client = Client()
    client.force_login(person)
    client.get(reverse("my_applications"))
    with snapshot_queries(snapshot):
        client.get(reverse("my_applications"))
