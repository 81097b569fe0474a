"""Two lists for the same communes, at the same moment."""

import uuid

import pytest
from django.db import transaction

from subscriptions import bulk
from subscriptions.bulk import Wanted
from subscriptions.models import BulkLine, BulkRequest, LineState, Subscription
from tenants.tenancy import tenant_scope
from tests.factories import AdhesionFactory, ListingFactory, OrganisationFactory, UserFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def confirmed(initiator, listing, organisations):
    with as_worker():
        found = bulk.prepare_bulk(
            initiator=initiator,
            listing=listing,
            wanted=[Wanted("", one) for one in organisations],
            convention=None,
            by=UserFactory(),
            request_key=uuid.uuid4(),
            now=NOW,
        )
        bulk.confirm_bulk(bulk=found, by=found.requested_by, now=NOW)
    return found


def work(found):
    def run():
        with as_worker():
            bulk.run(bulk_id=found.pk, now=NOW)

    return run


def test_an_operator_and_an_intercommunality_ask_for_the_same_communes_each_in_its_order():
    listing = ListingFactory(vehicle__legal_basis="centrale", vehicle__deliberation_required=False)
    epci = OrganisationFactory(epci=True)
    AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
    communes = [OrganisationFactory(territory__epci=epci.territory) for _ in range(30)]
    lists = [
        confirmed(epci, listing, communes),
        confirmed(listing.operator.organisation, listing, communes[::-1]),
    ]
    assert at_once(*(work(one) for one in lists)) == [None, None]
    with as_worker():
        made = Subscription.objects.values_list("tenant_id", flat=True)
        assert sorted(made) == sorted(one.pk for one in communes)
        for commune in communes:
            states = BulkLine.objects.filter(organisation=commune).values_list("state", flat=True)
            assert sorted(states) == [LineState.MADE, LineState.THERE]


def test_a_double_click_is_one_list():
    listing = ListingFactory()
    epci = OrganisationFactory(epci=True)
    AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
    commune = OrganisationFactory(territory__epci=epci.territory)
    key, by = uuid.uuid4(), UserFactory()

    def click():
        with transaction.atomic(), tenant_scope([epci.pk]):
            return bulk.prepare_bulk(
                initiator=epci,
                listing=listing,
                wanted=[Wanted("", commune)],
                convention=None,
                by=by,
                request_key=key,
                now=NOW,
            )

    results = at_once(*[click] * 4)
    assert len({found.pk for found in results}) == 1
    with as_worker():
        assert BulkRequest.objects.count() == BulkLine.objects.count() == 1
