"""A broker that has lost its proof: its vendor's administrators are written to once, and it is listed."""

from datetime import timedelta

import pytest

from provisioning import connecting, proofs
from provisioning.models import Endpoint
from provisioning.models.endpoint import PROOF_LASTS
from tenants.models import Letter, Role
from tests.factories import (
    EndpointFactory,
    KitReportFactory,
    ListingFactory,
    MembershipFactory,
    UserFactory,
    prove,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker, undone

pytestmark = pytest.mark.django_db
TYPED = {"url": "https://courtier.example", "username": "halle", "service_id": "s", "plan_id": "p"}


@pytest.fixture
def listing():
    return ListingFactory()


@pytest.fixture
def admin(listing):
    MembershipFactory(organisation=listing.vendor.organisation, role=Role.VENDOR_EDITOR)
    return MembershipFactory(organisation=listing.vendor.organisation, role=Role.VENDOR_ADMIN).user


@pytest.fixture
def broker(listing, admin):
    """It passed the kit as it is, today."""
    endpoint = EndpointFactory(offer=listing.offer, osb=True, proved=False)
    report = KitReportFactory(run__endpoint=endpoint, at=NOW)
    with as_worker():
        Endpoint.objects.filter(pk=endpoint.pk).update(proof=report)
    endpoint.refresh_from_db()
    return endpoint


def told() -> list[tuple[str, str]]:
    with as_worker():
        rows = Letter.objects.filter(key__startswith="proof:").order_by("pk")
        return [(one.to, one.body) for one in rows]


def morning(now=NOW):
    with as_worker():
        proofs.tell_losses(now=now)


def connect(broker, **typed):
    with as_worker():
        connecting.connect(sheet=broker.offer.product.sheet, typed=TYPED | typed, by=UserFactory(), now=NOW)


def test_one_that_is_proved_is_no_news(broker):
    morning()
    assert told() == []


def test_a_change_of_its_settings_is_told_once_with_it(broker, admin):
    with as_worker(), undone():
        connecting.connect(sheet=broker.offer.product.sheet, typed=TYPED, by=UserFactory(), now=NOW)
        assert len(told()) == 1
    assert told() == []
    connect(broker)
    connect(broker)
    for day in range(3):
        morning(NOW + timedelta(days=day))
    [(to, body)] = told()
    assert to == admin.email
    assert "réglé autrement" in body
    assert f"/{broker.offer.product.sheet.slug}/raccordement/" in body


def test_each_loss_is_told(broker):
    connect(broker)
    connect(broker, plan_id="autre")
    assert len(told()) == 2
    broker.refresh_from_db()
    prove(broker)
    connect(broker, plan_id="troisième")
    assert len(told()) == 3


def test_a_report_that_is_too_old_is_told_once(broker):
    morning(NOW + PROOF_LASTS - timedelta(seconds=1))
    assert told() == []
    for day in range(2):
        morning(NOW + PROOF_LASTS + timedelta(days=day))
    [(_, body)] = told()
    assert "plus de trois mois" in body


def test_those_without_a_report_are_listed_for_their_operator_and_vendor(broker, listing):
    other = EndpointFactory(offer=ListingFactory(operator=listing.operator).offer, osb=True, proved=False)
    EndpointFactory(offer=ListingFactory(operator=listing.operator).offer)  # by hand: no kit
    with as_worker():
        [(found, number)] = proofs.unproved_of(operator=listing.operator)
        assert (found, number) == (other, other.offer.listings.get().pk)
        assert proofs.unproved_at(vendor=other.offer.partner.vendor) == [other]
        assert proofs.unproved_at(vendor=listing.vendor) == []
        Endpoint.objects.filter(pk=broker.pk).update(config=broker.config | {"plan_id": "autre"})
        assert proofs.unproved_at(vendor=listing.vendor) == [broker]
    assert told() == []
