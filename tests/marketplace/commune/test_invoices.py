"""A member's invoices: what is due, why, and how to pay."""

from datetime import date

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from freezegun import freeze_time

from billing.models import Channel, SettlementState
from billing.queries import due_of_member
from tenants.tenancy import tenant_scope
from tests.factories import (
    InvoiceFactory,
    InvoiceFileFactory,
    OperatorFactory,
    SettlementFactory,
    issued_credit_note,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries


@pytest.fixture
def invoice(commune):
    """Issued on 1 October 2026, due thirty days later, by a public operator."""
    return issued_invoice(tenant=commune)


def settled(invoice, **fields):
    with as_worker():
        type(invoice.settlement).objects.filter(pk=invoice.settlement.pk).update(**fields)


@freeze_time("2026-10-15 10:00")
def test_the_list_says_what_is_due(client, at, invoice, secretary):
    client.force_login(secretary)
    page = client.get(at("member_invoices"))
    (row,) = page.context["rows"]
    assert (row["number"], row["due"]) == (invoice.number, "31 octobre 2026")
    assert (row["badge"]["label"], row["badge"]["note"]) == ("À payer", "au comptable public")
    assert page.context["figures"][0]["value"] == row["gross"]
    assert page.context["figures"][1]["note"] == "0 facture"


@freeze_time("2026-12-01 10:00")
def test_past_its_date_a_titre_is_not_called_unpaid(client, at, invoice, secretary):
    client.force_login(secretary)
    (row,) = client.get(at("member_invoices")).context["rows"]
    assert (row["badge"]["label"], row["badge"]["note"]) == ("Échéance passée", "paiement non connu ici")
    assert "vous n’avez rien à faire" in client.get(row["url"]).content.decode()


@freeze_time("2026-12-01 10:00")
def test_a_paid_invoice_is_not_due(client, at, commune, invoice, secretary):
    settled(invoice, state=SettlementState.PAID, paid_at=NOW)
    client.force_login(secretary)
    page = client.get(at("member_invoices"))
    assert page.context["rows"][0]["badge"]["label"] == "Payée"
    assert page.context["figures"][0]["value"].startswith("0,00")
    text = client.get(page.context["rows"][0]["url"]).content.decode()
    assert "Paiement reçu le 1er octobre 2026" in text
    assert "IBAN" not in text


def test_due_counts_late_ones_apart(commune):
    for day in ("2026-10-31", "2026-12-31"):
        SettlementFactory(invoice=InvoiceFactory(tenant=commune, issued=True, due_date=day))
    InvoiceFactory(tenant=commune, issued=True, due_date="2026-11-02")  # its settlement is not made yet
    InvoiceFactory(tenant=commune)
    InvoiceFactory(issued=True)
    with tenant_scope([commune.pk]):
        due = due_of_member(organisation=commune, today=NOW.date().replace(month=11, day=2))
    assert (due.count, due.cents, due.late_count, due.late_cents) == (3, 3 * 30960, 1, 30960)


def test_one_invoice_explains_each_amount_and_how_to_pay(client, at, invoice, secretary):
    client.force_login(secretary)
    text = client.get(at("member_invoice", invoice.public_id)).content.decode()
    assert "860 habitants" in text
    assert "TVA 20" in text
    assert "FR76 3000 1007 9412 3456 7890 185" in text
    assert "comptable public" in text
    assert "Facture électronique en préparation" in text
    assert "du 1er janvier 2026 au 31 décembre 2026" in text


@pytest.mark.parametrize("trait", ["exempt", "out_of_scope"])
def test_an_invoice_without_tax_says_why(client, at, commune, secretary, trait):
    invoice = issued_invoice(tenant=commune, **{f"listing__grid__{trait}": True})
    client.force_login(secretary)
    text = client.get(at("member_invoice", invoice.public_id)).content.decode()
    assert invoice.vat[0]["reason"] in text
    assert "TVA 20" not in text


def test_a_private_issuers_invoice_is_paid_online(client, at, commune, secretary):
    invoice = issued_invoice(tenant=commune, operator=OperatorFactory(private=True))
    settled(invoice, payment_url="https://pay.example/in_1", state=SettlementState.PUSHED, external_id="in_1")
    assert invoice.settlement.channel == Channel.STRIPE
    client.force_login(secretary)
    page = at("member_invoice", invoice.public_id)
    assert "https://pay.example/in_1" in client.get(page).content.decode()
    settled(invoice, state=SettlementState.PAID, paid_at=NOW)
    assert "https://pay.example/in_1" not in client.get(page).content.decode()


def test_the_file_is_downloaded_when_it_is_ready(client, at, invoice, secretary):
    client.force_login(secretary)
    early = client.get(at("member_invoice_file", invoice.public_id))
    assert "en préparation" in client.get(early.url).content.decode()
    file = InvoiceFileFactory(invoice=invoice, content=PDF)
    lost = client.get(at("member_invoice_file", invoice.public_id))
    assert "Le fichier n’a pas pu être lu" in client.get(lost.url).content.decode()
    default_storage.save(file.path, ContentFile(PDF))
    answer = client.get(at("member_invoice_file", invoice.public_id))
    assert answer.content == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'inline; filename="facture-{invoice.number}.pdf"'


@pytest.mark.parametrize("name", ["member_invoice", "member_invoice_file"])
def test_a_draft_and_another_communes_invoice_are_not_found(client, at, commune, secretary, name):
    draft, foreign = InvoiceFactory(tenant=commune), InvoiceFactory(issued=True)
    client.force_login(secretary)
    assert client.get(at(name, draft.public_id)).status_code == 404
    assert client.get(at(name, foreign.public_id)).status_code == 404
    assert draft.number not in [row["number"] for row in client.get(at("member_invoices")).context["rows"]]


def test_a_stranger_finds_no_invoice(client, at, invoice, stranger):
    client.force_login(stranger)
    assert client.get(at("member_invoice", invoice.public_id)).status_code == 404
    assert client.get(at("member_invoice_file", invoice.public_id)).status_code == 404


def test_an_empty_list_says_when_invoices_come(client, at, secretary):
    client.force_login(secretary)
    assert "Aucune facture pour le moment" in client.get(at("member_invoices")).content.decode()


def test_the_list_is_paged(client, at, commune, secretary):
    for _ in range(26):
        InvoiceFactory(tenant=commune, issued=True)
    client.force_login(secretary)
    assert len(client.get(at("member_invoices")).context["rows"]) == 25
    assert len(client.get(at("member_invoices"), {"page": "2"}).context["rows"]) == 1


def test_list_queries(client, at, commune, secretary, snapshot):
    for _ in range(3):
        SettlementFactory(invoice=InvoiceFactory(tenant=commune, issued=True))
    client.force_login(secretary)
    with snapshot_queries(snapshot):
        client.get(at("member_invoices"))


def test_one_invoice_takes_at_most_ten_queries(client, at, invoice, secretary, snapshot):
    client.force_login(secretary)
    with snapshot_queries(snapshot) as queries:
        client.get(at("member_invoice", invoice.public_id))
    assert len([query for query in queries if "SAVEPOINT" not in query]) <= 10


@freeze_time("2026-10-15 10:00")
def test_what_is_credited_is_no_longer_due(client, at, commune, invoice, secretary):
    note = issued_credit_note(invoice)
    client.force_login(secretary)
    page = client.get(at("member_invoices"))
    rows = {row["number"]: row for row in page.context["rows"]}
    assert rows[note.number]["gross"] == "-77,40\u00a0€"
    assert rows[note.number]["badge"]["note"] == f"sur la facture {invoice.number}"
    assert page.context["figures"][0] == {"label": "À payer", "value": "232,20\u00a0€", "note": "1 facture"}
    text = client.get(at("member_invoice", invoice.public_id)).content.decode()
    assert "232,20\u00a0€" in text
    assert note.number in text
    text = client.get(at("member_invoice", note.public_id)).content.decode()
    for words in (
        f"Avoir {note.number}",
        "3 mois non commencés sur 12 facturés",
        invoice.number,
        "réduit d’autant",
    ):
        assert words in text
    assert "IBAN" not in text


@freeze_time("2026-10-15 10:00")
def test_an_invoice_credited_whole_is_not_to_pay(client, at, invoice, secretary):
    issued_credit_note(invoice, ended_on=date(2025, 12, 1))
    client.force_login(secretary)
    page = client.get(at("member_invoices"))
    assert [row["badge"]["label"] for row in page.context["rows"]] == ["Avoir", "Annulée par avoir"]
    assert page.context["figures"][0] == {"label": "À payer", "value": "0,00\u00a0€", "note": "0 facture"}
    assert "IBAN" not in client.get(at("member_invoice", invoice.public_id)).content.decode()


def test_what_is_credited_on_a_paid_invoice_is_to_be_given_back(client, at, invoice, secretary):
    settled(invoice, state=SettlementState.PAID, paid_at=NOW)
    issued_credit_note(invoice)
    client.force_login(secretary)
    figures = client.get(at("member_invoices")).context["figures"]
    assert [(one["label"], one["value"]) for one in figures if one["label"] != "Dont échéance passée"] == [
        ("À payer", "0,00\u00a0€"),
        ("À vous rendre", "77,40\u00a0€"),
    ]
