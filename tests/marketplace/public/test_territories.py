"""The register open to all: the search, and the page of one territory."""

from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from marketplace.web.public.territory_words import source_words
from tenants.models import FormerCode, Territory
from tenants.models.territory import TerritoryKind
from tenants.territories.vintages import ADDED_UP
from tests.factories import (
    AdhesionFactory,
    DelegatedCommuneFactory,
    EpciFactory,
    OperatorFactory,
    OrganisationFactory,
    TerritoryFactory,
)
from tests.factories.tenants import PopulationFactory
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


def read(answer) -> BeautifulSoup:
    return BeautifulSoup(answer.content, "html.parser")


def text(answer) -> str:
    """The visible words of a page, with plain spaces."""
    words = read(answer).get_text(" ", strip=True).replace("\u202f", " ").replace("\u00a0", " ")
    return " ".join(words.split())


def search(client, typed: str):
    return client.get(reverse("territory_search"), {"q": typed})


def results(client, typed: str) -> list[str]:
    found = read(search(client, typed)).select(".halle-place")
    return [" ".join(place.get_text(" ", strip=True).replace("\u202f", " ").split()) for place in found]


def page(client, place: Territory):
    return client.get(reverse("territory", args=[place.kind, place.code]))


@pytest.fixture
def commune():
    return TerritoryFactory(
        name="Trévières", code="14711", departement="14", departement_name="Calvados", region="28"
    )


@pytest.fixture
def epci():
    return EpciFactory(name="CC Isigny-Omaha Intercom", population=27_000)


# --- The search ------------------------------------------------------------------------------------------


def test_nothing_typed_says_what_may_be(client):
    words = text(client.get(reverse("territory_search")))
    assert "Ce que vous pouvez taper" in words
    assert "Aucun territoire" not in words


def test_a_result_shows_departement_kind_and_dated_population(client, commune):
    [result] = results(client, "trevieres")
    assert result == "Trévières Calvados (14) Commune – 860 habitants (population municipale 2022)"


def test_what_is_typed_stays_in_the_box(client, commune):
    box = read(search(client, "  trevieres ")).select_one("input[name=q]")
    assert box["value"] == "trevieres"


@pytest.mark.parametrize(
    ("population", "shown"),
    [(0, "0 habitant (population municipale 2022)"), ({"municipale": None}, "population inconnue")],
)
def test_nobody_and_unknown_are_told_apart(client, population, shown):
    TerritoryFactory(name="Beaumont-en-Verdunois", population=population)
    [result] = results(client, "beaumont")
    assert result.replace("\u00a0", " ").endswith(shown)


def test_what_led_there_is_said(client, commune):
    DelegatedCommuneFactory(name="Vieux-Bourg", current=commune)
    with as_worker():
        FormerCode.objects.create(code="14998", commune=commune)
    assert "Comprend Vieux-Bourg" in results(client, "vieux bourg")[0]
    assert "Ancien code 14998" in results(client, "14998")[0]


def test_other_territories_are_found_beside_communes(client, commune, epci):
    TerritoryFactory(name="Isigny-le-Buat", code="50256")
    page_ = read(search(client, "isigny"))
    assert [title.get_text(strip=True) for title in page_.select("#resultats h2")] == [
        "Communes",
        "Autres territoires",
    ]
    links = [link["href"] for link in page_.select(".halle-place a")]
    assert links == ["/territoires/commune/50256/", f"/territoires/epci/{epci.code}/"]


@pytest.mark.parametrize(
    ("typed", "helped"),
    [
        ("Zzyzx", "essayez le code postal"),
        ("99999", "Cherchez-la par son nom"),
        ("217500017", "la clé de contrôle ne correspond pas"),
        ("21750001600018", "la clé"),
        ("21750001600", "14"),
        ("217500016", "Ce numéro n’est celui d’aucune commune"),
        ("%_%", "Vérifiez l’orthographe"),
        ("'; DROP TABLE", "Vérifiez l’orthographe"),
        ("<b>gras</b>", "Vérifiez l’orthographe"),
        ("a" * 10_000, "Vérifiez l’orthographe"),
        ("٣٤٥", "Vérifiez l’orthographe"),
    ],
)
def test_no_answer_helps(client, commune, typed, helped):
    answer = search(client, typed)
    assert answer.status_code == 200
    assert "Aucun territoire ne répond" in text(answer)
    assert helped in text(answer)
    assert b"<b>gras" not in answer.content


@pytest.mark.parametrize("typed", ["\x00", "\u200b", "   ", "\ud7ff", "---"])
def test_an_unreadable_question_is_no_error(client, commune, typed):
    assert search(client, typed).status_code == 200


def test_many_results_say_how_to_be_precise(client):
    for number in range(31):
        TerritoryFactory(name=f"Sainte-Colombe-{number}")
    words = text(search(client, "sainte colombe"))
    assert "30 communes" in words
    assert "Ajoutez le département" in words


