"""One service's page: what its operator approved, told for the visitor's commune; nothing written since."""

from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from catalog.models import FileKind
from subscriptions.models import GroupPopulation
from tests.factories import (
    ListingFactory,
    OperatorFactory,
    ServiceSheetFactory,
    SheetFileFactory,
    TerritoryFactory,
    VendorFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return OperatorFactory(slug="hall", short_name="La Halle d’essai")


@pytest.fixture
def commune():
    return TerritoryFactory(name="Trévières", code="14711")  # 860 inhabitants


def on_shelf(operator, **fields):
    """A sheet of these fields that stands on the operator's shelf."""
    listing = {name: fields.pop(name) for name in ("own_text", "terms") if name in fields}
    sheet = ServiceSheetFactory(name="Cantine facile", slug="cantine-facile", **fields)
    return ListingFactory(operator=operator, sheet=sheet, **listing)


def page(client: Client, slug="cantine-facile", **parameters) -> BeautifulSoup:
    answer = client.get(reverse("service", args=["hall", slug]), parameters)
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def words(soup) -> str:
    return soup.get_text(" ", strip=True).replace("\u202f", " ").replace("\u00a0", " ")


def test_what_the_vendor_wrote_since_is_not_shown(client, operator):
    listing = on_shelf(operator, hosting="En France")
    with as_worker():
        sheet = listing.sheet
        sheet.name, sheet.hosting, sheet.summary = "Autre nom", "Ailleurs", "Autre résumé"
        sheet.save_revision().publish(skip_permission_checks=True)
    text = words(page(client))
    assert "Cantine facile" in text
    assert "En France" in text
    for later in ("Autre nom", "Ailleurs", "Autre résumé"):
        assert later not in text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, ""),
        (
            {"population_min": 500, "population_max": 3000, "body_types": ["commune"]},
            "le service est pour elle",
        ),
        ({"population_min": 860, "population_max": 860}, "le service est pour elle"),
        ({"population_min": 861}, "c’est moins que 861"),
        ({"population_max": 859}, "c’est plus que 859"),
        ({"body_types": ["epci", "syndicat"]}, "Trévières n’en fait pas partie"),
        ({"body_types": ["commune"]}, "Trévières en fait partie"),
    ],
    ids=["everybody", "within", "bounds included", "too small", "too large", "kind", "its kind"],
)
def test_for_whom_it_is_told_for_the_commune(client, operator, commune, fields, told):
    on_shelf(operator, **fields)
    text = words(page(client, insee="14711"))
    assert told in text
    assert ("Pas prévu pour cette commune" in text) == ("c’est" in told or "n’en fait" in told)
    assert "Trévières compte" not in words(page(client))


def test_the_rule_in_words(client, operator):
    on_shelf(operator, population_min=500, population_max=3000, body_types=["commune", "epci"])
    text = words(page(client))
    assert "Pour les communes et les intercommunalités de 500 à 3 000 habitants" in text


def test_prerequisites_lead_to_what_is_on_this_shelf(client, operator, commune):
    here, elsewhere = ServiceSheetFactory(slug="parapheur"), ServiceSheetFactory(slug="ailleurs")
    ListingFactory(operator=operator, sheet=here)
    ListingFactory(sheet=elsewhere)
    on_shelf(
        operator,
        prerequisites=[
            {"text": "Un parapheur", "sheet": "parapheur"},
            {"text": "", "sheet": "parapheur"},
            {"text": "Un autre", "sheet": "ailleurs"},
            {"text": "Un scanner", "sheet": ""},
        ],
    )
    items = page(client, insee="14711").select("[aria-labelledby=options] li")
    links = [[link["href"] for link in item.select("a")] for item in items]
    address = reverse("service", args=["hall", "parapheur"]) + "?insee=14711"
    assert links == [[address], [address], [], []]
    assert items[1].get_text(strip=True) == here.name


