"""A head office moves: while its invoice is issued, twice at once, by several workers."""

import threading

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction

from billing import approving, issuing, operations
from billing.models import Invoice
from tenants import head_offices
from tenants.head_offices import SeatMoveRefused
from tenants.models import Organisation, SeatMove
from tenants.tenancy import tenant_scope
from tests.factories import OrganisationFactory, UserFactory, drafted_run
from tests.factories.base import NOW
from tests.factories.tenants import _checked, second_siret
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def moving(organisation, siret, by, **changes):
    def run():
        with transaction.atomic(), tenant_scope([organisation.pk]):
            return head_offices.declare(
                organisation=organisation,
                siret=siret,
                reason="Déménagement",
                evidence=ContentFile(b"%PDF-1.7\n", name="avis.pdf"),
                by=by,
                now=NOW,
                **{"effective_on": NOW.date()} | changes,
            )

    return run


def test_of_several_moves_at_once_one_is_kept():
    commune, by = OrganisationFactory(), UserFactory()
    numbers = [_checked(f"{commune.siren}{number:04d}") for number in range(2, 6)]
    results = at_once(*(moving(commune, number, by) for number in numbers))
    [kept] = [result for result in results if isinstance(result, SeatMove)]
    assert sum(isinstance(result, SeatMoveRefused) for result in results) == 3
    commune = Organisation.objects.get(pk=commune.pk)
    assert (commune.siret, commune.establishments.filter(is_seat=True).count()) == (kept.to_siret, 1)


def test_the_night_s_work_done_by_three_workers_at_once_is_done_once():
    commune, by = OrganisationFactory(), UserFactory()
    later = NOW.replace(day=20)
    moving(commune, second_siret(commune.siren), by, effective_on=later.date())()

    def night():
        with as_worker():
            return head_offices.apply_due(now=later)

    assert sorted(at_once(night, night, night)) == [0, 0, 1]
    assert Organisation.objects.get(pk=commune.pk).siret == second_siret(commune.siren)


@pytest.mark.parametrize("party", ["buyer", "seller"])
def test_a_move_waits_for_the_invoice_that_is_being_issued(party):
    """What the invoice has read stays true until its commit: the move is after it."""
    run, by = drafted_run(), UserFactory()
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        invoice = run.invoices.select_related("tenant").get()
    organisation = invoice.tenant if party == "buyer" else run.operator.organisation
    old, new = organisation.siret, second_siret(organisation.siren)
    done = threading.Event()

    def move():
        try:
            moving(organisation, new, by)()
        finally:
            done.set()
            connection.close()

    with as_worker(), transaction.atomic():
        assert issuing.issue(invoice_id=invoice.pk, operator=run.operator, now=NOW)
        thread = threading.Thread(target=move)
        thread.start()
        assert not done.wait(1.0)
    thread.join(30)
    assert Organisation.objects.get(pk=organisation.pk).siret == new
    with as_worker():
        assert getattr(Invoice.objects.get(pk=invoice.pk), party)["siret"] == old


@pytest.mark.parametrize("party", ["buyer", "seller"])
def test_an_invoice_waits_for_the_move_that_is_being_declared(party):
    """It then bears the new SIRET, which was true before its own commit."""
    run, by = drafted_run(), UserFactory()
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        invoice = run.invoices.select_related("tenant").get()
    organisation = invoice.tenant if party == "buyer" else run.operator.organisation
    new = second_siret(organisation.siren)
    done = threading.Event()

    def issue():
        try:
            with as_worker():
                operations.issue_run(run_id=run.pk, now=NOW)
        finally:
            done.set()
            connection.close()

    with transaction.atomic():
        moving(organisation, new, by)()
        thread = threading.Thread(target=issue)
        thread.start()
        assert not done.wait(1.0)
    thread.join(30)
    with as_worker():
        assert getattr(Invoice.objects.get(pk=invoice.pk), party)["siret"] == new
