"""The price falls for all as the group grows: its inhabitants on a reference date set everybody's tier."""

import uuid
from datetime import date, timedelta

import pytest

from subscriptions import operations
from subscriptions.facts import facts_of_subscriber
from subscriptions.models import AmendmentKind, AmendmentState, GroupPopulation, State, Subscription
from subscriptions.pooling import groups_of, record_groups
from tenants.models import Population
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    AmendmentFactory,
    CollegeFactory,
    ListingFactory,
    OrganisationFactory,
    UserFactory,
)
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


def forget_population(organisation) -> None:
    with as_worker():
        Population.objects.filter(territory=organisation.territory).delete()


def has_it(listing, organisation) -> Subscription:
    """Somebody who has the service already, whatever its price was."""
    flat = ListingFactory(operator=listing.operator, grid__flat=True)
    subscription = SubscriptionFactory(listing=flat, tenant=organisation, state=State.ACTIVE)
    with as_worker():
        Subscription.objects.filter(pk=subscription.pk).update(listing=listing, grid=POOLED)
        return Subscription.objects.select_related("tenant__territory").get(pk=subscription.pk)


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


def test_an_intercommunality_of_unknown_population_counts_for_its_communes(listing):
    epci = OrganisationFactory(epci=True)
    inside = OrganisationFactory(territory__epci=epci.territory, territory__population=1_500)
    OrganisationFactory(territory__epci=epci.territory, territory__population=700)
    for organisation in (epci, inside, member(listing, 400)):
        has_it(listing, organisation)
    forget_population(epci)
    count()
    group = GroupPopulation.objects.get(listing=listing)
    assert (group.members, group.inhabitants) == (3, 1_500 + 700 + 400)


def test_a_group_of_which_somebody_is_unknown_is_not_counted_that_day(listing, caplog):
    has_it(listing, member(listing, 400))
    count()
    nobody_knows = OrganisationFactory(epci=True)
    has_it(listing, nobody_knows)
    forget_population(nobody_knows)
    tomorrow = TODAY + timedelta(days=1)
    count(tomorrow)
    assert groups_of(listings=[listing], on=tomorrow)[listing.pk].inhabitants == 400
    assert f"listing {listing.pk} has a buyer without a population" in caplog.text


def test_whoever_is_in_the_group_is_not_counted_again_when_she_amends(listing):
    subscription = has_it(listing, member(listing, 1_500))
    count()
    with tenant_scope([subscription.tenant_id]):
        facts = facts_of_subscriber(subscription, on=TODAY)
    assert facts.pooled_population == 1_500, "3 000 would be another tier"


def test_a_college_counts_that_only_an_option_by_amendment_asks_for():
    listing = ListingFactory()
    per_inhabitant = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.10"}
    by_college = {"pattern": "by_college", "colleges": {"Communes": per_inhabitant}}
    college = CollegeFactory(operator=listing.operator, name="Communes")
    commune = OrganisationFactory(territory__population=1_500)
    AdhesionFactory(operator=listing.operator, organisation=commune, college=college)
    subscription = SubscriptionFactory(listing=listing, tenant=commune, state=State.ACTIVE)
    with tenant_scope([commune.pk]):
        assert facts_of_subscriber(subscription, on=TODAY).college is None
    AmendmentFactory(
        subscription=subscription,
        kind=AmendmentKind.CHOICES,
        state=AmendmentState.APPROVED,
        counts={},
        decided_by=UserFactory(),
        decided_at=NOW,
        options=[{"code": "signature", "name": "Signature", "grid": by_college}],
    )
    with tenant_scope([commune.pk]):
        assert facts_of_subscriber(subscription, on=TODAY).college == "Communes"
