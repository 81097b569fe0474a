"""The settings' pages of an operator."""

from datetime import date
from io import BytesIO

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from tenants.models import College, Operator, Role, VatPosition
from tenants.models.operator import VatRegime
from tests.factories import AdhesionFactory, CollegeFactory, OperatorFactory
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

PAGES = [
    "operator_settings",
    "operator_settings_storefront",
    "operator_settings_statutes",
    "operator_settings_billing",
    "operator_colleges",
]


@pytest.fixture
def admin(operator, sign_in) -> Client:
    return sign_in(Role.OPERATOR_ADMIN, operator)


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


def saved(operator) -> Operator:
    return Operator.objects.get(pk=operator.pk)


def soup(answer) -> BeautifulSoup:
    return BeautifulSoup(answer.content, "html.parser")


def png(colour="#8a3324") -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (300, 200), colour).save(out, "PNG")
    return SimpleUploadedFile("logo.png", out.getvalue(), content_type="image/png")


IDENTITY = {
    "short_name": "Nouveau nom",
    "contact_name": "",
    "contact_email": "a@b.example",
    "contact_phone": "",
}
STATUTES = {
    "legal_kind": "gip", "issuer_kind": "public", "population_kind": "dgf", "withdrawal_months": "12",
    "withdrawal_rule": "notice_end",
}  # fmt: skip
BILLING = {"payment_days": "20", "iban": "FR7630001007941234567890185", "bic": ""}
STOREFRONT = {"accent": "#8a3324", "hostname": "Services.Exemple.fr"}


@pytest.mark.parametrize(
    ("name", "sent", "field", "value"),
    [
        ("operator_settings", IDENTITY, "short_name", "Nouveau nom"),
        ("operator_settings_storefront", STOREFRONT, "hostname", "services.exemple.fr"),
        ("operator_settings_statutes", STATUTES, "withdrawal_months", 12),
        ("operator_settings_billing", BILLING, "payment_days", 20),
    ],
)
def test_each_group_is_kept(name, sent, field, value, operator, admin):
    answer = admin.post(url(name, operator), sent)
    assert answer.headers["Location"] == url(name, operator)
    assert getattr(saved(operator), field) == value
    assert admin.get(url(name, operator)).status_code == 200


@pytest.mark.parametrize(
    ("name", "sent", "field", "words"),
    [
        ("operator_settings", IDENTITY | {"contact_email": "aide"}, "contact_email", "en entier"),
        ("operator_settings", IDENTITY | {"short_name": ""}, "short_name", "Indiquez le nom court"),
        ("operator_settings_storefront", STOREFRONT | {"accent": "#ffcc00"}, "accent", "pour 1"),
        ("operator_settings_storefront", STOREFRONT | {"hostname": "https://x"}, "hostname", "sans https://"),
        (
            "operator_settings_statutes",
            STATUTES | {"withdrawal_months": "six"},
            "withdrawal_months",
            "entier",
        ),
        ("operator_settings_statutes", STATUTES | {"withdrawal_months": "99"}, "withdrawal_months", "0 à 60"),
        ("operator_settings_statutes", STATUTES | {"issuer_kind": "private"}, "issuer_kind", "association"),
        ("operator_settings_billing", BILLING | {"payment_days": "45"}, "payment_days", "30 jours"),
        ("operator_settings_billing", BILLING | {"iban": "FR76 0000"}, "iban", "IBAN est faux"),
        ("operator_settings_billing", BILLING | {"iban": ""}, "iban", "remplacez-le"),
    ],
)
def test_a_mistake_is_told_at_its_field_with_what_was_typed(name, sent, field, words, operator, admin):
    answer = admin.post(url(name, operator), sent)
    assert answer.status_code == 200
    page = soup(answer)
    assert page.title.text.startswith("Erreur : ")
    assert words in page.find(id=f"id_{field}_error").text
    typed = page.find(id=f"id_{field}")
    if typed.name == "input":
        assert typed.get("value", "") == sent[field]
    assert page.find(class_="halle-error-summary").find("a")["href"] == f"#id_{field}"
    before, after = operator, saved(operator)
    assert getattr(after, field) == getattr(before, field)


