"""Issued invoices, and the proposals of titres de recettes."""

import csv
import io
from datetime import date

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from billing.models import BillingRun, Channel, Invoice, Settlement, SettlementState
from tenants.models import Operator, Role
from tests.factories import (
    BillingRunFactory,
    InvoiceFactory,
    InvoiceFileFactory,
    OperatorFactory,
    SettlementFactory,
    drafted_run,
    issued_invoice,
)
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

BUYER = {
    "name": "Commune d’Essai",
    "siren": "1",
    "siret": "21350001800012",
    "service_code": "",
    "kind": "commune",
}
PAYMENT = {"iban": "FR7630001007941234567890185"}


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


@pytest.fixture
def finance(operator, sign_in):
    return sign_in(Role.OPERATOR_FINANCE, operator)


def settled(run, *, buyer=None, **fields) -> Settlement:
    """An issued invoice of a run, made quickly, with its settlement."""
    from tests.factories import AdhesionFactory

    invoice = InvoiceFactory(run=run, issued=True, buyer={**BUYER, **(buyer or {})}, payment=PAYMENT)
    AdhesionFactory(operator=run.operator, organisation=invoice.tenant)
    return SettlementFactory(invoice=invoice, **fields)


def test_an_invoice_tells_all_an_accountant_asks(operator, finance):
    invoice = issued_invoice(operator=operator, tenant__territory__population=860)
    answer = finance.get(url("operator_invoice", operator, invoice.public_id))
    page = answer.content.decode()
    for words in (
        invoice.number,
        operator.organisation.name,
        invoice.tenant.name,
        "860 habitants",
        "TVA 20\u00a0% sur 258,00\u00a0€",
        "309,60\u00a0€",
        "FR76 3000 1007 9412 3456 7890 185",
        "Indemnité forfaitaire",
        "Titre de recettes",
        "Titre proposé",
        "Le fichier se prépare",
    ):
        assert words in page, words


def test_an_invoice_shows_what_was_copied_not_what_changed_since(operator, finance):
    invoice = issued_invoice(operator=operator)
    with as_worker():
        invoice.tenant.__class__.objects.filter(pk=invoice.tenant_id).update(name="Nom tout neuf")
    page = finance.get(url("operator_invoice", operator, invoice.public_id)).content.decode()
    assert "Nom tout neuf" not in page
    assert invoice.buyer["name"] in page


def test_a_private_issuers_settlement_is_told_in_words(sign_in):
    operator = OperatorFactory(private=True)
    invoice = issued_invoice(operator=operator)
    with as_worker():
        Settlement.objects.filter(invoice=invoice).update(
            state=SettlementState.NEEDS_PERSON,
            external_id="in_123",
            payment_url="https://pay.example/in_123",
            problem="Le prestataire de paiement a refusé la facture.",
        )
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    page = finance.get(url("operator_invoice", operator, invoice.public_id)).content.decode()
    for words in (
        "Demande une personne",
        "in_123",
        'href="https://pay.example/in_123"',
        "a refusé la facture",
    ):
        assert words in page
    listed = finance.get(url("operator_invoices", operator), {"etat": "regarder"})
    assert [row["number"] for row in listed.context["rows"]] == [invoice.number]


@pytest.fixture
def refused():
    """The settlement of a private operator's invoice, refused by the payment provider."""
    run = BillingRunFactory(operator=OperatorFactory(private=True))
    return settled(run, channel=Channel.STRIPE, state=SettlementState.NEEDS_PERSON, problem="Refusée là-bas.")


def state_of(settlement) -> str:
    with as_worker():
        settlement.refresh_from_db()
    return settlement.state


@pytest.mark.parametrize("role", [Role.OPERATOR_FINANCE, Role.OPERATOR_ADMIN])
def test_a_refused_invoice_is_sent_again_from_the_list(refused, sign_in, role):
    operator = refused.invoice.operator
    client = sign_in(role, operator)
    listed = url("operator_invoices", operator) + "?etat=regarder"
    retry = url("operator_invoice_retry", operator, refused.invoice.public_id)
    page = client.get(listed).content.decode()
    assert f'action="{retry}"' in page
    assert "Refusée là-bas." in page
    answer = client.post(retry, follow=True)
    assert answer.redirect_chain == [(listed, 302)]
    assert f"Nouvel essai lancé pour la facture {refused.invoice.number}" in answer.content.decode()
    assert state_of(refused) == SettlementState.STARTED
    assert ("billing.tasks.push_settlement", {"settlement_id": refused.pk}) in jobs.waiting()
    assert f'action="{retry}"' not in answer.content.decode()


