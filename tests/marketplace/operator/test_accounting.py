"""An operator's accounts: on screen, and as files that a spreadsheet opens."""

import csv
import io

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    BillingRunFactory,
    InvoiceFactory,
    OperatorFactory,
    SettlementFactory,
    issued_invoice,
)
from tests.permissions.operator_forms import ACCOUNTS
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

VAT = [{"category": "S", "rate": "20.00", "base_cents": 25800, "vat_cents": 5160, "reason": ""}]


def url(name, operator):
    return reverse(name, args=[operator.slug])


def owed(run, name: str = "Commune d’Essai"):
    buyer = {"name": name, "siren": "732829320"}
    invoice = InvoiceFactory(run=run, issued=True, buyer=buyer, vat=VAT)
    AdhesionFactory(operator=run.operator, organisation=invoice.tenant)
    return SettlementFactory(invoice=invoice).invoice


def test_the_page_and_its_files(operator, sign_in):
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    here = url("operator_accounting", operator)
    assert "Personne ne doit rien" in finance.get(here).content.decode()
    formula = '=HYPERLINK("https://mal.example";"x")'
    invoice = owed(BillingRunFactory(operator=operator), name=formula)
    page = finance.get(here).content.decode()
    assert invoice.tenant.name in page
    assert "309,60\u00a0€" in page
    assert "FEC" not in page
    answer = finance.get(f"{here}?fichier=journal&annee=2026")
    [_, row] = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert row[:5] == ["01/10/2026", invoice.number, "facture", "", f"'{formula}"]
    assert row[8:11] == ["258,00", "51,60", "309,60"]
    book = openpyxl.load_workbook(io.BytesIO(finance.get(f"{here}?fichier=tableur&annee=2026").content))
    [_, cells] = book.active.iter_rows()
    assert (cells[4].value, cells[4].data_type) == (formula, "s")
    assert [cell.value for cell in cells[8:11]] == [258, 51.6, 309.6]
    assert cells[0].value.date() == invoice.issue_date
    balance = finance.get(f"{here}?fichier=balance").content.decode("utf-8-sig")
    assert balance.startswith("Adhérent;SIREN;Non échu;1 à 30 jours;31 à 60 jours;61 à 90 jours")
    assert invoice.tenant.name in balance
    for wrong in ("fichier=fec", "fichier=nimporte", "fichier=journal&annee=x", "fichier=journal&annee=1"):
        assert finance.get(f"{here}?{wrong}").status_code == 404
    none = finance.get(url("operator_accounts", operator)).content.decode()
    assert "votre comptable public tient vos comptes" in none


def test_an_association_says_its_accounts_then_takes_its_fec(sign_in):
    operator = OperatorFactory(private=True)
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    here, accounts = url("operator_accounting", operator), url("operator_accounts", operator)
    assert "Enregistrez d’abord les comptes" in finance.get(here).content.decode()
    year = timezone.localdate().year
    refused = finance.get(f"{here}?fichier=fec&annee={year}", follow=True)
    assert "Enregistrez d’abord les comptes" in refused.content.decode()
    wrong = finance.post(accounts, {**ACCOUNTS, "product": "60", "journal_label": ""}).content.decode()
    assert "commence par 7" in wrong or "nom du journal" in wrong
    assert 'value="411000"' in wrong
    assert finance.post(accounts, ACCOUNTS).status_code == 302
    assert "En vigueur" in finance.get(accounts).content.decode()
    invoice = issued_invoice(operator=operator, now=timezone.now())
    answer = finance.get(f"{here}?fichier=fec&annee={year}")
    name = f"{operator.organisation.siren}FEC{year}1231.txt"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert invoice.number in answer.content.decode("iso-8859-15")


@pytest.mark.parametrize("count", [1, 4])
def test_queries_of_the_accounts(count, operator, sign_in, snapshot):
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    run = BillingRunFactory(operator=operator)
    for _ in range(count):
        owed(run)
    for query in ("", "?fichier=journal&annee=2026"):
        with snapshot_queries(snapshot(name=f"accounting{query}")):
            finance.get(url("operator_accounting", operator) + query)
