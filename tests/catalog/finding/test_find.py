"""One question to a hall's shelf, answered: totals, pages, orders, counts, and what each card says."""

from datetime import UTC, date, datetime, timedelta

import pytest

from catalog.finding.asked import PAGE, Asked, Local, Sort, Visitor
from catalog.finding.find import Found, find, listed_since
from catalog.finding.indexing import record_usage, refresh_sheet
from catalog.models import Listing, ListingState, ModerationState, ShelfEntry
from tests.catalog.finding.worlds import TODAY, visitor
from tests.factories import (
    ClaimFactory,
    ListingFactory,
    OperatorFactory,
    ReviewFactory,
    TerritoryFactory,
    VendorFactory,
)
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

SAY_NOTHING = {"sheet__summary": "Rien", "sheet__description": "Rien", "sheet__family": "gis"}


@pytest.fixture
def hall():
    return OperatorFactory()


def put(hall, name: str, **fields) -> Listing:
    """A service of that name on the shelf."""
    return ListingFactory(operator=hall, sheet__name=name, vehicle=False, **{**SAY_NOTHING, **fields})


def ask(hall, *, asking: Visitor | None = None, on: date = TODAY, page: int = 1, **asked) -> Found:
    return find(operator_id=hall.pk, asked=Asked(**asked), visitor=asking, on=on, page=page)


def names(found: Found) -> list[str]:
    known = dict(ShelfEntry.objects.values_list("listing", "name"))
    return [known[one.listing] for one in found.page]


def test_pages_part_what_answers_and_the_last_one_stands_for_those_beyond(hall):
    vendor = VendorFactory()
    for number in range(2 * PAGE + 1):
        put(hall, f"Service {number:02}", sheet__vendor=vendor, grid=None)
    put(hall, "Pas encore", state=ListingState.DRAFT, grid=None)
    put(OperatorFactory(), "Ailleurs", grid=None)
    pages = [ask(hall, page=number) for number in (1, 2, 3)]
    assert [len(found.page) for found in pages] == [PAGE, PAGE, 1]
    assert [name for found in pages for name in names(found)] == [
        f"Service {number:02}" for number in range(2 * PAGE + 1)
    ]
    assert {(found.total, found.whole) for found in pages} == {(2 * PAGE + 1, 2 * PAGE + 1)}
    for beyond in (4, 99_999_999):
        assert names(ask(hall, page=beyond)) == names(pages[2])


def test_an_empty_hall(hall):
    found = ask(hall, asking=visitor(), words="cantine", page=3, sort=Sort.PRICE)
    assert (found.page, found.total, found.whole, found.drop) == ([], 0, 0, {})
    assert set(found.families.values()) == {0}


def test_the_whole_shelf_by_family_whatever_is_asked(hall):
    put(hall, "Cantine", sheet__family="canteen")
    for name in ("Plan", "Carte"):
        put(hall, name, sheet__family="gis")
    put(hall, "Retiré", sheet__family="email", state=ListingState.SUSPENDED)
    for asked in ({}, {"families": frozenset({"canteen"})}, {"words": "plan"}, {"words": "introuvable"}):
        found = ask(hall, **asked)
        assert {family: count for family, count in found.families.items() if count} == {
            "canteen": 1,
            "gis": 2,
        }
        assert found.whole == 3


def test_when_nothing_answers_each_facet_says_what_would_without_it(hall):
    for name in ("Plan", "Carte"):
        put(hall, name, sheet__family="gis", sheet__connector="osb")
    put(hall, "Cantine", sheet__family="canteen", sheet__connector="manual", sheet__licence_spdx="MIT")
    asked = {
        "families": frozenset({"gis"}),
        "connectors": frozenset({"manual"}),
        "licences": frozenset({"MIT"}),
    }
    assert ask(hall, **asked).drop == {"family": 1, "connector": 0, "licence": 0}
    assert ask(hall, **{**asked, "licences": frozenset()}).drop == {"family": 1, "connector": 2}
    for facet, name in {"family": "families", "connector": "connectors", "licence": "licences"}.items():
        assert ask(hall, **{**asked, name: frozenset()}).total == ask(hall, **asked).drop[facet]
    assert ask(hall, families=frozenset({"gis"})).drop == {}


