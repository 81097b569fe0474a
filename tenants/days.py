"""Days as French readers write them."""

from datetime import date

from django.utils.formats import date_format


def in_words(day: date) -> str:
    """ "3 mars 2026", "1er avril 2026"."""
    text = date_format(day, "j F Y")
    return text.replace("1 ", "1er ", 1) if day.day == 1 else text


def years_after(day: date, years: int) -> date:
    """The same day `years` later, the 28th for a 29 February that is missing: as PostgreSQL counts."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
