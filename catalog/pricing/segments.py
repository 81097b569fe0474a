"""The pieces of a curve: lines that grow with the number of inhabitants, between two bounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .errors import PricingError
from .money import EXACT

# 10⁻⁸ euro in one cent.
CENT = 1_000_000


@dataclass(frozen=True, slots=True)
class CurveLine:
    """``rate × population + base``, in 10⁻⁸ euro, rounded half-up to the cent on its own."""

    rate: int
    base: int

    def cents(self, population: int) -> int:
        """The line in cents."""
        return (self.rate * population + self.base + CENT // 2) // CENT


@dataclass(frozen=True, slots=True)
class Segment:
    """Populations from ``first`` to ``last`` included (None: no end) that share the same lines.

    Where there is no price, ``lines`` is empty, ``code`` is that of the ``PricingError`` and ``reason`` its
    sentence; elsewhere both are empty.
    """

    first: int
    last: int | None
    lines: tuple[CurveLine, ...] = ()
    code: str = ""
    reason: str = ""

    @property
    def slope(self) -> int:
        """What one more inhabitant adds before rounding, in 10⁻⁸ euro."""
        return sum(line.rate for line in self.lines)

    def cents(self, population: int) -> int | None:
        """The total in cents for a population of this segment, None when there is no price."""
        return None if self.code else sum(line.cents(population) for line in self.lines)


def scaled(amount: Decimal) -> int:
    """Euros as a whole number of 10⁻⁸ euro: exact, since an amount has 8 decimals at most."""
    return int(amount.scaleb(8, context=EXACT))


def without_price(first: int, last: int | None, refusal: PricingError) -> Segment:
    """These populations have no price, for this reason."""
    return Segment(first, last, code=refusal.code, reason=str(refusal))


def lump(amount: Decimal) -> CurveLine:
    """The same euros for everybody."""
    return CurveLine(rate=0, base=scaled(amount))


def merged_neighbours(segments: Iterable[Segment]) -> list[Segment]:
    """Neighbours that say the same thing are one segment."""
    merged: list[Segment] = []
    for segment in segments:
        last = merged[-1] if merged else None
        if last and (last.lines, last.code, last.reason) == (segment.lines, segment.code, segment.reason):
            merged[-1] = Segment(last.first, segment.last, last.lines, last.code, last.reason)
        else:
            merged.append(segment)
    return merged


def added_up(curves: Sequence[Sequence[Segment]]) -> list[Segment]:
    """The sum of several runs of segments; the first without a price leaves the sum without."""
    bounds = sorted({segment.first for segments in curves for segment in segments})
    places = [0] * len(curves)
    found = []
    for rank, first in enumerate(bounds):
        last = bounds[rank + 1] - 1 if rank + 1 < len(bounds) else None
        here = []
        for which, segments in enumerate(curves):
            if places[which] + 1 < len(segments) and segments[places[which] + 1].first == first:
                places[which] += 1
            here.append(segments[places[which]])
        refused = next((segment for segment in here if segment.code), None)
        if refused:
            found.append(Segment(first, last, code=refused.code, reason=refused.reason))
        else:
            found.append(Segment(first, last, tuple(line for segment in here for line in segment.lines)))
    return found
