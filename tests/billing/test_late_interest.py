"""Late interest to the cent: dates, rates of both laws, interruptions, limitation."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.late_interest import RateMissing, due_again_on, half_year_of, lapses_on, late, late_in_parts

RATES = {
    date(2024, 7, 1): Decimal("4.25"),
    date(2025, 1, 1): Decimal("3.15"),
    date(2025, 7, 1): Decimal("2.15"),
    date(2026, 1, 1): Decimal("2.15"),
}
DAYS = st.dates(date(2024, 7, 1), date(2026, 6, 29))
CENTS = st.integers(1, 10**9)


def due(base, due_on, until, *, private=False, rates=RATES):
    return late(base_cents=base, due_on=due_on, until=until, private=private, rates=rates.get)


@pytest.mark.parametrize(
    ("base", "due_on", "until", "cents", "days"),
    [
        # H2 2024: 12,25 % (Moniteur). 100 000 € × 12,25 % × 30 / 365 = 1 006,85 €
        (10_000_000, date(2024, 9, 15), date(2024, 10, 15), 100_685, 30),
        # H1 2026: 10,15 % (2,15 % and 8 points). 1 200 € × 10,15 % × 45 / 365 = 15,02 €
        (120_000, date(2026, 2, 28), date(2026, 4, 14), 1_502, 45),
        # One day: the payment day is included, the due day is not.
        (120_000, date(2026, 2, 28), date(2026, 3, 1), 33, 1),
        # The due day is the last of a half-year: interest starts in the next one, at its rate.
        (10_000_000, date(2024, 12, 31), date(2025, 1, 30), 91_644, 30),
        # It started in H2 2024: that rate is kept, although the ECB's has fallen since.
        (10_000_000, date(2024, 12, 30), date(2025, 1, 29), 100_685, 30),
    ],
)
def test_a_public_buyer_pays_the_rate_of_the_half_year_in_which_it_started(base, due_on, until, cents, days):
    found = due(base, due_on, until)
    assert (found.interest_cents, found.days, found.indemnity_cents) == (cents, days, 4000)
    assert found.total_cents == cents + 4000


def test_a_private_payer_pays_each_half_years_rate_and_ten_points():
    # 10 days at 14,25 % and 20 at 13,15 %: 100 000 € × (142,5 + 263) / 36 500 = 1 110,96 €
    found = due(10_000_000, date(2024, 12, 21), date(2025, 1, 20), private=True)
    assert found.interest_cents == 111_096
    assert any("14,25" in step for step in found.steps)
    assert any("13,15" in step for step in found.steps)


def test_the_calculation_is_said():
    assert [
        step.replace("\u202f", " ").replace("\xa0", " ")
        for step in due(120_000, date(2026, 2, 28), date(2026, 4, 14)).steps
    ] == [
        "Échéance le 28 février 2026 : 45 jours de retard au 14 avril 2026",
        "Du 1er mars 2026 au 14 avril 2026 : 45 jours à 10,15 % (taux de la BCE au 1er janvier 2026, 2,15 %, "
        "plus 8 points)",
        "Intérêts sur 1 200,00 € TTC, année de 365 jours : 15,02 €",
        "Indemnité forfaitaire pour frais de recouvrement : 40,00 €",
    ]


def test_without_its_rate_nothing_is_computed_and_the_half_year_is_named():
    with pytest.raises(RateMissing) as missing:
        due(1000, date(2026, 7, 31), date(2026, 9, 1))
    assert missing.value.half_year == date(2026, 7, 1)
    with pytest.raises(RateMissing):  # a private payer's needs the second one too
        due(1000, date(2026, 6, 1), date(2026, 7, 2), private=True)
    assert due(1000, date(2026, 6, 1), date(2026, 7, 2)).days == 31


def test_in_time_or_nothing_owed_is_nothing():
    assert due(1000, date(2026, 3, 1), date(2026, 3, 1)) is None
    assert due(1000, date(2026, 3, 2), date(2026, 3, 1)) is None
    assert due(0, date(2026, 3, 1), date(2026, 4, 1)) is None


@given(base=CENTS, due_on=DAYS, days=st.integers(1, 700), more=st.integers(1, 100))
def test_longer_or_more_is_never_less(base, due_on, days, more):
    until = due_on + timedelta(days=days)
    found = due(base, due_on, until)
    assert found.days == days
    assert due(base, due_on, until + timedelta(days=more)).interest_cents >= found.interest_cents
    assert due(base + more, due_on, until).interest_cents >= found.interest_cents
    exact = Decimal(base) * (RATES[half_year_of(due_on + timedelta(days=1))] + 8) * days / 36500
    assert abs(found.interest_cents - exact) <= Decimal("0.5")


@given(base=CENTS, due_on=DAYS, days=st.integers(1, 500))
def test_a_private_payers_rate_does_not_depend_on_how_days_are_cut(base, due_on, days):
    """Where both half-years have the same rate, cutting changes nothing, not even by a cent."""
    flat = dict.fromkeys([date(year, month, 1) for year in range(2024, 2029) for month in (1, 7)], Decimal(2))
    until = due_on + timedelta(days=days)
    private = due(base, due_on, until, private=True, rates=flat)
    public = due(base, due_on, until, rates=dict.fromkeys(flat, Decimal(4)))
    assert private.interest_cents == public.interest_cents


@pytest.mark.parametrize(
    ("interrupted", "resumed", "expected"),
    [
        (date(2026, 3, 21), date(2026, 4, 5), date(2026, 5, 5)),  # ten days were left: thirty
        (date(2026, 2, 9), date(2026, 3, 1), date(2026, 4, 20)),  # fifty were left: fifty
        (date(2026, 3, 31), date(2026, 3, 31), date(2026, 4, 30)),
    ],
)
def test_after_an_interruption_thirty_days_or_what_was_left(interrupted, resumed, expected):
    assert due_again_on(due_on=date(2026, 3, 31), interrupted_on=interrupted, resumed_on=resumed) == expected


def test_limitation():
    asked = {"issued_on": date(2026, 4, 2), "due_on": date(2026, 5, 2)}
    assert lapses_on(**asked, last_claim_on=None, private=False) == date(2030, 12, 31)
    assert lapses_on(**asked, last_claim_on=date(2027, 1, 3), private=False) == date(2031, 12, 31)
    assert lapses_on(**asked, last_claim_on=None, private=True) == date(2031, 5, 2)
    asked["due_on"] = date(2026, 5, 31)
    assert lapses_on(**asked, last_claim_on=None, private=True) == date(2031, 5, 31)


def test_each_part_bears_interest_until_its_own_day_and_the_indemnity_is_due_once():
    due_on = date(2026, 2, 28)
    parts = [(50_000, date(2026, 2, 20)), (40_000, date(2026, 3, 10)), (30_000, date(2026, 4, 14))]
    found = late_in_parts(parts=parts, due_on=due_on, private=False, rates=RATES.get)
    alone = [due(cents, due_on, until) for cents, until in parts[1:]]
    assert found.interest_cents == sum(one.interest_cents for one in alone)
    assert (found.base_cents, found.days, found.indemnity_cents) == (70_000, 45, 4000)
    assert len([step for step in found.steps if "Indemnité" in step]) == 1


def test_what_was_all_paid_in_time_bears_nothing():
    parts = [(50_000, date(2026, 2, 20)), (0, date(2026, 4, 14))]
    assert late_in_parts(parts=parts, due_on=date(2026, 2, 28), private=False, rates=RATES.get) is None
