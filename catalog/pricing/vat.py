"""VAT once per category and rate, on the sum of its lines (EN 16931 BR-CO-17), never line by line.

Categories: ``S`` taxed, ``E`` exempt (CGI 261 B…), ``O`` out of scope (CGI 256 B).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from .money import EXACT, round_half_up

CATEGORIES = ("S", "E", "O")

# Guards against 0.2 written for 20 %. No French rate is below 0.90 % (Corsica, some animals).
_LOWEST_RATE = Decimal("0.9")


@dataclass(frozen=True, slots=True)
class VatSubtotal:
    """One group of the VAT breakdown; ``rate`` is in percent (20 means 20 %), amounts in cents."""

    category: str
    rate: Decimal
    base_cents: int
    vat_cents: int


def _check(amount_cents: int, category: str, rate: Decimal) -> None:
    if isinstance(amount_cents, bool) or not isinstance(amount_cents, int):
        raise TypeError(f"whole cents are needed, not {type(amount_cents).__name__}")
    if not isinstance(rate, Decimal):
        raise TypeError(f"the rate must be a Decimal, not {type(rate).__name__}")
    if category not in CATEGORIES:
        raise ValueError(f"unknown VAT category: {category!r}")
    if not rate.is_finite():
        raise ValueError(f"a finite rate is needed, not {rate}")
    if category == "S" and not _LOWEST_RATE <= rate <= 100:
        raise ValueError(f"category S needs a rate in percent (20 for 20 %), not {rate}")
    if category != "S" and rate != 0:
        raise ValueError(f"category {category} carries no VAT: its rate must be 0, not {rate}")


def vat_breakdown(lines: Iterable[tuple[int, str, Decimal]]) -> list[VatSubtotal]:
    """Group lines ``(amount_cents, category, rate in percent)``; VAT of each group, rounded half-up once.

    Three lines of 0.33 € at 20 % give 0.20 € of VAT (on 0.99 €), not three times 0.07 €. Sorted S, E, O then
    highest rate first, whatever the order of the lines. Does not forbid ``O`` beside other categories: that
    is a rule of the invoice (BR-O-11), not of the sum. Raises ``TypeError`` or ``ValueError`` for a line that
    makes no sense.
    """
    bases: dict[tuple[str, Decimal], int] = {}
    for amount_cents, category, rate in lines:
        _check(amount_cents, category, rate)
        bases[category, rate] = bases.get((category, rate), 0) + amount_cents
    return [
        VatSubtotal(
            category=category,
            rate=rate,
            base_cents=base,
            vat_cents=round_half_up(EXACT.multiply(Decimal(base), rate).scaleb(-2, context=EXACT)),
        )
        for (category, rate), base in sorted(
            bases.items(), key=lambda item: (CATEGORIES.index(item[0][0]), -item[0][1])
        )
    ]
