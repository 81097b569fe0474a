"""A slice of a year's price: what is owed between two moments of the year, so that slices sum to the year."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from .money import COLON, format_cents, from_cents, round_ratio
from .quote import FLAT_UNIT, Line, Quote, exact_in_words, scaled_line

MONTHS = 12


def slice_of_year(year: Quote, *, start: Fraction, end: Fraction) -> Quote:
    """What is owed of a year's price from the moment ``start`` to ``end``, both in months of the year (0 to
    12, days as a fraction of their month).

    Promise: cut the year, or any part of it, wherever you like: the slices sum to it, line by line and to the
    cent. Where rounding a slice alone would not, its last step says the cent. One-off lines stay whole.
    Raises ``ValueError`` for moments that are out of order or out of the year.
    """
    if not 0 <= start < end <= MONTHS:
        raise ValueError(f"no slice of a year goes from {start} to {end}")
    if end - start == MONTHS:
        return year
    return Quote.of(*(line if line.one_off else _cut(line, start, end) for line in year.lines))


def _cut(line: Line, start: Fraction, end: Fraction) -> Line:
    words = f"{exact_in_words(line)} × {months_in_words(end - start)} / {MONTHS}"
    alone = scaled_line(line, (end - start) / MONTHS, lambda cents: f"{words} = {format_cents(cents)}")
    cents = _until(line, end) - _until(line, start)
    if cents == alone.amount_cents:
        return alone
    more = "de plus" if cents > alone.amount_cents else "de moins"
    step = (
        f"{format_cents(abs(cents - alone.amount_cents))} {more}, soit {format_cents(cents)}{COLON}"
        "les parts de l’année font ensemble son prix"
    )
    return replace(
        alone,
        quantity=Decimal(1),
        unit=FLAT_UNIT,
        unit_price=from_cents(cents),
        amount_cents=cents,
        steps=[*alone.steps, step],
    )


def _until(line: Line, moment: Fraction) -> int:
    """Cents owed from the start of the year to a moment of it, rounded half-up once."""
    owed = Fraction(line.exact_amount()) * 100 * moment / MONTHS
    return round_ratio(owed.numerator, owed.denominator)


def months_in_words(length: Fraction) -> str:
    """``3 mois``, ``17/31 de mois``, ``(2 + 17/31) mois``."""
    whole, rest = divmod(length, 1)
    if not rest:
        return f"{whole} mois"
    fraction = f"{rest.numerator}/{rest.denominator}"
    return f"({whole} + {fraction}) mois" if whole else f"{fraction} de mois"