def test_its_own_page_offers_another_try_only_while_it_waits_for_one(sign_in):
    operator = OperatorFactory(private=True)
    invoice = issued_invoice(operator=operator)
    with as_worker():
        Settlement.objects.filter(invoice=invoice).update(state=SettlementState.NEEDS_PERSON)
    client = sign_in(Role.OPERATOR_FINANCE, operator)
    page = url("operator_invoice", operator, invoice.public_id)
    retry = url("operator_invoice_retry", operator, invoice.public_id)
    assert f'action="{retry}"' in client.get(page).content.decode()
    client.post(retry)
    assert f'action="{retry}"' not in client.get(page).content.decode()


def test_an_auditor_reads_why_and_has_nothing_to_press(sign_in):
    operator = OperatorFactory(private=True)
    invoice = issued_invoice(operator=operator)
    with as_worker():
        Settlement.objects.filter(invoice=invoice).update(
            state=SettlementState.NEEDS_PERSON, problem="Refusée là-bas."
        )
    auditor = sign_in(Role.AUDITOR, operator)
    retry = url("operator_invoice_retry", operator, invoice.public_id)
    for address in (
        url("operator_invoices", operator),
        url("operator_invoice", operator, invoice.public_id),
    ):
        page = auditor.get(address).content.decode()
        assert "Refusée là-bas." in page
        assert retry not in page
    assert auditor.post(retry).status_code == 404
    assert state_of(invoice.settlement) == SettlementState.NEEDS_PERSON


def test_a_second_try_at_once_is_told(refused, sign_in):
    operator = refused.invoice.operator
    client = sign_in(Role.OPERATOR_FINANCE, operator)
    retry = url("operator_invoice_retry", operator, refused.invoice.public_id)
    client.post(retry)
    assert "n’attend plus personne" in client.post(retry, follow=True).content.decode()
    assert len(jobs.waiting()) == 1


def test_only_finance_of_this_operator_sends_again(refused, operator, sign_in):
    own, invoice = refused.invoice.operator, refused.invoice.public_id
    assert sign_in(Role.CURATOR, own).post(url("operator_invoice_retry", own, invoice)).status_code == 404
    stranger = sign_in(Role.OPERATOR_FINANCE, operator)
    assert stranger.post(url("operator_invoice_retry", operator, invoice)).status_code == 404
    assert stranger.post(url("operator_invoice_retry", own, invoice)).status_code == 404
    finance = sign_in(Role.OPERATOR_FINANCE, own)
    assert finance.get(url("operator_invoice_retry", own, invoice)).status_code == 405
    assert state_of(refused) == SettlementState.NEEDS_PERSON


def test_a_draft_has_no_page(operator, finance):
    run = drafted_run(operator=operator)
    with as_worker():
        draft = Invoice.objects.get(run=run)
    for name in ("operator_invoice", "operator_invoice_file"):
        assert finance.get(url(name, operator, draft.public_id)).status_code == 404
    assert finance.get(url("operator_invoices", operator)).context["rows"] == []


def test_the_list_is_searched_and_sorted_by_settlement(operator, finance):
    run = BillingRunFactory(operator=operator)
    unpaid = settled(run)
    paid = settled(run, state=SettlementState.PAID, paid_at=timezone.now())
    settled(BillingRunFactory())  # another operator's

    def numbers(**query):
        answer = finance.get(url("operator_invoices", operator), query)
        return [row["number"] for row in answer.context["rows"]]

    assert set(numbers()) == {unpaid.invoice.number, paid.invoice.number}
    assert numbers(etat="payees") == [paid.invoice.number]
    assert numbers(etat="encaisser") == [unpaid.invoice.number]
    assert numbers(q=paid.invoice.number) == [paid.invoice.number]
    assert numbers(q=unpaid.invoice.tenant.name) == [unpaid.invoice.number]
    assert numbers(q="zzz") == []
    assert set(numbers(q="\0", etat="nimporte", page="-1")) == {unpaid.invoice.number, paid.invoice.number}


def test_a_due_date_gone_by_is_said(operator, finance):
    late = settled(BillingRunFactory(operator=operator)).invoice
    assert late.due_date == date(2026, 10, 31)
    row = finance.get(url("operator_invoices", operator)).context["rows"][0]
    assert row["late"] == (date(2026, 10, 31) < timezone.localdate())


def test_the_file_is_served_whole(operator, finance):
    invoice = settled(BillingRunFactory(operator=operator)).invoice
    path = default_storage.save("invoices/test/essai.pdf", ContentFile(b"%PDF-essai"))
    InvoiceFileFactory(invoice=invoice, path=path, content=b"%PDF-essai")
    answer = finance.get(url("operator_invoice_file", operator, invoice.public_id))
    assert answer.content == b"%PDF-essai"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{invoice.number}.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not answer.streaming


def test_a_file_to_come_is_not_found_and_one_that_is_lost_or_changed_is_told(operator, finance):
    invoice = issued_invoice(operator=operator)
    address = url("operator_invoice_file", operator, invoice.public_id)
    assert finance.get(address).status_code == 404
    file = InvoiceFileFactory(invoice=invoice, content=b"%PDF-essai")
    assert "n’a pas pu être lu" in finance.get(address, follow=True).content.decode()
    default_storage.save(file.path, ContentFile(b"%PDF-autre"))
    assert "ne correspond plus à son empreinte" in finance.get(address, follow=True).content.decode()


