"""What is written for good stays as it is, whoever asks: the web role, a worker, the owner of the table."""

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.errors import RestrictViolation

from billing.models import InvoiceFile, InvoiceLine, LedgerEntry
from subscriptions.models import Transition
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import (
    AccountCodesFactory,
    CallbackFactory,
    DeliveryFactory,
    InvoiceFileFactory,
    PaymentFactory,
    ProviderRefundFactory,
    SeatCountFactory,
    SubscriptionFactory,
    TitreCodesFactory,
    TitreNumberFactory,
    UsageEventFactory,
    drafted_run,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.tools.database import acting_as, as_worker

pytestmark = pytest.mark.django_db

CHANGES = {
    "tenants_auditevent": "sentence = 'autre'",
    "subscriptions_transition": "after = 'ended'",
    "billing_ledgerentry": "amount_cents = 0",
    "billing_invoice": "notes = '{}'",
    "billing_invoiceline": "net_cents = 0",
    "billing_invoicefile": "sha256 = ''",
    "billing_titrecodes": "account = '1'",
    "billing_accountcodes": "product = '1'",
    "billing_titrenumber": "number = 1000",
    "billing_payment": "amount_cents = 1",
    "subscriptions_seatcount": "agents = 1",
    "subscriptions_usageevent": "quantity = 1",
    "provisioning_delivery": "answered = ''",
    "provisioning_callback": "said = 'failed'",
}


@pytest.fixture
def rows():
    """(id, tenant) of one row that is written for good, by table."""
    invoice = issued_invoice()
    with as_worker():
        InvoiceFileFactory(invoice=invoice)
        subscription = SubscriptionFactory()
        audit = AuditEvent.objects.filter(tenant=invoice.tenant).first()
        found = {
            "tenants_auditevent": audit,
            "subscriptions_transition": Transition.objects.filter(subscription=subscription).get(),
            "billing_ledgerentry": LedgerEntry.objects.get(),
            "billing_invoice": invoice,
            "billing_invoiceline": InvoiceLine.objects.get(),
            "billing_invoicefile": InvoiceFile.objects.get(),
            "billing_titrecodes": TitreCodesFactory(),
            "billing_accountcodes": AccountCodesFactory(),
            "billing_titrenumber": TitreNumberFactory(settlement=invoice.settlement),
            "billing_payment": PaymentFactory(settlement=invoice.settlement),
            "billing_providerrefund": ProviderRefundFactory(settlement=invoice.settlement),
            "subscriptions_seatcount": SeatCountFactory(),
            "subscriptions_usageevent": UsageEventFactory(),
            "provisioning_delivery": DeliveryFactory(),
            "provisioning_callback": CallbackFactory(),
        }
    return {table: (row.pk, row.tenant_id) for table, row in found.items()}


def _refused(statement, values, *, tenant, role):
    with (
        pytest.raises(IntegrityError) as refusal,
        transaction.atomic(),
        acting_as(role),
        tenant_scope([tenant]),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values)
    return isinstance(refusal.value.__cause__, RestrictViolation)


@pytest.mark.parametrize("role", ["web", "worker", "owner"])
@pytest.mark.parametrize("table", CHANGES)
def test_a_row_is_neither_changed_nor_deleted(rows, table, role):
    pk, tenant = rows[table]
    update = f'UPDATE "{table}" SET {CHANGES[table]} WHERE id = %s'
    assert _refused(update, [pk], tenant=tenant, role=role)
    assert _refused(f'DELETE FROM "{table}" WHERE id = %s', [pk], tenant=tenant, role=role)


@pytest.mark.parametrize("role", ["web", "worker", "owner"])
def test_an_issued_invoice_takes_no_other_line(rows, role):
    pk, tenant = rows["billing_invoiceline"]
    columns = [f.column for f in InvoiceLine._meta.fields if f.column not in ("id", "position")]
    names = ", ".join(columns)
    copy = f"INSERT INTO billing_invoiceline (position, {names}) SELECT 99, {names} FROM billing_invoiceline"
    assert _refused(f"{copy} WHERE id = %s", [pk], tenant=tenant, role=role)


def test_a_draft_may_still_be_changed_and_thrown_away():
    run = drafted_run(now=NOW)
    with as_worker():
        draft = run.invoices.get()
        assert draft.lines.update(description="corrigée") == 1
        assert run.invoices.update(notes={"AAB": "corrigée"}) == 1
        draft.delete()
        assert not run.invoices.exists()
