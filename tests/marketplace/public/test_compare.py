"""Services side by side: which ones, in which order, and what each says of itself."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import localdate

from catalog.finding.indexing import refresh_sheet
from catalog.models import ListingState, ModerationState, Vendor
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    ClaimFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    ReviewFactory,
    TerritoryFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

ONE_EURO = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "1"}
TWO_EUROS = {**ONE_EURO, "rate": "2"}


@pytest.fixture
def hall():
    return OperatorFactory(slug="hall", short_name="La Halle d’essai")


@pytest.fixture
def commune():
    return TerritoryFactory(name="Trévières", code="14711")  # 860 inhabitants


def put(hall, slug: str, **fields):
    return ListingFactory(operator=hall, sheet__slug=slug, sheet__name=f"Service {slug}", **fields)


@pytest.fixture
def services(hall):
    return {slug: put(hall, slug) for slug in ("a", "b", "c", "d", "e")}


def compare(client: Client, *slugs: str, **parameters) -> BeautifulSoup:
    answer = client.get(reverse("compare", args=["hall"]), {"service": slugs, **parameters})
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def text(soup) -> str:
    return soup.get_text(" ", strip=True).replace("\u202f", " ").replace("\u00a0", " ")


def heads(soup) -> list[str]:
    return [text(link) for link in soup.select(".halle-compare thead th a")]


def table(soup) -> dict[str, list[str]]:
    return {
        text(row.th): [text(cell) for cell in row.select("td")]
        for row in soup.select(".halle-compare tbody tr")
    }


def asks(address: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(address).query)


@pytest.mark.parametrize("slugs", ["ab", "cab", "dcba"])
def test_two_to_four_services_in_the_order_of_the_address(client, services, slugs):
    soup = compare(client, *slugs)
    assert heads(soup) == [f"Service {slug}" for slug in slugs]
    assert {len(cells) for cells in table(soup).values()} == {len(slugs)}
    assert "quatre premiers" not in text(soup)
    assert "Un seul service" not in text(soup)


def test_of_more_than_four_the_first_four(client, services):
    soup = compare(client, *"edcba")
    assert heads(soup) == [f"Service {slug}" for slug in "edcb"]
    assert "voici les quatre premiers" in text(soup)
    assert len(heads(compare(client, *(["a"] * 9 + ["b"])))) == 2  # the same one many times is one
    assert "quatre premiers" not in text(compare(client, *(["a"] * 9 + ["b"])))


def test_one_service_is_shown_and_the_list_is_one_click_away(client, services, commune):
    soup = compare(client, "a", insee="14711")
    assert heads(soup) == ["Service a"]
    [link] = [link for link in soup.select(".halle-alert a, [class*=alert] a") if "Revenir" in link.text]
    assert link["href"] == reverse("storefront", args=["hall"]) + "?insee=14711"
    assert "Retirer" not in text(soup)


@pytest.mark.parametrize("slugs", [[], ["z"], ["\0", "", "a" * 10_000, "é", "'; --"]])
def test_nothing_to_compare(client, services, slugs):
    soup = compare(client, *slugs)
    assert "Aucun service à comparer" in text(soup)
    assert not soup.select("table")


def test_what_is_not_on_this_shelf_is_left_out(client, services, hall):
    put(OperatorFactory(), "ailleurs")
    for state in set(ListingState) - {ListingState.LISTED}:
        put(hall, f"s-{state}", state=state)
    with as_worker():
        Vendor.objects.filter(pk=services["c"].vendor.pk).update(
            state="suspended", suspension_reason="Défaut de paiement"
        )
    assert heads(compare(client, "ailleurs", "c", "a")) == ["Service a"]
    for state in set(ListingState) - {ListingState.LISTED}:
        assert heads(compare(client, f"s-{state}", "z", "b")) == ["Service b"]


def test_no_price_before_a_commune_is_named(client, services):
    soup = compare(client, "a", "b")
    assert not [label for label in table(soup) if "Prix" in label]
    assert "€" not in text(soup)
    assert "Nommez votre commune pour voir vos prix" in text(soup.caption)


def test_prices_and_savings_for_the_commune(client, hall, commune):
    put(hall, "a", grid__definition=ONE_EURO, grid__list_definition=TWO_EUROS)
    put(hall, "b", grid__definition=TWO_EUROS, grid__list_definition=ONE_EURO)
    put(hall, "c", grid__definition=ONE_EURO, grid__exempt=True)
    put(hall, "d", grid__definition={"pattern": "not_published"}, grid__list_definition=ONE_EURO)
    soup = compare(client, *"abcd", insee="14711")
    assert "Prix pour Trévières" in text(soup.caption)
    rows = table(soup)
    assert rows["Prix par an"][:3] == [
        "1 032,00 € TTC 860,00 € HT",
        "2 064,00 € TTC 1 720,00 € HT",
        "860,00 € Groupement de moyens, article 261 B du CGI",
    ]
    assert rows["Prix par an"][3].startswith("Pas de prix ")
    assert rows["Prix par habitant et par an"] == ["1,20 €", "2,40 €", "1,00 €", "Non précisé"]
    # A list price below that of the group is said, and no saving.
    assert rows["Prix public de l’éditeur"] == [
        "2 064,00 € TTC 1 032,00 € de moins ensemble (50 %)",
        "1 032,00 € TTC",
        "Non précisé",
        "1 032,00 € TTC",
    ]


def test_a_commune_without_a_price_is_told_why(client, services):
    TerritoryFactory(name="Miquelon-Langlade", code="97501", siren="")
    rows = table(compare(client, "a", "b", insee="97501"))
    assert all("n’a pas de numéro SIREN" in cell for cell in rows["Prix par an"])
    assert "Prix par habitant et par an" not in rows


def test_an_unknown_code_says_so_and_compares_all_the_same(client, services):
    soup = compare(client, "a", "b", insee="99999")
    assert "Aucune commune ne porte le code 99999" in text(soup)
    assert len(heads(soup)) == 2


def test_claims_in_force_with_their_level_and_nothing_for_the_others(client, services):
    today = localdate()
    sheets = {slug: listing.sheet for slug, listing in services.items()}
    ClaimFactory(sheet=sheets["a"], verified=True, valid_until=today)
    ClaimFactory(sheet=sheets["b"], documented=True, value={"spdx_id": "MIT"})
    ClaimFactory(sheet=sheets["c"], value={"spdx_id": "GPL-3.0-only"})
    ClaimFactory(sheet=sheets["d"], verified=True, valid_until=today - timedelta(days=1))
    row = table(compare(client, *"abcd"))["Preuve : Logiciel libre"]
    assert [cell.rpartition(" ")[2] for cell in row] == ["vérifié", "documenté", "déclaré", "précisé"]
    assert ["EUPL-1.2" in row[0], "MIT" in row[1], "GPL-3.0-only" in row[2]] == [True] * 3
    assert row[3] == "Non précisé"
    assert "Preuve : Logiciel libre" not in table(compare(client, "d", "e"))


def test_what_the_operator_approved_is_compared(client, hall, services):
    put(hall, "f", sheet__hosting="En France", sheet__licence="Libre", sheet__licence_spdx="MIT")
    listing = put(
        hall, "g", sheet__body_types=["commune"], sheet__population_min=500, sheet__population_max=3_500,
        sheet__prerequisites=[{"text": "Un scanner", "sheet": ""}, {"text": "Un parapheur", "sheet": ""}],
    )  # fmt: skip
    for rating in (4, 5):
        ReviewFactory(sheet=listing.sheet, rating=rating, state=ModerationState.PUBLISHED)
    with as_worker():
        listing.sheet.hosting = "Ailleurs"
        listing.sheet.save_revision().publish(skip_permission_checks=True)
        refresh_sheet(sheet_id=listing.sheet.pk)
    rows = table(compare(client, "f", "g"))
    assert rows["Hébergement"] == ["En France", "Non précisé"]
    assert rows["Licence"] == ["Libre MIT", "Non précisé"]
    assert rows["Prérequis"] == ["Non précisé", "Un scanner, Un parapheur"]
    assert rows["Satisfaction"] == ["Non précisé", "4,5 sur 5 (2 avis)"]
    assert rows["Pour qui"] == ["Toutes les collectivités", "Les communes de 500 à 3 500 habitants"]


def test_a_line_that_no_service_answers_is_left_out(client, services):
    assert not {"Hébergement", "Prérequis", "Satisfaction"} & set(table(compare(client, "a", "b")))


def test_hostile_texts_are_text(client, hall):
    name = '<script>alert(1)</script>"><img src=x>'
    ListingFactory(
        operator=hall, sheet__slug="x", sheet__name=name, sheet__hosting=name,
        sheet__vendor__organisation__name=name,
    )  # fmt: skip
    soup = compare(client, "x", "y")
    assert not soup.select("main script, main img[src=x]")
    assert heads(soup) == [name]
    assert table(soup)["Hébergement"] == table(soup)["Éditeur"] == [name]


def test_the_address_keeps_services_commune_and_search(client, services, commune):
    soup = compare(client, "b", "a", insee="14711", recherche="q=cantine&tri=nom")
    kept = {"recherche": "q=cantine&tri=nom", "insee": "14711"}
    dropped = {text(link): asks(link["href"]) for link in soup.select("main a")}
    assert dropped["Retirer Service b"] == [("service", "a"), *kept.items()]
    assert dropped["Retirer Service a"] == [("service", "b"), *kept.items()]
    assert soup.select_one(".halle-compare thead a")["href"].endswith("/services/b/?insee=14711")
    hidden = [(one["name"], one["value"]) for one in soup.select(".halle-picker input[type=hidden]")]
    assert sorted(hidden) == sorted([("service", "b"), ("service", "a"), *kept.items()])
    answer = client.get(
        reverse("compare", args=["hall"]),
        {"service": ["b", "a"], "commune": "trevieres", "recherche": kept["recherche"]},
    )
    assert asks(answer["Location"]) == [("service", "b"), ("service", "a"), *kept.items()]


def test_a_name_that_several_communes_have_asks_which(client, services):
    for code in ("05135", "17319"):
        TerritoryFactory(name="Sainte-Colombe", code=code)
    links = compare(client, "a", "b", commune="Sainte Colombe").select("[aria-labelledby=quelle-commune] a")
    both = [("service", "a"), ("service", "b")]
    assert sorted(asks(link["href"]) for link in links) == [
        [*both, ("insee", "05135")],
        [*both, ("insee", "17319")],
    ]


@pytest.fixture
def member(hall, commune):
    organisation = OrganisationFactory(territory=commune)
    AdhesionFactory(operator=hall, organisation=organisation)
    return organisation


def shortlist_links(soup) -> list[str]:
    return [link["href"] for link in soup.select("a") if "présélection" in link.get_text()]


def test_a_member_who_prepares_choices_may_keep_them(client, services, member):
    assert shortlist_links(compare(client, "a", "b")) == []
    client.force_login(MembershipFactory(organisation=member, role=Role.SECRETARY).user)
    [address] = shortlist_links(compare(client, "b", "z", "a", recherche="q=cantine"))
    assert urlsplit(address).path == reverse("member_shortlist_add", args=[member.siren, "hall"])
    assert asks(address) == [("service", "b"), ("service", "a"), ("recherche", "q=cantine")]
    assert shortlist_links(compare(client)) == []


def test_nobody_else_is_offered_to(client, services, member):
    for membership in (
        MembershipFactory(organisation=member, role=Role.SIGNATORY),
        MembershipFactory(organisation=OrganisationFactory(), role=Role.SECRETARY),
    ):
        client.force_login(membership.user)
        assert shortlist_links(compare(client, "a", "b")) == []


def test_queries_of_a_comparison(client, services, commune, snapshot):
    for listing in services.values():
        ClaimFactory(sheet=listing.sheet, documented=True)
    with snapshot_queries(snapshot(name="four services")):
        compare(client, *"abcd", insee="14711")
    with CaptureQueriesContext(connection) as two:
        compare(client, "a", "b", insee="14711")
    with CaptureQueriesContext(connection) as four:
        compare(client, *"abcd", insee="14711")
    assert len(two) == len(four)
