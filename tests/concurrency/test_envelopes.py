"""Twenty requests at the same moment against one envelope: it is never passed, and room left is used."""

import uuid

import pytest
from django.db import transaction

from subscriptions import operations
from subscriptions.models import Envelope, EnvelopeHold, State
from tenants.models import Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    EnvelopeFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, YEARLY, ROOM = 20, 25_800, 7


def test_twenty_at_once():
    commune = OrganisationFactory(territory__population=860)
    secretary = MembershipFactory(organisation=commune, role=Role.SECRETARY).user
    mayor = MembershipFactory(organisation=commune, role=Role.SIGNATORY).user
    rules = {"vehicle__legal_basis": "centrale", "vehicle__deliberation_required": False}
    listings = [ListingFactory(**rules) for _ in range(THREADS)]
    for listing in listings:
        AdhesionFactory(operator=listing.operator, organisation=commune)
    amount = ROOM * YEARLY + YEARLY - 1
    envelope = EnvelopeFactory(tenant=commune, signed_by=mayor, amount_cents=amount)

    def ask(listing):
        def run():
            with transaction.atomic(), tenant_scope([commune.pk, listing.operator.organisation_id]):
                return operations.request_subscription(
                    organisation=commune,
                    listing=listing,
                    requested_by=secretary,
                    request_key=uuid.uuid4(),
                    shown_cents=YEARLY,
                    now=NOW,
                ).state

        return run

    states = at_once(*(ask(listing) for listing in listings))
    assert sorted(states) == [State.PROVISIONING] * ROOM + [State.REQUESTED] * (THREADS - ROOM)
    with as_worker():
        assert Envelope.objects.get(pk=envelope.pk).held_cents == ROOM * YEARLY
        left = EnvelopeHold.objects.order_by("at", "pk").values_list("left_before_cents", "amount_cents")
        assert sorted(left, reverse=True) == [(amount - rank * YEARLY, YEARLY) for rank in range(ROOM)]
