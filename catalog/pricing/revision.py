"""Revision of prices by an index: P = P0 × (fixed part + the rest × S / S0), with a cap on each rise.

The clause is explicit, as CCP R2112-13 wants: which index, of which month, which part never moves.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .money import (
    COLON,
    EXACT,
    MONTHS,
    format_cents,
    format_euros,
    format_number,
    format_percent,
    round_ratio,
)
from .quote import Line, Quote, scaled_line

COEFFICIENT_PLACES = 4
_SCALE = 10**COEFFICIENT_PLACES
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class RevisionFormula:
    """``index`` is a code; ``base_month`` the first day of the month of S0; ``fixed_percent`` the part of the
    price that never moves; ``cap_percent`` the most that one revision adds to the price before, or None.

    Raises ``ValueError`` for a part that is no percentage or a month that is no first day.
    """

    index: str
    base_month: date
    fixed_percent: Decimal
    cap_percent: Decimal | None = None

    def __post_init__(self) -> None:
        if self.base_month.day != 1:
            raise ValueError("a month is named by its first day")
        if not 0 <= self.fixed_percent < 100:
            raise ValueError("the fixed part is a percentage below 100")
        if self.cap_percent is not None and not self.cap_percent >= 0:
            raise ValueError("a cap is zero or more")

    def in_words(self, index_name: str) -> str:
        """``P = P0 × (0,15 + 0,85 × S / S0), S étant l’indice Syntec ; S0 celui de septembre 2025``."""
        fixed = _percent_as_part(self.fixed_percent)
        words = (
            f"P = P0 × ({format_number(fixed, min_places=2)} + {format_number(ONE - fixed, min_places=2)} "
            f"× S / S0), S étant l’{index_name} ; S0 celui de {month_in_words(self.base_month)}"
        )
        if self.cap_percent is not None:
            words += f" ; hausse de {format_percent(self.cap_percent)} au plus à chaque fois"
        return words

    def reading_month(self, effective_on: date) -> date:
        """The month of S for a revision that takes effect that day: the month of the year of S0, the last
        that is three months old or more, so that its value is published."""
        latest = effective_on.year * 12 + effective_on.month - 1 - 3
        year = latest // 12
        if self.base_month.month - 1 > latest % 12:
            year -= 1
        return date(year, self.base_month.month, 1)


@dataclass(frozen=True, slots=True)
class Revision:
    """By what the first price is multiplied from now on (four decimals), and how it was computed."""

    coefficient: Decimal
    steps: list[str]


def revision(
    formula: RevisionFormula, *, base: Decimal, current: Decimal, month: date, previous: Decimal = ONE
) -> Revision:
    """The coefficient for ``current``, the index of ``month``; ``base`` is that of the base month and
    ``previous`` the coefficient in force until now.

    Rounded half-up once to four decimals; a cap is never passed by rounding. Raises ``ValueError`` for an
    index that is not positive.
    """
    if not (base > 0 and current > 0 and previous > 0):
        raise ValueError("an index and a coefficient are more than zero")
    fixed = _percent_as_part(formula.fixed_percent)
    moving = EXACT.subtract(ONE, fixed)
    exact = Fraction(fixed) + Fraction(moving) * Fraction(current) / Fraction(base)
    scaled = exact * _SCALE
    coefficient = _of_scale(round_ratio(scaled.numerator, scaled.denominator))
    steps = [
        f"Indice de {month_in_words(month)}{COLON}{format_number(current)} ; de "
        f"{month_in_words(formula.base_month)}{COLON}{format_number(base)}",
        f"{format_number(fixed, min_places=2)} + {format_number(moving, min_places=2)} × "
        f"{format_number(current)} / {format_number(base)} = {_written(coefficient)} (quatre décimales)",
    ]
    if formula.cap_percent is not None:
        limit = Fraction(previous) * (1 + Fraction(formula.cap_percent) / 100) * _SCALE
        highest = _of_scale(limit.numerator // limit.denominator)
        if coefficient > highest:
            steps.append(
                f"Hausse limitée à {format_percent(formula.cap_percent)} sur le coefficient d’avant, "
                f"{_written(previous)}{COLON}{_written(highest)}"
            )
            coefficient = highest
    return Revision(coefficient, steps)


def revise(quote: Quote, *, coefficient: Decimal) -> Quote:
    """The quote at a revised price: each line starts again from its exact amount, is multiplied and rounded
    half-up once, with one more step. One-off lines stay as they are."""
    if coefficient == ONE:
        return quote
    return Quote.of(*(line if line.one_off else _revised(line, coefficient) for line in quote.lines))


def since(coefficient: Decimal, *, priced_at: Decimal) -> Decimal:
    """By what a price is multiplied that was made when the coefficient was ``priced_at``: the index moves it
    from then on only. Rounded half-up once to four decimals."""
    ratio = Fraction(coefficient) / Fraction(priced_at) * _SCALE
    return _of_scale(round_ratio(ratio.numerator, ratio.denominator))


def month_in_words(month: date) -> str:
    """``septembre 2026``."""
    return f"{MONTHS[month.month - 1]} {month.year}"


def _revised(line: Line, coefficient: Decimal) -> Line:
    def step(amount_cents: int) -> str:
        exact = format_euros(line.exact_amount())
        return f"Prix révisé{COLON}{exact} × {_written(coefficient)} = {format_cents(amount_cents)}"

    return scaled_line(line, Fraction(coefficient), step)


def _percent_as_part(percent: Decimal) -> Decimal:
    return percent.scaleb(-2, context=EXACT)


def _of_scale(units: int) -> Decimal:
    return Decimal(units).scaleb(-COEFFICIENT_PLACES, context=EXACT)


def _written(coefficient: Decimal) -> str:
    return format_number(coefficient, min_places=COEFFICIENT_PLACES)
