"""Grids that count units, or look at the group around the buyer: on each side of each bound, in words."""

from decimal import Decimal

import pytest

from catalog.pricing import (
    AgentsUnknown,
    BudgetUnknown,
    FactUnknown,
    MemberCommunesUnknown,
    PooledPopulationUnknown,
    SolidarityCoefficientUnknown,
    UnitsUnknown,
    parse_grid,
)

from .helpers import plain, quote, steps
from .more_grids import (
    AGENTS,
    BUDGET_STRATA,
    COMMUNE_STRATA,
    COUNTERS,
    EPCI,
    GIGABYTES,
    POOLED,
    SOLIDARITY,
    WORKSTATIONS,
)

IN_FORCE = "(population totale 2023, en vigueur au 1er janvier 2026)"


@pytest.mark.parametrize(
    ("budget", "cents", "words"),
    [
        (0, 10_000, "jusqu’à 500 000 € de budget"),
        (500_000, 10_000, "jusqu’à 500 000 € de budget"),
        (500_001, 25_000, "plus de 500 000 et moins de 2 000 000 € de budget"),
        (1_999_999, 25_000, "plus de 500 000 et moins de 2 000 000 € de budget"),
        (2_000_000, 60_050, "à partir de 2 000 000 € de budget"),
        (10_000_000_000, 60_050, "à partir de 2 000 000 € de budget"),
    ],
)
def test_strata_of_budget(budget, cents, words):
    priced = quote(BUDGET_STRATA, None, budget=budget)
    assert priced.total_cents == cents
    assert f"forfait annuel {words} = " in steps(priced)[0]


@pytest.mark.parametrize(("communes", "cents"), [(0, 50_000), (10, 50_000), (11, 90_000)])
def test_strata_of_member_communes(communes, cents):
    priced = quote(COMMUNE_STRATA, None, member_communes=communes)
    assert priced.total_cents == cents
    assert "communes membres = " in steps(priced)[0]


@pytest.mark.parametrize(
    ("workstations", "cents"), [(0, 0), (1, 1_000), (10, 10_000), (11, 8_800), (50, 40_000), (51, 26_138)]
)
def test_all_units_are_at_the_band_reached(workstations, cents):
    assert quote(WORKSTATIONS, None, units={"workstation": workstations}).total_cents == cents


def test_a_coefficient_is_explained():
    assert steps(quote(WORKSTATIONS, None, units={"workstation": 12})) == [
        "12 postes de travail : palier de 11 à 50 postes de travail, "
        "10,00 € × coefficient 0,8 = 8,00 € pour tous",
        "12 postes de travail × 8,00 € = 96,00 €",
    ]
    assert steps(quote(WORKSTATIONS, None, units={"workstation": 51})) == [
        "51 postes de travail : palier à partir de 51 postes de travail, 5,125 € pour tous",
        "51 postes de travail × 5,125 € = 261,375 €, arrondi à 261,38 €",
    ]


@pytest.mark.parametrize(
    ("gigabytes", "cents"), [(0, 0), (10, 0), (11, 50), (100, 4_500), (101, 4_513), (200, 5_750)]
)
def test_bands_one_by_one(gigabytes, cents):
    assert quote(GIGABYTES, None, units={"gigabyte": gigabytes}).total_cents == cents


def test_bands_are_explained_one_by_one():
    assert steps(quote(GIGABYTES, None, units={"gigabyte": 101})) == [
        "101 Go, palier par palier",
        "Go 1 à 10 : 10 × 0,00 € = 0,00 €",
        "Go 11 à 100 : 90 × 0,50 € = 45,00 €",
        "Go 101 : 1 × 0,125 € = 0,125 €",
        "Total : 0,00 € + 45,00 € + 0,125 € = 45,125 €, arrondi à 45,13 €",
    ]


def test_a_named_unit_and_agents():
    assert steps(quote(COUNTERS, None, units={"guichet": 2})) == ["2 guichets × 120,00 € = 240,00 €"]
    named = {**COUNTERS, "unit_name": "portail", "unit_name_plural": "portails ou sites"}
    assert steps(quote(named, None, units={"portail": 3}))[0].startswith("3 portails ou sites × ")
    assert quote(AGENTS, None, agents=12).total_cents == 4_200
    assert quote(AGENTS, None, units={"agent": 12}).total_cents == 4_200


