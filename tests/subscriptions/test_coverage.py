"""Who has which service: a commune's socle, an operator's members."""

from datetime import date

import pytest

from catalog.models import Family
from subscriptions.coverage import coverage_of, members_by_service, socle_of
from subscriptions.models import State
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    ListingFactory,
    OperatorFactory,
    OrganisationFactory,
    SubscriptionFactory,
)
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 2)


@pytest.fixture
def operator():
    return OperatorFactory()


@pytest.fixture
def member(operator):
    """A function: a member commune of the operator."""

    def make(name, population=860):
        adhesion = AdhesionFactory(
            operator=operator, organisation__name=name, organisation__territory__population=population
        )
        return adhesion.organisation

    return make


def scope(operator, *members):
    return tenant_scope([operator.organisation_id, *(member.pk for member in members)])


def test_the_socle_says_what_there_is_and_what_is_missing(operator, member):
    commune = member("Évran")
    site = ListingFactory(operator=operator, sheet__family=Family.WEBSITE, sheet__name="Mon site")
    mail = ListingFactory(operator=operator, sheet__family=Family.EMAIL, sheet__name="Courriels")
    canteen = ListingFactory(operator=operator, sheet__family=Family.CANTEEN, sheet__name="Cantine")
    elsewhere = ListingFactory(sheet__family=Family.EMAIL)
    SubscriptionFactory(tenant=commune, listing=site, state=State.ACTIVE)
    SubscriptionFactory(listing=mail, state=State.ACTIVE)
    with tenant_scope([commune.pk]):
        socle = socle_of(organisation=commune, on=TODAY)
    found = {need.title: need for need in socle.fundamentals}
    assert list(found) == [
        "Nom de domaine et site internet",
        "Messagerie professionnelle",
        "Stockage de fichiers",
    ]
    first, second, third = found.values()
    assert (first.is_met, [row.service_name for row in first.held], first.offers) == (True, ["Mon site"], [])
    assert (second.is_met, second.held, [entry.pk for entry in second.offers]) == (False, [], [mail.pk])
    assert (third.held, third.offers) == ([], [])
    assert elsewhere.pk not in [entry.pk for entry in second.offers]
    assert [(need.title, [entry.pk for entry in need.offers]) for need in socle.others] == [
        (Family.CANTEEN.label, [canteen.pk])
    ]
    assert "ANCT" in socle.source


def test_a_request_is_not_a_service_yet(operator, member):
    commune = member("Évran")
    mail = ListingFactory(operator=operator, sheet__family=Family.EMAIL)
    SubscriptionFactory(tenant=commune, listing=mail, state=State.REQUESTED)
    with tenant_scope([commune.pk]):
        need = socle_of(organisation=commune, on=TODAY).fundamentals[1]
    assert (need.is_met, len(need.held), need.offers) == (False, 1, [])


def test_the_socle_as_known_on_the_day(operator, member):
    commune = member("Évran")
    with tenant_scope([commune.pk]):
        assert socle_of(organisation=commune, on=date(2025, 12, 31)).fundamentals == []


def test_members_and_inhabitants_by_service(operator, member):
    small, large, third = member("Petite", 200), member("Grande", 1_800), member("Autre", 1_000)
    mail = ListingFactory(operator=operator, sheet__family=Family.EMAIL)
    site = ListingFactory(operator=operator, sheet__family=Family.WEBSITE)
    SubscriptionFactory(tenant=small, listing=mail, state=State.ACTIVE)
    SubscriptionFactory(tenant=large, listing=mail, state=State.SUSPENDED)
    SubscriptionFactory(tenant=third, listing=mail, state=State.REQUESTED)
    SubscriptionFactory(tenant=small, listing=site, state=State.ENDED)
    # Somebody else's shelf, and a member that has left.
    SubscriptionFactory(tenant=small, state=State.ACTIVE)
    left = OrganisationFactory()
    AdhesionFactory(operator=operator, organisation=left, since=date(2020, 1, 1), until=date(2024, 1, 1))
    SubscriptionFactory(tenant=left, listing=mail, state=State.ACTIVE, adhesion=False)
    with scope(operator, small, large, third, left):
        found = coverage_of(operator=operator, on=TODAY)
    rows = {row.entry.pk: row for row in found.services}
    assert (found.members, found.inhabitants) == (3, 3_000)
    assert set(rows) == {mail.pk, site.pk}
    assert rows[mail.pk].having == {small.pk, large.pk}
    assert rows[mail.pk].under_way == {third.pk}
    assert rows[mail.pk].inhabitants == 2_000
    assert rows[site.pk].having == rows[site.pk].under_way == set()
    assert found.families == {Family.EMAIL: 2, Family.WEBSITE: 0}


def test_inhabitants_of_an_intercommunality_are_not_counted_twice(operator, member):
    commune = member("Évran", 1_000)
    epci = OrganisationFactory(kind="epci", territory__kind="epci", territory__population=20_000)
    AdhesionFactory(operator=operator, organisation=epci)
    with scope(operator, commune, epci):
        found = coverage_of(operator=operator, on=TODAY)
    assert (found.members, found.inhabitants) == (2, 1_000)


def test_who_lacks_a_service_by_size(operator, member):
    has, small, large = member("A", 300), member("B", 300), member("C", 3_000)
    listing = ListingFactory(operator=operator)
    SubscriptionFactory(tenant=has, listing=listing, state=State.ACTIVE)
    with scope(operator, has, small, large):
        found = members_by_service(operator=operator, listing_id=listing.pk, on=TODAY)
        few = members_by_service(operator=operator, listing_id=listing.pk, on=TODAY, stratum="2000-3499")
        foreign = members_by_service(operator=operator, listing_id=ListingFactory().pk, on=TODAY)
    assert [member.name for member in found.having] == ["A"]
    assert [member.name for member in found.lacking] == ["B", "C"]
    assert found.strata == few.strata == {"0-499": 1, "2000-3499": 1}
    assert [member.name for member in few.lacking] == ["C"]
    assert few.having == []
    assert foreign is None


def test_queries_of_the_coverage(operator, member, snapshot):
    members = [member("A"), member("B")]
    for listing in ListingFactory.create_batch(3, operator=operator):
        SubscriptionFactory(tenant=members[0], listing=listing, state=State.ACTIVE)
    with scope(operator, *members), snapshot_queries(snapshot(name="coverage")):
        coverage_of(operator=operator, on=TODAY)
    with tenant_scope([members[0].pk]), snapshot_queries(snapshot(name="socle")):
        socle_of(organisation=members[0], on=TODAY)
