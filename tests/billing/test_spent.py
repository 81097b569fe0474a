"""What was invoiced for one subscription."""

from datetime import date

import pytest

from billing import approving, operations
from billing.models import LedgerEntry
from billing.spent import invoiced_for
from tenants.tenancy import tenant_scope
from tests.factories import (
    BillingRunFactory,
    OperatorFactory,
    SubscriptionFactory,
    drafted_run,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.factories.billing import read
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
YEAR = {"start": date(2026, 1, 1), "end": date(2027, 1, 1)}


def spent(subscription, **days):
    with tenant_scope([subscription.tenant_id]):
        return invoiced_for(subscription=subscription, **(YEAR | days))


def billed(run: int):
    with as_worker():
        return LedgerEntry.objects.filter(run=run).first().subscription


def test_it_is_what_the_invoice_says():
    invoice = issued_invoice(tenant__territory__population=860)
    assert spent(billed(invoice.run_id)) == invoice.gross_cents == 30_960


def test_other_days_and_drafts_are_not_counted():
    issued = billed(issued_invoice().run_id)
    assert spent(issued, start=date(2027, 1, 1), end=date(2028, 1, 1)) is None
    assert spent(billed(drafted_run().pk)) is None


def test_a_year_of_service_takes_its_days_of_two_invoices():
    """Opened on 1 July 2026, 860 inhabitants: half of 2026 is all in it, of 2027 181 days out of 365."""
    opened = date(2026, 7, 1)
    operator = OperatorFactory()
    first = issued_invoice(operator=operator, active_from=opened)
    subscription = billed(first.run_id)
    run = BillingRunFactory(operator=operator, period_start=date(2027, 1, 1), period_end=date(2028, 1, 1))
    with as_worker():
        operations.draft_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
    second = 25_800 * 181 // 365 + 1  # 12 793,97 cents
    year = {"start": opened, "end": date(2027, 7, 1)}
    assert spent(subscription, **year) == first.gross_cents + second + round(second * 0.2)
    following = {"start": date(2027, 7, 1), "end": date(2028, 7, 1)}
    assert spent(subscription, **year) + spent(subscription, **following) == 15_480 + 30_960


def test_an_adhesion_counts_whole_on_its_first_day():
    grid = {
        "pattern": "adhesion_and_recurring",
        "adhesion": {"pattern": "flat_by_stratum", "strata": [{"amount": "60"}]},
        "recurring": {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.30"},
    }
    subscription = billed(issued_invoice(grid=grid, active_from=date(2026, 1, 1)).run_id)
    june = {"start": date(2026, 6, 1), "end": date(2026, 7, 1)}
    assert spent(subscription, **june) == 2_545  # 258 € × 30 / 365 = 21,21 €, and 20 %
    assert spent(subscription) == 31_800 * 12 // 10


def test_nothing_invoiced_is_no_price():
    assert spent(SubscriptionFactory()) is None
