"""Days as French readers write them."""

from datetime import date

from django.utils.formats import date_format


def in_words(day: date) -> str:
    """ "3 mars 2026", "1er avril 2026"."""
    text = date_format(day, "j F Y")
    return text.replace("1 ", "1er ", 1) if day.day == 1 else text
