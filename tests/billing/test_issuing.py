"""Issuing: numbers without a gap, each invoice once, its file once."""

import hashlib
from datetime import UTC, datetime

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from billing import approving, files, issuing, operations
from billing.exceptions import DraftsUnsound, IssuerIncomplete, WrongRunState
from billing.models import (
    Anomaly,
    AnomalyKind,
    Invoice,
    InvoiceFile,
    InvoiceState,
    NumberCounter,
    RunState,
    Settlement,
)
from subscriptions.models import Subscription
from tenants.models import AuditEvent, Organisation
from tests.factories import ChorusServiceFactory, OperatorFactory, drafted_run, issued_invoice
from tests.factories.base import NOW
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


def approved(members=1, **values):
    run = drafted_run(members=members, **values)
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
    return run


def numbers(run) -> list[str]:
    with as_worker():
        return sorted(Invoice.objects.filter(run=run).values_list("number", flat=True))


def test_an_issued_invoice_copies_all_that_it_says():
    invoice = issued_invoice()
    assert (invoice.state, invoice.number) == (InvoiceState.ISSUED, "F2026-00001")
    assert (str(invoice.issue_date), str(invoice.due_date)) == ("2026-10-01", "2026-10-31")
    assert invoice.seller["siren"] == invoice.operator.organisation.siren
    assert invoice.buyer["siret"] == invoice.tenant.siret
    assert invoice.payment["reference"] == invoice.number
    assert set(invoice.notes) == {"PMT", "PMD", "AAB"}


def test_parties_that_change_later_change_nothing():
    invoice = issued_invoice()
    name = invoice.buyer["name"]
    with as_worker():
        invoice.tenant.name = "Commune nouvelle"
        invoice.tenant.save()
        invoice.refresh_from_db()
    assert invoice.buyer["name"] == name


def test_a_run_is_issued_whole():
    run = approved(members=3)
    with as_worker():
        operations.issue_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
        assert Settlement.objects.count() == 3
        assert AuditEvent.objects.filter(what="invoice.issued").count() == 3
    assert numbers(run) == ["F2026-00001", "F2026-00002", "F2026-00003"]
    assert (run.state, run.progress_done, run.progress_total) == (RunState.ISSUED, 3, 3)


@pytest.mark.parametrize("where", ["tenants.audit.record", "billing.tasks.make_file.defer"])
@pytest.mark.parametrize("turn", [1, 2, 4])
def test_an_issue_interrupted_and_taken_up_issues_each_once(monkeypatch, where, turn):
    """As a worker killed at that point: its transaction is lost, number included."""
    run = approved(members=4)
    jobs.forget()
    count = 0

    def fail(*args, **kwargs):
        nonlocal count
        count += 1
        if count == turn:
            raise RuntimeError("killed")
        return original(*args, **kwargs)

    from billing import tasks
    from tenants import audit

    original = audit.record if where.startswith("tenants") else tasks.make_file.defer
    with monkeypatch.context() as patch:
        patch.setattr(where, fail)
        with as_worker(), pytest.raises(RuntimeError, match="killed"):
            operations.issue_run(run_id=run.pk, now=NOW)
    with as_worker():
        assert Invoice.objects.filter(state=InvoiceState.ISSUED).count() == turn - 1
        operations.issue_run(run_id=run.pk, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
        assert NumberCounter.objects.get().last == 4
        assert Settlement.objects.count() == 4
        assert AuditEvent.objects.filter(what="billing.run_issued").count() == 1
    assert numbers(run) == [f"F2026-{n:05d}" for n in range(1, 5)]
    assert (run.state, run.progress_done) == (RunState.ISSUED, 4)
    assert [name for name, _ in jobs.waiting()].count("billing.tasks.make_file") == 4


def test_numbers_are_each_operator_s_own():
    assert issued_invoice().number == issued_invoice().number == "F2026-00001"


def test_the_year_is_that_of_paris():
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    invoice = issued_invoice(now=new_year)
    assert (invoice.number, str(invoice.issue_date)) == ("F2027-00001", "2027-01-01")


def test_an_issued_invoice_is_not_issued_again():
    invoice = issued_invoice()
    with as_worker():
        assert issuing.issue(invoice_id=invoice.pk, operator=invoice.operator, now=NOW) is False


def test_an_issued_invoice_is_neither_edited_nor_deleted():
    invoice = issued_invoice()
    with as_worker():
        invoice.notes = {}
        with pytest.raises(IntegrityError, match="no longer be changed"), transaction.atomic():
            invoice.save()
        with pytest.raises(IntegrityError), transaction.atomic():
            Invoice.objects.filter(pk=invoice.pk).delete()


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"iban": ""}, "l’IBAN"),
        ({"organisation__seat": False}, "le SIRET"),
        ({"organisation__address": ""}, "l’adresse"),
    ],
)
def test_an_issuer_that_lacks_a_mention_issues_nothing(values, missing):
    run = drafted_run(operator=OperatorFactory(**values))
    with as_worker(), pytest.raises(IssuerIncomplete) as refusal:
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
    assert refusal.value.missing == [missing]
    assert jobs.waiting() == []


