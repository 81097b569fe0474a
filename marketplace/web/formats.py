"""Figures and dates as French readers write them. One place, for every page."""

from datetime import date, datetime

from django.utils.timezone import localtime

from catalog.pricing import format_cents, format_number, format_percent
from tenants.days import in_words

__all__ = ["day", "format_cents", "format_number", "format_percent", "moment", "net"]


def day(value: date | None) -> str:
    """ "3 mars 2026", "1er avril 2026"; "" for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = localtime(value).date()
    return in_words(value)


def net(cents: int, *, taxed: bool) -> str:
    """ "645,00 € HT"; "645,00 €" where there is no tax: "HT" would announce some."""
    return f"{format_cents(cents)} HT" if taxed else format_cents(cents)


def moment(value: datetime | None) -> str:
    """ "3 mars 2026 à 14 h 05"; "" for None."""
    if value is None:
        return ""
    local = localtime(value)
    return f"{day(local.date())} à {local.hour}\u00a0h\u00a0{local.minute:02d}"
