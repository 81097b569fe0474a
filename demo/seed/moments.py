"""The demo's calendar. Fixed days: the same seed tells the same story whenever it is run."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
YEAR_START = date(2026, 1, 1)


def at(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """That hour in Paris."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=PARIS)
