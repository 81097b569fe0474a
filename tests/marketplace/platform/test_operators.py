"""The platform's staff: the list of operators, and the one screen that opens one."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants.models import Invitation, Operator, Organisation, Role
from tests.factories import (
    AdhesionFactory,
    InvitationFactory,
    MembershipFactory,
    OperatorFactory,
    UserFactory,
)
from tests.factories.tenants import siren, siret
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

SIREN = siren(4_000_000)
WHOLE = {
    "siret": siret(SIREN), "name": "Syndicat mixte d’Essai", "address": "1 rue", "postcode": "35000",
    "city": "Rennes", "slug": "syndicat-essai", "short_name": "Syndicat d’Essai", "contact_name": "",
    "contact_email": "aide@essai.example", "contact_phone": "", "legal_kind": "syndicat_mixte",
    "issuer_kind": "public", "population_kind": "totale", "withdrawal_months": "6",
    "withdrawal_rule": "year_end", "colleges": "Communes\n\n Intercommunalités ", "accent": "#1f5a4c",
    "hostname": "", "payment_days": "30", "iban": "", "bic": "", "vat_regime": "", "vat_since": "",
    "vat_source": "", "administrator": "directrice@essai.example",
}  # fmt: skip


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def soup(answer) -> BeautifulSoup:
    return BeautifulSoup(answer.content, "html.parser")


def send(client, **changes):
    return client.post(reverse("platform_operator_new"), WHOLE | changes)


def test_one_screen_opens_an_operator(staff):
    answer = send(staff, vat_regime="out_of_scope", vat_since="2024-01-01", vat_source="Courrier")
    operator = Operator.objects.get(slug="syndicat-essai")
    assert answer.headers["Location"] == reverse("platform_operator", args=[operator.slug])
    assert sorted(college.name for college in operator.colleges.all()) == ["Communes", "Intercommunalités"]
    page = soup(staff.get(answer.headers["Location"])).main.text
    assert "directrice@essai.example" in page
    assert "En attente" in page
    assert "l’IBAN" in page
    assert "la position de TVA" not in page
    assert Client().get(reverse("storefront", args=[operator.slug])).status_code == 200


def test_the_first_screen_proposes_what_statutes_say_most_often(staff):
    page = soup(staff.get(reverse("platform_operator_new")))
    assert page.find(id="id_withdrawal_months")["value"] == "6"
    assert page.find(id="id_accent")["value"] == "#1f5a4c"
    assert page.find(id="id_population_kind").find("option", selected=True)["value"] == "totale"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"siret": WHOLE["siret"][:-1]}, "siret"),
        ({"siret": "2,17E+13"}, "siret"),
        ({"siret": ""}, "siret"),
        ({"name": ""}, "name"),
        ({"postcode": "35 00"}, "postcode"),
        ({"slug": "Plateforme"}, "slug"),
        ({"slug": "l'essai"}, "slug"),
        ({"accent": "#eeeeee"}, "accent"),
        ({"hostname": "127.0.0.1"}, "hostname"),
        ({"issuer_kind": "private"}, "issuer_kind"),
        ({"iban": "FR76"}, "iban"),
        ({"bic": "B"}, "bic"),
        ({"payment_days": "60"}, "payment_days"),
        ({"payment_days": "٣٠x"}, "payment_days"),
        ({"colleges": "Communes\nCommunes"}, "colleges"),
        ({"colleges": "\n".join(map(str, range(40)))}, "colleges"),
        ({"vat_regime": "exempt"}, "vat_since"),
        ({"vat_since": "2024-01-01"}, "vat_regime"),
        ({"vat_since": "bientôt"}, "vat_since"),
        ({"administrator": "directrice"}, "administrator"),
        ({"administrator": ""}, "administrator"),
        ({"contact_email": "@"}, "contact_email"),
    ],
)
def test_a_mistake_opens_nothing_and_keeps_what_was_typed(changes, field, staff):
    answer = send(staff, **changes)
    page = soup(answer)
    assert answer.status_code == 200
    assert page.title.text.startswith("Erreur : ")
    assert page.find(id=f"id_{field}_error")
    sent = WHOLE | changes
    for name, value in sent.items():
        typed = page.find(id=f"id_{name}")
        if typed.name == "input":
            assert typed.get("value", "") == value, name
    assert page.find(id="id_colleges").text.strip() == sent["colleges"].strip()
    assert not Operator.objects.exists()
    assert not Organisation.objects.filter(siren=SIREN).exists()


def test_a_taken_slug_or_hostname_is_told(staff):
    OperatorFactory(slug="syndicat-essai", hostname="pris.example")
    assert soup(send(staff)).find(id="id_slug_error")
    assert soup(send(staff, slug="autre", hostname="pris.example")).find(id="id_hostname_error")


def test_the_home_says_what_each_operator_lacks(staff):
    bare = OperatorFactory(iban="", short_name="Alpha")
    ready = OperatorFactory(short_name="Béta")
    ready.vat_positions.create(regime="exempt", since="2020-01-01", source="Courrier")
    MembershipFactory(organisation=ready.organisation, role=Role.OPERATOR_ADMIN)
    AdhesionFactory(operator=ready)
    AdhesionFactory(operator=ready, until="2025-06-01")
    rows = {row["name"]: row for row in staff.get(reverse("platform_home")).context["rows"]}
    assert rows["Alpha"]["missing"] == "l’IBAN, la position de TVA, une personne qui l’administre"
    assert rows["Alpha"]["members"] == "0"
    assert (rows["Béta"]["missing"], rows["Béta"]["members"]) == ("", "1")
    assert bare.slug in rows["Alpha"]["url"]


def test_somebody_else_is_invited_once_the_first_invitation_has_expired(staff):
    operator = OperatorFactory()
    with as_worker():
        InvitationFactory(
            tenant=operator.organisation, email="partie@essai.example", roles=[Role.OPERATOR_ADMIN],
            created_at=timezone.now() - timedelta(days=20),
        )  # fmt: skip
    address = reverse("platform_operator", args=[operator.slug])
    assert "Expirée" in soup(staff.get(address)).main.text
    invite = reverse("platform_operator_invite", args=[operator.slug])
    assert soup(staff.post(invite, {"administrator": "x"})).find(id="id_administrator_error")
    assert staff.post(invite, {"administrator": "nouvelle@essai.example"}).headers["Location"] == address
    again = staff.post(invite, {"administrator": "nouvelle@essai.example"})
    assert "déjà une invitation" in soup(again).find(id="id_administrator_error").text
    with as_worker():
        assert Invitation.objects.filter(tenant=operator.organisation).count() == 2


def test_signing_in_leads_staff_to_the_platform(staff):
    assert staff.get(reverse("places")).headers["Location"] == reverse("platform_home")


@pytest.mark.parametrize("count", [1, 8])
def test_queries_of_the_home(count, staff, snapshot):
    for _ in range(count):
        AdhesionFactory(operator=OperatorFactory())
    with snapshot_queries(snapshot(name="home")):
        staff.get(reverse("platform_home"))
