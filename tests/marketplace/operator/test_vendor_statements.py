"""What an operator owes a vendor, as the finance of the one and the people of the other read it."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from freezegun import freeze_time

from billing.models import CommissionTerms, StatementState, VendorStatement
from tenants.models import Role
from tests.factories import (
    ListingFactory,
    MembershipFactory,
    StatementLineFactory,
    StatementRunFactory,
    VendorStatementFactory,
    issued_invoice,
)
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
SEPTEMBER = datetime(2026, 9, 15, 9, tzinfo=UTC)


@pytest.fixture
def vendor(operator):
    named = {"sheet__vendor__organisation__name": "Logiciels du Val"}
    return ListingFactory(operator=operator, **named).vendor


@pytest.fixture
def seller(vendor):
    return signed_in(vendor.organisation, Role.VENDOR_ADMIN)


def signed_in(organisation, role) -> Client:
    client = Client()
    client.force_login(MembershipFactory(organisation=organisation, role=role).user)
    return client


def text(answer) -> str:
    return answer.content.decode()


@freeze_time("2026-11-20 12:00")
def test_a_period_from_its_terms_to_its_payment(operator, vendor, seller, sign_in):
    """Both sides, by their pages alone."""
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    ours = reverse("operator_statements", args=[operator.slug])
    theirs = reverse("vendor_statements", args=[vendor.organisation.siren])
    commissions = reverse("operator_vendor_terms", args=[operator.slug])
    assert "Aucun relevé ici" in text(finance.get(ours))
    assert "Rien de convenu" in text(finance.get(commissions))
    typed = {"vendor": vendor.pk, "since": "2026-01-01", "percent": "110", "vat_rate": "20"}
    wrong = text(finance.post(commissions, typed))
    assert "Indiquez un pourcentage de 0 à 100." in wrong
    assert 'value="110"' in wrong
    finance.post(commissions, typed | {"percent": "10"})
    with as_worker():
        proposed = CommissionTerms.objects.get()
    assert "10\u00a0% du montant hors taxes" in text(seller.get(theirs))

    invoice = issued_invoice(operator=operator, listing__sheet__vendor=vendor, now=SEPTEMBER)
    jobs.forget()  # its file is not what this is about
    assert text(finance.post(ours, {"period": "2026-10-01_2027-01-01"})).count("Choisissez une période") > 0
    finance.post(ours, {"period": "2026-07-01_2026-10-01"})
    assert "en cours d’établissement" in text(finance.get(ours))
    jobs.run_jobs()
    assert "Aucune commission n’est convenue au 15/09/2026" in text(finance.get(ours))
    assert "acceptées" in text(seller.post(theirs, {"terms": proposed.public_id}, follow=True))
    assert "ne sont plus proposées" in text(seller.post(theirs, {"terms": "x"}, follow=True))
    finance.post(ours, {"action": "encore"})
    jobs.run_jobs()
    assert "Logiciels du Val" in text(finance.get(ours))

    with as_worker():
        statement = VendorStatement.objects.get()
    mine = reverse("vendor_statement", args=[vendor.organisation.siren, statement.public_id])
    page = text(seller.get(mine))
    for words in ("3e trimestre 2026", invoice.number, "258,00", "25,80", "278,64", "À accepter"):
        assert words in page, words
    assert "Dites ce qui ne va pas" in text(seller.post(mine, {"action": "contester", "reason": " "}))
    seller.post(mine, {"action": "contester", "reason": "<b>Il manque</b> une commune."})
    here = reverse("operator_statement", args=[operator.slug, statement.public_id])
    assert "&lt;b&gt;Il manque" in text(finance.get(f"{ours}?etat=contestes", follow=True)) + text(
        finance.get(here)
    )
    assert "Écrivez votre réponse" in text(finance.post(here, {"action": "repondre", "text": ""}))
    finance.post(here, {"action": "repondre", "text": "Elle vient au suivant."})
    assert "Elle vient au suivant." in text(seller.get(mine))
    seller.post(mine, {"action": "accepter"})
    too_much = text(finance.post(here, {"amount": "300", "paid_on": "2026-11-20"}))
    assert "Il reste 278,64" in too_much
    assert 'value="300"' in too_much
    finance.post(here, {"amount": "278,64", "paid_on": "2026-11-20", "reference": "VIR 12"})
    assert "Payé en entier" in text(seller.get(mine))
    answer = seller.get(
        reverse("vendor_statement_csv", args=[vendor.organisation.siren, statement.public_id])
    )
    [header, row] = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert dict(zip(header, row, strict=True))["Commission (EUR)"] == "25,80"
    assert row[4] == invoice.number


def test_neither_reads_what_another_is_owed(operator, vendor, seller, sign_in):
    """A statement of the same vendor by another operator, and one of another vendor."""
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    elsewhere = VendorStatementFactory(vendor=vendor)
    of_another = VendorStatementFactory(run__operator=operator)
    assert (
        finance.get(reverse("operator_statement", args=[operator.slug, elsewhere.public_id])).status_code
        == 404
    )
    for name in ("vendor_statement", "vendor_statement_csv"):
        url = reverse(name, args=[vendor.organisation.siren, of_another.public_id])
        assert seller.get(url).status_code == 404


def test_only_who_administers_the_vendor_answers(vendor):
    statement = VendorStatementFactory(vendor=vendor)
    editor = signed_in(vendor.organisation, Role.VENDOR_EDITOR)
    url = reverse("vendor_statement", args=[vendor.organisation.siren, statement.public_id])
    assert "Une personne qui administre" in text(editor.get(url))
    assert editor.post(url, {"action": "accepter"}).status_code == 405
    with as_worker():
        statement.refresh_from_db()
    assert statement.state == StatementState.DRAWN


@pytest.mark.parametrize("name", ["operator_statements", "operator_statement", "operator_vendor_terms"])
def test_queries(operator, vendor, sign_in, snapshot, name):
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    run = StatementRunFactory(operator=operator)
    for seller in (vendor, *(ListingFactory(operator=operator).vendor for _ in range(2))):
        statement = VendorStatementFactory(run=run, vendor=seller)
        StatementLineFactory.create_batch(2, statement=statement)
    args = [operator.slug, *([statement.public_id] if name == "operator_statement" else [])]
    with snapshot_queries(snapshot):
        assert finance.get(reverse(name, args=args)).status_code == 200


@pytest.mark.parametrize("name", ["vendor_statements", "vendor_statement"])
def test_queries_of_a_vendor(vendor, seller, snapshot, name):
    for _ in range(3):
        statement = VendorStatementFactory(vendor=vendor)
        StatementLineFactory.create_batch(2, statement=statement)
    args = [vendor.organisation.siren, *([statement.public_id] if name == "vendor_statement" else [])]
    with snapshot_queries(snapshot):
        assert seller.get(reverse(name, args=args)).status_code == 200
