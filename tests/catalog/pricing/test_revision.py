"""Prices are revised by their formula, rounded once, and never beyond the cap."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import Line, Quote, RevisionFormula, revise, revision

BASE = date(2025, 9, 1)
values = st.decimals("50", "900", places=1)
percents = st.decimals("0", "99.99", places=2)
caps = st.none() | st.decimals("0", "20", places=2)
coefficients = st.decimals("0.5000", "2.0000", places=4)


def of(fixed="15", cap=None) -> RevisionFormula:
    return RevisionFormula("syntec", BASE, Decimal(fixed), cap and Decimal(cap))


def computed(formula, base, current, previous=Decimal(1)):
    return revision(formula, base=base, current=current, month=date(2026, 9, 1), previous=previous)


def test_the_calculation_is_told():
    found = computed(of(), Decimal("310.2"), Decimal("320.1"))
    assert found.coefficient == Decimal("1.0271")
    assert found.steps == [
        "Indice de septembre 2026\u202f: 320,1 ; de septembre 2025\u202f: 310,2",
        "0,15 + 0,85 × 320,1 / 310,2 = 1,0271 (quatre décimales)",
    ]
    capped = computed(of(cap="2"), Decimal("310.2"), Decimal("320.1"))
    assert capped.coefficient == Decimal("1.0200")
    assert capped.steps[-1] == "Hausse limitée à 2\xa0% sur le coefficient d’avant, 1,0000\u202f: 1,0200"


def test_the_clause_in_words():
    assert of(cap="2").in_words("indice Syntec") == (
        "P = P0 × (0,15 + 0,85 × S / S0), S étant l’indice Syntec ; S0 celui de septembre 2025 ; "
        "hausse de 2\xa0% au plus à chaque fois"
    )


@given(percents, values, values, coefficients)
def test_it_is_the_exact_value_rounded_once(fixed, base, current, previous):
    found = computed(RevisionFormula("syntec", BASE, fixed), base, current, previous)
    part = Fraction(fixed) / 100
    exact = part + (1 - part) * Fraction(current) / Fraction(base)
    assert abs(Fraction(found.coefficient) - exact) <= Fraction(1, 20_000)


@given(percents, values, values, coefficients, st.decimals("0", "20", places=2))
def test_a_cap_is_never_passed_and_never_raises_a_price(fixed, base, current, previous, cap):
    free = computed(RevisionFormula("syntec", BASE, fixed), base, current, previous).coefficient
    capped = computed(RevisionFormula("syntec", BASE, fixed, cap), base, current, previous).coefficient
    assert Fraction(capped) <= Fraction(previous) * (1 + Fraction(cap) / 100)
    assert capped <= free
    assert capped == free or Fraction(free) > Fraction(previous) * (1 + Fraction(cap) / 100) - Fraction(
        1, 10_000
    )


@given(percents, caps, values)
def test_an_index_that_did_not_move_changes_nothing(fixed, cap, value):
    assert computed(RevisionFormula("syntec", BASE, fixed, cap), value, value).coefficient == 1


@given(percents, values, values, values)
def test_a_higher_index_never_gives_a_lower_price(fixed, base, one, other):
    formula = RevisionFormula("syntec", BASE, fixed)
    low, high = sorted((one, other))
    assert computed(formula, base, low).coefficient <= computed(formula, base, high).coefficient


lines = st.builds(
    lambda quantity, cents, one_off: Line(
        code="x", label="x", quantity=Decimal(quantity), unit="habitant", unit_price=Decimal(cents) / 100,
        amount_cents=quantity * cents, steps=["x"], one_off=one_off,
    ),
    st.integers(1, 5000), st.integers(0, 5000), st.booleans(),
)  # fmt: skip


@given(st.lists(lines, max_size=4), coefficients)
def test_each_line_is_rounded_once_and_fees_stay(found, coefficient):
    before = Quote.of(*found)
    after = revise(before, coefficient=coefficient)
    assert after.total_cents == sum(line.amount_cents for line in after.lines)
    for old, new in zip(before.lines, after.lines, strict=True):
        if old.one_off:
            assert new == old
        else:
            exact = Fraction(old.exact_amount()) * 100 * Fraction(coefficient)
            assert abs(new.amount_cents - exact) <= Fraction(1, 2)
            assert new.steps[:1] == old.steps
    assert Quote.from_dict(after.to_dict()) == after


@pytest.mark.parametrize(
    ("effective", "month"),
    [
        (date(2027, 1, 1), date(2026, 9, 1)),
        (date(2026, 12, 1), date(2026, 9, 1)),
        (date(2026, 11, 1), date(2025, 9, 1)),  # September's is not three months old
        (date(2027, 9, 1), date(2026, 9, 1)),
    ],
)
def test_the_index_read_is_published_already(effective, month):
    assert of().reading_month(effective) == month


@pytest.mark.parametrize("wrong", [{"fixed_percent": Decimal(100)}, {"base_month": date(2025, 9, 2)}])
def test_a_clause_that_means_nothing_is_refused(wrong):
    values = {"index": "syntec", "base_month": BASE, "fixed_percent": Decimal(15), **wrong}
    with pytest.raises(ValueError, match=r"percentage|month"):
        RevisionFormula(**values)
