"""What is remembered of subscriptions that are alike is what would be computed for each of them."""

from datetime import date
from decimal import Decimal

import pytest

from billing import alike, operations
from billing.drafting import owed_for
from billing.facts import facts_for_period
from billing.models import InvoiceLine, LedgerEntry
from billing.periods import Period
from catalog.pricing import PricingError
from subscriptions.models import GroupPopulation, State, Subscription
from tenants.models import Organisation
from tests.factories import (
    AmendmentFactory,
    BillingRunFactory,
    ListingFactory,
    OperatorFactory,
    OrganisationFactory,
    PayerShareFactory,
    SubscriptionFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

_ADHESION = {
    "pattern": "adhesion_and_recurring",
    "adhesion": {"pattern": "flat_by_stratum", "strata": [{"amount": "60"}]},
    "recurring": {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.30"},
}
_POOLED = {
    "pattern": "pooled_volume",
    "population_kind": "municipale",
    "tiers": [{"up_to": 2_000, "rate": "1.00"}, {"rate": "0.50"}],
}


def test_each_owes_what_it_would_owe_alone(monkeypatch):
    """Communes of 860 inhabitants, one of 1 200 and one of Réunion, with all kinds of terms, over the year
    that some begin or end in, then over the next one with next to nothing remembered."""
    operator = OperatorFactory()
    members = [OrganisationFactory(territory__population=count) for count in (860, 860, 1_200)]
    members.append(OrganisationFactory(territory__population=860, territory__departement="974"))
    grids = ({}, {"flat": True}, {"marginal": True}, {"exempt": True}, {"out_of_scope": True})
    listings = [
        ListingFactory(operator=operator, **{f"grid__{name}": value for name, value in grid.items()})
        for grid in grids
    ]
    usual = [
        SubscriptionFactory(state=State.ACTIVE, tenant=member, listing=listing)
        for member in members
        for listing in listings
    ]
    own = {"state": State.ACTIVE, "listing__operator": operator}
    SubscriptionFactory(**own, tenant=members[0], service_name="Une\tbarre \\ et «\n» \\N")
    for member, since in ((0, date(2026, 4, 15)), (1, date(2026, 4, 15)), (2, date(2025, 11, 1))):
        SubscriptionFactory(**own, tenant=members[member], grid=_ADHESION, active_from=since)
    SubscriptionFactory(**own | {"state": State.ENDED}, tenant=members[1])
    SubscriptionFactory(**own, tenant=members[0], grid=_ADHESION | {"rhythm": {"period": "quarter"}})
    lost = SubscriptionFactory(**own)
    pooled = SubscriptionFactory(**own, tenant=members[2], grid=_POOLED)
    AmendmentFactory(subscription=usual[0], coefficient=Decimal("1.0200"))
    PayerShareFactory(subscription=usual[1])
    with as_worker():
        Organisation.objects.filter(pk=lost.tenant_id).update(territory=None)
        GroupPopulation.objects.create(
            listing=pooled.listing, on=date(2025, 12, 1), members=3, inhabitants=2_500
        )
        for year, most in ((2026, alike.MOST_REMEMBERED), (2027, 2)):
            monkeypatch.setattr(alike, "MOST_REMEMBERED", most)
            run = BillingRunFactory(
                operator=operator, period_start=date(year, 1, 1), period_end=date(year + 1, 1, 1)
            )
            operations.draft_run(run_id=run.pk, now=NOW)
            run.refresh_from_db()
            expected, refused = _computed_alone(run)
            assert [_said(one) for one in _in_order(run.entries.all())] == expected
            assert len(expected) > len(usual)
            assert [one["subscription"] for one in run.problems] == refused == [str(lost.public_id)]
            billed = InvoiceLine.objects.filter(invoice__run=run)
            assert billed.count() == len(expected)


def _computed_alone(run) -> tuple[list[dict], list[str]]:
    """What each subscription of the operator owes, and those that have no price."""
    period = Period(run.period_start, run.period_end)
    entries, refused = [], []
    for one in Subscription.objects.billable_in(start=period.start, end=period.end).order_by("pk"):
        facts = facts_for_period([one], period).get(one.pk)
        try:
            entries += owed_for(run, one, facts, NOW)
        except PricingError:
            refused.append(str(one.public_id))
    return [_said(one) for one in _in_order(entries)], refused


def _in_order(entries) -> list[LedgerEntry]:
    return sorted(entries, key=lambda one: (one.subscription_id, one.tenant_id, one.code))


def _said(entry: LedgerEntry) -> dict:
    fields = [field for field in LedgerEntry._meta.concrete_fields if not field.primary_key]
    return {field.attname: getattr(entry, field.attname) for field in fields}
