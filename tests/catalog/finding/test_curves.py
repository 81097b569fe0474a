"""The prices that sort and filter a shelf are those of the cards, to the cent."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.finding.curves import PriceCurves, grid_prices
from catalog.models import PriceGrid
from catalog.prices import grid_price
from demo.seed.price_grids import PATTERNS, definition
from tests.catalog.finding.worlds import TODAY, grids_of, visitor
from tests.catalog.pricing import published_grids
from tests.factories.catalog import FIXED, FLAT, MARGINAL, PER_INHABITANT

PUBLISHED = grids_of(published_grids)
LUMP = {"pattern": "flat_by_stratum", "strata": [{"amount": "99.995"}]}
HUGE = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "999999999.12345678"}


FIELDS = (
    "gross_cents", "net_cents", "vat_cents", "following_cents", "following_vat_cents", "list_gross_cents",
    "population", "vat_reason",
)  # fmt: skip
LIFE = {"effective_from": date(2026, 1, 1), "effective_until": None}


def both(
    definition: dict, *, asking, rate=Decimal(20), listed: dict | None = None
) -> tuple[dict | None, dict | None]:
    """(by the shelf, by the engine) all that a card says, None without a price."""
    grid = {
        **LIFE,
        "definition": definition,
        "list_definition": listed,
        "vat_category": "S" if rate else "O",
        "vat_rate": rate,
        "vat_reason": "" if rate else "Hors champ de la TVA",
    }
    curves = PriceCurves([[grid_prices(**grid)]], on=TODAY)
    found, card = curves.prices(asking.facts), curves.card(0, asking.facts)
    exact = grid_price(grid=PriceGrid(state="published", **grid), facts=asking.facts)
    if card is None:
        assert (found.priced[0], found.gross_cents[0]) == (False, 0)
    else:
        assert (found.priced[0], found.gross_cents[0]) == (True, card.gross_cents)
        assert card.problem == ""
    said = {field: getattr(card, field) for field in FIELDS} if card else None
    return said, {field: getattr(exact, field) for field in FIELDS} if exact.quote else None


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_published_grid(name):
    for population in (1, 199, 200, 201, 499, 500, 999, 1_000, 1_500, 1_501, 3_500, 5_000, 10_001, 500_000):
        by_shelf, by_engine = both(PUBLISHED[name], asking=visitor(population))
        assert by_shelf == by_engine, population


@settings(max_examples=300)
@given(
    turn=st.integers(0, 4 * len(PATTERNS)),
    cents=st.integers(1, 500),
    population=st.integers(0, 2_500_000),
    vat=st.sampled_from(["20", "10", "5.5", "2.1", "0"]),
    listed_turn=st.none() | st.integers(0, 4 * len(PATTERNS)),
)
def test_any_grid_of_every_pattern(turn, cents, population, vat, listed_turn):
    grid = definition(rate=Decimal(cents) / 100, turn=turn)
    listed = None if listed_turn is None else definition(rate=Decimal(cents) / 80, turn=listed_turn)
    by_shelf, by_engine = both(grid, asking=visitor(population), rate=Decimal(vat), listed=listed)
    assert by_shelf == by_engine


@pytest.mark.parametrize("grid", [FLAT, PER_INHABITANT, MARGINAL, FIXED, LUMP, HUGE])
@pytest.mark.parametrize("population", [None, 0, 1, 860])
def test_unknown_and_empty_communes(grid, population):
    by_shelf, by_engine = both(grid, asking=visitor(population))
    assert by_shelf == by_engine


def test_only_the_version_in_force_that_day_counts():
    first = {"effective_from": date(2025, 1, 1), "effective_until": date(2027, 1, 1)}
    following = {"effective_from": date(2027, 1, 1), "effective_until": None}
    common = {"vat_category": "O", "vat_rate": Decimal(0), "vat_reason": "", "list_definition": None}
    grids = [
        grid_prices(**first, **common, definition=LUMP),
        grid_prices(**following, **common, definition={**LUMP, "strata": [{"amount": "200"}]}),
    ]
    found = [
        PriceCurves([grids], on=day).prices(visitor().facts)
        for day in (date(2024, 12, 31), date(2026, 12, 31), date(2026, 12, 31) + timedelta(days=1))
    ]
    assert [bool(prices.priced[0]) for prices in found] == [False, True, True]
    assert [int(prices.gross_cents[0]) for prices in found[1:]] == [10_000, 20_000]
