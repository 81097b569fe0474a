"""A settled amount shared out between payers: to the cent, whatever their order."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import SUBSCRIBER, Claim, apportion, split

YEAR = [date(2026, month, 1) for month in range(1, 13)]


def claim(payer, percent, **terms) -> Claim:
    terms = {"starts": YEAR[0], **terms}
    return Claim(payer=payer, words=f"{percent} %", part=percent * 100, whole=10_000, **terms)


def amount(payer, cents, **terms) -> Claim:
    return Claim(payer=payer, words=f"{cents} par an", yearly_cents=cents, **{"starts": YEAR[0], **terms})


def cents_of(portions) -> dict[int, int]:
    return {payer: portion.cents for payer, portion in portions.items()}


def test_a_rate_and_the_rest():
    [found] = split([(25_800, False)], months=YEAR, claims=[claim(7, 40)])
    assert cents_of(found) == {7: 10_320, SUBSCRIBER: 15_480}
    assert (found[7].words, found[7].steps) == (["40 %"], ["40 % de 258,00\xa0€"])


def test_a_rate_of_some_months_only():
    [found] = split([(12_000, False)], months=YEAR, claims=[claim(7, 50, ends=date(2026, 7, 1))])
    assert cents_of(found) == {7: 3_000, SUBSCRIBER: 9_000}
    assert found[7].steps == ["50 % pendant 6 mois sur 12 de 120,00\xa0€"]


def test_one_rate_after_another():
    claims = [claim(7, 50, ends=date(2026, 7, 1)), claim(7, 20, starts=date(2026, 7, 1))]
    [found] = split([(12_000, False)], months=YEAR, claims=claims)
    assert found[7].cents == 4_200
    assert found[7].words == ["50 %", "20 %"]


def test_a_one_off_line_is_of_the_first_month():
    claims = [claim(7, 50, starts=date(2026, 2, 1))]
    adhesion, yearly = split([(6_000, True), (12_000, False)], months=YEAR, claims=claims)
    assert cents_of(adhesion) == {SUBSCRIBER: 6_000}
    assert yearly[7].cents == 5_500


def test_amounts_a_year_come_after_rates_and_line_by_line():
    first, second = split(
        [(5_000, False), (8_000, False)], months=YEAR, claims=[claim(7, 50), amount(8, 3_000)]
    )
    assert cents_of(first) == {7: 2_500, 8: 2_500, SUBSCRIBER: 0}
    assert cents_of(second) == {7: 4_000, 8: 500, SUBSCRIBER: 3_500}
    assert second[8].steps == ["3000 par an pendant 12 mois sur 12"]


def test_an_amount_never_goes_beyond_the_price():
    [found] = split([(5_000, False)], months=YEAR, claims=[amount(7, 6_000), amount(8, 2_000)])
    assert cents_of(found) == {7: 3_750, 8: 1_250, SUBSCRIBER: 0}
    assert "Ramené à 37,50" in found[7].steps[-1]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="more than the whole"):
        split([(100, False)], months=YEAR, claims=[claim(7, 60), claim(8, 60)])
    with pytest.raises(ValueError, match="no month"):
        split([(100, False)], months=[], claims=[])
    with pytest.raises(ValueError, match="no share"):
        Claim(payer=SUBSCRIBER, words="", starts=YEAR[0])
    with pytest.raises(ValueError, match="not both"):
        Claim(payer=1, words="", starts=YEAR[0], part=1, whole=2, yearly_cents=5)
    with pytest.raises(ValueError, match="positive"):
        apportion(-1, {1: Fraction(1)})


@given(
    st.integers(0, 10**9),
    st.dictionaries(st.integers(1, 400), st.integers(0, 60_000), min_size=1, max_size=40),
    st.integers(0, 10**6),
    st.randoms(use_true_random=False),
)
def test_parts_by_inhabitants_make_the_whole(cents, inhabitants, yearly, random):
    total = sum(inhabitants.values()) + 1
    claims = [
        Claim(payer=payer, words="", starts=YEAR[0], part=count, whole=total)
        for payer, count in inhabitants.items()
    ]
    claims.append(amount(401, yearly))
    amounts = [(cents, False), (cents // 7, False)]
    found = split(amounts, months=YEAR, claims=claims)
    random.shuffle(claims)
    assert [cents_of(one) for one in split(amounts, months=YEAR, claims=claims)] == [
        cents_of(one) for one in found
    ], "the order changes nothing"
    for (whole, _), portions in zip(amounts, found, strict=True):
        assert sum(portion.cents for portion in portions.values()) == whole
        assert min(portion.cents for portion in portions.values()) >= 0
        for payer, count in inhabitants.items():
            exact = Fraction(whole * count, total)
            assert not portions.get(payer) or abs(portions[payer].cents - exact) < 1