def test_an_absorbed_commune_leads_to_the_one_that_is(client, commune):
    TerritoryFactory(name="Engloutie", code="14001", current=commune, ended_on=date(2026, 1, 1))
    assert results(client, "engloutie") == [
        "Trévières Calvados (14) Comprend Engloutie Commune – 860 habitants (population municipale 2022)"
    ]


def test_what_ended_without_a_successor_is_not_offered(client):
    TerritoryFactory(name="Scindée", code="14002", ended_on=date(2026, 1, 1))
    EpciFactory(name="CC Dissoute", ended_on=date(2026, 1, 1))
    assert results(client, "scindee") == results(client, "dissoute") == results(client, "14002") == []


def test_queries_of_the_search(client, commune, epci, snapshot):
    with snapshot_queries(snapshot(name="search")):
        search(client, "trevieres 14")


def test_the_search_takes_as_many_queries_whatever_its_results(client, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    commune = TerritoryFactory(name="Le Mesnil")
    with CaptureQueriesContext(connection) as one:
        search(client, "le mesnil")
    for number in range(10):
        TerritoryFactory(name=f"Le Mesnil-{number}")
        DelegatedCommuneFactory(name=f"Mesnil-{number}", code=f"5{number:04d}", current=commune)
    with django_assert_num_queries(len(one)):
        search(client, "le mesnil")


# --- One territory ---------------------------------------------------------------------------------------


def test_a_commune_tells_what_it_is(client, epci):
    TerritoryFactory(
        kind=TerritoryKind.DEPARTEMENT, name="Calvados", code="14", departement="14", region="28", siren=""
    )
    TerritoryFactory(
        kind=TerritoryKind.REGION, name="Normandie", code="28", departement="", region="28", siren=""
    )
    commune = TerritoryFactory(
        name="Trévières",
        siren="211407119",
        departement="14",
        departement_name="Calvados",
        region="28",
        epci=epci,
        postcodes=["14710", "14711"],
    )
    answer = page(client, commune)
    words = text(answer)
    for said in (
        "Commune, Calvados (14)",
        "860 habitants (population municipale 2022)",
        "SIREN 211 407 119",
        "Région Normandie",
        "Intercommunalité CC Isigny-Omaha Intercom",
        "Codes postaux 14710, 14711",
    ):
        assert said in words
    links = [link["href"] for link in read(answer).select(".halle-facts a")]
    assert links == [
        "/territoires/departement/14/",
        "/territoires/region/28/",
        f"/territoires/epci/{epci.code}/",
    ]


def test_a_sum_over_merged_communes_says_so():
    assert source_words("insee-municipale") == "INSEE, populations de référence 2023"
    assert source_words(f"insee-municipale{ADDED_UP}") == (
        "INSEE, populations de référence 2023, somme des communes réunies"
    )
    assert source_words("Compté en mairie") == "Compté en mairie"


def test_each_population_tells_its_date_and_source(client):
    commune = TerritoryFactory(population=False)
    PopulationFactory(
        territory=commune,
        value=900,
        reference_year=2023,
        in_force_from=date(2026, 1, 1),
        source="insee-municipale",
    )
    PopulationFactory(territory=commune, value=850, reference_year=2022, in_force_from=date(2025, 1, 1))
    PopulationFactory(territory=commune, value=910, reference_year=2024, in_force_from=date(2099, 1, 1))
    PopulationFactory(territory=commune, kind="totale", value=None)
    answer = page(client, commune)
    rows = [
        [" ".join(cell.get_text(" ", strip=True).split()) for cell in row.select("th, td")]
        for row in read(answer).select("table tbody tr")
    ]
    assert rows == [
        ["Population municipale", "910", "2024", "1er janvier 2099 à venir", "INSEE"],
        [
            "Population municipale",
            "900",
            "2023",
            "1er janvier 2026 en vigueur",
            "INSEE, populations de référence 2023",
        ],
        ["Population municipale", "850", "2022", "1er janvier 2025 remplacée", "INSEE"],
        ["Population totale", "inconnue", "2022", "1er janvier 2025 en vigueur", "INSEE"],
    ]
    assert "900 habitants (population municipale 2023)" in text(answer)


def test_several_years_make_a_picture_without_inline_style(client):
    commune = TerritoryFactory(population=False)
    for year, value in ((2022, 50), (2023, 100)):
        PopulationFactory(
            territory=commune, value=value, reference_year=year, in_force_from=date(year + 3, 1, 1)
        )
    answer = page(client, commune)
    assert [bar["width"] for bar in read(answer).select(".halle-bar rect")] == ["50", "100"]
    assert "style=" not in str(read(answer).select_one("main"))


@pytest.mark.parametrize("population", [860, 0, {"municipale": None}, False])
def test_one_year_makes_no_picture(client, population):
    assert not read(page(client, TerritoryFactory(population=population))).select(".halle-bar")


def test_a_code_used_twice_has_two_pages(client, commune):
    part = DelegatedCommuneFactory(name="Trévières-Bourg", current=commune)
    assert part.code == commune.code
    assert "fait partie de" not in text(page(client, commune))
    words = text(page(client, part))
    assert "Commune déléguée" in words
    assert "Trévières-Bourg fait partie de Trévières, la commune actuelle." in words
    assert "population inconnue" not in words.lower()


def test_a_commune_lists_its_parts_those_that_joined_it_and_their_codes(client, commune):
    part = DelegatedCommuneFactory(name="Vieux-Bourg", code="14005", current=commune)
    absorbed = TerritoryFactory(name="Engloutie", code="14006", current=commune, ended_on=date(2026, 1, 1))
    with as_worker():
        for code in ("14005", "14007"):
            FormerCode.objects.create(code=code, commune=commune)
    answer = page(client, commune)
    titles = [title.get_text(strip=True) for title in read(answer).select("section h2")]
    assert titles == ["Communes déléguées", "Communes qui l’ont rejointe", "Anciens codes INSEE"]
    assert "Engloutie 14006, jusqu’au 1er janvier 2026" in text(answer)
    assert "Ces codes mènent à Trévières : 14007." in text(answer)
    assert "Engloutie n’existe plus depuis le 1er janvier 2026." in text(page(client, absorbed))
    assert "Elle fait maintenant partie de Trévières" in text(page(client, absorbed))
    assert "Sur Halle" not in text(page(client, part))


def test_an_intercommunality_lists_its_communes_and_adds_them_up(client, epci):
    for name, population in (("Bernesq", 200), ("Asnières", 0), ("Colombières", {"municipale": None})):
        TerritoryFactory(name=name, epci=epci, population=population)
    gone = TerritoryFactory(name="Zut", epci=epci)
    with as_worker():
        Territory.objects.filter(pk=gone.pk).update(ended_on=date(2026, 1, 1))
    answer = page(client, epci)
    names = [cell.get_text(strip=True) for cell in read(answer).select("#communes ~ tbody th")]
    assert names == ["Asnières", "Bernesq", "Colombières"]
    assert "3 communes 200 habitants en tout, sans compter 1 dont la population est inconnue." in text(answer)
    assert "Communauté de communes" in text(answer)


def test_a_departement_adds_up_its_communes(client):
    place = TerritoryFactory(
        kind=TerritoryKind.DEPARTEMENT,
        name="Calvados",
        code="14",
        departement="14",
        siren="",
        population=False,
    )
    for population in (200, 300):
        TerritoryFactory(departement="14", population=population)
    TerritoryFactory(departement="50", population=1000)
    words = text(page(client, place))
    assert "2 communes" in words
    assert "500 habitants en tout" in words


def test_an_overseas_collectivity_is_called_so(client):
    for kind in (TerritoryKind.DEPARTEMENT, TerritoryKind.REGION):
        TerritoryFactory(
            kind=kind, name="Polynésie française", code="987", departement="987", region="987", siren=""
        )
    papeete = TerritoryFactory(name="Papeete", code="98735", departement="987", region="987", siren="")
    assert results(client, "polynesie") == ["Polynésie française 987 Collectivité d’outre-mer"]
    words = text(page(client, papeete))
    assert "Collectivité d’outre-mer Polynésie française" in words
    assert "Région" not in words
    assert "SIREN inconnu" in words


def test_the_halls_it_adheres_to_are_public(client, commune, epci):
    with as_worker():
        Territory.objects.filter(pk=commune.pk).update(epci=epci)
    mine, through, no_more, not_for_us = (OperatorFactory(short_name=f"Halle {n}") for n in range(4))
    organisation, above = (
        OrganisationFactory(territory=commune),
        OrganisationFactory(epci=True, territory=epci),
    )
    AdhesionFactory(operator=mine, organisation=organisation)
    AdhesionFactory(operator=no_more, organisation=organisation, until=date(2026, 1, 1))
    AdhesionFactory(operator=through, organisation=above, covers_communes=True)
    AdhesionFactory(operator=not_for_us, organisation=above)
    links = [link["href"] for link in read(page(client, commune)).select("aside a")]
    assert links == [f"/halles/{mine.slug}/?insee=14711", f"/halles/{through.slug}/?insee=14711"]


@pytest.mark.parametrize(
    "path",
    [
        "commune/99999/",
        "epci/14711/",
        "nothing/14711/",
        "commune/%00/",
        "commune/14711'/",
        f"commune/{'1' * 300}/",
    ],
)
def test_an_unknown_territory_is_not_found(client, commune, path):
    assert client.get(f"/territoires/{path}").status_code == 404


def test_a_code_may_be_in_small_letters(client):
    TerritoryFactory(name="Ajaccio", code="2A004")
    assert client.get("/territoires/commune/2a004/").status_code == 200


def test_queries_of_a_commune(client, commune, snapshot):
    OrganisationFactory(territory=commune)
    with snapshot_queries(snapshot(name="commune")):
        page(client, commune)


def test_queries_of_an_intercommunality(client, epci, snapshot):
    for _ in range(3):
        TerritoryFactory(epci=epci)
    with snapshot_queries(snapshot(name="epci")):
        page(client, epci)


def test_home_offers_the_search(client):
    form = read(client.get("/")).select_one("form[role=search]")
    assert form["action"] == reverse("territory_search")
    assert form.select_one("input[name=q]")