def test_the_file_of_another_operator_is_not_found(operator, finance):
    theirs = InvoiceFileFactory().invoice
    assert finance.get(url("operator_invoice_file", operator, theirs.public_id)).status_code == 404


def titres_csv(client, operator, query="") -> list[list[str]]:
    answer = client.get(url("operator_titres_csv", operator) + query)
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def test_titres_are_listed_with_their_totals(operator, finance):
    run = BillingRunFactory(operator=operator)
    paid, unpaid = settled(run), settled(run)
    with as_worker():
        now = timezone.now()
        Settlement.objects.filter(pk=paid.pk).update(state="paid", paid_at=now, changed_at=now)
    answer = finance.get(url("operator_titres", operator))
    figures = {figure["label"]: figure["value"] for figure in answer.context["figures"]}
    assert figures == {
        "Titres": "2",
        "Total HT": "516,00\u00a0€",
        "TVA": "103,20\u00a0€",
        "Total TTC": "619,20\u00a0€",
        "Reste à encaisser": "309,60\u00a0€",
    }
    assert [row["number"] for row in answer.context["rows"]] == [unpaid.invoice.number, paid.invoice.number]
    assert "Services numériques mutualisés, année 2026" in answer.content.decode()
    assert "FR76 3000 1007 9412 3456 7890 185" in answer.content.decode()


def test_the_csv_is_what_an_accounting_software_reads(operator, finance):
    run = BillingRunFactory(operator=operator)
    invoice = settled(run, buyer={"service_code": "SCOLAIRE"}).invoice
    header, row = titres_csv(finance, operator)
    assert header[:3] == ["Débiteur", "SIRET", "Code service"]
    assert row == [
        "Commune d’Essai",
        "21350001800012",
        "SCOLAIRE",
        "Services numériques mutualisés, année 2026",
        invoice.number,
        "01/10/2026",
        "258,00",
        "51,60",
        "309,60",
        "31/10/2026",
        "FR7630001007941234567890185",
        "titre proposé",
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_the_csv_holds_no_formula(start, operator, finance):
    run = BillingRunFactory(operator=operator)
    name = f'{start}HYPERLINK("https://mal.example";"x")'
    settled(run, buyer={"name": name})
    assert titres_csv(finance, operator)[1][0] == f"'{name}"


def test_titres_of_one_run(operator, finance):
    first = BillingRunFactory(operator=operator)
    second = BillingRunFactory(operator=operator, period_start="2025-01-01", period_end="2026-01-01")
    settled(first)
    wanted = settled(second).invoice.number
    query = f"?campagne={second.public_id}"
    page = finance.get(url("operator_titres", operator) + query)
    assert [row["number"] for row in page.context["rows"]] == [wanted]
    assert page.context["csv_url"].endswith(query)
    assert [row[4] for row in titres_csv(finance, operator, query)[1:]] == [wanted]


@pytest.mark.parametrize("name", ["operator_titres", "operator_titres_csv"])
def test_titres_of_a_run_that_is_not_ours_are_not_found(name, operator, finance):
    theirs = BillingRunFactory().public_id
    for wanted in (theirs, "nimporte"):
        assert finance.get(url(name, operator), {"campagne": wanted}).status_code == 404


def test_an_association_reads_why_it_has_none(sign_in):
    operator = OperatorFactory(private=True)
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    page = finance.get(url("operator_titres", operator)).content.decode()
    assert "Pas de titre de recettes pour une association" in page
    assert finance.get(url("operator_titres_csv", operator)).status_code == 404


@pytest.mark.parametrize("name", ["operator_invoices", "operator_titres", "operator_titres_csv"])
@pytest.mark.parametrize("count", [1, 9])
def test_queries_of_the_lists(name, count, operator, finance, snapshot):
    run = BillingRunFactory(operator=operator)
    for _ in range(count):
        settled(run)
    with snapshot_queries(snapshot(name=name)):
        finance.get(url(name, operator))


def test_queries_of_an_invoice(operator, finance, snapshot):
    invoice = issued_invoice(operator=operator)
    with snapshot_queries(snapshot(name="invoice")):
        finance.get(url("operator_invoice", operator, invoice.public_id))


def test_queries_of_an_issued_run(operator, finance, snapshot):
    run = BillingRunFactory(operator=operator)
    for _ in range(5):
        settled(run)
    with as_worker():
        BillingRun.objects.filter(pk=run.pk).update(state="issued", approved_by_id=run.started_by_id)
        assert Operator.objects.filter(pk=operator.pk).exists()
    with snapshot_queries(snapshot(name="issued_run")):
        assert len(finance.get(url("operator_run", operator, run.public_id)).context["invoices"]) == 5
