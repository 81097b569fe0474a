"""Credit notes: those to issue, one to read and issue, and how they count among what is collected."""

import csv
import io
from datetime import date

import pytest
from django.urls import reverse

from billing.models import Invoice, InvoiceState, SettlementState
from tenants.models import Letter, Operator, Role
from tests.factories import (
    MembershipFactory,
    OperatorFactory,
    credit_note_on,
    drafted_run,
    issued_credit_note,
    issued_invoice,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


@pytest.fixture
def finance(operator, sign_in):
    return sign_in(Role.OPERATOR_FINANCE, operator)


@pytest.fixture
def note(operator):
    """77,40 € on an invoice of 309,60 €, both with tax."""
    return credit_note_on(issued_invoice(operator=operator))


def read(note) -> Invoice:
    with as_worker():
        return Invoice.objects.select_related("settlement").get(pk=note.pk)


def test_the_list_says_what_is_given_back_and_why(operator, finance, note):
    page = finance.get(url("operator_credit_notes", operator))
    [row] = page.context["rows"]
    assert (row["member"], row["invoice"], row["gross"]) == (note.tenant.name, "F2026-00001", "77,40\u00a0€")
    assert "3 mois non commencés sur 12 facturés" in row["reasons"][0]
    assert "Émettre 1 avoir" in finance.get(url("operator_home", operator)).content.decode()


def test_the_list_asks_the_same_queries_for_any_number(operator, finance, snapshot):
    run = drafted_run(operator=operator, members=3)
    from billing import approving, operations
    from tests.factories.base import NOW

    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        invoices = list(Invoice.objects.filter(run=run))
    for invoice in invoices:
        credit_note_on(invoice)
    with snapshot_queries(snapshot):
        assert len(finance.get(url("operator_credit_notes", operator)).context["rows"]) == 3


def test_a_person_reads_it_issues_it_and_the_member_is_told(operator, finance, note):
    told = MembershipFactory(organisation=note.tenant, role=Role.FINANCE).user
    address = url("operator_credit_note", operator, note.public_id)
    text = finance.get(address).content.decode()
    for words in ("Total de l’avoir", "77,40\u00a0€ TTC", "Le comptable public réduit d’autant"):
        assert words in text
    answer = finance.post(address, {"montant": note.gross_cents}, follow=True)
    assert answer.redirect_chain[0][0] == url("operator_invoice", operator, note.public_id)
    text = answer.content.decode()
    for words in ("Avoir", "A2026-00001", "Réduction de titre proposée", "F2026-00001"):
        assert words in text
    with as_worker():
        letter = Letter.objects.get(to=told.email)
    assert "A2026-00001" in letter.subject
    assert "77,40\u00a0€ TTC" in letter.body
    assert finance.get(url("operator_credit_notes", operator)).context["rows"] == []


def test_one_that_changed_meanwhile_is_read_again(operator, finance, note):
    address = url("operator_credit_note", operator, note.public_id)
    answer = finance.post(address, {"montant": 1}, follow=True)
    assert "a changé depuis que vous l’avez lu" in answer.content.decode()
    assert read(note).state == InvoiceState.DRAFT
    assert finance.post(address, {"montant": "x"}).status_code == 404


def test_an_issuer_that_lacks_a_mention_is_told(operator, finance, note):
    with as_worker():
        Operator.objects.filter(pk=operator.pk).update(iban="")
    answer = finance.post(
        url("operator_credit_note", operator, note.public_id), {"montant": note.gross_cents}
    )
    assert "l’IBAN" in answer.content.decode()
    assert read(note).state == InvoiceState.DRAFT


def test_sent_twice_it_is_issued_once(operator, finance, note):
    address = url("operator_credit_note", operator, note.public_id)
    for _ in range(2):
        answer = finance.post(address, {"montant": note.gross_cents})
        assert answer.status_code == 302
    assert read(note).number == "A2026-00001"


def test_titres_are_reduced_by_it(operator, finance):
    invoice = issued_invoice(operator=operator)
    note = issued_credit_note(invoice)
    page = finance.get(url("operator_titres", operator))
    assert [(row["number"], row["gross"]) for row in page.context["rows"]] == [
        (invoice.number, "309,60\u00a0€"),
        (note.number, "-77,40\u00a0€"),
    ]
    figures = {figure["label"]: figure["value"] for figure in page.context["figures"]}
    assert (figures["Total TTC"], figures["Reste à encaisser"]) == ("232,20\u00a0€", "232,20\u00a0€")
    content = finance.get(url("operator_titres_csv", operator)).content.decode("utf-8-sig")
    _, _, reduction = csv.reader(io.StringIO(content), delimiter=";")
    assert (reduction[3], reduction[4], reduction[8], reduction[11]) == (
        f"Réduction du titre de la facture {invoice.number}",
        note.number,
        "-77,40",
        "réduction de titre proposée",
    )


def test_a_private_issuer_gives_it_back_by_hand(sign_in):
    operator = OperatorFactory(private=True)
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    note = issued_credit_note(issued_invoice(operator=operator))
    address = url("operator_invoice", operator, note.public_id)
    text = finance.get(address).content.decode()
    assert "Je l’ai déduit ou remboursé" in text
    assert "Réessayer" not in text
    for words in ("noté comme déduit ou remboursé", "n’attend plus personne"):
        answer = finance.post(url("operator_credit_given_back", operator, note.public_id), follow=True)
        assert words in answer.content.decode()
    assert read(note).settlement.state == SettlementState.PAID


def test_the_corrected_invoice_leads_to_its_credit_notes(operator, finance):
    invoice = issued_invoice(operator=operator)
    address = url("operator_invoice", operator, invoice.public_id)
    draft = credit_note_on(invoice)
    assert url("operator_credit_note", operator, draft.public_id) in finance.get(address).content.decode()
    with as_worker():
        assert draft.period_start == date(2026, 10, 1)
    tabs = finance.get(f"{url('operator_invoices', operator)}?etat=avoirs").context["tabs"]
    assert [tab["count"] for tab in tabs] == ["1", "1", "0", "0", "0"]
