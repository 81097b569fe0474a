"""Fifty communes order at the same moment against one ceiling: what is committed never passes it, and nobody
is refused while room remains."""

import pytest
from django.db import transaction

from subscriptions.exceptions import CeilingReached
from subscriptions.models import FrameworkLot, LegalBasis, Order, State
from subscriptions.ordering import place_order
from tenants.tenancy import tenant_scope
from tests.factories import (
    FrameworkLotFactory,
    ListingFactory,
    OrganisationFactory,
    SubscriptionFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, YEARLY = 50, 25_800


@pytest.mark.parametrize("room", [31, 0, 50])
def test_fifty_at_once(room):
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

    results = at_once(*(order(subscription) for subscription in asked))
    placed = [result for result in results if isinstance(result, Order)]
    refused = [result for result in results if isinstance(result, CeilingReached)]
    lot = FrameworkLot.objects.get(pk=lot.pk)
    assert (len(placed), len(refused)) == (room, THREADS - room)
    with as_worker():
        assert lot.ordered_cents == sum(row.amount_cents for row in Order.objects.all()) == room * YEARLY
    assert lot.ordered_cents <= lot.ceiling_cents
