"""An operator's shelf over HTTP: its addresses, what htmx replaces, what it says of odd questions."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse, reverse_lazy

from catalog.finding.asked import PAGE
from tests.factories import (
    AdhesionFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    TerritoryFactory,
    VendorFactory,
)
from tests.factories.pages import news_item

pytestmark = pytest.mark.django_db

ADDRESS = reverse_lazy("storefront", args=["hall"])
EVERYTHING = [
    ("q", "cantine"), ("exact", "1"), ("famille", "canteen"), ("famille", "gis"), ("preuve", "rgaa"),
    ("preuve", "sla"), ("niveau", "verified"), ("ouverture", "osb"), ("licence", "MIT"), ("licence", "libre"),
    ("prix", "0-200"), ("prix", "500-"), ("local", "region"), ("semblables", "1"), ("pourmoi", "1"),
    ("tri", "nom"), ("insee", "14711"),
]  # fmt: skip
HTMX = {"HX-Request": "true", "HX-Target": "rayon"}


@pytest.fixture
def hall():
    return OperatorFactory(slug="hall", short_name="La Halle d’essai", contact_email="halle@essai.example")


@pytest.fixture
def commune():
    return TerritoryFactory(name="Trévières", code="14711", departement="14", region="28")


@pytest.fixture
def services(hall):
    """A canteen, which is free software, and two maps."""
    quiet = {"operator": hall, "sheet__summary": "Rien", "sheet__description": "Rien"}
    ListingFactory(**quiet, sheet__name="Cantine facile", sheet__licence_spdx="MIT")
    for name in ("Carte", "Plan"):
        ListingFactory(**quiet, sheet__name=name, sheet__family="gis")


def answer(client: Client, pairs=(), headers=None):
    found = client.get(f"{ADDRESS}?{urlencode(list(pairs))}", headers=headers)
    assert found.status_code == 200
    return found


def page(client: Client, *pairs, **headers) -> BeautifulSoup:
    return BeautifulSoup(answer(client, pairs, **headers).content, "html.parser")


def text(soup) -> str:
    return soup.get_text(" ", strip=True).replace("\u202f", " ").replace("\u00a0", " ")


def names(soup) -> list[str]:
    return [link.get_text() for link in soup.select(".halle-card__name a")]


def asks(link) -> list[tuple[str, str]]:
    """What the address of a link asks."""
    parts = urlsplit(link["href"])
    assert parts.path in ("", ADDRESS)
    return sorted(parse_qsl(parts.query, keep_blank_values=True))


def without(*pairs) -> list[tuple[str, str]]:
    return sorted(pair for pair in EVERYTHING if pair not in pairs)


def links_of(soup, selector: str) -> dict[str, list]:
    return {text(link): asks(link) for link in soup.select(selector)}


def test_a_chip_removes_one_thing_and_keeps_all_the_rest(client, services, commune):
    chips = [asks(link) for link in page(client, *EVERYTHING).select("a.halle-chip")]
    alone = [pair for pair in EVERYTHING if pair[0] not in ("q", "exact", "niveau", "tri", "insee")]
    assert sorted(chips) == sorted([without(EVERYTHING[0], EVERYTHING[1]), *map(without, alone)])


def test_everything_may_be_removed_but_the_commune(client, services, commune):
    soup = page(client, *EVERYTHING)
    assert links_of(soup, ".halle-chips li > a:not(.halle-chip)") == {"Tout retirer": [("insee", "14711")]}
    # Beside the filters, what was typed and the order stay.
    kept = [("exact", "1"), ("insee", "14711"), ("q", "cantine"), ("tri", "nom")]
    assert links_of(soup, "#filtres a") == {"Tout afficher": kept}


def fields(form) -> list[tuple[str, str]]:
    inputs = [
        *form.select("input"),
        *form.find_parent("html").select(f"input[form={form.get('id', 'no-id')}]"),
    ]
    return sorted(
        (one["name"], one.get("value", ""))
        for one in inputs
        if one["type"] == "hidden" or (one["type"] != "text" and one.has_attr("checked"))
    )


def test_each_form_keeps_what_the_others_ask(client, services, commune):
    soup = page(client, *EVERYTHING)
    assert fields(soup.select_one("form.halle-search")) == without(EVERYTHING[0], EVERYTHING[1])
    assert fields(soup.select_one(".halle-picker")) == sorted(EVERYTHING)
    assert fields(soup.select_one("#filtres form")) == sorted(EVERYTHING)
    assert soup.select_one("#chercher")["value"] == "cantine"


def test_what_was_chosen_without_leaving_the_page_is_kept_when_a_commune_is_named(client, services):
    whole, part = page(client), page(client, ("famille", "gis"), headers=HTMX)
    whole.select_one("#rayon").replace_with(part)
    assert fields(whole.select_one(".halle-picker")) == [("famille", "gis"), ("insee", "")]


def test_orders_keep_what_is_asked_and_say_which_is_the_present_one(client, services, commune):
    asked = [("famille", "gis"), ("insee", "14711")]
    soup = page(client, *asked, ("tri", "nom"))
    orders = links_of(soup, ".halle-shelf-bar nav a")
    assert orders == {
        "Recommandés": asked,
        "Prix": [*asked, ("tri", "prix")],
        "Nom": [*asked, ("tri", "nom")],
        "Satisfaction": [*asked, ("tri", "satisfaction")],
        "Nouveautés": [*asked, ("tri", "nouveautes")],
    }
    assert [text(link) for link in soup.select(".halle-shelf-bar [aria-current]")] == ["Nom"]


def test_prices_order_the_shelf_once_a_commune_is_named(client, services, commune):
    soup = page(client, ("tri", "prix"))
    assert "Prix" not in links_of(soup, ".halle-shelf-bar nav a")
    assert [text(link) for link in soup.select(".halle-shelf-bar [aria-current]")] == ["Recommandés"]
    soup = page(client, ("tri", "prix"), ("insee", "14711"))
    assert [text(link) for link in soup.select(".halle-shelf-bar [aria-current]")] == ["Prix"]


def test_what_needs_a_commune_is_told_only_with_one(client, services, commune):
    asked = [("pourmoi", "1"), ("prix", "0-200"), ("local", "region"), ("semblables", "1")]
    soup = page(client, *asked)
    assert (len(names(soup)), soup.select("a.halle-chip")) == (3, [])
    assert len(page(client, *asked, ("insee", "14711")).select("a.halle-chip")) == 4
    assert fields(soup.select_one(".halle-picker")) == sorted([*asked, ("insee", "")])


def test_pages_keep_what_is_asked(client, hall):
    vendor = VendorFactory()
    for number in range(2 * PAGE + 1):
        ListingFactory(
            operator=hall, sheet__vendor=vendor, sheet__name=f"Service {number:02}", grid=None, vehicle=False
        )
    asked = [("famille", "canteen"), ("tri", "nom")]

    def turn(number) -> tuple:
        soup = page(client, *asked, ("page", number))
        turns = {link["rel"][0]: asks(link) for link in soup.select(".halle-pagination a")}
        return names(soup)[0], text(soup.select_one(".halle-pagination [aria-current]")), turns

    first = ("Service 00", "Page 1 sur 3", {"next": [*asked[:1], ("page", "2"), asked[1]]})
    second = {"prev": asked, "next": [asked[0], ("page", "3"), asked[1]]}
    last = ("Service 40", "Page 3 sur 3", {"prev": [asked[0], ("page", "2"), asked[1]]})
    assert turn(2) == ("Service 20", "Page 2 sur 3", second)
    assert turn(3) == turn(4) == turn(99_999_999) == last
    for nothing in ("1", "0", "-1", "deux", "", "1" * 400, "²"):
        assert turn(nothing) == first


@pytest.mark.parametrize(
    "pairs", [[], EVERYTHING, [("q", "catnine")], [("q", "rien de tel")], [("insee", "00000")]]
)
def test_htmx_gets_the_part_of_the_page_that_it_replaces(client, services, commune, pairs):
    part = answer(client, pairs, headers=HTMX)
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in part["Vary"].split(",")}
    soup = BeautifulSoup(part.content, "html.parser")
    assert [tag.get("id") for tag in soup.find_all(recursive=False)] == ["rayon"]
    assert str(soup.select_one("#rayon")) == str(page(client, *pairs).select_one("#rayon"))
    assert soup.select_one("#rayon")["data-halle-announce"]


@pytest.mark.parametrize(
    "headers",
    [
        {"HX-Request": "true", "HX-Target": "commune_list"},
        {"HX-Request": "true"},
        {"HX-Target": "rayon"},
        {**HTMX, "HX-History-Restore-Request": "true"},
    ],
)
def test_anybody_else_gets_the_whole_page(client, services, headers):
    assert page(client, headers=headers).select_one("h1")


def test_a_word_read_as_another_says_so_and_may_be_asked_exactly(client, services):
    soup = page(client, ("q", "catnine"), ("famille", "canteen"), ("tri", "nom"))
    assert names(soup) == ["Cantine facile"]
    assert "Résultats pour « cantine »." in text(soup)
    [link] = [one for one in soup.select("#rayon a") if "Chercher exactement" in one.text]
    assert text(link) == "Chercher exactement « catnine »"
    assert asks(link) == [("exact", "1"), ("famille", "canteen"), ("q", "catnine"), ("tri", "nom")]
    exact = page(client, *asks(link))
    assert names(exact) == []
    assert "ne parle de « catnine »" in text(exact)


@pytest.mark.parametrize("typed", ["&|!():*<->", "'\"\\", "\0", "((((", "de la", "%_", "😀"])
def test_what_holds_no_word_shows_everything_and_says_so(client, services, typed):
    soup = page(client, ("q", typed))
    assert len(names(soup)) == 3
    assert ("aucun mot à chercher" in text(soup)) == (typed != "\0")


@pytest.mark.parametrize("typed", ["<cantine>", "cantine:*", "!(cantine", "&cantine|", "\0cantine\0"])
def test_operators_around_a_word_are_left_aside(client, services, typed):
    assert names(page(client, ("q", typed))) == ["Cantine facile"]


@pytest.mark.parametrize("piece", ["a", "cantine ", "é", "(", "\N{NO-BREAK SPACE}x"])
def test_ten_thousand_characters(client, services, piece):
    soup = page(client, ("q", piece * (10_000 // len(piece))))
    assert "Votre recherche est longue : seuls ses 200 premiers caractères ont été lus." in text(soup)
    for link in soup.select("#rayon a"):
        assert len(link.get_text()) < 300


def test_parameters_that_mean_nothing_count_for_nothing(client, services):
    odd = [
        ("famille", "chaussures"), ("preuve", "bonne-foi"), ("niveau", "certain"), ("ouverture", "ftp"),
        ("licence", "<b>"), ("prix", "beaucoup"), ("prix", "500-200"), ("local", "mars"), ("tri", "hasard"),
        ("semblables", "oui"), ("utm_source", "lettre"), ("page[]", "3"), ("", "x"),
    ]  # fmt: skip
    assert str(page(client, *odd).select_one("#rayon")) == str(page(client).select_one("#rayon"))


def test_ways_out_of_an_empty_shelf_lead_to_as_many_services_as_they_say(client, services, commune):
    asked = [("famille", "gis"), ("licence", "MIT"), ("insee", "14711"), ("tri", "nom")]
    soup = page(client, *asked)
    assert names(soup) == []
    ways = links_of(soup, ".halle-empty__ways a")
    assert ways == {
        "Retirer la licence : 2 services": [pair for pair in sorted(asked) if pair[0] != "licence"],
        "Retirer la famille : 1 service": [pair for pair in sorted(asked) if pair[0] != "famille"],
    }
    for label, pairs in ways.items():
        assert f": {len(names(page(client, *pairs)))} service" in label
    assert links_of(soup, ".halle-empty > a") == {"Voir tous les services": [("insee", "14711")]}


def test_words_that_nothing_answers_to_may_be_left_out(client, services):
    soup = page(client, ("q", "cantine plan"), ("famille", "gis"))
    assert links_of(soup, ".halle-empty__ways a") == {"Voir les services sans ces mots": [("famille", "gis")]}
    assert "ne répond à tous vos choix" in text(soup)
    assert "ne réunit tous ces mots" in text(page(client, ("q", "cantine plan")))


def test_a_hall_without_services_says_so(client, hall):
    assert "Rien sur cette étagère pour l’instant" in text(page(client))
    assert page(client).select(".halle-empty__ways a") == []


@pytest.mark.parametrize("code", ["00000", "2C004", "<b>", "'", "\0"])
def test_an_unknown_code_gives_no_price_and_is_not_kept(client, services, commune, code):
    soup = page(client, ("insee", code), ("tri", "prix"), ("famille", "gis"))
    assert names(soup) == ["Carte", "Plan"]
    assert soup.select_one("#commune")["aria-invalid"] == "true"
    assert "€" not in text(soup.select_one("#rayon"))
    assert all(
        name != "insee" for link in soup.select("#rayon nav a, a.halle-chip") for name, _ in asks(link)
    )


def test_what_the_operator_says_around_the_shelf_is_on_its_home_page_only(client, services, hall):
    AdhesionFactory(operator=hall)
    news_item(hall, title="Assemblée générale")
    for around in ("Assemblée générale", "Adhérer", "De quoi avez-vous besoin ?"):
        assert around in text(page(client))
        assert around not in text(page(client, ("famille", "gis")))
        assert around not in text(page(client, ("q", "cantine")))
        assert around not in text(page(client, headers=HTMX))


HOSTILE = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>{{ 7|add:7 }}&amp;\ue0000\ue001'


def test_hostile_texts_are_shown_as_they_are_written(client, hall, commune):
    ListingFactory(
        operator=hall,
        sheet__name=HOSTILE[:118],
        sheet__summary=HOSTILE,
        sheet__vendor__organisation__name=HOSTILE,
        sheet__licence_spdx="MIT",
    )
    pairs = [("q", HOSTILE), ("licence", HOSTILE), ("commune", HOSTILE)]
    for soup in (page(client), page(client, *pairs), page(client, pairs[0], ("insee", "14711"))):
        assert not soup.select("main img[onerror], main script, [src=x]")
        assert all("alert" not in script.get_text() for script in soup.select("script"))
    soup = page(client)
    assert names(soup) == [HOSTILE[:118]]
    assert soup.select_one(".halle-card__summary").get_text() == HOSTILE
    assert soup.select_one(".halle-card__family strong").get_text() == HOSTILE
    assert page(client, pairs[0]).select_one("#chercher")["value"] == HOSTILE


def test_a_member_may_keep_what_a_visitor_is_not_offered(client, services, hall, commune):
    member = OrganisationFactory(territory=commune)
    AdhesionFactory(operator=hall, organisation=member)
    assert not page(client).select("#garder")
    client.force_login(MembershipFactory(organisation=member).user)
    soup = page(client, ("famille", "gis"))
    assert len(soup.select("button[form=garder]")) == 2
    [save] = [link for link in soup.select("#rayon a") if "Enregistrer cette recherche" in link.text]
    assert save["href"] == (
        reverse("member_search_save", args=[member.siren, "hall"])
        + f"?{urlencode({'recherche': 'famille=gis'})}"
    )


def test_a_card_says_whom_the_service_is_for_when_the_commune_is_not(client, hall, commune):
    fields = {"sheet__body_types": ["commune", "epci"], "sheet__population_max": 859}
    ListingFactory(operator=hall, **fields)
    notes = "Seulement pour les communes et les intercommunalités jusqu’à 859 habitants"
    assert notes in text(page(client, ("insee", "14711")).select_one(".halle-card"))
    assert notes not in text(page(client).select_one(".halle-card"))
