"""A price by agent is billed for those counted, once a month, rather than for those that were told."""

from datetime import date

import pytest

from billing import repricing
from billing.models import Adjustment, Repricing
from subscriptions.models import State
from tests.factories import OperatorFactory, SeatCountFactory, SubscriptionFactory, drafted_run
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
BY_AGENT = {"pattern": "per_unit", "unit": "agent", "unit_price": "3"}


def test_agents_counted_by_the_first_day_are_billed_and_frozen():
    operator = OperatorFactory()
    told, counted = (
        SubscriptionFactory(
            state=State.ACTIVE, listing__operator=operator, grid=BY_AGENT, counts={"agents": 10}
        )
        for _ in range(2)
    )
    SeatCountFactory(subscription=counted, month=date(2025, 11, 1), agents=9)
    SeatCountFactory(subscription=counted, month=date(2025, 12, 1), agents=14)
    SeatCountFactory(subscription=counted, month=date(2026, 2, 1), agents=20)  # after its first day
    run = drafted_run(operator=operator, members=0)
    with as_worker():
        by_subscription = {entry.subscription_id: entry for entry in run.entries.all()}
    assert by_subscription[told.pk].amount_cents == 3000
    assert "seats" not in by_subscription[told.pk].facts
    entry = by_subscription[counted.pk]
    assert entry.amount_cents == 4200
    assert entry.facts["agents"] == 14
    assert entry.facts["seats"] == {"agents": 14, "month": "2025-12-01"}
    assert entry.steps[0] == "Agents comptés en décembre 2025, d’après les accès ouverts"
    # What comes to be known later changes nothing of what was billed.
    SeatCountFactory(subscription=counted, month=date(2026, 1, 1), agents=30)
    with as_worker():
        again = Repricing.objects.create(
            tenant_id=counted.tenant_id, subscription=counted, since=date(2026, 1, 1), noted_at=NOW
        )
        repricing.settle_repricing(repricing_id=again.pk, now=NOW)
        assert run.entries.count() == 2
        assert not Adjustment.objects.exists()
