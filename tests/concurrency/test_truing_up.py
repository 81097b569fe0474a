"""Two workers true up the same year at the same moment."""

from datetime import date, datetime

import pytest
from django.utils.timezone import get_default_timezone

from billing import approving, operations, truing_up
from billing.models import Adjustment, Invoice, TrueUp
from subscriptions.models import GroupPopulation, State
from tests.factories import BillingRunFactory, ListingFactory, SubscriptionFactory
from tests.factories.base import NOW
from tests.factories.billing import read
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

POOLED = {
    "pattern": "pooled_volume",
    "population_kind": "municipale",
    "tiers": [{"up_to": 2_000, "rate": "1.00"}, {"rate": "0.50"}],
}


def test_it_is_put_right_once():
    listing = ListingFactory()
    for _ in range(5):
        SubscriptionFactory(state=State.ACTIVE, grid=POOLED, listing=listing)
    run = BillingRunFactory(operator=listing.operator)
    with as_worker():
        for on, inhabitants in ((date(2025, 12, 1), 1_500), (date(2026, 12, 31), 4_300)):
            GroupPopulation.objects.create(listing=listing, on=on, members=5, inhabitants=inhabitants)
        operations.draft_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)

    def night():
        with as_worker():
            at = datetime(2027, 1, 20, 4, 29, tzinfo=get_default_timezone())
            return truing_up.true_up_due(on=at.date(), now=at)

    assert sum(at_once(*[night] * 3)) == 5
    with as_worker():
        assert TrueUp.objects.count() == Adjustment.objects.count() == 5
        assert [note.net_cents for note in Invoice.objects.credit_notes()] == [43_000] * 5