def test_a_draft_that_its_reader_would_refuse_stops_the_run():
    run = drafted_run(tenant__seat=False)
    with as_worker():
        run.invoices.get().tenant.__class__.objects.filter(pk=run.invoices.get().tenant_id).update(
            siren="123456789"
        )
        with pytest.raises(DraftsUnsound, match="SIRET"):
            approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        assert not NumberCounter.objects.exists()


def test_a_run_is_approved_once():
    run = approved()
    with as_worker(), pytest.raises(WrongRunState):
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)


def test_nothing_is_issued_before_approval():
    run = drafted_run()
    with as_worker():
        operations.issue_run(run_id=run.pk, now=NOW)
    assert numbers(run) == [""]


def test_a_file_is_made_once():
    invoice = issued_invoice()
    with as_worker():
        first = files.make_file(invoice_id=invoice.pk, now=NOW)
        again = files.make_file(invoice_id=invoice.pk, now=NOW)
        assert InvoiceFile.objects.count() == 1
    assert first.pk == again.pk
    content = default_storage.open(first.path).read()
    assert content.startswith(b"%PDF-")
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (first.sha256, first.size)


def test_a_file_half_kept_by_a_dead_worker_is_made_again():
    invoice = issued_invoice()
    path = f"invoices/{invoice.operator.slug}/{invoice.year}/{invoice.number}.pdf"
    default_storage.save(path, ContentFile(b"%PDF- half"))
    with as_worker():
        file = files.make_file(invoice_id=invoice.pk, now=NOW)
    assert file.path == path
    assert hashlib.sha256(default_storage.open(path).read()).hexdigest() == file.sha256


def test_the_same_invoice_gives_the_same_bytes():
    invoice = issued_invoice()
    with as_worker():
        invoice = Invoice.objects.get(pk=invoice.pk)
        one, other = (files.render_factur_x(files.document_of(invoice)) for _ in range(2))
    assert one == other


def test_a_missing_service_code_is_told_before_any_number_is_given():
    run = drafted_run()
    with as_worker():
        seat = Invoice.objects.get(run=run).tenant.seat
        seat.service_code_required = True
        seat.save()
        with pytest.raises(DraftsUnsound, match="Chorus Pro demande un code service"):
            approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        assert not NumberCounter.objects.exists()
    ChorusServiceFactory(establishment=seat, code="FIN", is_default=True)
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        assert Invoice.objects.get(run=run).buyer["service_code"] == "FIN"


def test_what_a_large_run_holds_that_would_be_refused_is_found_before_its_number(monkeypatch):
    monkeypatch.setattr(approving, "CHECKED_AT_ONCE", 1)
    monkeypatch.setattr(operations, "CHECKED_AT_ONCE", 1)
    run = drafted_run(members=3)
    with as_worker():
        member = Invoice.objects.filter(run=run).order_by("tenant__name", "pk")[1].tenant
        Organisation.objects.filter(pk=member.pk).update(postcode="4213")
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
        assert run.state == RunState.PARTLY
        assert Anomaly.objects.get(run=run, blocking=True).kind == AnomalyKind.UNSOUND
        assert "sauf une qui serait refusée" in AuditEvent.objects.get(what="billing.run_issued").sentence
    assert numbers(run) == ["", "F2026-00001", "F2026-00002"]
    with as_worker():
        Organisation.objects.filter(pk=member.pk).update(postcode="42130")
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
    assert (run.state, numbers(run)[-1]) == (RunState.ISSUED, "F2026-00003")


def test_the_service_code_of_a_request_is_the_invoices():
    run = drafted_run()
    with as_worker():
        seat = Invoice.objects.get(run=run).tenant.seat
        seat.service_code_required = True
        seat.save()
        Subscription.objects.update(service_code="ECOLES")
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        assert Invoice.objects.get(run=run).buyer["service_code"] == "ECOLES"
