"""The page where an operator's finance says what was decided of VAT."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from catalog.models import VatDecision, VatEligibility, VatRate
from tenants.models import Role
from tests.factories import AdhesionFactory
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

DATED = {"since": "2026-01-01", "source": "Rescrit du 12/03/2025"}


def sent(what: str, **values) -> dict:
    return {"what": what} | {f"{what}-{name}": value for name, value in (DATED | values).items()}


def text_of(answer) -> str:
    return " ".join(BeautifulSoup(answer.content, "html.parser").main.get_text(" ").split())


def test_finance_decides_and_reads_what_was_decided(operator, sign_in, snapshot):
    client, url = sign_in(Role.OPERATOR_FINANCE, operator), reverse("operator_vat", args=[operator.slug])
    member = AdhesionFactory(operator=operator).organisation

    client.post(url, sent("regime", nature="shared", choice="shared_costs"))
    client.post(url, sent("eligible", kind="commune", siren="", eligible="oui"))
    client.post(url, sent("eligible", kind="un", siren=member.siren, eligible="non"))
    client.post(url, sent("taux", zone="guyane", rate="8,5", reason=""))
    with snapshot_queries(snapshot(name="vat")):
        page = client.get(url)

    assert VatDecision.objects.get().ground == "VATEX-FR-CGI261B"
    assert set(VatEligibility.objects.values_list("kind", "organisation", "eligible")) == {
        ("commune", None, True),
        ("", member.pk, False),
    }
    assert VatRate.objects.get(operator=operator).rate * 2 == 17
    text = text_of(page)
    assert "part exacte des dépenses communes" in text
    assert f"{member.name} Non éligible" in text
    assert "CGI, article 296" in text

    client.post(url, sent("regime", nature="shared", choice="undecided", since="2027-01-01"))
    assert "31 décembre 2026" in text_of(client.get(url))  # its last day


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (sent("regime", nature="shared", choice="shared_costs", source=""), "regime-source"),
        (sent("eligible", kind="un", siren="123456789", eligible="oui"), "eligible-siren"),
        (sent("eligible", kind="un", siren="", eligible="oui"), "eligible-siren"),
        (sent("taux", zone="corse", rate="vingt", reason=""), "taux-rate"),
        (sent("taux", zone="corse", rate="0", reason=""), "taux-reason"),
    ],
)
def test_mistakes_are_told_at_their_field_and_what_was_typed_is_kept(values, field, operator, sign_in):
    client = sign_in(Role.OPERATOR_FINANCE, operator)

    answer = client.post(reverse("operator_vat", args=[operator.slug]), values)
    page = BeautifulSoup(answer.content, "html.parser")

    wrong = page.select("[aria-invalid=true]")
    assert [one["name"] for one in wrong] == [field]
    assert wrong[0].get("value", "") == values[field]
    assert page.title.text.startswith("Erreur")
