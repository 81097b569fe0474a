"""Freezing a quote and taking part of it."""

import json
from decimal import Decimal

import pytest

from catalog.pricing import Line, Quote, prorate

from .helpers import plain, quote

GRID = {"pattern": "per_inhabitant", "population_kind": "totale", "rate": "0.75"}
FINE = {**GRID, "rate": "0.7501"}


def line(**changes) -> Line:
    fields = {
        "code": "flat",
        "label": "Forfait",
        "quantity": Decimal(1),
        "unit": "forfait",
        "unit_price": Decimal("10"),
        "amount_cents": 1000,
        "steps": [],
    }
    return Line(**{**fields, **changes})


def test_a_frozen_quote_is_plain_json_with_decimals_as_strings():
    frozen = quote(GRID, 860).to_dict()
    assert frozen == json.loads(json.dumps(frozen))
    assert frozen["total_cents"] == 64_500
    row = frozen["lines"][0]
    assert (row["quantity"], row["unit_price"], row["amount_cents"]) == ("860", "0.75", 64_500)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda data: data.update(total_cents=1),
        lambda data: data["lines"][0].update(amount_cents=1),
        lambda data: data["lines"][0].update(unit_price="0.01"),
        lambda data: data["lines"].clear(),
    ],
)
def test_a_frozen_price_that_was_tampered_with_is_not_read_back(tamper):
    data = quote(GRID, 860).to_dict()
    tamper(data)
    with pytest.raises(ValueError, match="is not"):
        Quote.from_dict(data)


@pytest.mark.parametrize(
    ("field", "value"), [("unit_price", 0.75), ("quantity", 860), ("amount_cents", 64_500.0)]
)
def test_numbers_of_the_wrong_type_are_not_read_back(field, value):
    data = quote(GRID, 860).to_dict()
    data["lines"][0][field] = value
    with pytest.raises(TypeError):
        Quote.from_dict(data)


def test_a_line_that_does_not_multiply_or_a_total_that_does_not_add_is_refused():
    with pytest.raises(ValueError, match="is not"):
        line(amount_cents=1001)
    with pytest.raises(TypeError):
        line(amount_cents=1000.0)
    with pytest.raises(TypeError):
        line(unit_price=10.0)
    with pytest.raises(ValueError, match="sum of the lines"):
        Quote(lines=[line()], total_cents=999)


def test_half_a_year_adds_a_step():
    half = prorate(quote=quote(GRID, 860), numerator=6, denominator=12, label="mois")
    assert half.total_cents == 32_250
    assert half.lines[0].steps[-1] == "645,00\u00a0€ × 6 mois / 12 = 322,50\u00a0€"
    assert len(half.lines[0].steps) == 2
    assert (half.lines[0].quantity, half.lines[0].unit_price) == (Decimal(860), Decimal("0.375"))


def test_a_part_is_rounded_once_from_the_exact_amount_and_shows_it():
    year = quote(FINE, 860)
    half = prorate(quote=year, numerator=6, denominator=12, label="mois")
    # Exact: 645.086 / 2 = 322.543. From the rounded 645.09 it would wrongly be 322.55.
    assert (year.total_cents, half.total_cents) == (64_509, 32_254)
    assert plain(half.lines[0].steps[-1]) == "645,086 € (avant arrondi) × 6 mois / 12 = 322,54 €"


def test_a_part_that_no_unit_price_can_express_becomes_a_lump_sum():
    third = prorate(quote=quote({**GRID, "rate": "0.1"}, 10), numerator=1, denominator=3, label="trimestre")
    (part,) = third.lines
    assert (part.quantity, part.unit, part.unit_price, part.amount_cents) == (
        1,
        "forfait",
        Decimal("0.33"),
        33,
    )


def test_nothing_and_the_whole():
    year = quote(GRID, 860)
    assert prorate(quote=year, numerator=0, denominator=12, label="mois").total_cents == 0
    assert prorate(quote=year, numerator=12, denominator=12, label="mois").total_cents == year.total_cents


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 12), (1, 0), (1, -12)])
def test_a_senseless_part_is_refused(numerator, denominator):
    with pytest.raises(ValueError, match="cannot take"):
        prorate(quote=quote(GRID, 860), numerator=numerator, denominator=denominator, label="mois")