def test_an_epci_pays_by_commune_and_by_inhabitant():
    priced = quote(EPCI, 15_001, member_communes=12)
    assert [line.amount_cents for line in priced.lines] == [25_000, 96_000, 187_513]
    assert steps(priced) == [
        "Part fixe = 250,00 €",
        "12 communes membres × 80,00 € = 960,00 €",
        f"15 001 habitants {IN_FORCE} × 0,125 € = 1 875,125 €, arrondi à 1 875,13 €",
    ]


@pytest.mark.parametrize(
    ("group", "cents"),
    [(0, 51_600), (50_000, 51_600), (50_001, 38_700), (200_000, 38_700), (200_001, 25_800)],
)
def test_the_volume_of_the_group_makes_the_rate_of_everybody(group, cents):
    assert quote(POOLED, 860, pooled_population=group).total_cents == cents


def test_the_volume_of_the_group_is_said():
    assert steps(quote(POOLED, 860, pooled_population=120_000)) == [
        "Le groupe réunit 120 000 habitants : 0,45 € par habitant pour tous ses membres",
        f"860 habitants {IN_FORCE} × 0,45 € = 387,00 €",
    ]


def test_a_solidarity_key_says_its_division_and_its_rounding():
    assert steps(quote(SOLIDARITY, 860, solidarity_coefficient=Decimal("0.85"))) == [
        "120 000,00 € à partager entre 95 000 points, coefficient de solidarité 0,85 : "
        "120 000,00 € × 0,85 / 95 000 = 1,07368421 € par habitant (arrondi)",
        f"860 habitants {IN_FORCE} × 1,07368421 € = 923,3684206 €, arrondi à 923,37 €",
    ]


@pytest.mark.parametrize(
    ("grid", "error", "said"),
    [
        (BUDGET_STRATA, BudgetUnknown, "Le budget de la collectivité"),
        (COMMUNE_STRATA, MemberCommunesUnknown, "Le nombre de communes membres"),
        (WORKSTATIONS, UnitsUnknown, "Le nombre de postes de travail"),
        (GIGABYTES, UnitsUnknown, "Le nombre de Go"),
        (AGENTS, AgentsUnknown, "Le nombre d’agents de la collectivité"),
        (EPCI, MemberCommunesUnknown, "Le nombre de communes membres"),
        (POOLED, PooledPopulationUnknown, "Le nombre d’habitants de tout le groupe"),
        (SOLIDARITY, SolidarityCoefficientUnknown, "Le coefficient de solidarité de la collectivité"),
    ],
)
def test_a_fact_that_is_not_known_is_named_and_never_taken_for_zero(grid, error, said):
    with pytest.raises(error) as refusal:
        quote(grid, 860)
    assert isinstance(refusal.value, FactUnknown)
    assert str(refusal.value) == f"{said} n’est pas connu, le prix ne peut donc pas être calculé."
    assert refusal.value.code != FactUnknown.code


def test_shares_of_a_total_add_up_to_it_to_half_a_cent_each():
    members = [(860, "0.85"), (12_000, "1"), (163, "0.5"), (45_017, "1.2")]
    points = sum(Decimal(people) * Decimal(coefficient) for people, coefficient in members)
    grid = {**SOLIDARITY, "total": "98765.43", "points": str(points)}
    shares = [
        quote(grid, people, solidarity_coefficient=Decimal(coefficient)).total_cents
        for people, coefficient in members
    ]
    assert abs(sum(shares) - 9_876_543) <= len(members)


def test_labels_say_what_is_counted():
    (line,) = quote(WORKSTATIONS, None, units={"workstation": 1}).lines
    assert (line.code, line.label, line.unit) == ("per_unit", "Prix par poste de travail", "poste de travail")
    assert plain(parse_grid(WORKSTATIONS).in_words(1_500)) == "1 500 postes de travail"
