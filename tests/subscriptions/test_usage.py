"""A shelf tells a commune how many of her size use a service."""

import pytest

from catalog.models import ShelfEntry
from subscriptions.models import State
from subscriptions.usage import count_usage
from tests.factories import ListingFactory, OrganisationFactory, SubscriptionFactory
from tests.factories.base import NOW
from tests.factories.tenants import PopulationFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def counted(listing) -> dict:
    with as_worker():
        count_usage(on=TODAY)
    return ShelfEntry.objects.get(listing=listing).usage


def subscribed(listing, population: int | None, **how):
    subscription = SubscriptionFactory(listing=listing, **how)
    with as_worker():
        rows = subscription.tenant.territory.populations.all()
        rows.filter(kind="municipale").delete()
        if population is not None:
            PopulationFactory(territory=subscription.tenant.territory, kind="municipale", value=population)
    return subscription


def test_open_subscriptions_by_size():
    listing = ListingFactory()
    for population in (499, 500, 999, None):
        subscribed(listing, population)
    subscribed(listing, 860, state=State.ENDED)
    assert counted(listing) == {"0-499": 1, "500-999": 2}


def test_intercommunalities_are_no_communes():
    listing = ListingFactory()
    SubscriptionFactory(listing=listing, tenant=OrganisationFactory(epci=True))
    assert counted(listing) == {}


def test_a_listing_that_nobody_uses_any_more():
    listing = ListingFactory()
    subscription = subscribed(listing, 860)
    assert counted(listing) == {"500-999": 1}
    with as_worker():
        subscription.state = State.REFUSED
        subscription.save()
    assert counted(listing) == {}


def test_counting_again_writes_nothing():
    listing = ListingFactory()
    subscribed(listing, 860)
    counted(listing)
    before = ShelfEntry.objects.get(listing=listing).version
    counted(listing)
    assert ShelfEntry.objects.get(listing=listing).version == before
