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
from tests.catalog.finding.worlds import TODAY, visitor
from tests.catalog.pricing import published_grids
from tests.factories.catalog import FIXED, FLAT, MARGINAL, PER_INHABITANT

PUBLISHED = {
    name: grid
    for name, grid in vars(published_grids).items()
    if name.isupper()
    and name[0] != "_"
    and not name.endswith("AS_PRINTED")
    and isinstance(grid, dict)
    and "pattern" in grid
}
LUMP = {"pattern": "flat_by_stratum", "strata": [{"amount": "99.995"}]}
HUGE = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "999999999.12345678"}


def both(definition: dict, *, asking, rate=Decimal(20)) -> tuple[int | None, int | None]:
    """(by the columns, by the engine) with VAT, None without a price."""
    start = date(2026, 1, 1)
    grid = PriceGrid(
        state="published", effective_from=start, definition=definition, vat_category="S", vat_rate=rate
    )
    kept = grid_prices(effective_from=start, effective_until=None, vat_rate=rate, definition=definition)
    found = PriceCurves([[kept]], on=TODAY).prices(asking.facts)
    exact = grid_price(grid=grid, facts=asking.facts)
    return (
        int(found.gross_cents[0]) if found.priced[0] else None,
        exact.gross_cents if exact.quote else None,
    )


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_published_grid(name):
    for population in (1, 199, 200, 201, 499, 500, 999, 1_000, 1_500, 1_501, 3_500, 5_000, 10_001, 500_000):
        by_columns, by_engine = both(PUBLISHED[name], asking=visitor(population))
        assert by_columns == by_engine, population


@settings(max_examples=300, deadline=None)
@given(
    turn=st.integers(0, 4 * len(PATTERNS)),
    cents=st.integers(1, 500),
    population=st.integers(0, 2_500_000),
    vat=st.sampled_from(["20", "10", "5.5", "2.1"]),
)
def test_any_grid_of_every_pattern(turn, cents, population, vat):
    grid = definition(rate=Decimal(cents) / 100, turn=turn)
    by_columns, by_engine = both(grid, asking=visitor(population), rate=Decimal(vat))
    assert by_columns == by_engine


@pytest.mark.parametrize("grid", [FLAT, PER_INHABITANT, MARGINAL, FIXED, LUMP, HUGE])
@pytest.mark.parametrize("population", [None, 0, 1, 860])
def test_unknown_and_empty_communes(grid, population):
    by_columns, by_engine = both(grid, asking=visitor(population))
    assert by_columns == by_engine


def test_only_the_version_in_force_that_day_counts():
    first = {"effective_from": date(2025, 1, 1), "effective_until": date(2027, 1, 1)}
    following = {"effective_from": date(2027, 1, 1), "effective_until": None}
    grids = [
        grid_prices(**first, vat_rate=Decimal(0), definition=LUMP),
        grid_prices(**following, vat_rate=Decimal(0), definition={**LUMP, "strata": [{"amount": "200"}]}),
    ]
    found = [
        PriceCurves([grids], on=day).prices(visitor().facts)
        for day in (date(2024, 12, 31), date(2026, 12, 31), date(2026, 12, 31) + timedelta(days=1))
    ]
    assert [bool(prices.priced[0]) for prices in found] == [False, True, True]
    assert [int(prices.gross_cents[0]) for prices in found[1:]] == [10_000, 20_000]
