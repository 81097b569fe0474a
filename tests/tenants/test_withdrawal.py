"""The day a withdrawal takes effect."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.members.withdrawal import withdrawal_date
from tenants.models.operator import WithdrawalRule

END, YEAR = WithdrawalRule.NOTICE_END, WithdrawalRule.YEAR_END
days = st.dates(date(1990, 1, 1), date(2090, 12, 31))
notices = st.integers(0, 60)


@pytest.mark.parametrize(
    ("asked_on", "months", "first_day_outside"),
    [
        (date(2026, 3, 15), 6, date(2026, 9, 16)),
        (date(2026, 6, 30), 6, date(2026, 12, 31)),  # ends with 30 December
        (date(2026, 8, 29), 6, date(2027, 3, 1)),  # February has no 29th
        (date(2026, 8, 30), 6, date(2027, 3, 1)),
        (date(2026, 8, 31), 6, date(2027, 3, 1)),
        (date(2027, 8, 29), 6, date(2028, 3, 1)),  # it has one
        (date(2027, 8, 31), 6, date(2028, 3, 1)),
        (date(2026, 10, 31), 1, date(2026, 12, 1)),
        (date(2026, 12, 31), 2, date(2027, 3, 1)),
        (date(2026, 5, 4), 0, date(2026, 5, 5)),
        (date(2024, 2, 29), 12, date(2025, 3, 1)),
        (date(2026, 12, 31), 12, date(2028, 1, 1)),
    ],
)
def test_at_the_end_of_the_notice(asked_on, months, first_day_outside):
    assert withdrawal_date(asked_on, months, END) == first_day_outside


@pytest.mark.parametrize(
    ("asked_on", "months", "first_day_outside"),
    [
        (date(2026, 6, 30), 6, date(2027, 1, 1)),
        (date(2026, 7, 1), 6, date(2028, 1, 1)),  # the notice ends with 1 January: one year more
        (date(2026, 8, 31), 4, date(2027, 1, 1)),  # it ends with 31 December exactly
        (date(2026, 12, 31), 0, date(2027, 1, 1)),
        (date(2027, 1, 1), 0, date(2028, 1, 1)),
        (date(2026, 12, 31), 12, date(2028, 1, 1)),
    ],
)
def test_at_the_end_of_the_year(asked_on, months, first_day_outside):
    assert withdrawal_date(asked_on, months, YEAR) == first_day_outside


@given(days, notices)
def test_a_year_end_is_the_first_of_january_after_the_notice(asked_on, months):
    notice, year = (withdrawal_date(asked_on, months, rule) for rule in (END, YEAR))
    assert (year.month, year.day) == (1, 1)
    assert asked_on < notice <= year
    assert year - notice < timedelta(days=366)


@given(days, notices, st.sampled_from([END, YEAR]))
def test_asking_later_never_ends_sooner(asked_on, months, rule):
    tomorrow = asked_on + timedelta(days=1)
    assert withdrawal_date(asked_on, months, rule) <= withdrawal_date(tomorrow, months, rule)
    assert withdrawal_date(asked_on, months, rule) <= withdrawal_date(asked_on, months + 1, rule)


@given(days, notices)
def test_a_notice_ends_with_the_day_of_the_same_number(asked_on, months):
    last_day = withdrawal_date(asked_on, months, END) - timedelta(days=1)
    assert (last_day.year * 12 + last_day.month) - (asked_on.year * 12 + asked_on.month) == months
    same = last_day.day == asked_on.day
    month_is_shorter = last_day.day < asked_on.day and (last_day + timedelta(days=1)).day == 1
    assert same or month_is_shorter
