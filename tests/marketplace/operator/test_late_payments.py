"""Late payments as finance reads them: proposed, reviewed, sent by a person."""

from datetime import date

import pytest
from django.urls import reverse
from freezegun import freeze_time

from billing.models import Dunning, InvoiceState, SettlementState
from tenants.models import Role
from tests.factories import (
    BillingRunFactory,
    InvoiceFactory,
    MembershipFactory,
    SettlementFactory,
    issued_invoice,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice(operator):
    """309,60 € TTC, due on 31 October 2026."""
    made = issued_invoice(operator=operator)
    MembershipFactory(organisation=made.tenant, role=Role.FINANCE, user__email="finances@commune.example")
    return made


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


@freeze_time("2026-12-01 10:00")
def test_from_the_list_to_a_reminder_a_rate_and_a_claim(operator, sign_in, invoice, client):
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    list_url = url("operator_late_payments", operator)
    page = finance.get(list_url)
    text = page.content.decode().replace("\xa0", " ")
    for words in ("Il manque un taux", "31 jours", "taux du 1er juillet 2026 inconnu", "309,60 €", "Closes"):
        assert words in text
    assert "Regarder 1 retard de paiement" in finance.get(url("operator_home", operator)).content.decode()
    address = url("operator_late_payment", operator, invoice.public_id)
    text = finance.get(address).content.decode()
    for words in (
        "Sauf erreur de notre part",
        "Si vous avez déjà payé au comptable public",
        "31 décembre 2030",
    ):
        assert words in text
    wrong = finance.post(address, {"action": "rappeler", "text": ""}).content.decode()
    assert "Écrivez le courrier" in wrong
    sent = finance.post(address, {"action": "rappeler", "text": "Bonjour à <tous>."}, follow=True)
    assert "Rappel envoyé" in sent.content.decode()
    early = finance.post(address, {"action": "rappeler", "text": "Encore."}).content.decode()
    assert "le prochain peut partir le 16 décembre 2026" in early
    assert "Encore." in early
    assert "Bonjour à &lt;tous&gt;." in early

    rates = url("operator_late_rates", operator)
    for sent, said in (
        (
            {"what": "rate", "half_year": "2024-07-01", "ecb_rate": "2", "source": "x"},
            "Choisissez le semestre",
        ),
        ({"what": "rate", "half_year": "2026-07-01", "ecb_rate": "2,155", "source": "x"}, "deux chiffres"),
        ({"what": "rate", "half_year": "2026-07-01", "ecb_rate": "215", "source": "x"}, "moins de 100 %"),
        ({"what": "rate", "half_year": "2026-07-01", "ecb_rate": "abc", "source": ""}, "Dites où"),
        ({"what": "pace", "days": "3"}, "Sept jours au moins"),
    ):
        assert said in finance.post(rates, sent).content.decode()
    known = {"what": "rate", "half_year": "2026-07-01", "ecb_rate": "2,15", "source": "Banque de France"}
    assert "10,15" in finance.post(rates, known, follow=True).content.decode()
    assert (
        "C’est enregistré"
        in finance.post(rates, {"what": "pace", "days": "30"}, follow=True).content.decode()
    )

    with as_worker():
        fields = {"state": SettlementState.PAID, "paid_at": "2026-12-01T09:00Z"}
        type(invoice.settlement).objects.filter(invoice=invoice).update(**fields)
    page = finance.get(address)
    text = page.content.decode().replace("\xa0", " ")
    for words in ("31 jours à 10,15 %", "42,67 €", "Ne pas réclamer cette fois", "quarante-cinq jours"):
        assert words in text.replace("\u202f", " ")
    claimed = finance.post(address, {"action": "reclamer", "text": "Bonjour.", "total": "4267"}, follow=True)
    assert "Intérêts réclamés" in claimed.content.decode()
    assert invoice.number in finance.get(f"{list_url}?etat=closes").content.decode()
    with as_worker():
        assert list(Dunning.objects.order_by("pk").values_list("kind", flat=True)) == ["reminder", "claim"]
    member = MembershipFactory(organisation=invoice.tenant, role=Role.SECRETARY).user
    client.force_login(member)
    text = client.get(
        reverse("member_invoice", args=[invoice.tenant.siren, invoice.public_id])
    ).content.decode()
    for words in ("Rappels et intérêts", "Rappel envoyé le 1er décembre 2026", "Bonjour à &lt;tous&gt;."):
        assert words in text


@freeze_time("2026-12-01 10:00")
def test_what_is_sent_that_is_no_answer_is_not_found(operator, sign_in, invoice):
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    with as_worker():
        fields = {"state": SettlementState.PAID, "paid_at": "2026-12-01T09:00Z"}
        type(invoice.settlement).objects.filter(invoice=invoice).update(**fields)
    address = url("operator_late_payment", operator, invoice.public_id)
    for sent in ({}, {"action": "payer"}, {"action": "reclamer", "text": "x", "total": "-1"}):
        assert finance.post(address, sent).status_code == 404


@freeze_time("2026-12-01 10:00")
def test_queries_of_the_list(operator, sign_in, snapshot):
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    for number in range(3):
        run = BillingRunFactory(
            operator=operator,
            period_start=date(2026, 1 + number, 1),
            period_end=date(2026, 2 + number, 1),
        )
        late = InvoiceFactory(run=run, issued=True, state=InvoiceState.ISSUED)
        SettlementFactory(invoice=late)
        MembershipFactory(organisation=late.tenant, role=Role.FINANCE)
    finance.get(url("operator_late_payments", operator))
    with snapshot_queries(snapshot):
        finance.get(url("operator_late_payments", operator))
