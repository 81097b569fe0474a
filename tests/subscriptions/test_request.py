"""Asking for a service: once, at the price that was seen, from a member's operator."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from catalog.models import Listing, ListingState, PriceGrid
from subscriptions import operations
from subscriptions.exceptions import AlreadySubscribed, NotAMember, NotAvailable, PriceChanged
from subscriptions.models import State, Subscription
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    CollegeFactory,
    ListingFactory,
    OrganisationFactory,
    PriceGridFactory,
    SubscriptionFactory,
    UserFactory,
    succeeding_grid,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing():
    return ListingFactory()


@pytest.fixture
def commune(listing):
    return AdhesionFactory(operator=listing.operator).organisation


def request(listing, organisation, **changes):
    values = {
        "organisation": organisation,
        "listing": listing,
        "requested_by": UserFactory(),
        "request_key": uuid.uuid4(),
        "shown_cents": 25800,
        "now": NOW,
        **changes,
    }
    with tenant_scope([organisation.pk]):
        return operations.request_subscription(**values)


def test_a_request_freezes_terms_and_price(listing, commune):
    subscription = request(listing, commune, commitment_number="ENG-2026-7")
    with tenant_scope([commune.pk]):
        subscription = Subscription.objects.get(pk=subscription.pk)
        moves = [(move.before, move.after, move.by) for move in subscription.transitions.all()]
        event = AuditEvent.objects.get()
    assert (subscription.state, subscription.yearly_cents) == (State.REQUESTED, 25800)
    assert subscription.quote["total_cents"] == 25800
    assert subscription.grid == listing.grids.get().definition
    assert (subscription.vat_category, subscription.vat_rate) == ("S", 20)
    assert (subscription.separate_approver, subscription.deliberation_required) == (True, True)
    assert subscription.commitment_number == "ENG-2026-7"
    assert moves == [("", State.REQUESTED, subscription.requested_by)]
    assert (event.what, event.subject_id) == ("subscription.requested", str(subscription.public_id))


def test_the_name_is_the_one_that_was_approved(listing, commune):
    approved = listing.sheet.name
    with as_worker():
        sheet = listing.sheet
        sheet.name = "Un nom que personne n’a approuvé"
        sheet.save_revision().publish(skip_permission_checks=True)
    listing = Listing.objects.get(pk=listing.pk)
    assert request(listing, commune).service_name == approved


def test_a_grid_that_changes_later_changes_nothing(listing, commune):
    subscription = request(listing, commune)
    succeeding_grid(listing, effective_from=date(2026, 10, 2), out_of_scope=True, flat=True)
    with tenant_scope([commune.pk]):
        subscription.refresh_from_db()
    assert (subscription.yearly_cents, subscription.vat_category) == (25800, "S")
    assert subscription.grid["pattern"] == "per_inhabitant"


def test_the_price_is_that_of_the_members_college():
    rural = CollegeFactory(name="Communes rurales")
    cheap = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.10"}
    listing = ListingFactory(
        operator=rural.operator,
        grid__definition={"pattern": "by_college", "colleges": {"Communes rurales": cheap}},
    )
    member = AdhesionFactory(operator=rural.operator, college=rural).organisation
    assert request(listing, member, shown_cents=8600).yearly_cents == 8600
    outside = AdhesionFactory(operator=rural.operator).organisation
    with pytest.raises(NotAvailable, match="collège"):
        request(listing, outside, shown_cents=8600)


def test_the_same_key_is_the_same_request(listing, commune):
    key, person = uuid.uuid4(), UserFactory()
    first = request(listing, commune, request_key=key, requested_by=person)
    again = request(listing, commune, request_key=key, requested_by=person)
    assert first.pk == again.pk
    with tenant_scope([commune.pk]):
        assert Subscription.objects.count() == 1
        assert AuditEvent.objects.count() == 1


def test_the_same_key_answers_even_after_the_price_changed(listing, commune):
    """A double click around midnight of a change of grid still gets its own request."""
    key = uuid.uuid4()
    first = request(listing, commune, request_key=key)
    assert request(listing, commune, request_key=key, shown_cents=1).pk == first.pk


def test_a_second_request_for_the_same_listing_is_refused(listing, commune):
    first = request(listing, commune)
    with pytest.raises(AlreadySubscribed) as refusal:
        request(listing, commune)
    assert refusal.value.existing.pk == first.pk


def test_after_a_refusal_one_may_ask_again(listing, commune):
    first = request(listing, commune)
    with tenant_scope([commune.pk]):
        operations.refuse(subscription=first, by=UserFactory(), reason="Budget", now=NOW)
    assert request(listing, commune).pk != first.pk


def test_another_price_than_the_one_seen_is_refused(listing, commune):
    with pytest.raises(PriceChanged) as refusal:
        request(listing, commune, shown_cents=25799)
    assert (refusal.value.shown_cents, refusal.value.current_cents) == (25799, 25800)
    with tenant_scope([commune.pk]):
        assert not Subscription.objects.exists()


def test_the_grid_of_the_day_is_the_one_that_counts(listing, commune):
    with as_worker():
        PriceGrid.objects.update(effective_until=date(2026, 10, 1))
    PriceGridFactory(listing=listing, effective_from=date(2026, 10, 1), flat=True)
    # Half past ten in the evening of 30 September in London is half past midnight in Paris.
    late = NOW.replace(month=9, day=30, hour=22, minute=30)
    assert request(listing, commune, shown_cents=12000, now=late).yearly_cents == 12000


@pytest.mark.parametrize("state", [ListingState.DRAFT, ListingState.SUSPENDED])
def test_a_listing_off_the_shelf_is_refused(listing, commune, state):
    listing.state = state
    with pytest.raises(NotAvailable):
        request(listing, commune)


def test_a_listing_without_vehicle_is_refused(commune):
    listing = ListingFactory(vehicle=False)
    AdhesionFactory(operator=listing.operator, organisation=commune)
    with pytest.raises(NotAvailable, match="pas encore ouvert"):
        request(listing, commune)


def test_without_grid_in_force_there_is_no_price(commune):
    listing = ListingFactory(grid=None)
    AdhesionFactory(operator=listing.operator, organisation=commune)
    with pytest.raises(NotAvailable, match="tarif"):
        request(listing, commune)


def test_an_unknown_population_gives_no_price(listing):
    commune = OrganisationFactory(territory__population={"municipale": None})
    AdhesionFactory(operator=listing.operator, organisation=commune)
    with pytest.raises(NotAvailable, match="population"):
        request(listing, commune)


def test_an_organisation_without_territory_has_no_price(listing):
    company = OrganisationFactory(company=True)
    AdhesionFactory(operator=listing.operator, organisation=company)
    with pytest.raises(NotAvailable, match="territoire"):
        request(listing, company)


@pytest.mark.parametrize(
    ("since", "until", "accepted"),
    [
        (date(2026, 10, 1), None, True),
        (date(2026, 10, 2), None, False),
        (date(2025, 1, 1), date(2026, 10, 1), False),
        (date(2025, 1, 1), date(2026, 10, 2), True),
    ],
)
def test_adhesion_is_over_half_open_days(listing, since, until, accepted):
    commune = AdhesionFactory(operator=listing.operator, since=since, until=until).organisation
    if accepted:
        assert request(listing, commune).state == State.REQUESTED
    else:
        with pytest.raises(NotAMember, match=listing.operator.short_name):
            request(listing, commune)


def test_a_member_of_another_operator_is_refused(listing):
    commune = AdhesionFactory().organisation
    with pytest.raises(NotAMember):
        request(listing, commune)


@pytest.mark.parametrize("state", list(State))
def test_the_database_keeps_one_open_subscription_for_a_listing(state):
    first = SubscriptionFactory(state=state)
    ends = state in (State.REFUSED, State.CANCELLED, State.ENDED)
    if ends:
        assert SubscriptionFactory(tenant=first.tenant, listing=first.listing).pk
    else:
        expected = pytest.raises(IntegrityError, match="subscription_one_open_per_listing")
        with expected, transaction.atomic():
            SubscriptionFactory(tenant=first.tenant, listing=first.listing)


def test_population_of_the_day_not_of_tomorrow(listing, commune):
    """A population that comes into force later does not count yet."""
    from tests.factories.tenants import PopulationFactory

    tomorrow = NOW.date() + timedelta(days=1)
    PopulationFactory(territory=commune.territory, value=900, reference_year=2023, in_force_from=tomorrow)
    assert request(listing, commune).yearly_cents == 25800


@pytest.mark.parametrize(
    ("basis", "asked", "wanted"),
    [("groupement", False, True), ("centrale", False, False), ("centrale", True, True)],
)
def test_a_council_does_not_delegate_the_joining_of_a_grouping(basis, asked, wanted):
    listing = ListingFactory(vehicle__legal_basis=basis, vehicle__deliberation_required=asked)
    commune = AdhesionFactory(operator=listing.operator).organisation
    with tenant_scope([commune.pk]):
        subscription = operations.request_subscription(
            organisation=commune,
            listing=listing,
            requested_by=UserFactory(),
            request_key=uuid.uuid4(),
            shown_cents=25_800,
            now=NOW,
        )
    assert subscription.deliberation_required is wanted
