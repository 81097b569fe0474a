"""What was invoiced for one subscription."""

from datetime import date

import pytest

from billing.models import LedgerEntry
from billing.spent import invoiced_for
from tenants.tenancy import tenant_scope
from tests.factories import SubscriptionFactory, drafted_run, issued_invoice
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


def test_nothing_invoiced_is_no_price():
    assert spent(SubscriptionFactory()) is None