def test_a_hostname_of_somebody_else_is_refused_without_naming_them(operator, admin):
    other = OperatorFactory(hostname="pris.example", short_name="Concurrent secret")
    answer = admin.post(
        url("operator_settings_storefront", operator), STOREFRONT | {"hostname": "PRIS.example"}
    )
    assert "déjà utilisé" in soup(answer).find(id="id_hostname_error").text
    assert other.short_name not in answer.content.decode()


def test_the_refused_colour_is_told_with_its_contrast_and_a_darker_one(operator, admin):
    answer = admin.post(url("operator_settings_storefront", operator), STOREFRONT | {"accent": "#1fa187"})
    error = soup(answer).find(id="id_accent_error").text
    assert "2,9 pour 1" in error
    suggestion = error[error.index("#") :][:7]
    admin.post(url("operator_settings_storefront", operator), STOREFRONT | {"accent": suggestion})
    assert saved(operator).accent == suggestion


@pytest.mark.parametrize("name", PAGES)
def test_an_auditor_reads_and_has_no_form(name, operator, sign_in):
    CollegeFactory(operator=operator)
    answer = sign_in(Role.AUDITOR, operator).get(url(name, operator))
    main = soup(answer).main
    assert answer.status_code == 200
    assert main.find_all(["form", "button", "input"]) == []


def test_an_auditor_reads_what_the_statutes_say(operator, sign_in):
    page = soup(sign_in(Role.AUDITOR, operator).get(url("operator_settings_statutes", operator)))
    assert "Groupement d’intérêt public" in page.main.text
    assert "Population totale" in page.main.text


# --- VAT -----------------------------------------------------------------------------------------------


def vat(operator, since, regime=VatRegime.EXEMPT) -> VatPosition:
    with as_worker():
        return VatPosition.objects.create(operator=operator, since=since, regime=regime, source="Courrier")


def test_the_history_says_which_position_is_in_force(operator, admin):
    for since in (date(2020, 1, 1), date(2024, 1, 1), date(2099, 1, 1)):
        vat(operator, since)
    answer = admin.get(url("operator_settings_billing", operator))
    states = [position["state"] for position in answer.context["positions"]]
    assert states == ["À venir", "En vigueur", "Remplacée"]


def test_a_position_is_added(operator, admin):
    sent = {"regime": "franchise", "since": "2025-01-01", "source": "Courrier du 12/03/2026"}
    answer = admin.post(url("operator_vat_position_add", operator), sent)
    assert answer.headers["Location"] == url("operator_settings_billing", operator)
    assert saved(operator).vat_on(date(2025, 6, 1)).regime == VatRegime.FRANCHISE


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"since": "2025-01-01"}, "since"),
        ({"since": "31/02/2026"}, "since"),
        ({"since": "0025-01-01"}, "since"),
        ({"regime": ""}, "regime"),
        ({"regime": "gratuit"}, "regime"),
        ({"source": " "}, "source"),
        ({"source": "a" * 300}, "source"),
    ],
)
def test_a_wrong_position_is_shown_again(sent, field, operator, admin):
    vat(operator, date(2025, 1, 1))
    whole = {"regime": "franchise", "since": "2026-01-01", "source": "Courrier"} | sent
    answer = admin.post(url("operator_vat_position_add", operator), whole)
    assert answer.status_code == 200
    assert soup(answer).find(id=f"id_{field}_error")
    assert operator.vat_positions.count() == 1


# --- Colleges ------------------------------------------------------------------------------------------


def test_colleges_with_their_members_of_today(operator, admin):
    college = CollegeFactory(operator=operator, name="Communes", votes=3)
    AdhesionFactory(operator=operator, college=college)
    AdhesionFactory(operator=operator, college=college, until=date(2025, 6, 1))
    CollegeFactory(name="Collège d’ailleurs")
    answer = admin.get(url("operator_colleges", operator))
    assert answer.context["rows"] == [{"pk": college.pk, "name": "Communes", "votes": "3", "members": "1"}]


