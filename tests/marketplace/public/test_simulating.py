"""The page that simulates: anybody's, its address holds everything, what is typed wrong is kept."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from pypdf import PdfReader

from catalog.models import ListingState
from tests.factories import ListingFactory, OperatorFactory, PriceGridFactory, TerritoryFactory
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
PER_INHABITANT = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.75"}


@pytest.fixture
def operator():
    return OperatorFactory(slug="hall", short_name="La Halle d’essai")


@pytest.fixture
def listing(operator):
    return ListingFactory(
        operator=operator, sheet__name="Cantine <b>facile</b>", sheet__slug="cantine",
        sheet__options=[{"code": "sms", "name": "SMS", "summary": ""}], grid__definition=PER_INHABITANT,
    )  # fmt: skip


@pytest.fixture
def commune():
    return TerritoryFactory(name="Trévières", code="14711", population=1_000)


def page(client, **parameters):
    return client.get(reverse("simulation", args=["hall"]), parameters)


def text(answer) -> str:
    words = BeautifulSoup(answer.content, "html.parser").get_text(" ", strip=True)
    return re.sub(r"\s+", " ", words.replace("\u202f", " ").replace("\u00a0", " "))


def test_from_the_service_to_the_years(client, listing, commune):
    found = client.get(reverse("service", args=["hall", "cantine"]), {"insee": "14711"})
    link = BeautifulSoup(found.content, "html.parser").find("a", string="Simuler le coût")
    answer = client.get(link["href"])
    assert "Cantine <b>facile</b>" in text(answer)
    year = localdate(timezone.now()).year
    assert f"{year + 1} 900,00 € TTC 750,00 € HT" in text(answer)


def test_a_whole_year_and_an_option(client, listing, commune):
    with as_worker():
        PriceGridFactory(listing=listing, option="sms", flat=True)
    start = f"{localdate(timezone.now()).year + 1}-01-01"
    answer = page(client, insee="14711", service="cantine", option="cantine:sms", debut=start)
    assert "1 044,00 € TTC 870,00 € HT" in text(answer)  # 750 € and 120 € a year
    assert "Option SMS 144,00 € 120,00 € HT" in text(answer)


def test_what_a_rhythm_makes_due_and_what_is_used(client, operator, commune):
    rhythm = {"period": "year", "due": "arrears", "anchor": "subscription"}
    sms = {"unit": "sms", "name": "SMS", "plural": "SMS", "unit_price": "0.05", "included": 100}
    ListingFactory(
        operator=operator, sheet__slug="cantine",
        grid__definition=PER_INHABITANT | {"rhythm": rhythm, "usage": [sms]},
    )  # fmt: skip
    year = localdate(timezone.now()).year + 1
    said = text(page(client, insee="14711", service="cantine", debut=f"{year}-03-17"))
    assert f"{year} 0,00 €" in said
    assert f"{year + 1} 900,00 € TTC 750,00 € HT" in said
    assert "Facturé par an à compter de l’ouverture du service, à terme échu" in said
    assert "SMS : 100 compris par mois, puis 0,05 € l’unité : ce qui sera utilisé n’est pas compté" in said


def test_without_a_commune_nothing_is_computed(client, listing):
    assert "Nommez votre commune pour voir le coût." in text(page(client, service="cantine"))


def test_without_a_service_she_is_led_to_the_shelf(client, listing, commune):
    for slugs in ([], ["inconnu"]):
        assert "Aucun service à simuler" in text(page(client, insee="14711", service=slugs))


def test_what_is_not_on_the_shelf_is_left_out(client, operator, listing, commune):
    ListingFactory(sheet__slug="ailleurs")
    ListingFactory(operator=operator, sheet__slug="suspendu", state=ListingState.SUSPENDED)
    answer = page(client, insee="14711", service=["cantine", "ailleurs", "suspendu"])
    boxes = BeautifulSoup(answer.content, "html.parser").select("input[type=checkbox][name=service]")
    assert [box["value"] for box in boxes] == ["cantine"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"debut": "demain"}, "Cette date n’existe pas"),
        ({"debut": "2020-01-01"}, "Choisissez un jour entre aujourd’hui et trois ans"),
        ({"debut": "9999-12-31"}, "Choisissez un jour entre aujourd’hui et trois ans"),
        ({"plus": "-1"}, "Écrivez 0 ou plus"),
        ({"plus": "1000"}, "Écrivez 999 au plus"),
        ({"plus": "trois"}, "Écrivez un nombre entier"),
    ],
)
def test_bad_input_is_told_at_its_field_and_kept(client, listing, commune, typed, told):
    answer = page(client, insee="14711", service="cantine", **typed)
    assert answer.status_code == 200
    assert told in text(answer)
    ((name, value),) = typed.items()
    kept = BeautifulSoup(answer.content, "html.parser").select_one(f"input[name={name}]:not([type=hidden])")
    assert kept["value"] == value
    assert "Erreur" in BeautifulSoup(answer.content, "html.parser").title.text


def test_more_services_than_ten(client, operator, commune):
    for number in range(12):
        ListingFactory(operator=operator, sheet__slug=f"service-{number}")
    answer = page(client, insee="14711", service=[f"service-{number}" for number in range(12)])
    assert "Dix services au plus" in text(answer)
    assert len(BeautifulSoup(answer.content, "html.parser").select("tbody tr")) == 10


def test_hostile_addresses(client, listing, commune):
    for hostile in (
        {"option": "cantine:<script>"},
        {"option": ":" * 5000},
        {"service": "a\0b"},
        {"plus": "9" * 500},
    ):
        assert page(client, **({"insee": "14711", "service": "cantine"} | hostile)).status_code == 200


def test_queries(client, operator, listing, commune, snapshot):
    today = localdate(timezone.now()) + timedelta(days=1)
    asked = {"insee": "14711", "debut": today.isoformat(), "service": ["cantine"]}
    with snapshot_queries(snapshot(name="simulation")):
        page(client, **asked)
    others = [ListingFactory(operator=operator).sheet.slug for _ in range(3)]
    with snapshot_queries(snapshot(name="simulation")):
        page(client, **{**asked, "service": ["cantine", *others]})


def test_the_file_says_the_same(client, listing, commune):
    shown = page(client, insee="14711", service="cantine")
    link = BeautifulSoup(shown.content, "html.parser").find("a", string="Télécharger en PDF")
    answer = client.get(link["href"])
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    words = "\n".join(sheet.extract_text() for sheet in PdfReader(BytesIO(answer.content)).pages)
    words = re.sub(r"\s+", " ", words)
    for told in ("Cantine <b>facile</b>", "900,00 € TTC", "Simulation sans engagement", "Trévières"):
        assert told in words


def test_nothing_to_compute_leads_back_with_what_was_typed(client, listing, commune):
    answer = client.get(reverse("simulation_file", args=["hall"]), {"service": "cantine", "debut": "demain"})
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('simulation', args=['hall'])}?service=cantine&debut=demain"


def test_a_free_trial_is_told_and_not_counted(client, operator, commune):
    ListingFactory(
        operator=operator, sheet__slug="essai", grid__definition=PER_INHABITANT, grid__trial_days=1
    )
    found = text(page(client, service="essai", insee="14711"))
    assert "Essai gratuit de un jour" not in found
    assert "Essai gratuit d’un jour : il vient avant, et n’est pas compté ici." in found
