"""A service and what it needs are asked for in one go: all of them, or none."""

import uuid
from datetime import timedelta

import pytest

from catalog.models import Listing, ListingState
from subscriptions.bundles import Companion, CompanionRefused, request_bundle
from subscriptions.exceptions import PrerequisiteMissing, PriceChanged
from subscriptions.models import State, Subscription
from subscriptions.operations import request_subscription
from subscriptions.prerequisites import prerequisites_of
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    CoverFactory,
    ListingFactory,
    OperatorFactory,
    OrganisationFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
CENTS = 25_800


@pytest.fixture
def operator():
    return OperatorFactory()


@pytest.fixture
def needed(operator):
    return ListingFactory(operator=operator, sheet__slug="parapheur")


@pytest.fixture
def listing(operator, needed):
    needs = [
        {"sheet": "parapheur", "text": "", "required": True},
        {"sheet": "", "text": "Un scanner"},
    ]
    return ListingFactory(operator=operator, sheet__prerequisites=needs)


@pytest.fixture
def commune(operator):
    return AdhesionFactory(operator=operator, organisation=OrganisationFactory()).organisation


def bundle(commune, listing, *companions, **changes) -> Subscription:
    values = {
        "organisation": commune,
        "requested_by": UserFactory(),
        "request_key": uuid.uuid4(),
        "companions": [Companion(one, CENTS) for one in companions],
        "listing": listing,
        "shown_cents": CENTS,
        "now": NOW,
        **changes,
    }
    with tenant_scope([commune.pk]):
        return request_bundle(**values)


def asked(commune) -> set[int]:
    with tenant_scope([commune.pk]):
        return set(Subscription.objects.values_list("listing", flat=True))


def test_nobody_asks_without_what_is_indispensable(commune, listing):
    with pytest.raises(PrerequisiteMissing):
        bundle(commune, listing)
    assert asked(commune) == set()


def test_both_in_one_go_each_with_its_own_request(commune, listing, needed):
    key = uuid.uuid4()
    made = bundle(commune, listing, needed, request_key=key)
    assert (made.listing, made.state) == (listing, State.REQUESTED)
    assert bundle(commune, listing, needed, request_key=key).pk == made.pk
    with tenant_scope([commune.pk]):
        assert Subscription.objects.count() == 2
        found = prerequisites_of(listing=listing, organisation=commune, on=NOW.date())
    [scanner] = [one for one in found if not one.slug]
    assert (scanner.name, scanner.is_missing) == ("Un scanner", False)


def test_one_that_is_refused_refuses_all(commune, listing, needed):
    with pytest.raises(CompanionRefused) as refusal:
        bundle(commune, listing, needed, companions=[Companion(needed, CENTS - 1)])
    assert isinstance(refusal.value.refusal, PriceChanged)
    assert asked(commune) == set()
    with pytest.raises(PriceChanged):
        bundle(commune, listing, needed, shown_cents=1)
    assert asked(commune) == set()


def test_one_that_was_withdrawn_meanwhile_refuses_all(commune, listing, needed):
    with as_worker():
        Listing.objects.filter(pk=needed.pk).update(state=ListingState.WITHDRAWN)
    with pytest.raises(CompanionRefused):
        bundle(commune, listing, Listing.objects.get(pk=needed.pk))
    assert asked(commune) == set()


def test_what_a_colleague_asked_for_meanwhile_is_left_as_it_is(commune, listing, needed):
    with tenant_scope([commune.pk]):
        first = request_subscription(
            organisation=commune,
            listing=needed,
            requested_by=UserFactory(),
            request_key=uuid.uuid4(),
            shown_cents=CENTS,
            now=NOW,
        )
    bundle(commune, listing, needed)
    with tenant_scope([commune.pk]):
        assert Subscription.objects.filter(listing=needed).get() == first
    assert asked(commune) == {listing.pk, needed.pk}


@pytest.mark.parametrize(
    ("state", "met"),
    [
        (State.REQUESTED, False),
        (State.PROVISIONING, True),
        (State.ACTIVE, True),
        (State.TERMINATING, False),
        (State.REFUSED, False),
        (State.ENDED, False),
    ],
)
def test_an_approved_subscription_is_enough_whoever_offers_it(commune, listing, needed, state, met):
    elsewhere = ListingFactory(offer=needed.offer, operator=OperatorFactory())
    SubscriptionFactory(tenant=commune, listing=elsewhere, state=state)
    other = SubscriptionFactory(listing=needed, state=State.ACTIVE)
    with tenant_scope([commune.pk, other.tenant_id]):
        found, _ = prerequisites_of(listing=listing, organisation=commune, on=NOW.date())
    assert (found.is_met, found.is_missing) == (met, not met)


def test_what_is_only_requested_counts_when_it_is_asked_for_in_the_same_go(commune, listing, needed):
    SubscriptionFactory(tenant=commune, listing=needed, state=State.REQUESTED)
    with tenant_scope([commune.pk]):
        found, _ = prerequisites_of(listing=listing, organisation=commune, on=NOW.date())
    assert (found.is_asked, found.listing) == (True, needed)
    with pytest.raises(PrerequisiteMissing):
        bundle(commune, listing)
    bundle(commune, listing, needed)
    assert asked(commune) == {listing.pk, needed.pk}


def test_what_is_being_closed_is_no_help_even_in_the_same_go(commune, listing, needed):
    SubscriptionFactory(tenant=commune, listing=needed, state=State.TERMINATING)
    with pytest.raises(PrerequisiteMissing):
        bundle(commune, listing, needed)
    assert asked(commune) == {needed.pk}


def test_the_cover_of_an_intercommunality_meets_a_need(commune, listing, needed):
    CoverFactory(
        tenant=commune,
        subscription=SubscriptionFactory(listing=needed, state=State.ACTIVE),
        since=NOW.date(),
    )
    with tenant_scope([commune.pk]):
        found, _ = prerequisites_of(listing=listing, organisation=commune, on=NOW.date())
        before, _ = prerequisites_of(listing=listing, organisation=commune, on=NOW.date() - timedelta(days=1))
    assert (found.is_met, found.listing) == (True, None)
    assert found.covered_by.tenant_id == commune.pk
    assert (before.is_met, before.covered_by) == (False, None)
    bundle(commune, listing)
    assert asked(commune) == {listing.pk}
