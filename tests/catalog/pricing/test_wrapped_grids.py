"""Sums, first years, one-off fees, colleges: grids made of other grids."""

import json

import pytest

from catalog.pricing import AgentsUnknown, Quote, parse_grid, prorate

from .helpers import plain, quote
from .more_grids import (
    ADHESION,
    COLLEGES,
    COVERED,
    EVERYTHING,
    INHABITANT_STRATA,
    PER_INHABITANT,
    SUM,
    TWO_YEARS,
)
from .more_grids import ALL as MORE


def lines(priced: Quote) -> list[tuple[str, str, int]]:
    return [(line.code, plain(line.label), line.amount_cents) for line in priced.lines]


@pytest.mark.parametrize("name", sorted(MORE))
def test_a_grid_survives_its_own_json(name):
    grid = parse_grid(MORE[name])
    assert parse_grid(json.loads(json.dumps(grid.model_dump(mode="json")))) == grid


def test_a_sum_adds_its_parts_and_names_them():
    assert lines(quote(SUM, 860, agents=3)) == [
        ("1.flat", "Socle : forfait annuel, à partir de 501 habitants", 18_000),
        ("2.per_unit", "Comptes : prix par agent", 1_050),
        ("3.per_inhabitant", "Usage : prix par habitant", 64_500),
    ]


def test_a_sum_without_the_price_of_a_part_has_none_and_says_which():
    with pytest.raises(AgentsUnknown) as refusal:
        quote(SUM, 860)
    assert plain(str(refusal.value)).startswith("Comptes : Le nombre d’agents de la collectivité n’est pas")


def test_the_first_year_has_its_own_grid():
    assert lines(quote(TWO_YEARS, 860, first_year=True)) == [
        ("flat", "Forfait annuel, première année", 4_000)
    ]
    assert lines(quote(TWO_YEARS, 860)) == [("per_inhabitant", "Prix par habitant, années suivantes", 64_500)]


def test_adhesion_is_owed_once_with_the_first_year():
    first = quote(ADHESION, 860, first_year=True)
    assert lines(first) == [
        (
            "adhesion.flat",
            "Adhésion, la première année seulement : forfait, à partir de 501 habitants",
            18_000,
        ),
        ("per_inhabitant", "Prix par habitant", 64_500),
    ]
    assert [line.one_off for line in first.lines] == [True, False]
    assert lines(quote(ADHESION, 860)) == lines(first.recurring()) == lines(first)[1:]


def test_adhesion_is_never_shared_by_months():
    first = quote(ADHESION, 860, first_year=True)
    part = prorate(quote=first, numerator=6, denominator=12, label="mois")
    assert [line.amount_cents for line in part.lines] == [18_000, 32_250]
    assert part.lines[0] == first.lines[0]


def test_a_frozen_quote_keeps_what_is_owed_once_and_older_ones_still_read():
    first = quote(ADHESION, 860, first_year=True)
    kept = json.loads(json.dumps(first.to_dict()))
    assert Quote.from_dict(kept) == first
    assert [line.get("one_off") for line in kept["lines"]] == [True, None]


def test_covered_by_the_epci_pays_nothing_even_the_first_year():
    assert quote(COVERED, 860, first_year=True).total_cents == 82_500
    assert quote(COVERED, 860, first_year=True, covered_by="CC du Pays").total_cents == 0


def test_college_then_member_type():
    assert quote(COLLEGES, 860, college="petites communes").total_cents == 64_500
    assert quote(COLLEGES, None, college="autres", budget=1).total_cents == 10_000
    assert quote(EVERYTHING, 860, college="petites communes", covered_by="CC").total_cents == 0
    assert quote(EVERYTHING, 8_000, member_type="epci", member_communes=3).total_cents == 149_000
    assert quote(EVERYTHING, None, member_type="syndicat", units={"guichet": 1}).total_cents == 12_000


def test_a_member_type_or_college_otherwise_serves_those_not_named():
    grid = {**COLLEGES, "otherwise": PER_INHABITANT}
    assert quote(grid, 860, college="lycées").total_cents == 64_500


@pytest.mark.parametrize("name", sorted(MORE))
def test_codes_of_lines_differ_within_a_quote(name):
    known = {
        "first_year": True,
        "agents": 3,
        "budget": 1,
        "units": {"workstation": 2, "gigabyte": 2, "guichet": 2},
        "member_communes": 4,
        "pooled_population": 5,
        "college": "petites communes",
    }
    if MORE[name]["pattern"] == "solidarity_key":
        return
    codes = [line.code for line in quote(MORE[name], 860, **known).lines]
    assert len(codes) == len(set(codes))
    assert all(len(code) <= 40 for code in codes)


def test_the_same_grid_twice_in_a_sum_keeps_its_lines_apart():
    grid = {
        "pattern": "sum_of",
        "parts": [{"name": name, "grid": INHABITANT_STRATA} for name in ("Socle", "Option")],
    }
    assert [code for code, *_ in lines(quote(grid, 860))] == ["1.flat", "2.flat"]


def test_a_lump_sum_counts_nobody_whatever_population_it_names():
    lump = {"pattern": "flat_by_stratum", "population_kind": "municipale", "strata": [{"amount": "40"}]}
    grid = {
        "pattern": "sum_of",
        "parts": [{"name": "Socle", "grid": lump}, {"name": "Usage", "grid": PER_INHABITANT}],
    }
    assert parse_grid(grid).population_kind == "totale"
    assert quote(grid, 860).total_cents == 68_500
