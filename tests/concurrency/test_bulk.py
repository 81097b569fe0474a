"""Two lists for the same communes, at the same moment."""

import uuid

import pytest

from subscriptions import bulk
from subscriptions.bulk import Wanted
from subscriptions.models import BulkLine, LineState, Subscription
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
        bulk.confirm_bulk(bulk=found, now=NOW)
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
