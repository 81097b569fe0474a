"""Differences with the payment provider as finance reads and closes them."""

import pytest
from django.urls import reverse

from billing.models import DifferenceKind, LedgerDifference
from tenants.models import Role
from tests.factories import (
    LedgerComparisonFactory,
    LedgerDifferenceFactory,
    MembershipFactory,
    OperatorFactory,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return OperatorFactory(private=True)


@pytest.fixture
def invoice(operator):
    return issued_invoice(operator=operator)


def url(operator, name="operator_ledger_differences"):
    return reverse(name, args=[operator.slug])


def read(client, address) -> str:
    return client.get(address).content.decode().replace("\u202f", " ").replace("\xa0", " ")


def test_a_difference_is_read_then_closed_with_its_reason(operator, sign_in, invoice):
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    assert "pas encore été comparés" in read(finance, url(operator))
    assert "Aucun écart ici" in read(finance, url(operator))
    night = LedgerComparisonFactory(operator=operator)
    assert "n’est pas finie" in read(finance, url(operator))
    with as_worker():
        type(night).objects.update(finished_at=NOW, compared=812)
    ours = LedgerDifferenceFactory(
        operator=operator,
        kind=DifferenceKind.AMOUNT,
        settlement=invoice.settlement,
        number=invoice.number,
        debtor="Commune <d’ici> & d’ailleurs",
        ours_cents=30960,
        theirs_cents=30000,
    )
    theirs = LedgerDifferenceFactory(operator=operator)
    foreign = LedgerDifferenceFactory(number="B-7")

    assert "Regarder 2 écarts" in read(finance, url(operator, "operator_home"))
    assert url(operator) in read(finance, url(operator, "operator_invoices"))
    text = read(finance, url(operator))
    for words in ("812 factures", "309,60 €", "300,00 €", "&lt;d’ici&gt; &amp; d’ailleurs", "A-0001", "rien"):
        assert words in text
    assert reverse("operator_invoice", args=[operator.slug, invoice.public_id]) in text
    assert foreign.number not in text
    assert "A-0001" not in read(finance, f"{url(operator)}?q=ailleurs")

    name = f"ecart-{theirs.public_id}-reason"
    for said in ("", "x" * 301):
        page = finance.post(url(operator), {"ecart": theirs.public_id, name: said}).content.decode()
        assert "Erreur :" in page
        assert said in page
    sent = {"ecart": theirs.public_id, name: "Un  essai\nfait à la main."}
    assert "L’écart est clos" in finance.post(url(operator), sent, follow=True).content.decode()
    assert "clos depuis" in finance.post(url(operator), sent, follow=True).content.decode()
    for other in (foreign.public_id, "1 OR 1", ""):
        sent = {"ecart": other, f"ecart-{other}-reason": "Rien."}
        assert "clos depuis" in finance.post(url(operator), sent, follow=True).content.decode()
    text = read(finance, f"{url(operator)}?etat=clos")
    assert "Un essai fait à la main." in text
    with as_worker():
        still = LedgerDifference.objects.filter(closed_at__isnull=True).values_list("pk", flat=True)
        assert set(still) == {ours.pk, foreign.pk}
    auditor = sign_in(Role.AUDITOR, operator)
    assert "A-0001" in read(auditor, f"{url(operator)}?etat=clos")
    assert f"ecart-{ours.public_id}-reason" not in read(auditor, url(operator))


def test_a_public_issuer_reads_that_there_is_nothing_to_compare(sign_in):
    public = OperatorFactory()
    assert "comptable public encaisse" in read(sign_in(Role.OPERATOR_FINANCE, public), url(public))


def test_queries_of_the_list(operator, sign_in, invoice, snapshot):
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    MembershipFactory(organisation=invoice.tenant, role=Role.FINANCE)
    for kind in (DifferenceKind.AMOUNT, DifferenceKind.PAID_HERE):
        LedgerDifferenceFactory(operator=operator, kind=kind, settlement=invoice.settlement)
    LedgerDifferenceFactory.create_batch(3, operator=operator)
    finance.get(url(operator))
    with snapshot_queries(snapshot):
        finance.get(url(operator))
