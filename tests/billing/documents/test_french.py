"""Figures and dates as French readers write them."""

from datetime import date
from decimal import Decimal

import pytest

from billing.documents import french


@pytest.mark.parametrize(
    ("cents", "shown"),
    [
        (0, "0,00\u202f€"),
        (5, "0,05\u202f€"),
        (64500, "645,00\u202f€"),
        (123456789, "1\u202f234\u202f567,89\u202f€"),
        (-50, "−0,50\u202f€"),
        (-123450, "−1\u202f234,50\u202f€"),
    ],
)
def test_euros(cents, shown):
    assert french.euros(cents) == shown


@pytest.mark.parametrize(
    ("price", "shown"),
    [("0.75", "0,75"), ("12", "12,00"), ("0.12345678", "0,12345678"), ("1E+3", "1\u202f000,00")],
)  # fmt: skip
def test_unit_price_is_never_rounded(price, shown):
    assert french.unit_price(Decimal(price)) == f"{shown}\u202f€"


@pytest.mark.parametrize(("value", "shown"), [("860", "860"), ("1234.50", "1\u202f234,5"), ("20.00", "20")])
def test_number(value, shown):
    assert french.number(Decimal(value)) == shown


@pytest.mark.parametrize(("value", "cents"), [("0.125", 13), ("0.124", 12), ("-0.125", -13), ("0.005", 1)])
def test_cents_are_rounded_half_up(value, cents):
    assert french.cents(Decimal(value)) == cents


def test_first_day_of_a_month_is_first():
    assert french.long_date(date(2026, 1, 1)) == "1er janvier 2026"
    assert french.long_date(date(2026, 8, 2)) == "2 août 2026"


def test_siret_and_iban_are_grouped():
    assert french.siret("73282932000074") == "732\u202f829\u202f320\u202f00074"
    assert french.siret("732") == "732"
    assert french.iban("FR7630001007941234567890185") == "FR76 3000 1007 9412 3456 7890 185"
