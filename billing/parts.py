"""What a subscription owes for a period, priced part by part."""

from dataclasses import dataclass, field

from billing.periods import Period
from catalog.pricing import Facts, Quote
from catalog.vat import Regime


@dataclass(frozen=True)
class Part:
    """What a subscription owes for a time in which its terms do not change (`quote`), the price of the whole
    year that it is a part of, line for line (None of what was used), and the facts. `owed` says which part,
    as its entries keep it: the `months`, the `rhythm` or the `usage`. `suffix` tells its lines apart."""

    period: Period
    quote: Quote
    year: Quote | None
    facts: Facts
    vat: Regime
    owed: dict = field(default_factory=dict)
    suffix: str = ""


@dataclass(frozen=True)
class PeriodPrice:
    """What a subscription owes for a period, part by part: one, unless an amendment took effect within it, or
    several periods of its own fall due in it."""

    parts: tuple[Part, ...]

    @property
    def quote(self) -> Quote:
        """The lines of all parts."""
        return Quote.of(*(line for part in self.parts for line in part.quote.lines))
