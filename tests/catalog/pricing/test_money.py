"""Rounding and writing of amounts."""

from datetime import date
from decimal import ROUND_DOWN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import format_cents, format_date, format_euros, format_number, format_percent, to_cents
from catalog.pricing.money import decimal_places, from_cents, round_ratio


@pytest.mark.parametrize(
    ("euros", "cents"),
    [
        ("0.004", 0),
        ("0.005", 1),
        ("0.015", 2),
        ("0.025", 3),
        ("1.005", 101),
        ("0.00499999", 0),
        ("-0.005", -1),
        ("-0.0049", 0),
    ],
)
def test_a_half_cent_goes_up_away_from_zero(euros, cents):
    assert to_cents(Decimal(euros)) == cents


@given(st.integers(-(10**20), 10**20))
def test_rounding_agrees_with_integer_arithmetic(units):
    """Amounts of 8 decimals, as whole numbers of 10⁻⁸ euro."""
    expected = (abs(units) + 500_000) // 1_000_000
    assert to_cents(Decimal(units).scaleb(-8)) == (expected if units >= 0 else -expected)
    assert round_ratio(units, 1_000_000) == (expected if units >= 0 else -expected)


@given(st.integers(-(10**15), 10**15))
def test_cents_survive_euros(cents):
    assert to_cents(from_cents(cents)) == cents


def test_the_callers_decimal_context_changes_nothing():
    with localcontext() as context:
        context.prec, context.rounding = 3, ROUND_DOWN
        assert to_cents(Decimal("123456.785")) == 12_345_679
        assert format_euros(Decimal("123456.785")) == "123\u202f456,785\u00a0€"
        assert from_cents(12_345_678) == Decimal("123456.78")


@pytest.mark.parametrize("amount", [0.1, 1, "1", None])
def test_only_decimals_become_cents(amount):
    with pytest.raises(TypeError):
        to_cents(amount)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
def test_an_amount_is_finite(amount):
    with pytest.raises(ValueError, match="finite"):
        to_cents(Decimal(amount))


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "0,00\u00a0€"),
        (5, "0,05\u00a0€"),
        (64_500, "645,00\u00a0€"),
        (123_456_789, "1\u202f234\u202f567,89\u00a0€"),
        (-64_500, "-645,00\u00a0€"),
    ],
)
def test_cents_in_french(cents, text):
    assert format_cents(cents) == text


@pytest.mark.parametrize("cents", [1.0, True, Decimal(1), "1"])
def test_only_whole_cents_are_written(cents):
    with pytest.raises(TypeError):
        format_cents(cents)


@pytest.mark.parametrize(
    ("euros", "text"),
    [
        ("0.125", "0,125"),
        ("0.75000000", "0,75"),
        ("1", "1,00"),
        ("1E+3", "1\u202f000,00"),
        ("0.00000001", "0,00000001"),
    ],
)
def test_a_unit_price_is_shown_in_full(euros, text):
    assert format_euros(Decimal(euros)) == f"{text}\u00a0€"


def test_numbers_percents_and_dates():
    assert format_number(15_000) == "15\u202f000"
    assert format_number(Decimal("0.50")) == "0,5"
    assert format_percent(Decimal("20.00")) == "20\u00a0%"
    assert format_percent(Decimal("5.5")) == "5,5\u00a0%"
    assert format_date(date(2026, 1, 1)) == "1er janvier 2026"
    assert format_date(date(2026, 8, 31)) == "31 août 2026"
    assert format_date(date(2026, 12, 11)) == "11 décembre 2026"
    assert decimal_places(Decimal("100")) == 0


def test_floats_are_not_written():
    with pytest.raises(TypeError):
        format_number(0.5)
