"""The answer of the engine: lines to the cent, each with the steps of its calculation in French.

A quote is frozen on the subscription as JSON: ``Quote.from_dict(quote.to_dict()) == quote``, exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .money import (
    EXACT,
    MAX_PLACES,
    decimal_places,
    format_cents,
    format_euros,
    from_cents,
    round_ratio,
    to_cents,
)

FLAT_UNIT = "forfait"


@dataclass(frozen=True, slots=True)
class Line:
    """One priced line. Promise: ``amount_cents == to_cents(quantity * unit_price)``, rounded half-up once.

    ``unit`` is a French noun (habitant, agent, forfait); ``unit_price`` is in euros, up to 8 decimals;
    ``steps`` say in French how the amount comes about. ``one_off`` is a fee that is owed once, whole, with
    the first year.
    """

    code: str
    label: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount_cents: int
    steps: list[str]
    one_off: bool = False

    def __post_init__(self) -> None:
        _cents(self.amount_cents)
        if self.amount_cents != to_cents(self.exact_amount()):
            raise ValueError(
                f"line {self.code}: {self.amount_cents} cents is not {self.quantity} × {self.unit_price} €"
            )

    def exact_amount(self) -> Decimal:
        """Euros before rounding."""
        return EXACT.multiply(self.quantity, self.unit_price)

    def to_dict(self) -> dict[str, Any]:
        """As ``Quote.to_dict`` writes it."""
        return {
            "code": self.code,
            "label": self.label,
            "quantity": f"{self.quantity:f}",
            "unit": self.unit,
            "unit_price": f"{self.unit_price:f}",
            "amount_cents": self.amount_cents,
            "steps": list(self.steps),
            **({"one_off": True} if self.one_off else {}),
        }


@dataclass(frozen=True, slots=True)
class Quote:
    """Priced lines and their sum in cents.

    Raises ``ValueError`` when the total is not the sum of the lines.
    """

    lines: list[Line]
    total_cents: int

    def __post_init__(self) -> None:
        _cents(self.total_cents)
        if self.total_cents != sum(line.amount_cents for line in self.lines):
            raise ValueError(f"the total {self.total_cents} is not the sum of the lines")

    @classmethod
    def of(cls, *lines: Line) -> "Quote":
        """A quote whose total is computed."""
        return cls(lines=list(lines), total_cents=sum(line.amount_cents for line in lines))

    def recurring(self) -> "Quote":
        """Without the one-off lines: what is owed again every year."""
        return Quote.of(*(line for line in self.lines if not line.one_off))

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe copy: decimals as strings, cents as integers; ``one_off`` only where it is true."""
        return {
            "lines": [line.to_dict() for line in self.lines],
            "total_cents": self.total_cents,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Quote":
        """Read back what ``to_dict`` wrote.

        Raises ``KeyError`` for a missing field, ``TypeError`` for a number where a string was written,
        ``ValueError`` when amounts do not add up: a frozen price that was tampered with is never used.
        """
        lines = [
            Line(
                code=row["code"],
                label=row["label"],
                quantity=_decimal(row["quantity"]),
                unit=row["unit"],
                unit_price=_decimal(row["unit_price"]),
                amount_cents=row["amount_cents"],
                steps=list(row["steps"]),
                one_off=row.get("one_off", False),
            )
            for row in data["lines"]
        ]
        return cls(lines=lines, total_cents=data["total_cents"])


def _decimal(text: Any) -> Decimal:
    if not isinstance(text, str):
        raise TypeError(f"a decimal written as a string is needed, not {type(text).__name__}")
    return Decimal(text)


def _cents(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"whole cents are needed, not {type(value).__name__}")


def prorate(*, quote: Quote, numerator: int, denominator: int, label: str) -> Quote:
    """The part ``numerator / denominator`` of a quote, with one more step on each line.

    ``label`` is the noun that follows the numerator: ``prorate(quote=q, numerator=6, denominator=12,
    label="mois")`` adds ``645,00 € × 6 mois / 12 = 322,50 €``. Each line starts again from its exact amount
    and is rounded half-up once; where the exact amount has more than two decimals the step shows it, so that
    the reader finds the same result. Parts of a year are rounded each on their own: two halves may differ
    from the whole by a cent a line. A one-off line stays whole: whoever bills several parts of a first year
    takes ``quote.recurring()`` from the second on. Raises ``ValueError`` for a negative numerator or a
    denominator that is not positive.
    """
    if numerator < 0 or denominator <= 0:
        raise ValueError(f"cannot take {numerator}/{denominator} of a price")
    ratio = Fraction(numerator, denominator)
    return Quote.of(
        *(
            line if line.one_off else _prorated_line(line, ratio, f"{numerator} {label} / {denominator}")
            for line in quote.lines
        )
    )


def _prorated_line(line: Line, ratio: Fraction, words: str) -> Line:
    shown = exact_in_words(line)
    return scaled_line(line, ratio, lambda amount_cents: f"{shown} × {words} = {format_cents(amount_cents)}")


def exact_in_words(line: Line) -> str:
    """``645,00 €``; ``0,125 € (avant arrondi)`` where its exact amount has more than two decimals."""
    exact = line.exact_amount()
    return f"{format_euros(exact)} (avant arrondi)" if decimal_places(exact) > 2 else format_euros(exact)


def scaled_line(line: Line, ratio: Fraction, step: Callable[[int], str]) -> Line:
    """The line times a ratio, from its exact amount and rounded half-up once; ``step`` says how, given the
    cents that come out."""
    cents = Fraction(line.exact_amount()) * 100 * ratio
    amount_cents = round_ratio(cents.numerator, cents.denominator)
    quantity, unit, unit_price = line.quantity, line.unit, _finite(Fraction(line.unit_price) * ratio)
    if unit_price is None:
        # A third of a cent cannot be written as a unit price: the line becomes a lump sum.
        quantity, unit, unit_price = Decimal(1), FLAT_UNIT, from_cents(amount_cents)
    return Line(
        code=line.code,
        label=line.label,
        quantity=quantity,
        unit=unit,
        unit_price=unit_price,
        amount_cents=amount_cents,
        steps=[*line.steps, step(amount_cents)],
    )


def _finite(value: Fraction) -> Decimal | None:
    """The fraction as a decimal of at most 8 places, or None when it has no such form."""
    scaled = value * 10**MAX_PLACES
    if scaled.denominator != 1:
        return None
    result = Decimal(scaled.numerator).scaleb(-MAX_PLACES, context=EXACT)
    return result.quantize(Decimal(1).scaleb(-decimal_places(result)), context=EXACT)