def test_the_operators_order_then_the_alphabet(hall):
    for name, position in (("Zoé", 1), ("élan", 2), ("Eau", 2), ("Âge", 2)):
        put(hall, name, position=position)
    assert names(ask(hall)) == ["Zoé", "Âge", "Eau", "élan"]
    assert names(ask(hall, sort=Sort.NAME)) == ["Âge", "Eau", "élan", "Zoé"]


def test_words_order_by_how_well_a_service_answers_unless_another_order_is_asked(hall):
    put(hall, "Autre", sheet__description="Une cantine dans le texte.", position=1)
    put(hall, "Cantine", position=2)
    put(hall, "Plan", position=3)
    assert names(ask(hall, words="cantine")) == ["Cantine", "Autre"]
    assert names(ask(hall, words="cantine", sort=Sort.NAME)) == ["Autre", "Cantine"]
    assert names(ask(hall, words="cantine", sort=Sort.PRICE)) == ["Cantine", "Autre"]  # no commune, no price


def test_words_are_and_ed_with_the_facets_and_read_as_the_nearest(hall):
    put(hall, "Cantine", sheet__family="canteen")
    put(hall, "Cantine et plan", sheet__family="gis")
    found = ask(hall, words="catnine", families=frozenset({"gis"}))
    assert (names(found), found.read.corrected) == (["Cantine et plan"], "cantine")
    assert found.facets.families["canteen"] == 1
    exact = ask(hall, words="catnine", exact=True)
    assert (exact.total, exact.read.unknown, exact.drop) == (0, ("catnine",), {})


def test_satisfaction_then_how_many_say_so_then_the_operators_order(hall):
    ratings = {"Un avis": [5], "Trois avis": [5, 5, 5], "Mitigé": [4, 5], "Aucun": [], "Aussi aucun": []}
    for name, values in ratings.items():
        listing = put(hall, name, position=1 if name == "Aussi aucun" else 2)
        for value in values:
            ReviewFactory(sheet=listing.sheet, rating=value, state=ModerationState.PUBLISHED)
        with as_worker():
            refresh_sheet(sheet_id=listing.sheet.pk)
    found = ask(hall, sort=Sort.RATING)
    assert names(found) == ["Trois avis", "Un avis", "Mitigé", "Aussi aucun", "Aucun"]
    assert [(one.rating_sum, one.rating_count) for one in found.page[:3]] == [(15, 3), (5, 1), (9, 2)]


def moment(day: int, **parts) -> datetime:
    return datetime(2026, 9, day, 10, tzinfo=UTC) + timedelta(**parts)


def test_novelties_first(hall):
    for name, day in (("Deux", 2), ("Trois", 3), ("Un", 1)):
        put(hall, name, approved_at=moment(day))
    put(hall, "Depuis toujours", approved_at=None)
    assert names(ask(hall, sort=Sort.NEWEST)) == ["Trois", "Deux", "Un", "Depuis toujours"]


def test_what_came_onto_the_shelf_between_two_moments(hall):
    listed = {
        "Au début": moment(2),
        "Juste après": moment(2, microseconds=1),
        "À la fin": moment(4),
        "Trop tard": moment(4, microseconds=1),
        "Plan": moment(3),
    }
    made = {
        name: put(hall, name, approved_at=at, sheet__family="gis" if name == "Plan" else "email")
        for name, at in listed.items()
    }
    put(hall, "Retiré", approved_at=moment(3), state=ListingState.SUSPENDED)

    def since(**asked) -> list[int]:
        return listed_since(
            operator_id=hall.pk,
            asked=Asked(**asked),
            visitor=None,
            since=moment(2),
            until=moment(4),
            on=TODAY,
        )

    # The last one first, whatever order is asked.
    for sort in Sort:
        assert since(sort=sort) == [made[name].pk for name in ("À la fin", "Plan", "Juste après")]
    assert since(families=frozenset({"gis"})) == [made["Plan"].pk]
    assert since(words="plan") == [made["Plan"].pk]
    assert since(words="introuvable") == []


