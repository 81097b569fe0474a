"""The prices on the cards of a shelf of every pattern of grid are those of `catalog.prices.listing_price`."""

import pytest

from catalog.finding.asked import Asked, Sort, visitor_of
from catalog.finding.cards import card_texts, why_unpriced
from catalog.finding.find import Standing, find
from catalog.models import Listing
from catalog.prices import listing_price
from catalog.pricing import grids
from tests.catalog.finding.worlds import TODAY, grids_of
from tests.catalog.pricing import more_grids, published_grids
from tests.factories import ListingFactory, OperatorFactory, TerritoryFactory, VendorFactory
from tests.factories.catalog import FIXED, FLAT, MARGINAL, PER_INHABITANT

pytestmark = pytest.mark.django_db

FIELDS = (
    "net_cents", "vat_cents", "gross_cents", "following_cents", "following_vat_cents", "list_gross_cents",
    "population", "vat_reason",
)  # fmt: skip
WRAPPED = [
    {"pattern": "not_published"},
    {"pattern": "sum_of", "parts": [{"name": "Seule", "grid": MARGINAL}]},
    {"pattern": "first_year_and_following", "first_year": FLAT, "following": PER_INHABITANT},
    {"pattern": "first_year_and_following", "first_year": FLAT, "following": {"pattern": "not_published"}},
    {"pattern": "first_year_and_following", "first_year": {"pattern": "not_published"}, "following": FLAT},
    {"pattern": "adhesion_and_recurring", "adhesion": FLAT, "recurring": FLAT},
    {"pattern": "covered_by_epci", "grid": FIXED},
    {"pattern": "by_college", "colleges": {"petites communes": FLAT}, "otherwise": PER_INHABITANT},
    {"pattern": "by_member_type", "grids": {"epci": FLAT}},
    {"pattern": "by_member_type", "grids": {"commune": FLAT}, "otherwise": MARGINAL},
]
GRIDS = [
    *(FLAT, PER_INHABITANT, MARGINAL, FIXED, *WRAPPED),
    *grids_of(more_grids).values(),
    *grids_of(published_grids).values(),
]


def patterns(grid) -> set[str]:
    """All that a grid is made of."""
    if isinstance(grid, dict):
        own = {grid["pattern"]} if "pattern" in grid else set()
        return own.union(*map(patterns, grid.values()))
    return set().union(*map(patterns, grid)) if isinstance(grid, list | tuple) else set()


def test_no_pattern_is_forgotten():
    models = [getattr(grids, name) for name in grids.__all__]
    known = {
        model.model_fields["pattern"].annotation.__args__[0]
        for model in models
        if hasattr(model, "model_fields") and "pattern" in model.model_fields
    }
    assert set().union(*map(patterns, GRIDS)) == known


def whole_shelf(operator, visitor) -> list[Standing]:
    """Every page, by price."""
    found, number = [], 1
    while True:
        page = find(
            operator_id=operator.pk, asked=Asked(sort=Sort.PRICE), visitor=visitor, on=TODAY, page=number
        )
        found += page.page
        if len(found) == page.total:
            return found
        number += 1


@pytest.fixture
def operator():
    """One hall, a service for each grid; every third with a list price, every fifth without VAT."""
    operator, vendor = OperatorFactory(), VendorFactory()
    for place, grid in enumerate(GRIDS):
        terms = {"definition": grid, "exempt": place % 5 == 0}
        if place % 3 == 0:
            terms["list_definition"] = FLAT if place % 2 else grid
        ListingFactory(
            operator=operator, sheet__vendor=vendor, vehicle=False,
            **{f"grid__{name}": value for name, value in terms.items()},
        )  # fmt: skip
    ListingFactory(operator=operator, sheet__vendor=vendor, vehicle=False, grid=None)
    return operator


def test_the_price_of_each_card_or_the_reason_why_there_is_none(operator):
    communes = [TerritoryFactory(population=count) for count in (0, 1, 500, 860, 3_500, 12_000, 2_500_000)]
    communes += [
        TerritoryFactory(population={"municipale": 860, "totale": None}),
        TerritoryFactory(population=False),
        TerritoryFactory(siren=""),
    ]
    listings = {listing.pk: listing for listing in Listing.objects.prefetch_related("grids")}
    for commune in communes:
        visitor = visitor_of(commune, on=TODAY)
        cards = whole_shelf(operator, visitor)
        assert {card.listing for card in cards} == set(listings)
        said = why_unpriced(
            listings=[card.listing for card in cards if card.price is None], facts=visitor.facts
        )
        for card in cards:
            exact = listing_price(listing=listings[card.listing], facts=visitor.facts)
            if card.price is None:
                assert exact.quote is None
                assert said[card.listing].problem == exact.problem != ""
            else:
                shown = {field: getattr(card.price, field) for field in FIELDS}
                assert shown == {field: getattr(exact, field) for field in FIELDS}
        # What sorts, counts and filters is what is shown: the priced ones first, the cheapest at the top.
        gross = [card.price.gross_cents for card in cards if card.price]
        assert gross == sorted(gross)
        assert all(card.price for card in cards[: len(gross)])
        facets = find(operator_id=operator.pk, asked=Asked(sort=Sort.PRICE), visitor=visitor, on=TODAY).facets
        assert (facets.unpriced, sum(facets.prices.values())) == (len(cards) - len(gross), len(gross))


def test_the_texts_of_cards_come_in_the_order_asked_without_those_that_are_gone(
    operator, django_assert_num_queries
):
    one, two = Listing.objects.order_by("pk")[:2]
    with django_assert_num_queries(1):
        found = card_texts(listings=[two.pk, 0, one.pk])
    assert [text.listing for text in found] == [two.pk, one.pk]
    with django_assert_num_queries(0):
        assert why_unpriced(listings=[], facts=None) == {}