def test_a_college_is_added_renamed_and_removed(operator, admin):
    admin.post(url("operator_colleges", operator), {"name": " Communes  rurales ", "votes": "2"})
    college = College.objects.get(operator=operator)
    assert (college.name, college.votes) == ("Communes rurales", 2)
    admin.post(url("operator_college", operator, college.pk), {"name": "Communes", "votes": "0"})
    college.refresh_from_db()
    assert (college.name, college.votes) == ("Communes", 0)
    admin.post(url("operator_college_remove", operator, college.pk))
    assert not operator.colleges.exists()


def test_a_college_with_adhesions_stays(operator, admin):
    college = CollegeFactory(operator=operator)
    AdhesionFactory(operator=operator, college=college, until=date(2025, 6, 1))
    answer = admin.post(url("operator_college_remove", operator, college.pk))
    assert "ne peut pas être retiré : une adhésion le nomme" in str(
        next(iter(get_messages(answer.wsgi_request)))
    )
    assert operator.colleges.exists()


@pytest.mark.parametrize(
    "sent", [{"name": "Communes"}, {"name": " "}, {"votes": "-1"}, {"votes": "9999999999"}]
)
def test_a_wrong_college_is_shown_again(sent, operator, admin):
    CollegeFactory(operator=operator, name="Communes")
    other = CollegeFactory(operator=operator, name="Autre")
    whole = {"name": "Nouveau", "votes": "1"} | sent
    for address in (url("operator_colleges", operator), url("operator_college", operator, other.pk)):
        answer = admin.post(address, whole)
        assert answer.status_code == 200
        assert soup(answer).find(class_="halle-error-summary")
    assert sorted(operator.colleges.values_list("name", flat=True)) == ["Autre", "Communes"]


# --- Logo ----------------------------------------------------------------------------------------------


def test_a_logo_is_shown_in_the_header_and_served_to_anyone(operator, admin):
    admin.post(url("operator_logo_set", operator), {"file": png()})
    page = soup(Client().get(reverse("storefront", args=[operator.slug])))
    image = page.find("img", class_="halle-brand__logo")
    assert image["alt"] == f"Logo {operator.short_name}"
    answer = Client().get(image["src"])
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer.headers["Cache-Control"]
    assert Image.open(BytesIO(answer.content)).size == (240, 160)
    assert "logos/" not in page.decode()
    again = Client().get(image["src"], headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_an_old_address_of_a_logo_shows_the_new_one_and_is_not_kept(operator, admin):
    admin.post(url("operator_logo_set", operator), {"file": png()})
    answer = Client().get(url("operator_logo", operator) + "?v=autre")
    assert "immutable" not in answer.headers["Cache-Control"]


def test_without_a_logo_there_is_none(operator, admin):
    assert Client().get(url("operator_logo", operator)).status_code == 404
    admin.post(url("operator_logo_set", operator), {"file": png()})
    admin.post(url("operator_logo_remove", operator))
    assert Client().get(url("operator_logo", operator)).status_code == 404
    page = Client().get(reverse("storefront", args=[operator.slug])).content.decode()
    assert "halle-brand__logo" not in page


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "n’est pas une image"),
        (b"", "vide"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 2_000_000, "trop lourd"),
    ],
)
def test_a_file_that_is_no_logo_is_told_at_its_field(content, words, operator, admin):
    file = SimpleUploadedFile("logo.png", content, content_type="image/png")
    answer = admin.post(url("operator_logo_set", operator), {"file": file})
    assert answer.status_code == 200
    assert words in soup(answer).find(id="id_file_error").text
    assert not saved(operator).logo


def test_the_storefront_tells_what_the_statutes_say(operator):
    vat(operator, date(2024, 1, 1), VatRegime.OUT_OF_SCOPE)
    text = soup(Client().get(reverse("storefront", args=[operator.slug]))).find(id="adherer").parent.text
    for words in (
        "Groupement d’intérêt public",
        "la population totale",
        "Hors champ de la TVA",
        "Préavis de 6 mois, effet au 31 décembre",
        operator.contact_email,
    ):
        assert words in text


@pytest.mark.parametrize("count", [1, 8])
def test_queries_of_the_colleges(count, operator, admin, snapshot):
    for _ in range(count):
        AdhesionFactory(operator=operator, college=CollegeFactory(operator=operator))
    with snapshot_queries(snapshot(name="colleges")):
        admin.get(url("operator_colleges", operator))
