"""Figures, dates and identifiers as French readers write them."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

NARROW = "\u202f"  # narrow no-break space: thousands, €, and before ; : ? !
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip


def cents(amount: Decimal) -> int:
    """Euros to integer cents, half-up: the house's one rounding."""
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))


def euros(amount_cents: int) -> str:
    """1234567 → "12 345,67 €"."""
    return f"{number(Decimal(amount_cents) / 100, least=2)}{NARROW}€"


def unit_price(price: Decimal) -> str:
    """0.75 → "0,75 €", 0.12345 → "0,12345 €": at least two decimals, never a rounding."""
    return f"{number(price, least=2)}{NARROW}€"


def number(value: Decimal, *, least: int = 0) -> str:
    """1234.50 → "1 234,5"; `least` is the smallest number of decimals shown."""
    whole, _, decimals = f"{value:f}".partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    grouped = f"{int(whole):,}".replace(",", NARROW)
    if whole.startswith("-") and not grouped.startswith("-"):
        grouped = f"-{grouped}"
    grouped = grouped.replace("-", "−")
    return f"{grouped},{decimals}" if decimals else grouped


def percent(rate: Decimal) -> str:
    """20.00 → "20 %"."""
    return f"{number(rate)}{NARROW}%"


def long_date(day: date) -> str:
    """2026-01-01 → "1er janvier 2026"."""
    return f"{'1er' if day.day == 1 else day.day} {_MONTHS[day.month - 1]} {day.year}"


def siret(value: str) -> str:
    """73282932000074 → "732 829 320 00074"; anything else is given back as it is."""
    if len(value) != 14:
        return value
    return NARROW.join((value[:3], value[3:6], value[6:9], value[9:]))


def siren(value: str) -> str:
    """732829320 → "732 829 320"; anything else is given back as it is."""
    return NARROW.join((value[:3], value[3:6], value[6:])) if len(value) == 9 else value


def iban(value: str) -> str:
    """Groups of four, as on a bank's own paper."""
    compact = value.replace(" ", "")
    return " ".join(compact[i : i + 4] for i in range(0, len(compact), 4))
