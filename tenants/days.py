"""Days as French readers write them."""

from datetime import date, timedelta
from fractions import Fraction

from django.utils.formats import date_format


def in_words(day: date) -> str:
    """ "3 mars 2026", "1er avril 2026"."""
    text = date_format(day, "j F Y")
    return text.replace("1 ", "1er ", 1) if day.day == 1 else text


def years_in_words(count: int) -> str:
    """ "un an", "3 ans"."""
    return "un an" if count == 1 else f"{count} ans"


def days_in_words(count: int) -> str:
    """ "un jour", "30 jours"."""
    return "un jour" if count == 1 else f"{count} jours"


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


def holidays(year: int) -> set[date]:
    """The public holidays of France that year (Code du travail, L3133-1)."""
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    easter = _easter(year)
    moving = {easter + timedelta(days=days) for days in (1, 39, 50)}  # Monday, Ascension, Whit Monday
    return {date(year, month, day) for month, day in fixed} | moving


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * weekday) // 433
    month = (h + weekday - 7 * m + 90) // 25
    return date(year, month, (h + weekday - 7 * m + 33 * month + 19) % 32)


def working_days_after(day: date, count: int) -> date:
    """The `count`th working day after that one: neither Saturday, Sunday nor public holiday (regulation
    1182/71, articles 2 and 3)."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5 and day not in holidays(day.year)
    return day


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months later, its last day where there is no such day: as PostgreSQL
    counts. Months are counted from the same day each time: 31 January, 28 February, 31 March."""
    first = next_month(day, ahead=months)
    return first.replace(day=min(day.day, (next_month(first) - first).days))


def months_between(anchor: date, day: date) -> Fraction:
    """The months from an anchor to a day, as `months_after` counts them; days count as a fraction of their
    own month."""
    months = (day.year - anchor.year) * 12 + day.month - anchor.month
    start = months_after(anchor, months)
    if start > day:
        months -= 1
        start = months_after(anchor, months)
    return months + Fraction((day - start).days, (months_after(anchor, months + 1) - start).days)
