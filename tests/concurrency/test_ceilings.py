"""Fifty communes order at the same moment against one ceiling: what is committed never passes it, and nobody
is refused while room remains; nor when an amendment moves the ceiling meanwhile."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from subscriptions.exceptions import CeilingReached, TermsInvalid
from subscriptions.lot_amending import LotChanges, amend_lot
from subscriptions.models import FrameworkLot, LegalBasis, LotAmendment, Order, State
from subscriptions.ordering import place_order
from tenants.tenancy import tenant_scope
from tests.factories import (
    FrameworkLotFactory,
    ListingFactory,
    OrganisationFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, YEARLY = 50, 25_800


def race(room: int, *others) -> tuple[FrameworkLot, list]:
    """Fifty orders against a lot with room for so many, and whatever `others` do to it at the same moment:
    the lot afterwards, and what came of each."""
    listing = ListingFactory(vehicle__legal_basis=LegalBasis.FRAMEWORK)
    communes = OrganisationFactory.create_batch(THREADS)
    lot = FrameworkLotFactory(
        vehicle=listing.vehicles.get(), listing=listing, buyers=communes,
        ceiling_cents=room * YEARLY + YEARLY - 1,
    )  # fmt: skip
    asked = [
        SubscriptionFactory(tenant=commune, listing=listing, state=State.APPROVED) for commune in communes
    ]

    def order(subscription):
        def run():
            with transaction.atomic(), tenant_scope([subscription.tenant_id]):
                return place_order(subscription=subscription, now=NOW)

        return run

    results = at_once(*(order(subscription) for subscription in asked), *(other(lot) for other in others))
    lot = FrameworkLot.objects.get(pk=lot.pk)
    with as_worker():
        assert lot.ordered_cents == sum(row.amount_cents for row in Order.objects.all())
    return lot, results


def amending(ceiling_cents: int):
    """An amendment of the maximum, from today on."""

    def to(lot):
        by = UserFactory()
        changes = LotChanges(
            effective_on=NOW.date(),
            ceiling_cents=ceiling_cents,
            ends_on=lot.ends_on,
            ground="review",
            reason="Plus de communes que prévu",
            paper=SimpleUploadedFile("avenant.pdf", PDF),
        )

        def run():
            with transaction.atomic(), tenant_scope([lot.vehicle.operator.organisation_id]):
                return amend_lot(lot=lot, changes=changes, seen=0, by=by, request_key=uuid.uuid4(), now=NOW)

        return run

    return to


def count(results, kind) -> int:
    return sum(isinstance(result, kind) for result in results)


@pytest.mark.parametrize("room", [31, 0, 50])
def test_fifty_at_once(room):
    lot, results = race(room)
    assert (count(results, Order), count(results, CeilingReached)) == (room, THREADS - room)
    assert lot.ordered_cents == room * YEARLY <= lot.ceiling_cents


def test_a_ceiling_raised_meanwhile():
    """Whoever comes before the amendment is refused by the first maximum, whoever comes after has the other:
    nothing passes the maximum of the day, and what was refused finds room the second time."""
    lot, results = race(10, amending(30 * YEARLY))
    placed, refused = count(results, Order), count(results, CeilingReached)
    assert count(results, LotAmendment) == 1
    assert placed + refused == THREADS
    assert 10 <= placed <= 30
    assert lot.ordered_cents == placed * YEARLY <= lot.terms_on(NOW.date()).ceiling_cents


def test_a_ceiling_lowered_meanwhile():
    """Either the amendment comes first and binds, or what is ordered is above it and it is refused."""
    lot, results = race(50, amending(20 * YEARLY))
    placed = count(results, Order)
    if count(results, LotAmendment):
        assert placed == 20
    else:
        assert (count(results, TermsInvalid), placed) == (1, THREADS)
    assert lot.ordered_cents == placed * YEARLY <= lot.terms_on(NOW.date()).ceiling_cents


def test_two_amendments_from_one_page():
    _, results = race(50, amending(60 * YEARLY), amending(70 * YEARLY))
    assert (count(results, LotAmendment), count(results, TermsInvalid)) == (1, 1)
