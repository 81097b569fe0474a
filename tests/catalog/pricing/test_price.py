"""What a quote says, sentence by sentence, and what the engine refuses to price."""

from datetime import date
from decimal import Decimal

import pytest

from catalog.pricing import (
    Facts,
    Population,
    PopulationKindMismatch,
    PopulationUnknown,
    PopulationZero,
    PricingError,
    parse_grid,
    price,
)

from .helpers import facts, plain, population, quote, steps

PER_INHABITANT = {"pattern": "per_inhabitant", "population_kind": "totale", "rate": "0.75"}
WITH_LIMITS = {**PER_INHABITANT, "minimum": "50", "cap": "5000"}
TRANCHES = {
    "pattern": "marginal_tranches",
    "population_kind": "totale",
    "tranches": [{"up_to": 1000, "rate": "1"}, {"up_to": 5000, "rate": "0.125"}, {"rate": "0.25"}],
}
FIXED = {"pattern": "fixed_plus_variable", "population_kind": "totale", "fixed": "120", "rate": "0.3"}
STRATA = {
    "pattern": "flat_by_stratum",
    "population_kind": "totale",
    "strata": [{"upper": 500, "amount": "90"}, {"lower": 501, "amount": "180"}],
}
COUNTING_INHABITANTS = [PER_INHABITANT, WITH_LIMITS, TRANCHES, FIXED, STRATA]

IN_FORCE = "(population totale 2023, en vigueur au 1er janvier 2026)"


def test_the_sentence_of_the_invoice_to_the_very_space():
    (line,) = quote(PER_INHABITANT, 860).lines
    assert line.steps == [
        "860 habitants (population totale 2023, en vigueur au 1er janvier 2026) × 0,75\u00a0€ = 645,00\u00a0€"
    ]
    assert (line.quantity, line.unit, line.unit_price) == (Decimal(860), "habitant", Decimal("0.75"))
    assert line.amount_cents == 64_500


def test_thousands_take_a_narrow_no_break_space():
    (line,) = quote(PER_INHABITANT, 1860).lines
    assert line.steps[0].startswith("1\u202f860 habitants (")
    assert line.steps[0].endswith("= 1\u202f395,00\u00a0€")


def test_one_inhabitant_is_singular():
    assert steps(quote(PER_INHABITANT, 1)) == [f"1 habitant {IN_FORCE} × 0,75 € = 0,75 €"]


def test_a_fine_rate_is_shown_in_full_and_rounding_is_said():
    assert steps(quote({**PER_INHABITANT, "rate": "0.125"}, 861)) == [
        f"861 habitants {IN_FORCE} × 0,125 € = 107,625 €, arrondi à 107,63 €"
    ]


@pytest.mark.parametrize(
    ("kind", "words"), [("municipale", "population municipale"), ("dgf", "population DGF")]
)
def test_the_kind_of_population_is_named(kind, words):
    grid = parse_grid({**PER_INHABITANT, "population_kind": kind})
    priced = price(grid=grid, facts=Facts(on=date(2026, 7, 1), population=population(860, kind)))
    assert f"({words} 2023, en vigueur" in priced.lines[0].steps[0]


@pytest.mark.parametrize(
    ("inhabitants", "cents", "said"),
    [
        (
            66,
            5_000,
            "Minimum appliqué : 49,50 € est inférieur au minimum du barème, le montant est porté à 50,00 €",
        ),
        (67, 5_025, None),
        (6666, 499_950, None),
        (
            6667,
            500_000,
            "Plafond appliqué : 5 000,25 € dépasse le plafond du barème, le montant est ramené à 5 000,00 €",
        ),
    ],
)
def test_minimum_and_cap_on_each_side_and_said_when_applied(inhabitants, cents, said):
    priced = quote(WITH_LIMITS, inhabitants)
    assert priced.total_cents == cents
    assert steps(priced)[1:] == ([said] if said else [])
    assert priced.lines[0].unit == ("forfait" if said else "habitant")


def test_an_amount_equal_to_the_minimum_or_the_cap_is_not_said_to_be_limited():
    grid = {**PER_INHABITANT, "rate": "1", "minimum": "50", "cap": "5000"}
    assert len(steps(quote(grid, 50))) == 1
    assert len(steps(quote(grid, 5000))) == 1


def test_tranches_give_one_step_each():
    assert steps(quote(TRANCHES, 15_001)) == [
        f"15 001 habitants {IN_FORCE}, tranche par tranche",
        "Du 1er au 1 000e habitant : 1 000 × 1,00 € = 1 000,00 €",
        "Du 1 001e au 5 000e habitant : 4 000 × 0,125 € = 500,00 €",
        "Du 5 001e au 15 001e habitant : 10 001 × 0,25 € = 2 500,25 €",
        "Total : 1 000,00 € + 500,00 € + 2 500,25 € = 4 000,25 €",
    ]


