"""Under which purchasing vehicle a listing is subscribed to."""

import pytest

from catalog.curation.deciding import accept
from subscriptions.vehicles import set_vehicle, vehicle_of, vehicles_of
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import (
    ListingFactory,
    OperatorFactory,
    PurchasingVehicleFactory,
    SubmissionFactory,
    UserFactory,
)
from tests.factories.base import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    operator = OperatorFactory()
    with tenant_scope([operator.organisation_id]):
        yield operator


def test_what_comes_onto_the_shelf_may_be_subscribed_to(operator):
    first, _ = (PurchasingVehicleFactory(operator=operator) for _ in range(2))
    submission = SubmissionFactory(listing__operator=operator, listing__vehicle=False)
    accept(submission=submission, ticked=None, by=UserFactory(), now=NOW)
    assert vehicle_of(submission.listing) == first


def test_a_framework_agreement_takes_nothing_that_its_lots_do_not_name(operator):
    PurchasingVehicleFactory(operator=operator, legal_basis="framework")
    grouping = PurchasingVehicleFactory(operator=operator)
    submission = SubmissionFactory(listing__operator=operator, listing__vehicle=False)
    accept(submission=submission, ticked=None, by=UserFactory(), now=NOW)
    assert vehicle_of(submission.listing) == grouping


def test_the_choice_made_before_is_kept(operator):
    _, second = (PurchasingVehicleFactory(operator=operator) for _ in range(2))
    submission = SubmissionFactory(listing__operator=operator, listing__vehicle=False)
    second.listings.add(submission.listing)
    accept(submission=submission, ticked=None, by=UserFactory(), now=NOW)
    assert list(submission.listing.vehicles.all()) == [second]


def test_an_operator_without_vehicle_lists_all_the_same(operator):
    submission = SubmissionFactory(listing__operator=operator, listing__vehicle=False)
    assert accept(submission=submission, ticked=None, by=UserFactory(), now=NOW).state == "listed"
    assert vehicle_of(submission.listing) is None


def test_one_is_chosen_and_logged_once(operator):
    listing = ListingFactory(operator=operator)
    other = PurchasingVehicleFactory(operator=operator)
    for _ in range(2):
        set_vehicle(listing=listing, vehicle=other, by=UserFactory(), now=NOW)
    assert list(listing.vehicles.all()) == [other]
    assert AuditEvent.objects.get().what == "listing.vehicle"
    assert len(vehicles_of(operator)) == 2
