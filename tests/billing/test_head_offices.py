"""Which SIRET an invoice bears: that of the day it is issued, for both parties, and for good."""

from datetime import date, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from facturx import get_xml_from_pdf

from billing import approving, files, operations
from billing.exceptions import DraftsUnsound
from billing.models import Invoice, InvoiceState, LedgerEntry
from subscriptions.models import State
from tenants import head_offices
from tests.factories import (
    OrganisationFactory,
    PayerShareFactory,
    SubscriptionFactory,
    UserFactory,
    drafted_run,
    issued_credit_note,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.factories.tenants import second_siret
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

TODAY = date(2026, 10, 1)
TOMORROW = NOW + timedelta(days=1)


def moves(organisation, on: date = TODAY, *, now=NOW) -> str:
    """The new SIRET of its head office."""
    new = second_siret(organisation.siren)
    with as_worker():
        head_offices.declare(
            organisation=organisation,
            siret=new,
            effective_on=on,
            reason="Déménagement",
            evidence=ContentFile(b"%PDF-1.7\n", name="avis.pdf"),
            by=UserFactory(),
            now=now,
        )
    return new


def issued(run, *, now=NOW) -> Invoice:
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=now)
        operations.issue_run(run_id=run.pk, now=now)
        return Invoice.objects.select_related("tenant", "operator__organisation").get(run=run)


def sirets(invoice) -> tuple[str, str]:
    return invoice.seller["siret"], invoice.buyer["siret"]


@pytest.mark.parametrize("nights_work_done", [True, False])
def test_a_draft_bears_the_siret_of_the_day_it_is_issued(nights_work_done):
    run = drafted_run()
    with as_worker():
        draft = run.invoices.select_related("tenant", "operator__organisation").get()
    new = [moves(party, TODAY + timedelta(days=1)) for party in (draft.operator.organisation, draft.tenant)]
    if nights_work_done:
        with as_worker():
            head_offices.apply_due(now=TOMORROW)
    assert sirets(issued(run, now=TOMORROW)) == tuple(new)


def test_the_day_before_it_bears_the_old_one():
    run = drafted_run()
    with as_worker():
        draft = run.invoices.select_related("tenant", "operator__organisation").get()
    for party in (draft.operator.organisation, draft.tenant):
        moves(party, TODAY + timedelta(days=1))
    assert sirets(issued(run)) == (draft.operator.organisation.siret, draft.tenant.siret)


def test_an_invoice_that_is_issued_keeps_its_own_and_its_credit_note_bears_the_new_one():
    invoice = issued_invoice()
    old = sirets(invoice)
    new = moves(invoice.tenant)
    with as_worker():
        invoice.refresh_from_db()
    assert sirets(invoice) == old
    assert issued_credit_note(invoice).buyer["siret"] == new


def test_the_electronic_invoice_names_both_new_establishments():
    run = drafted_run(tenant__name="Évran")
    with as_worker():
        draft = run.invoices.select_related("tenant", "operator__organisation").get()
    parties = (draft.operator.organisation, draft.tenant)
    old = [party.siret for party in parties]
    new = [moves(party) for party in parties]
    invoice = issued(run)
    with as_worker():
        files.make_file(invoice_id=invoice.pk, now=NOW)
        invoice.refresh_from_db()
        with default_storage.open(invoice.file.path) as file:
            _, xml = get_xml_from_pdf(file.read(), check_xsd=False)
    text = xml.decode()
    assert all(siret in text for siret in new)
    assert not any(siret in text for siret in old)


def test_whoever_pays_a_part_too():
    held = SubscriptionFactory(state=State.ACTIVE)
    region = OrganisationFactory(name="Région")
    PayerShareFactory(subscription=held, payer=region)
    run = drafted_run(operator=held.operator, members=0)
    new = moves(region)
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        found = {one.tenant_id: one.buyer["siret"] for one in Invoice.objects.filter(run=run)}
    assert found == {region.pk: new, held.tenant_id: held.tenant.siret}


def test_the_new_head_office_wants_its_code_before_any_number_is_given():
    run = drafted_run()
    with as_worker():
        draft = run.invoices.select_related("tenant").get()
    new = moves(draft.tenant, TODAY + timedelta(days=1))
    with as_worker():
        draft.tenant.establishments.filter(siret=new).update(service_code_required=True)
        with pytest.raises(DraftsUnsound):
            approving.approve_run(run=run, approved_by=run.started_by, now=TOMORROW)
        assert LedgerEntry.objects.count() == 1
        assert Invoice.objects.get().state == InvoiceState.DRAFT