@pytest.mark.parametrize(
    ("fields", "suits"),
    [
        ({}, True),
        ({"population_min": 860, "population_max": 860}, True),
        ({"population_min": 861}, False),
        ({"population_max": 859}, False),
        ({"body_types": ["epci", "commune"]}, True),
        ({"body_types": ["epci"]}, False),
        ({"population_max": 0}, False),
    ],
)
def test_for_whom_a_service_is(hall, fields, suits):
    put(hall, "Cantine", **{f"sheet__{name}": value for name, value in fields.items()})
    found = ask(hall, asking=visitor(860))
    assert ([one.suits for one in found.page], found.facets.for_me) == ([suits], int(suits))
    assert ask(hall, asking=visitor(860), for_me=True).total == int(suits)
    assert ask(hall, for_me=True).total == 1  # counts for nothing without a commune


def test_nothing_of_its_size_is_held_against_a_commune_whose_population_is_unknown(hall):
    put(hall, "Grandes", sheet__population_min=10_000)
    put(hall, "Intercommunalités", sheet__body_types=["epci"])
    assert names(ask(hall, asking=visitor(None), for_me=True)) == ["Grandes"]


def test_chosen_by_communes_of_the_same_size(hall):
    one, two, three = put(hall, "Une"), put(hall, "Deux"), put(hall, "Trois")
    with as_worker():
        record_usage(usage={one.pk: {"500-999": 3, "0-499": 8}, two.pk: {"0-499": 1}, three.pk: {}})
    found = ask(hall, asking=visitor(860), sort=Sort.NAME)
    assert [one.used_alike for one in found.page] == [0, 0, 3]
    assert found.facets.used_alike == 1
    assert names(ask(hall, asking=visitor(999), used_alike=True)) == ["Une"]
    assert names(ask(hall, asking=visitor(499), used_alike=True)) == ["Deux", "Une"]
    assert ask(hall, asking=visitor(1_000), used_alike=True).total == 0
    for nobody in (visitor(None), None):  # no size to compare with: counts for nothing
        unknown = ask(hall, asking=nobody, used_alike=True)
        assert (unknown.total, unknown.facets.used_alike) == (3, None)


def test_vendors_of_ones_departement_and_of_ones_region(hall):
    for code, region in (("35", "53"), ("29", "53"), ("14", "28")):
        TerritoryFactory(kind="departement", code=code, region=region, population=False)
    for name, postcode in (("Rennes", "35000"), ("Brest", "29200"), ("Caen", "14000"), ("Inconnu", "")):
        put(hall, name, sheet__vendor__organisation__postcode=postcode)
    rennes = visitor(departement="35", region="53")
    found = ask(hall, asking=rennes)
    assert found.facets.local == {Local.DEPARTEMENT: 1, Local.REGION: 2}
    assert names(ask(hall, asking=rennes, local=Local.DEPARTEMENT)) == ["Rennes"]
    assert names(ask(hall, asking=rennes, local=Local.REGION)) == ["Brest", "Rennes"]
    assert names(ask(hall, asking=visitor(departement="14", region="28"), local=Local.REGION)) == ["Caen"]
    assert ask(hall, asking=visitor(departement="988", region=""), local=Local.REGION).total == 0
    for nowhere in (visitor(departement="", region=""), None):
        unknown = ask(hall, asking=nowhere, local=Local.REGION)
        assert (unknown.total, unknown.facets.local) == (4, {})


def test_the_claims_of_a_card_are_those_of_today_with_their_level(hall):
    listing = put(hall, "Cantine")
    ClaimFactory(sheet=listing.sheet, topic="rgaa", verified=True, valid_until=TODAY)
    ClaimFactory(sheet=listing.sheet, topic="sla", documented=True)
    ClaimFactory(sheet=listing.sheet, topic="rgesn", valid_until=TODAY - timedelta(days=1))
    with as_worker():
        refresh_sheet(sheet_id=listing.sheet.pk)
    found = ask(hall)
    assert found.page[0].claims == {"rgaa": "verified", "sla": "documented"}
    both = frozenset({"rgaa", "sla"})
    assert ask(hall, claims=both, level="documented").total == 1
    assert ask(hall, claims=both, level="verified").drop == {("claim", "rgaa"): 0, ("claim", "sla"): 1}
