"""An operator makes and changes its purchasing vehicles."""

from dataclasses import replace
from datetime import date

import pytest

from subscriptions.exceptions import TermsInvalid
from subscriptions.models import LegalBasis, PurchasingVehicle
from subscriptions.vehicle_terms import VehicleTerms, change_vehicle, make_vehicle
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    FrameworkLotFactory,
    OperatorFactory,
    OrganisationFactory,
    PurchasingVehicleFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW

pytestmark = pytest.mark.django_db
TERMS = VehicleTerms(
    name="Groupement 2027",
    legal_basis=LegalBasis.GROUPEMENT,
    deliberation_required=True,
    separate_approver=False,
    term_years=3,
    starts_on=date(2027, 1, 1),
    ends_on=date(2030, 1, 1),
    coordinator="",
)


@pytest.fixture
def operator():
    operator = OperatorFactory()
    with tenant_scope([operator.organisation_id]):
        yield operator


def make(operator, **terms) -> PurchasingVehicle:
    return make_vehicle(operator=operator, terms=replace(TERMS, **terms), by=UserFactory(), now=NOW)


def test_one_is_made_and_logged(operator):
    member = AdhesionFactory(operator=operator).organisation
    made = make(operator, coordinator=member.siren)
    made.refresh_from_db()
    assert (made.name, made.term_years, made.coordinator) == ("Groupement 2027", 3, member)
    assert (made.starts_on, made.ends_on) == (date(2027, 1, 1), date(2030, 1, 1))
    assert AuditEvent.objects.get().what == "vehicle.made"


def test_every_mistake_is_told_at_its_field(operator):
    with pytest.raises(TermsInvalid) as refused:
        make(operator, name=" ", legal_basis="x", term_years=11, ends_on=date(2027, 1, 1), coordinator="12")
    assert set(refused.value.errors) == {"name", "legal_basis", "term_years", "ends_on", "coordinator"}
    assert not PurchasingVehicle.objects.exists()


def test_who_may_coordinate(operator):
    assert make(operator, coordinator=operator.organisation.siren).coordinator == operator.organisation
    for wrong in (
        {"coordinator": OrganisationFactory().siren},
        {"coordinator": operator.organisation.siren, "legal_basis": LegalBasis.CENTRALE},
    ):
        with pytest.raises(TermsInvalid) as refused:
            make(operator, **wrong)
        assert set(refused.value.errors) == {"coordinator"}


def test_a_change_is_logged_once(operator):
    made = make(operator)
    for _ in range(2):
        change_vehicle(vehicle=made, terms=replace(TERMS, term_years=1), by=UserFactory(), now=NOW)
    made.refresh_from_db()
    assert made.term_years == 1
    assert AuditEvent.objects.get(what="vehicle.changed").changes == {"term_years": [3, 1]}


def test_the_basis_of_what_is_used_stays(operator):
    with_lot = FrameworkLotFactory(vehicle__operator=operator).vehicle
    subscription = SubscriptionFactory(listing__operator=operator)
    with tenant_scope([operator.organisation_id, subscription.tenant_id]):
        for used in (with_lot, subscription.vehicle):
            with pytest.raises(TermsInvalid, match="ne change plus"):
                change_vehicle(
                    vehicle=used,
                    terms=replace(TERMS, legal_basis=LegalBasis.STATUTORY),
                    by=UserFactory(),
                    now=NOW,
                )
    unused = PurchasingVehicleFactory(operator=operator)
    change_vehicle(
        vehicle=unused, terms=replace(TERMS, legal_basis=LegalBasis.STATUTORY), by=UserFactory(), now=NOW
    )
    unused.refresh_from_db()
    assert unused.legal_basis == LegalBasis.STATUTORY
