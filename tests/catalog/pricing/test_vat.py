"""VAT once per category and rate."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import VatSubtotal, vat_breakdown

TWENTY = Decimal("20")
ZERO = Decimal("0")

lines = st.lists(
    st.tuples(
        st.integers(-(10**9), 10**9), st.just("S"), st.sampled_from([TWENTY, Decimal("8.5"), Decimal("5.5")])
    )
    | st.tuples(st.integers(-(10**9), 10**9), st.sampled_from(["E", "O"]), st.just(ZERO)),
    max_size=12,
)


def test_three_lines_of_33_cents_at_twenty_percent():
    assert vat_breakdown([(33, "S", TWENTY)] * 3) == [VatSubtotal("S", TWENTY, 99, 20)]


def test_half_a_cent_of_vat_goes_up():
    assert vat_breakdown([(1, "S", Decimal("50"))])[0].vat_cents == 1
    assert vat_breakdown([(10, "S", Decimal("5.5"))])[0].vat_cents == 1
    assert vat_breakdown([(-10, "S", Decimal("5.5"))])[0].vat_cents == -1


def test_one_subtotal_for_each_category_and_rate_in_a_steady_order():
    found = vat_breakdown(
        [
            (100, "O", ZERO),
            (100, "S", Decimal("8.5")),
            (100, "E", ZERO),
            (100, "S", TWENTY),
            (50, "S", Decimal("20.00")),
        ]
    )
    assert [(sub.category, sub.rate, sub.base_cents, sub.vat_cents) for sub in found] == [
        ("S", TWENTY, 150, 30),
        ("S", Decimal("8.5"), 100, 9),
        ("E", ZERO, 100, 0),
        ("O", ZERO, 100, 0),
    ]


def test_no_line_no_subtotal():
    assert vat_breakdown([]) == []


@given(lines, st.randoms())
def test_nothing_is_lost_and_order_does_not_matter(rows, random):
    found = vat_breakdown(rows)
    assert sum(sub.base_cents for sub in found) == sum(row[0] for row in rows)
    random.shuffle(rows)
    assert vat_breakdown(rows) == found


@given(st.integers(0, 10**12), st.sampled_from([200, 85, 55, 21]))
def test_vat_agrees_with_integer_arithmetic(base, tenths):
    (sub,) = vat_breakdown([(base, "S", Decimal(tenths).scaleb(-1))])
    assert sub.vat_cents == (base * tenths + 500) // 1000


@pytest.mark.parametrize(
    ("category", "rate"),
    [
        ("S", "0"),
        ("S", "0.2"),
        ("S", "-20"),
        ("S", "101"),
        ("S", "NaN"),
        ("E", "20"),
        ("O", "20"),
        ("Z", "0"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(category, rate):
    with pytest.raises(ValueError, match=r"."):
        vat_breakdown([(100, category, Decimal(rate))])


@pytest.mark.parametrize(
    ("amount", "rate"), [(1.0, TWENTY), (Decimal(1), TWENTY), (True, TWENTY), (100, 20), (100, 20.0)]
)
def test_only_whole_cents_and_decimal_rates(amount, rate):
    with pytest.raises(TypeError):
        vat_breakdown([(amount, "S", rate)])
