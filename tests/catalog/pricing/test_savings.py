"""List price beside pooled price."""

from decimal import Decimal

import pytest

from catalog.pricing import PopulationUnknown, parse_grid, savings

from .helpers import facts

LIST = parse_grid({"pattern": "per_inhabitant", "population_kind": "totale", "rate": "0.90"})
POOLED = parse_grid(
    {"pattern": "per_inhabitant", "population_kind": "totale", "rate": "0.60", "minimum": "50"}
)
FREE = parse_grid({"pattern": "flat_by_stratum", "strata": [{"amount": "0"}]})


@pytest.mark.parametrize(
    ("inhabitants", "saved", "percent"),
    [(1000, 30_000, "33.3"), (100, 3_000, "33.3"), (60, 400, "7.4"), (50, -500, "-11.1")],
)
def test_what_is_saved_to_the_cent_and_in_percent(inhabitants, saved, percent):
    found = savings(list_grid=LIST, pooled_grid=POOLED, facts=facts(inhabitants))
    assert found.saved_cents == found.list_cents - found.pooled_cents == saved
    assert found.percent == Decimal(percent)


def test_of_a_free_service_there_is_no_percentage():
    found = savings(list_grid=FREE, pooled_grid=FREE, facts=facts(860))
    assert (found.saved_cents, found.percent) == (0, None)


def test_without_a_price_there_are_no_savings():
    with pytest.raises(PopulationUnknown):
        savings(list_grid=LIST, pooled_grid=POOLED, facts=facts(None))
