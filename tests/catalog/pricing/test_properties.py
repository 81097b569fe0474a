"""Promises that hold for every grid, every population."""

import json
import random
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import Quote, parse_grid, price, prorate

from .helpers import facts

people = st.integers(1, 3_000_000)
# Amounts as whole numbers of 10⁻⁸ euro, so that every expectation is integer arithmetic.
UNIT = 10**8
units = st.integers(0, 10_000 * UNIT)


def amount(value: int) -> str:
    return f"{value // UNIT}.{value % UNIT:08d}"


def cents(value: int) -> int:
    """Half-up, in integers only."""
    return (value + 500_000) // 1_000_000


@st.composite
def per_inhabitant(draw):
    low, high = sorted([draw(units), draw(units)])
    grid = {"pattern": "per_inhabitant", "population_kind": "totale", "rate": amount(draw(units))}
    if draw(st.booleans()):
        grid["minimum"] = amount(low)
    if draw(st.booleans()):
        grid["cap"] = amount(high)
    return grid


@st.composite
def marginal(draw):
    bounds = draw(st.lists(st.integers(1, 100_000), unique=True, max_size=5))
    rows = [{"up_to": bound, "rate": amount(draw(units))} for bound in [*bounds, None]]
    return {
        "pattern": "marginal_tranches",
        "population_kind": "totale",
        "tranches": draw(st.permutations(rows)),
    }


@st.composite
def fixed_plus_variable(draw):
    return {
        "pattern": "fixed_plus_variable",
        "population_kind": "totale",
        "fixed": amount(draw(units)),
        "included": draw(st.integers(0, 50_000)),
        "rate": amount(draw(units)),
    }


@st.composite
def flat(draw):
    """Adjacent strata whose bounds are written in any of the ways that mean the same."""
    ends = sorted(draw(st.lists(st.integers(1, 100_000), unique=True, max_size=6)))
    rows = []
    for first, last in zip([0, *(end + 1 for end in ends)], [*ends, None], strict=True):
        row = {"amount": amount(draw(units))}
        lower_in, upper_in = draw(st.booleans()), draw(st.booleans())
        if first:
            row |= {"lower": first if lower_in else first - 1, "lower_inclusive": lower_in}
        if last is not None:
            row |= {"upper": last if upper_in else last + 1, "upper_inclusive": upper_in}
        rows.append(row)
    return {"pattern": "flat_by_stratum", "population_kind": "totale", "strata": rows}


simple = per_inhabitant() | marginal() | fixed_plus_variable() | flat()
by_member_type = st.builds(lambda grid: {"pattern": "by_member_type", "grids": {"commune": grid}}, simple)
grids = simple | by_member_type


def total(grid: dict, count: int) -> int:
    return price(grid=parse_grid(grid), facts=facts(count)).total_cents


@given(grids, people)
def test_lines_multiply_and_add_up_without_a_float(grid, count):
    quote = price(grid=parse_grid(grid), facts=facts(count))
    assert quote.total_cents == sum(line.amount_cents for line in quote.lines)
    for line in quote.lines:
        assert type(line.amount_cents) is int
        assert type(line.quantity) is type(line.unit_price) is Decimal
        quantity, unit_price = int(line.quantity), int(line.unit_price * UNIT)
        assert line.amount_cents == cents(quantity * unit_price)
        assert line.steps
        assert all(step and "E+" not in step and "E-" not in step for step in line.steps)


@given(grids, people)
def test_a_quote_survives_json_exactly(grid, count):
    quote = price(grid=parse_grid(grid), facts=facts(count))
    again = Quote.from_dict(json.loads(json.dumps(quote.to_dict())))
    assert again == quote
    assert again.to_dict() == quote.to_dict()


@given(grids)
def test_a_grid_survives_json_exactly(grid):
    parsed = parse_grid(grid)
    assert parse_grid(json.loads(json.dumps(parsed.model_dump(mode="json")))) == parsed


@given(per_inhabitant() | marginal() | fixed_plus_variable(), people, people)
def test_more_inhabitants_never_pay_less(grid, one, other):
    low, high = sorted([one, other])
    assert total(grid, low) <= total(grid, high)


@given(units, units, units, people)
def test_minimum_and_cap_are_respected(rate, one, other, count):
    low, high = sorted([one, other])
    grid = {
        "pattern": "per_inhabitant",
        "population_kind": "totale",
        "rate": amount(rate),
        "minimum": amount(low),
        "cap": amount(high),
    }
    assert total(grid, count) == cents(min(max(rate * count, low), high))


@given(marginal(), st.integers(1, 150_000))
def test_one_more_inhabitant_costs_the_rate_of_its_tranche(grid, count):
    """Continuous: no jump at a bound, contrary to flat strata."""

    def exact(people: int) -> int:
        (line,) = price(grid=parse_grid(grid), facts=facts(people)).lines
        return int(line.unit_price * UNIT)

    tranche = next(t for t in parse_grid(grid).tranches if t.up_to is None or count + 1 <= t.up_to)
    assert exact(count + 1) - exact(count) == int(tranche.rate * UNIT)


@given(marginal(), people)
def test_tranches_are_the_sum_over_each_inhabitants_rate(grid, count):
    expected, below = 0, 0
    for row in sorted(grid["tranches"], key=lambda row: row["up_to"] or 10**9):
        end = min(count, row["up_to"] or count)
        expected += max(0, end - below) * int(row["rate"].replace(".", ""))
        below = max(below, end)
    assert total(grid, count) == cents(expected)


@given(st.integers(1, 10_000), units, people)
def test_cutting_a_tranche_in_two_at_the_same_rate_changes_nothing(cut, rate, count):
    whole = {"pattern": "per_inhabitant", "population_kind": "totale", "rate": amount(rate)}
    rows = [{"up_to": cut, "rate": amount(rate)}, {"rate": amount(rate)}]
    assert total(
        {"pattern": "marginal_tranches", "population_kind": "totale", "tranches": rows}, count
    ) == total(whole, count)


@given(flat(), people, st.integers(0, 2**32))
def test_the_order_of_strata_means_nothing(grid, count, seed):
    shuffled = {**grid, "strata": random.Random(seed).sample(grid["strata"], len(grid["strata"]))}
    assert parse_grid(shuffled) == parse_grid(grid)
    assert price(grid=parse_grid(shuffled), facts=facts(count)) == price(
        grid=parse_grid(grid), facts=facts(count)
    )


@given(flat(), people)
def test_everybody_falls_in_exactly_one_stratum(grid, count):
    strata = parse_grid(grid).strata
    assert sum(stratum.contains(count) for stratum in strata) == 1


@given(grids, people, st.integers(0, 12))
def test_a_part_of_the_year_is_exact_to_half_a_cent_a_line(grid, count, months):
    year = price(grid=parse_grid(grid), facts=facts(count))
    part = prorate(quote=year, numerator=months, denominator=12, label="mois")
    for whole, line in zip(year.lines, part.lines, strict=True):
        exact = int(whole.quantity) * int(whole.unit_price * UNIT) * months
        # Half-up of exact / 12, in integers.
        assert line.amount_cents == (exact + 6_000_000) // 12_000_000
    assert Quote.from_dict(part.to_dict()) == part
