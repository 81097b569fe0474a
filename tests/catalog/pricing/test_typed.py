"""What people type in a form: read when it is clear, refused with a sentence when it is not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import (
    TypedWrong,
    format_euros,
    format_number,
    parse_grid,
    read_amount_text,
    read_count_text,
)

from .helpers import plain

SPACES = [" ", "\u00a0", "\u202f", "\u2009", "\t"]


@pytest.mark.parametrize("space", SPACES)
def test_any_space_groups_thousands(space):
    assert read_amount_text(f" 1{space}501,50{space}€ ") == "1501.50"
    assert read_count_text(f"12{space}003{space}500 ") == 12_003_500


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1501.50", "1501.50"),
        ("0,125", "0.125"),
        ("0.125", "0.125"),
        ("12", "12"),
        ("12€", "12"),
        ("12 euros", "12"),
        ("007,5", "7.5"),
        ("0", "0"),
        ("1.501,50", "1501.50"),
        ("1.5017", "1.5017"),
        ("999999999999,99999999", "999999999999.99999999"),
    ],
)
def test_an_amount_that_is_clear_is_read_and_a_grid_takes_it(typed, read):
    assert read_amount_text(typed) == read
    parse_grid({"pattern": "per_inhabitant", "population_kind": "totale", "rate": read_amount_text(typed)})


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Indiquez un montant en euros, par exemple 1 501,50."),
        (" \u202f ", "Indiquez un montant en euros, par exemple 1 501,50."),
        ("-12", "Un montant ne peut pas être négatif."),
        ("− 12,50 €", "Un montant ne peut pas être négatif."),
        ("gratuit", "« gratuit » n’est pas un montant en euros ; écrivez par exemple 1 501,50."),
        ("15 01", "« 15 01 » n’est pas un montant en euros ; écrivez par exemple 1 501,50."),
        ("1,2,3", "« 1,2,3 » n’est pas un montant en euros ; écrivez par exemple 1 501,50."),
        ("1e3", "« 1e3 » n’est pas un montant en euros ; écrivez par exemple 1 501,50."),
        ("٣", "« ٣ » n’est pas un montant en euros ; écrivez par exemple 1 501,50."),
        ("5" + " " * 300 + "x", "« 5 x » n’est pas un montant en euros ; écrivez par exemple 1 501,50."),
        (
            "1.501",
            "« 1.501 » se lit de deux façons : écrivez 1501 sans point, ou 1,501 avec une virgule.",
        ),
        ("0,123456789", "« 0,123456789 » est trop long : 12 chiffres avant la virgule et 8 après, au plus."),
        ("1" * 13, f"« {'1' * 13} » est trop long : 12 chiffres avant la virgule et 8 après, au plus."),
        ("x" * 10_000, f"« {'x' * 40}… » n’est pas un montant en euros ; écrivez par exemple 1 501,50."),
    ],
)
def test_an_amount_that_is_not_clear_is_refused_with_what_to_write(typed, said):
    with pytest.raises(TypedWrong) as refusal:
        read_amount_text(typed)
    assert plain(str(refusal.value)) == said


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("3500", 3500),
        ("3 500 habitants", 3500),
        ("1 habitant", 1),
        ("12 hab.", 12),
        ("50 agents", 50),
        ("0", 0),
    ],
)
def test_a_count_that_is_clear_is_read(typed, read):
    assert read_count_text(typed) == read


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Indiquez un nombre entier, par exemple 3 500."),
        ("-1", "Un nombre ne peut pas être négatif."),
        ("3,5", "« 3,5 » n’est pas un nombre entier ; écrivez par exemple 3 500."),
        ("3.500", "« 3.500 » n’est pas un nombre entier ; écrivez par exemple 3 500."),
        ("35 00", "« 35 00 » n’est pas un nombre entier ; écrivez par exemple 3 500."),
        ("1" * 14, f"« {'1' * 14} » est trop grand."),
    ],
)
def test_a_count_that_is_not_clear_is_refused(typed, said):
    with pytest.raises(TypedWrong) as refusal:
        read_count_text(typed)
    assert plain(str(refusal.value)) == said


@given(st.decimals(0, 999_999_999, places=8) | st.decimals(0, 999_999_999, places=2))
def test_what_the_site_writes_it_reads_back(amount):
    assert Decimal(read_amount_text(format_euros(amount))) == amount


@given(st.integers(0, 10**12))
def test_a_number_the_site_writes_is_read_back(count):
    assert read_count_text(format_number(count)) == count


@given(st.text("0123456789 ,.€-−\u202f\nabEe", max_size=30))
def test_whatever_is_typed_there_is_an_answer(typed):
    for read in (read_amount_text, read_count_text):
        try:
            answer = str(read(typed))
        except TypedWrong as refusal:
            answer = str(refusal)
        assert answer
