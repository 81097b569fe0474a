"""Working days, without the public holidays of France."""

from datetime import date

import pytest

from tenants.days import holidays, working_days_after


@pytest.mark.parametrize(
    ("year", "monday", "ascension", "whit_monday"),
    [
        (2024, date(2024, 4, 1), date(2024, 5, 9), date(2024, 5, 20)),
        (2026, date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25)),
        (2027, date(2027, 3, 29), date(2027, 5, 6), date(2027, 5, 17)),
        (2038, date(2038, 4, 26), date(2038, 6, 3), date(2038, 6, 14)),
    ],
)
def test_holidays_that_move(year, monday, ascension, whit_monday):
    found = holidays(year)
    assert {monday, ascension, whit_monday, date(year, 7, 14)} <= found
    assert len(found) == 11


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 11, 27), 1, date(2026, 11, 30)),  # a Friday
        (date(2026, 4, 3), 1, date(2026, 4, 7)),  # before Easter
        (date(2026, 12, 24), 5, date(2027, 1, 4)),  # Christmas and the first of January
        (date(2026, 3, 10), 14, date(2026, 3, 30)),
        (date(2026, 3, 10), 0, date(2026, 3, 10)),
    ],
)
def test_working_days(day, count, expected):
    assert working_days_after(day, count) == expected