def test_pictures_documents_contacts_and_the_operators_words(client, operator):
    vendor = VendorFactory()
    shot = SheetFileFactory(vendor=vendor, kind=FileKind.IMAGE, width=1280, height=800)
    guide = SheetFileFactory(vendor=vendor)
    on_shelf(
        operator,
        vendor=vendor,
        own_text="Notre <b>mot</b>.",
        terms="Un an.",
        screenshots=[{"file": str(shot.public_id), "alt": 'L’accueil "du" <service>'}],
        documents=[{"file": str(guide.public_id), "title": "Guide"}],
        contacts=[
            {"label": "Aide", "email": "aide@essai.example", "phone": "0231000000", "hours": "9 h – 17 h"}
        ],
        options=[{"code": "sms", "name": "Messages", "summary": ""}],
        contractors=[{"name": "Libre & Cie", "until": "2027-03-01", "website": ""}],
        connector="manual",
        description="<script>alert(1)</script>",
    )
    soup = page(client)
    image = soup.select_one(".halle-gallery img")
    assert image["alt"] == 'L’accueil "du" <service>'
    assert (image["width"], image["height"]) == ("1280", "800")
    text = words(soup)
    for told in (
        "Notre <b>mot</b>.", "Un an.", "Messages", "aide@essai.example", "02 31 00 00 00", "9 h – 17 h",
        "Sous contrat jusqu’au 1er mars 2027", "ouvre le service après l’accord", "<script>alert(1)</script>",
    ):  # fmt: skip
        assert told in text
    assert not soup.main.select("script")
    for url in (image["src"], soup.select_one("a[download]")["href"]):
        answer = client.get(url)
        assert answer.status_code == 200
        assert "public" in answer["Cache-Control"]
        assert client.get(url, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_a_file_that_is_gone_leaves_the_page_whole(client, operator):
    on_shelf(operator, screenshots=[{"file": "00000000-0000-4000-8000-000000000000", "alt": "Rien"}])
    assert not page(client).select(".halle-gallery")


def test_queries_of_a_full_page(client, operator, commune, snapshot):
    vendor = VendorFactory()
    shots = [SheetFileFactory(vendor=vendor, kind=FileKind.IMAGE, width=9, height=9) for _ in range(3)]
    others = [ListingFactory(operator=operator).sheet.slug for _ in range(3)]
    on_shelf(
        operator,
        vendor=vendor,
        population_min=10,
        screenshots=[{"file": str(shot.public_id), "alt": "Écran"} for shot in shots],
        prerequisites=[{"text": "", "sheet": slug} for slug in others],
    )
    with snapshot_queries(snapshot(name="full service")):
        page(client, insee="14711")


def test_a_price_by_the_volume_of_the_group_is_that_of_whoever_would_join_it(client, operator, commune):
    listing = ListingFactory(
        operator=operator,
        sheet=ServiceSheetFactory(name="Cantine facile", slug="cantine-facile"),
        grid__definition={
            "pattern": "pooled_volume",
            "population_kind": "municipale",
            "tiers": [{"up_to": 2_000, "rate": "1.00"}, {"rate": "0.50"}],
        },
    )
    shelf = reverse("storefront", args=["hall"])

    def told() -> list[str]:
        card = BeautifulSoup(client.get(shelf, {"insee": commune.code}).content, "html.parser")
        return [words(one.select_one(".halle-slate")) for one in (page(client, insee=commune.code), card)]

    assert all("1 032,00 € TTC" in one for one in told())  # alone, 860 inhabitants at 1 €
    with as_worker():
        GroupPopulation.objects.create(listing=listing, on=date(2026, 1, 1), members=3, inhabitants=3_000)
    assert all("516,00 € TTC" in one for one in told())


def test_a_free_trial_is_told_with_the_tariff(client, operator):
    sheet = ServiceSheetFactory(name="Cantine facile", slug="cantine-facile")
    ListingFactory(operator=operator, sheet=sheet, grid__trial_days=30)
    assert "Essai gratuit de 30 jours" in words(page(client))
    untried = ServiceSheetFactory(slug="sans-essai")
    ListingFactory(operator=operator, sheet=untried)
    assert "Essai gratuit" not in words(page(client, "sans-essai"))
