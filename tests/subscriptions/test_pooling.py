"""The price falls for all as the group grows: its inhabitants on a reference date set everybody's tier."""

import uuid
from datetime import date, timedelta

import pytest

from subscriptions import operations
from subscriptions.models import GroupPopulation, State
from subscriptions.pooling import groups_of, record_groups
from tenants.tenancy import tenant_scope
from tests.factories import AdhesionFactory, ListingFactory, OrganisationFactory, UserFactory
from tests.factories.base import NOW
from tests.factories.subscriptions import SubscriptionFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
# 1 € an inhabitant up to 2 000 of them together, 0,80 € up to 10 000, 0,50 € beyond.
POOLED = {
    "pattern": "pooled_volume",
    "population_kind": "municipale",
    "tiers": [
        {"up_to": 2_000, "rate": "1.00"},
        {"up_to": 10_000, "rate": "0.80"},
        {"rate": "0.50"},
    ],
}


@pytest.fixture
def listing():
    return ListingFactory(grid__definition=POOLED)


def member(listing, population: int, **how):
    organisation = OrganisationFactory(territory__population=population)
    AdhesionFactory(operator=listing.operator, organisation=organisation)
    return organisation


def ask(listing, organisation, shown_cents: int):
    with tenant_scope([organisation.pk]):
        return operations.request_subscription(
            organisation=organisation,
            listing=listing,
            requested_by=UserFactory(),
            request_key=uuid.uuid4(),
            shown_cents=shown_cents,
            now=NOW,
        )


def count(on: date = TODAY) -> None:
    with as_worker():
        record_groups(on=on)


def test_alone_then_together(listing):
    ask(listing, member(listing, 1_500), 150_000)
    count()
    assert ask(listing, member(listing, 1_000), 80_000).yearly_cents == 80_000  # 2 500 inhabitants together


def test_who_has_left_counts_no_more_and_nobody_counts_twice(listing):
    ask(listing, member(listing, 1_500), 150_000)
    flat = ListingFactory(operator=listing.operator)
    SubscriptionFactory(listing=flat, tenant=member(listing, 9_000), state=State.ACTIVE)
    count()
    group = GroupPopulation.objects.get()
    assert (group.listing, group.members, group.inhabitants) == (listing, 1, 1_500)


def test_a_reference_date_is_counted_once(listing):
    ask(listing, member(listing, 1_500), 150_000)
    count()
    ask(listing, member(listing, 1_000), 80_000)
    count()
    assert GroupPopulation.objects.get().inhabitants == 1_500
    count(TODAY + timedelta(days=1))
    latest = groups_of(listings=[listing], on=TODAY + timedelta(days=1))[listing.pk]
    assert (latest.members, latest.inhabitants) == (2, 2_500)
    assert groups_of(listings=[listing], on=TODAY)[listing.pk].inhabitants == 1_500


def test_an_empty_group_is_counted_too(listing):
    count()
    assert GroupPopulation.objects.get().inhabitants == 0


def test_a_constant_number_of_queries(listing, django_assert_num_queries):
    for population in (500, 700, 900):
        organisation = member(listing, population)
        ask(listing, organisation, population * 100)
    with as_worker(), django_assert_num_queries(4):
        record_groups(on=TODAY)


def test_an_intercommunality_and_its_communes_count_once(listing):
    epci = OrganisationFactory(epci=True, territory__population=9_000)
    AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
    inside = OrganisationFactory(territory__epci=epci.territory, territory__population=1_500)
    ask(listing, epci, 720_000)
    ask(listing, inside, 150_000)
    ask(listing, member(listing, 400), 40_000)
    count()
    assert GroupPopulation.objects.get(listing=listing).inhabitants == 9_400
