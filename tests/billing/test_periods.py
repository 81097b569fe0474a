"""Half-open periods: their names, and the months begun in them."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.periods import Period, periods_of

YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))
DAYS = st.dates(date(2020, 1, 1), date(2032, 12, 31))


@pytest.mark.parametrize(
    ("start", "end", "label"),
    [
        (date(2026, 1, 1), date(2027, 1, 1), "année 2026"),
        (date(2026, 1, 1), date(2026, 7, 1), "1er semestre 2026"),
        (date(2026, 7, 1), date(2027, 1, 1), "2e semestre 2026"),
        (date(2026, 1, 1), date(2026, 4, 1), "1er trimestre 2026"),
        (date(2026, 10, 1), date(2027, 1, 1), "4e trimestre 2026"),
        (date(2026, 3, 1), date(2026, 4, 1), "mars 2026"),
        (date(2026, 12, 1), date(2027, 1, 1), "décembre 2026"),
        # The right length, but not the calendar's.
        (date(2026, 4, 1), date(2027, 4, 1), "du 01/04/2026 au 01/04/2027 (exclu)"),
        (date(2026, 2, 1), date(2026, 5, 1), "du 01/02/2026 au 01/05/2026 (exclu)"),
        (date(2026, 1, 2), date(2027, 1, 2), "du 02/01/2026 au 02/01/2027 (exclu)"),
        (date(2026, 1, 1), date(2028, 1, 1), "du 01/01/2026 au 01/01/2028 (exclu)"),
        (date(2026, 3, 5), date(2026, 3, 20), "du 05/03/2026 au 20/03/2026 (exclu)"),
        (date(2026, 3, 1), date(2026, 3, 2), "du 01/03/2026 au 02/03/2026 (exclu)"),
    ],
)
def test_a_period_says_its_name(start, end, label):
    assert Period(start, end).label == label


@pytest.mark.parametrize("end", [date(2026, 1, 1), date(2025, 12, 31)])
def test_a_period_ends_after_it_starts(end):
    with pytest.raises(ValueError, match="after it starts"):
        Period(date(2026, 1, 1), end)


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        (date(2025, 6, 1), None, 12),
        (date(2026, 1, 1), None, 12),
        (date(2026, 1, 31), None, 12),
        (date(2026, 2, 1), None, 11),
        (date(2026, 12, 31), None, 1),
        (date(2027, 1, 1), None, 0),
        (date(2026, 1, 1), date(2026, 4, 1), 3),
        (date(2026, 1, 1), date(2026, 4, 2), 4),
        (date(2026, 4, 15), date(2026, 4, 20), 1),
        (date(2026, 4, 15), date(2026, 4, 15), 0),
        (date(2025, 1, 1), date(2026, 1, 1), 0),
        (date(2025, 1, 1), date(2026, 1, 2), 1),
        (date(2026, 6, 1), date(2030, 1, 1), 7),
    ],
)
def test_a_month_begun_is_owed_whole(since, until, months):
    assert YEAR.months_started(since=since, until=until) == months


@given(DAYS, st.integers(1, 800), DAYS, st.none() | DAYS)
def test_months_begun_are_those_of_the_days_used(start, length, since, until):
    period = Period(start, start + timedelta(days=length))
    first, last = max(start, since), min(period.end, until or period.end)
    days = (first + timedelta(days=n) for n in range(max((last - first).days, 0)))
    assert period.months_started(since=since, until=until) == len({(day.year, day.month) for day in days})


@given(st.integers(2000, 2100))
def test_the_periods_of_a_year_share_it_out(year):
    whole, *parts = periods_of(year)
    assert whole.label == f"année {year}"
    for group in (parts[:2], parts[2:6], parts[6:]):
        assert group[0].start == whole.start
        assert group[-1].end == whole.end
        assert all(one.end == following.start for one, following in pairwise(group))
    assert len({period.label for period in periods_of(year)}) == 19
    assert sum(part.months_started(since=whole.start, until=None) for part in parts[2:6]) == 12