@pytest.mark.parametrize(
    ("inhabitants", "cents"), [(1, 100), (1000, 100_000), (1001, 100_013), (5000, 150_000), (5001, 150_025)]
)
def test_tranches_on_each_side_of_each_bound(inhabitants, cents):
    assert quote(TRANCHES, inhabitants).total_cents == cents


def test_the_first_inhabitant_of_a_tranche_reads_well_and_the_total_is_rounded_once():
    assert steps(quote(TRANCHES, 1001))[2:] == [
        "Le 1 001e habitant : 1 × 0,125 € = 0,125 €",
        "Total : 1 000,00 € + 0,125 € = 1 000,125 €, arrondi à 1 000,13 €",
    ]


def test_fixed_plus_variable_makes_two_lines():
    priced = quote(FIXED, 860)
    assert [(line.code, line.amount_cents) for line in priced.lines] == [
        ("fixed", 12_000),
        ("variable", 25_800),
    ]
    assert priced.total_cents == 37_800
    assert steps(priced) == ["Part fixe = 120,00 €", f"860 habitants {IN_FORCE} × 0,30 € = 258,00 €"]


def test_nobody_beyond_the_included_inhabitants_makes_one_line():
    priced = quote({**FIXED, "included": 860}, 860)
    assert steps(priced) == [f"860 habitants {IN_FORCE} : part fixe, 860 habitants compris = 120,00 €"]
    assert len(quote({**FIXED, "included": 859}, 860).lines) == 2


@pytest.mark.parametrize("grid", COUNTING_INHABITANTS)
def test_an_unknown_population_is_never_priced(grid):
    with pytest.raises(PopulationUnknown) as no_figure:
        quote(grid, None)
    with pytest.raises(PopulationUnknown) as nothing_at_all:
        price(grid=parse_grid(grid), facts=Facts(on=date(2026, 7, 1), population=None))
    assert plain(str(no_figure.value)) == (
        "La population totale 2023 de la collectivité n’est pas connue, "
        "le prix ne peut donc pas être calculé."
    )
    assert "n’est pas connue" in str(nothing_at_all.value)
    assert no_figure.value.code == nothing_at_all.value.code == "population_unknown"


@pytest.mark.parametrize("grid", COUNTING_INHABITANTS)
def test_zero_inhabitants_is_another_refusal_than_unknown(grid):
    with pytest.raises(PopulationZero) as refusal:
        quote(grid, 0)
    assert refusal.value.code == "population_zero"
    assert plain(str(refusal.value)) == (
        f"La collectivité compte 0 habitant {IN_FORCE}, le prix ne peut donc pas être calculé d’après ses "
        "habitants. Demandez un prix à votre opérateur."
    )


@pytest.mark.parametrize("grid", COUNTING_INHABITANTS)
@pytest.mark.parametrize("value", [860, 0, None])
@pytest.mark.parametrize("kind", ["municipale", "dgf"])
def test_populations_of_two_kinds_are_never_mixed(grid, value, kind):
    with pytest.raises(PopulationKindMismatch) as refusal:
        price(grid=parse_grid(grid), facts=Facts(on=date(2026, 7, 1), population=population(value, kind)))
    assert "compte la population totale, mais le chiffre fourni est la population" in str(refusal.value)


def test_every_refusal_has_a_code_of_its_own():
    def descendants(cls):
        return {cls}.union(*(descendants(sub) for sub in cls.__subclasses__()))

    codes = [cls.code for cls in descendants(PricingError)]
    assert len(codes) == len(set(codes)) >= 8


def test_pooled_population_and_agents_change_nothing_where_the_grid_does_not_count_them():
    grid = parse_grid(PER_INHABITANT)
    plain_quote = price(grid=grid, facts=facts(860))
    assert (
        price(grid=grid, facts=facts(860, pooled_population=90_000, agents=12, first_year=True))
        == plain_quote
    )


@pytest.mark.parametrize("value", [-1, 1.5, 860.0, True, "860"])
def test_a_population_is_a_whole_number_or_unknown(value):
    with pytest.raises((TypeError, ValueError)):
        population(value)
    with pytest.raises((TypeError, ValueError)):
        facts(860, agents=value)


def test_a_population_has_a_known_kind():
    with pytest.raises(ValueError, match="unknown population kind"):
        Population(860, "légale", 2023, date(2026, 1, 1), "INSEE")
