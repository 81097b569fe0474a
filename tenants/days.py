"""Days as French readers write them."""

from datetime import date

from django.utils.formats import date_format


def in_words(day: date) -> str:
    """ "3 mars 2026", "1er avril 2026"."""
    text = date_format(day, "j F Y")
    return text.replace("1 ", "1er ", 1) if day.day == 1 else text


def years_in_words(count: int) -> str:
    """ "un an", "3 ans"."""
    return "un an" if count == 1 else f"{count} ans"


def next_month(day: date, *, ahead: int = 1) -> date:
    """The first of the month after that of the day, or `ahead` months after."""
    month = day.year * 12 + day.month - 1 + ahead
    return date(month // 12, month % 12 + 1, 1)


def month_begun_or_next(day: date) -> date:
    """The day itself when it is the first of a month, else the first of the next one."""
    return day if day.day == 1 else next_month(day)


def years_after(day: date, years: int) -> date:
    """The same day `years` later, the 28th for a 29 February that is missing: as PostgreSQL counts."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
