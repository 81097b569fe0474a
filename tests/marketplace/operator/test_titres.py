"""A public issuer's titres, page by page: codes, a PES V2 file, numbers and payments taken back."""

import io
from datetime import date

import pytest
from django.urls import reverse
from lxml import etree

from billing.models import TitreImport
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    BillingRunFactory,
    InvoiceFactory,
    MembershipFactory,
    OperatorFactory,
    SettlementFactory,
    TitreImportFactory,
    TitreImportRowFactory,
    issued_invoice,
)
from tests.permissions.operator_forms import TITRE_CODES
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

BUYER = {"name": "Commune d’Essai", "siret": "21350001800012", "address": "1 rue", "postcode": "35000"}
NUMBERS = {"exercice": str(date.today().year), "bordereau": "14", "first": "123"}


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


@pytest.fixture
def finance(operator, sign_in):
    return sign_in(Role.OPERATOR_FINANCE, operator)


def page(answer) -> str:
    return answer.content.decode()


def test_from_the_codes_to_a_paid_invoice(operator, finance, client):
    """The whole way of one invoice: what is missing is said, a file is made, its number and payment come
    back."""
    invoice = issued_invoice(operator=operator)
    pes = url("operator_titre_pes", operator)
    assert "Enregistrez d’abord les codes" in page(finance.get(pes))
    codes = url("operator_titre_codes", operator)
    assert "Il manque le codique du poste comptable" in page(finance.get(codes))
    wrong = finance.post(codes, {**TITRE_CODES, "post": "35"})
    assert "6 ou 7 chiffres" in page(wrong)
    assert 'value="7068"' in page(wrong)
    assert finance.post(codes, TITRE_CODES).status_code == 302
    assert "En vigueur" in page(finance.get(codes))

    assert "Indiquez le prochain numéro" in page(finance.post(pes, {**NUMBERS, "first": "0"}))
    answer = finance.post(pes, NUMBERS)
    assert answer.headers["Content-Type"] == "application/xml; charset=ISO-8859-15"
    assert etree.fromstring(answer.content).find(".//IdPce").get("V") == "123"

    line = f"{invoice.year};14;123;{invoice.number};309,60;;\n;;;{invoice.number};309,60;"
    paid = f"{invoice.issue_date:%d/%m/%Y};100,00\n{invoice.year};14;9;X;1;;"
    content = f"Exercice;Bordereau;Titre;Référence;Montant;Payé le;Montant payé\n{line}{paid}"
    file = io.BytesIO(content.encode())
    file.name = "titres.csv"
    listed = url("operator_titre_imports", operator)
    report = finance.post(listed, {"file": file}).headers["Location"]
    shown = page(finance.get(report))
    assert "Paiement partiel : 100,00" in shown
    assert "aucune facture émise ne porte le numéro « X »" in shown
    assert "Un import attend" in page(finance.get(listed))
    assert "Référence;Montant" in finance.get(f"{report}?fichier=ecartees").content.decode("utf-8-sig")
    assert "Reprendre aussi 1 paiement partiel" in shown
    assert finance.post(report, {"what": "confirm", "partiels": "oui"}).status_code == 302
    with as_worker():
        jobs.run_jobs()
    assert "2 lignes reprises" in page(finance.get(report))
    shown = page(finance.get(url("operator_invoice", operator, invoice.public_id)))
    assert f"Titre {invoice.year}-123, bordereau 14" in shown
    assert "Paiement reçu" in shown
    reader = MembershipFactory(organisation=invoice.tenant, role=Role.FINANCE).user
    client.force_login(reader)
    shown = page(client.get(reverse("member_invoice", args=[invoice.tenant.siren, invoice.public_id])))
    assert f"Titre {invoice.year}-123, bordereau 14" in shown
    assert "209,60\u00a0€" in shown


def test_a_file_that_is_none_is_refused_in_words(operator, finance):
    listed = url("operator_titre_imports", operator)
    file = io.BytesIO(b"%PDF-1.7\n\x00\x01")
    file.name = "titres.pdf"
    answer = finance.post(listed, {"file": file})
    assert answer.status_code == 200
    assert "<title>Erreur" in page(answer)
    assert "Choisissez le fichier CSV" in page(finance.post(listed, {}))
    with as_worker():
        assert not TitreImport.objects.exists()
    model = finance.get(f"{listed}?fichier=modele").content.decode("utf-8-sig")
    assert model.startswith("Exercice;Bordereau;Titre;Référence;Montant;Payé le;Montant payé")


def test_an_association_has_none_of_these_pages(sign_in):
    operator = OperatorFactory(private=True)
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    for name in ("operator_titre_codes", "operator_titre_pes", "operator_titre_imports"):
        assert finance.get(url(name, operator)).status_code == 404


@pytest.mark.parametrize("count", [1, 4])
def test_queries_of_the_pages(count, operator, finance, snapshot):
    run = BillingRunFactory(operator=operator)
    found = TitreImportFactory(operator=operator)
    for _ in range(count):
        TitreImportRowFactory(titre_import=found)
        invoice = InvoiceFactory(run=run, issued=True, buyer=BUYER)
        AdhesionFactory(operator=operator, organisation=invoice.tenant)
        SettlementFactory(invoice=invoice)
    for name, *args in (
        ("operator_titre_import", found.public_id),
        ("operator_titre_imports",),
        ("operator_titre_pes",),
    ):
        with snapshot_queries(snapshot(name=name)):
            finance.get(url(name, operator, *args))
