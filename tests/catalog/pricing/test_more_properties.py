"""Promises of every pattern: exact, additive, free of order, monotone where it is promised."""

import json
import random
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import PricingError, Quote, first_year_apart, parse_grid, price, prorate

from .helpers import facts
from .strategies import every_grid, every_simple, others, per_unit, sums
from .test_properties import UNIT, amount, cents, people, units


def answer(grid: dict, count: int, **known):
    """The quote, or the refusal as code and sentence."""
    try:
        return price(grid=parse_grid(grid), facts=facts(count, **known))
    except PricingError as refusal:
        return refusal.code, str(refusal)


@given(every_grid, people, others)
def test_a_price_is_exact_lines_or_a_sentence(grid, count, known):
    found = answer(grid, count, **known)
    if isinstance(found, tuple):
        assert found[1].endswith(".")
        return
    assert len({line.code for line in found.lines}) == len(found.lines)
    for line in found.lines:
        assert line.amount_cents == cents(int(line.quantity) * int(line.unit_price * UNIT))
        assert line.amount_cents >= 0
        assert line.steps
        assert all(step and "E+" not in step and "E-" not in step for step in line.steps)
    assert Quote.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert prorate(quote=found, numerator=12, denominator=12, label="mois").total_cents == found.total_cents


@given(every_grid)
def test_a_grid_survives_json_exactly(grid):
    parsed = parse_grid(grid)
    assert parse_grid(json.loads(json.dumps(parsed.model_dump(mode="json")))) == parsed


@given(st.lists(every_simple, min_size=1, max_size=4), people, others)
def test_a_sum_costs_the_sum_of_its_parts(grids, count, known):
    whole = {
        "pattern": "sum_of",
        "parts": [{"name": f"Partie {rank}", "grid": grid} for rank, grid in enumerate(grids)],
    }
    apart = [answer(grid, count, **known) for grid in grids]
    found = answer(whole, count, **known)
    if any(isinstance(part, tuple) for part in apart):
        assert isinstance(found, tuple)
    else:
        assert found.total_cents == sum(part.total_cents for part in apart)


@given(every_simple, st.sampled_from(["strata", "tranches", "bands", "tiers"]), people, others, st.integers())
def test_the_order_of_rows_means_nothing(grid, field, count, known, seed):
    shuffled = dict(grid)
    if field in grid:
        shuffled[field] = random.Random(seed).sample(grid[field], len(grid[field]))
    assert parse_grid(shuffled) == parse_grid(grid)
    assert answer(shuffled, count, **known) == answer(grid, count, **known)


@given(sums, people, others, st.integers())
def test_the_order_of_parts_does_not_change_the_total(grid, count, known, seed):
    shuffled = {**grid, "parts": random.Random(seed).sample(grid["parts"], len(grid["parts"]))}
    one, other = answer(grid, count, **known), answer(shuffled, count, **known)
    if isinstance(one, tuple):
        assert isinstance(other, tuple)
    else:
        assert one.total_cents == other.total_cents


@given(per_unit(), st.integers(0, 400_000), st.integers(0, 400_000))
def test_more_units_never_cost_less_when_each_pays_its_own_band(grid, one, other):
    low, high = sorted([one, other])
    grid = {**grid, "counting": "marginal"} if "bands" in grid else grid
    key = grid.get("unit_name", grid["unit"])
    assert answer(grid, 1, units={key: low}).total_cents <= answer(grid, 1, units={key: high}).total_cents


@given(st.lists(st.tuples(st.integers(1, 50_000), st.integers(1, 20_000)), min_size=1, max_size=20), units)
def test_shares_by_solidarity_add_up_to_the_total(members, total):
    """To half a cent a member, and to the rounding of the price of an inhabitant at 8 decimals."""
    weights = [(count, Decimal(weight).scaleb(-4)) for count, weight in members]
    grid = {
        "pattern": "solidarity_key",
        "population_kind": "totale",
        "total": amount(total),
        "points": f"{sum(count * weight for count, weight in weights):f}",
    }
    shared = sum(answer(grid, count, solidarity_coefficient=weight).total_cents for count, weight in weights)
    slack = len(members) * 500_000 + sum(count for count, _ in weights)
    assert abs(shared * 1_000_000 - total) <= slack


@given(every_grid, people, others)
def test_an_adhesion_makes_the_first_year_dearer_never_cheaper(grid, count, known):
    found = answer(grid, count, **{**known, "first_year": True})
    if isinstance(found, Quote):
        assert found.recurring().total_cents <= found.total_cents
        following = answer(grid, count, **{**known, "first_year": False})
        if isinstance(following, Quote):
            assert all(not line.one_off for line in following.lines)


@given(every_grid, people, others)
def test_years_differ_only_where_the_grid_says_they_may(grid, count, known):
    first = answer(grid, count, **{**known, "first_year": True})
    following = answer(grid, count, **{**known, "first_year": False})
    assert first == following or first_year_apart(parse_grid(grid))
