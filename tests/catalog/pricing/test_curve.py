"""The curve of a grid is the engine's price, to the cent, at every population; and where it jumps."""

from itertools import pairwise

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.pricing import Curve, PricingError, Quote, curve, jumps, parse_grid, price
from catalog.pricing.curve import MAX_POPULATION

from .helpers import facts, plain
from .published_grids import ALL, ATIP67, CDG38, SPL_XDEMAT
from .strategies import every_grid, others
from .test_more_properties import answer
from .test_properties import fixed_plus_variable, grids, marginal, people, per_inhabitant


def curve_of(grid: dict, **others) -> Curve:
    return curve(parse_grid(grid), facts=facts(None, **others))


def total(grid: dict, count: int, **others) -> int | str:
    """Cents, or the code of the refusal."""
    try:
        return price(grid=parse_grid(grid), facts=facts(count, **others)).total_cents
    except PricingError as refusal:
        return refusal.code


def total_from_curve(found: Curve, count: int) -> int | str:
    segment = found.segment(count)
    cents = found.total_cents(count)
    return segment.code if cents is None else cents


def interesting(found: Curve, *others: int) -> list[int]:
    """Both sides of each bound, and the populations given."""
    ends = {0, 1}
    for segment in found.segments:
        ends |= {segment.first - 1, segment.first, segment.first + 1}
    return sorted({count for count in (*ends, *others) if count >= 1})


@given(grids, people, st.booleans())
def test_the_curve_is_the_price(grid, count, first_year):
    found = curve_of(grid, first_year=first_year)
    for population in interesting(found, count):
        assert total_from_curve(found, population) == total(grid, population, first_year=first_year)


@settings(max_examples=200)
@given(every_grid, people, others)
def test_the_curve_of_any_grid_is_the_price_or_the_same_refusal(grid, count, known):
    found = curve_of(grid, **known)
    for population in interesting(found, count):
        segment, expected = found.segment(population), answer(grid, population, **known)
        if isinstance(expected, Quote):
            assert found.total_cents(population) == expected.total_cents
        else:
            assert (segment.code, segment.reason) == expected


@given(grids)
def test_segments_cover_every_population_once_and_differ_from_their_neighbours(grid):
    segments = curve_of(grid).segments
    assert segments[0].first == 1
    assert segments[-1].last is None
    for left, right in pairwise(segments):
        assert left.last is not None
        assert left.first <= left.last == right.first - 1
        assert (left.lines, left.reason) != (right.lines, right.reason)


@given(per_inhabitant() | marginal() | fixed_plus_variable())
def test_continuous_grids_never_jump(grid):
    assert jumps(curve_of(grid)) == []


@given(grids)
def test_every_population_that_pays_less_than_the_one_before_is_a_jump(grid):
    found = curve_of(grid)
    lowered = {jump.population_after for jump in jumps(found) if jump.lowers}
    for low, high in pairwise(interesting(found)):
        if high == low + 1:
            before, after = found.total_cents(low), found.total_cents(high)
            assert (before is not None and after is not None and after < before) == (high in lowered)


@given(grids, people)
def test_the_formula_for_int64_stays_in_its_bounds(grid, count):
    found = curve_of(grid)
    for line in found.segment(count).lines:
        if found.fits_int64():
            assert abs(line.rate * count) + abs(line.base) + 500_000 < 2**63
        assert line.rate * count + line.base >= 0


def test_absurd_rates_do_not_fit_and_are_still_exact():
    grid = {"pattern": "per_inhabitant", "population_kind": "totale", "rate": "999999999999.99999999"}
    found = curve_of(grid)
    assert not found.fits_int64()
    assert found.total_cents(10_000_000) == total(grid, 10_000_000)


def test_a_bound_beyond_int64_does_not_fit():
    grid = {
        "pattern": "per_inhabitant",
        "population_kind": "totale",
        "rate": "0.00000001",
        "minimum": "90000000000",
    }
    found = curve_of(grid)
    assert found.segments[-1].first < 2**63
    assert found.fits_int64()
    assert not curve_of({**grid, "minimum": "999999999999"}).fits_int64()


@settings(max_examples=50)
@given(every_grid, st.lists(st.integers(1, MAX_POPULATION), min_size=1, max_size=20), others)
def test_numpy_and_int64_give_the_same_cents(grid, counts, known):
    found = curve_of(grid, **known)
    if not found.fits_int64():
        return
    for segment in found.segments:
        inside = [n for n in (*counts, MAX_POPULATION) if found.segment(n) == segment]
        population = numpy.array(inside, dtype=numpy.int64)
        cents = sum(
            (numpy.int64(line.rate) * population + numpy.int64(line.base) + 500_000) // 1_000_000
            for line in segment.lines
        )
        if segment.lines:
            assert cents.tolist() == [found.total_cents(n) for n in inside]


@pytest.mark.parametrize("name", sorted(ALL))
def test_published_grids_fit_int64_whoever_asks(name):
    for member_type in ("commune", "epci_with_own_tax", "epci_without_own_tax", "nobody"):
        found = curve_of(ALL[name], member_type=member_type, agents=60)
        assert found.fits_int64()
        for count in interesting(found, 163, 14_999):
            expected = total(ALL[name], count, member_type=member_type, agents=60)
            assert total_from_curve(found, count) == expected


def test_cdg38_jumps_at_each_bound():
    assert [plain(jump.in_words()) for jump in jumps(curve_of(CDG38))] == [
        "à 1 501 habitants : +122,00 €",
        "à 5 001 habitants : +206,00 €",
        "à 10 001 habitants : +363,00 €",
        "à 20 001 habitants : +485,00 €",
    ]
    first = jumps(curve_of(CDG38, first_year=True))[0]
    assert (first.population_before, first.population_after) == (1500, 1501)
    assert (first.cents_before, first.cents_after) == (5_200, 22_700)
    assert not first.lowers


def test_a_price_that_goes_down_is_said():
    grid = {
        "pattern": "flat_by_stratum",
        "population_kind": "totale",
        "strata": [{"upper": 1500, "amount": "62"}, {"lower": 1501, "amount": "50"}],
    }
    (jump,) = jumps(curve_of(grid))
    assert jump.lowers
    assert plain(jump.in_words()) == "de 1 500 à 1 501 habitants, le prix baisse de 12,00 €"


def test_where_no_price_is_published_there_is_no_jump_but_a_reason():
    found = curve_of(SPL_XDEMAT)
    assert [segment.code for segment in found.segments] == ["", "price_not_published"] * 2
    assert found.total_cents(200) is None
    assert "de 200 à moins de 5" in found.segment(200).reason
    assert jumps(found) == []


def test_atip67_is_two_segments_for_a_commune_and_none_for_an_unknown_type():
    assert [(s.first, s.last) for s in curve_of(ATIP67).segments] == [(1, 5000), (5001, None)]
    (segment,) = curve_of(ATIP67, member_type="region").segments
    assert segment.code == "member_type_unknown"
    (flat,) = curve_of(ATIP67, member_type="epci_without_own_tax").segments
    assert flat.cents(1) == flat.cents(9_999_999) == 100_000


def test_a_missing_fact_is_a_reason_and_no_exception():
    (segment,) = curve_of(CDG38, member_type="ccas").segments
    assert (segment.first, segment.last, segment.code) == (1, None, "agents_unknown")


def test_nobody_is_not_on_the_curve():
    with pytest.raises(ValueError, match="starts at 1 inhabitant"):
        curve_of(ATIP67).total_cents(0)
