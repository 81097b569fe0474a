"""What next year will cost: as a run that would bill it whole."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import operations
from billing.budget import budget_of, budgets_at, members_to_budget
from billing.models import Invoice
from subscriptions.models import State
from tenants.models import Population
from tests.factories import (
    BillingRunFactory,
    OperatorFactory,
    PayerShareFactory,
    SubscriptionFactory,
    succeeding_grid,
)
from tests.factories.base import NOW
from tests.factories.tenants import PopulationFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
YEAR = date(2027, 1, 1)


def test_the_budget_is_what_a_run_of_that_year_drafts():
    """Contracts begun this year, ending in the next, paid in part by another, over before, not open yet."""
    operator = OperatorFactory()
    first = SubscriptionFactory(state=State.ACTIVE, listing__operator=operator)
    tenant = first.tenant
    begun, ending, _ = (
        SubscriptionFactory(state=State.ACTIVE, listing__operator=operator, tenant=tenant, **values)
        for values in (
            {"active_from": date(2026, 11, 15)},
            {"ended_on": date(2027, 4, 10)},
            {"ended_on": date(2026, 12, 31)},
        )
    )
    SubscriptionFactory(listing__operator=operator, tenant=tenant)
    PayerShareFactory(subscription=begun)
    with as_worker():
        budget = budget_of(organisation=tenant, year=2027, now=NOW)
        rows = {row.subscription.pk: row for row in budget.rows}
        assert rows.keys() == {first.pk, begun.pk, ending.pk}
        assert (budget.is_whole, rows[begun.pk].shared, rows[first.pk].shared) == (True, True, False)
        assert rows[ending.pk].net_cents * 3 == rows[first.pk].net_cents
        assert budgets_at(operator=operator, members=[tenant], year=2027, now=NOW) == [budget]
        assert list(members_to_budget(operator=operator, year=2027, search=tenant.siren)) == [tenant]
        run = BillingRunFactory(operator=operator, period_start=YEAR, period_end=date(2028, 1, 1))
        operations.draft_run(run_id=run.pk, now=NOW)
        [draft] = Invoice.objects.filter(run=run, tenant=tenant)
        assert (draft.net_cents, draft.gross_cents) == (budget.net_cents, budget.gross_cents)


def test_a_budget_asks_no_more_for_more_subscriptions_that_count_their_use():
    sms = {"unit": "sms", "name": "SMS", "plural": "SMS", "unit_price": "0.05"}
    grid = {"pattern": "flat_by_stratum", "strata": [{"amount": "120"}], "usage": [sms]}
    one = SubscriptionFactory(state=State.ACTIVE, grid=grid)
    asked = []
    for _ in range(2):
        with as_worker(), CaptureQueriesContext(connection) as queries:
            budget = budget_of(organisation=one.tenant, year=2027, now=NOW)
        asked.append(len(queries))
        for _ in range(3):
            more = {"tenant": one.tenant, "listing__operator": one.operator}
            SubscriptionFactory(state=State.ACTIVE, grid=grid, **more)
    assert len(budget.rows) == 4
    assert asked[0] == asked[1]


def test_the_count_of_the_year_is_used_once_published_else_the_one_before():
    subscription = SubscriptionFactory(state=State.ACTIVE, tenant__territory__population=860)
    tenant = subscription.tenant
    with as_worker():
        before = budget_of(organisation=tenant, year=2027, now=NOW)
        assert before.counted_before == 2025
        [row] = before.rows
        assert [one.value for one in row.populations] == [860]
        PopulationFactory(territory=tenant.territory, value=1_000, reference_year=2024, in_force_from=YEAR)
        after = budget_of(organisation=tenant, year=2027, now=NOW)
        assert after.counted_before is None
        assert after.net_cents * 860 == before.net_cents * 1_000


def test_a_tariff_published_for_the_year_is_told_and_the_contract_keeps_its_own():
    subscription = SubscriptionFactory(state=State.ACTIVE, tenant__territory__population=860)
    with as_worker():
        [row] = budget_of(organisation=subscription.tenant, year=2027, now=NOW).rows
        assert row.published_cents is None
        succeeding_grid(subscription.listing, effective_from=YEAR, flat=True)
        [told] = budget_of(organisation=subscription.tenant, year=2027, now=NOW).rows
        assert (told.net_cents, told.published_cents) == (row.net_cents, 12_000)


def test_what_has_no_price_is_said_and_is_in_no_total():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    with as_worker():
        Population.objects.filter(territory=subscription.tenant.territory).update(value=None)
        budget = budget_of(organisation=subscription.tenant, year=2027, now=NOW)
        assert (budget.is_whole, budget.gross_cents) == (False, 0)
        assert "population" in budget.rows[0].problem
