"""A vendor sees its services and every shelf they stand on."""

import pytest
from django.urls import reverse

from catalog.models import ListingState
from tenants.models import Role
from tests.factories import (
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    ServiceSheetFactory,
    VendorFactory,
)
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor():
    return VendorFactory()


@pytest.fixture
def signed_in(vendor, client):
    client.force_login(MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_EDITOR).user)
    return client


def home(vendor):
    return reverse("vendor_home", args=[vendor.organisation.siren])


def test_each_service_tells_its_shelves_and_states(vendor, signed_in):
    sheet = ServiceSheetFactory(vendor=vendor, name="Cantinelle")
    listed = ListingFactory(sheet=sheet, operator=OperatorFactory(short_name="Alpha"))
    ListingFactory(
        offer=listed.offer, operator=OperatorFactory(short_name="Bravo"), state=ListingState.SUSPENDED
    )
    ServiceSheetFactory(vendor=vendor, name="Seulette")
    ListingFactory(sheet__name="Chez un autre")
    answer = signed_in.get(home(vendor))
    services = {service["name"]: service["shelves"] for service in answer.context["services"]}
    assert {name: [(s["operator"], s["state"]) for s in shelves] for name, shelves in services.items()} == {
        "Cantinelle": [("Alpha", "Au catalogue"), ("Bravo", "Suspendu")],
        "Seulette": [],
    }
    assert [bool(shelf["url"]) for shelf in services["Cantinelle"]] == [True, False]
    assert signed_in.get(services["Cantinelle"][0]["url"]).status_code == 200
    assert "Aucun opérateur pour le moment" in answer.content.decode()


def test_a_vendor_without_service_reads_so(vendor, signed_in):
    assert "Aucun service pour le moment" in signed_in.get(home(vendor)).content.decode()


def test_another_vendor_and_other_roles_find_nothing(vendor, signed_in, client):
    assert signed_in.get(home(VendorFactory())).status_code == 404
    client.force_login(MembershipFactory(organisation=vendor.organisation, role=Role.SECRETARY).user)
    assert client.get(home(vendor)).status_code == 404


@pytest.mark.parametrize("count", [1, 6])
def test_queries_of_the_services(count, vendor, signed_in, snapshot):
    for _ in range(count):
        ListingFactory(sheet__vendor=vendor)
    with snapshot_queries(snapshot(name="services")):
        signed_in.get(home(vendor))
