"""Amounts: one rounding rule, one way to write a figure in French.

Settled amounts are integer cents; rates and amounts on the way are ``Decimal``; a float is refused.

Spaces, the same in every sentence (they are those of the French CLDR locale):
U+202F (narrow no-break) between thousands and before ``:`` ``;``, U+00A0 (no-break) before ``€`` and ``%``.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from functools import lru_cache

NNBSP = "\u202f"
NBSP = "\u00a0"
COLON = f"{NNBSP}: "

# Decimals of a unit price, at most.
MAX_PLACES = 8

# 60 digits: 12 digits of euros with 8 decimals times any population stay exact, whatever the
# context of the caller.
EXACT = Context(prec=60, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero, Overflow])

MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


def round_half_up(value: Decimal) -> int:
    """Nearest integer; a half goes away from zero, so that a credit note mirrors its invoice to the cent.

    Raises ``TypeError`` for anything but a ``Decimal``, ``ValueError`` for NaN and infinities.
    """
    if not isinstance(value, Decimal):
        raise TypeError(f"a Decimal is needed, not {type(value).__name__}")
    if not value.is_finite():
        raise ValueError(f"a finite amount is needed, not {value}")
    return int(value.to_integral_value(rounding=ROUND_HALF_UP, context=EXACT))


def round_ratio(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` to the nearest integer, half away from zero, in integers only."""
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def to_cents(amount: Decimal) -> int:
    """Euros to whole cents, rounded half-up once (0.125 € → 13 cents)."""
    if not isinstance(amount, Decimal):
        raise TypeError(f"a Decimal is needed, not {type(amount).__name__}")
    return round_half_up(amount.scaleb(2, context=EXACT))


def from_cents(cents: int) -> Decimal:
    """Cents to euros with two decimals, exactly."""
    return Decimal(cents).scaleb(-2, context=EXACT)


def decimal_places(value: Decimal) -> int:
    """How many decimals are needed to write the value in full (0.750 → 2)."""
    exponent = value.normalize(EXACT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def format_number(value: int | Decimal, *, min_places: int = 0) -> str:
    """A figure in French, with every decimal it has: 15000 → ``15 000``, 0.125 → ``0,125``."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"an int or a Decimal is needed, not {type(value).__name__}")
    if isinstance(value, int) and not min_places:
        return f"{value:,}".replace(",", NNBSP)
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    # Most figures are written with their places already: no need to look for trailing zeros.
    short = isinstance(exponent, int) and exponent >= -min_places
    places = min_places if short else max(min_places, decimal_places(number))
    return f"{number:,.{places}f}".replace(",", NNBSP).replace(".", ",")


def format_euros(amount: Decimal) -> str:
    """Euros with at least two decimals, and all of them when there are more: ``0,75 €``, ``0,125 €``."""
    return f"{format_number(amount, min_places=2)}{NBSP}€"


def format_cents(cents: int) -> str:
    """A settled amount: 64500 → ``645,00 €``."""
    if isinstance(cents, bool) or not isinstance(cents, int):
        raise TypeError(f"whole cents are needed, not {type(cents).__name__}")
    return format_euros(from_cents(cents))


def format_percent(rate: Decimal) -> str:
    """A rate given in percent: 20 → ``20 %``, 5.50 → ``5,5 %``."""
    return f"{format_number(rate)}{NBSP}%"


@lru_cache(maxsize=256)
def format_date(day: date) -> str:
    """``1er janvier 2026``, ``31 août 2026``."""
    ordinal = "1er" if day.day == 1 else str(day.day)
    return f"{ordinal} {MONTHS[day.month - 1]} {day.year}"


def format_result(amount: Decimal) -> str:
    """The right-hand side of a calculation: the exact amount, and its rounding when there is one."""
    if decimal_places(amount) <= 2:
        return format_euros(amount)
    return f"{format_euros(amount)}, arrondi à {format_cents(to_cents(amount))}"
