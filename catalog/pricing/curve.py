"""The yearly total of a grid as a function of the number of inhabitants, exactly: for warnings, charts and
pricing thousands of listings for one commune at once.

How to evaluate with int64 (numpy or SQL bigint), for the segment that contains ``population``::

    total_cents = sum((line.rate * population + line.base + 500_000) // 1_000_000 for line in segment.lines)

with ``//`` rounding down. ``rate`` and ``base`` are integers of 10⁻⁸ euro; the bracket is never negative
inside its segment (``base`` alone may be), so that adding half a cent and rounding down is the engine's
half-up. No intermediate value leaves int64 for a population up to ``MAX_POPULATION`` as long as
``curve.fits_int64()``, that is below some 9 000 € an inhabitant and 90 billion € of lump sum; a caller that
meets another grid asks ``Curve.total_cents``, whose integers have no end.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from .facts import Facts, count_in_words
from .grids import Grid
from .money import COLON, format_cents, format_number
from .segments import CENT, CurveLine, Segment, merged_neighbours
from .shapes import segments_of

__all__ = ["MAX_POPULATION", "Curve", "CurveLine", "Jump", "Segment", "curve", "jumps"]

MAX_POPULATION = 10_000_000


@dataclass(frozen=True)
class Curve:
    """Segments in order that cover every whole number of inhabitants from 1, once each."""

    segments: tuple[Segment, ...]

    @cached_property
    def _firsts(self) -> list[int]:
        return [segment.first for segment in self.segments]

    def segment(self, population: int) -> Segment:
        """The segment that holds this population. Raises ``ValueError`` below 1: nobody is never priced."""
        if population < 1:
            raise ValueError(f"a curve starts at 1 inhabitant, not {population}")
        return self.segments[bisect_right(self._firsts, population) - 1]

    def total_cents(self, population: int) -> int | None:
        """Exactly what ``price`` gives for this population of the grid's kind; None without price."""
        return self.segment(population).cents(population)

    def fits_int64(self, *, up_to: int = MAX_POPULATION) -> bool:
        """Whether the formula of the module stays inside int64 for every population up to ``up_to``, and the
        bounds of the segments too."""
        return all(
            segment.first < 2**63
            and (segment.last or 0) < 2**63
            and all(line.rate * up_to + abs(line.base) + CENT // 2 < 2**63 for line in segment.lines)
            for segment in self.segments
        )


@dataclass(frozen=True, slots=True)
class Jump:
    """One more inhabitant lowers the total, or raises it by more than an inhabitant costs on either side."""

    population_before: int
    population_after: int
    cents_before: int
    cents_after: int

    @property
    def difference_cents(self) -> int:
        """After minus before: negative when the price goes down."""
        return self.cents_after - self.cents_before

    @property
    def lowers(self) -> bool:
        """Whether one more inhabitant pays less, which is nearly always a mistake."""
        return self.difference_cents < 0

    def in_words(self) -> str:
        """``à 3 500 habitants : +42,00 €``; ``de 1 500 à 1 501 habitants, le prix baisse de 12,00 €``."""
        people = count_in_words(self.population_after, "habitant")
        if self.lowers:
            before = format_number(self.population_before)
            return f"de {before} à {people}, le prix baisse de {format_cents(-self.difference_cents)}"
        return f"à {people}{COLON}+{format_cents(self.difference_cents)}"


def curve(grid: Grid, *, facts: Facts) -> Curve:
    """The total over all populations for a buyer whose other facts are those given.

    ``facts.population`` is not read: a population of the kind the grid counts is assumed. A fact that is
    missing (agents, type of member…) gives segments without price, never an exception.
    """
    return Curve(tuple(merged_neighbours(segments_of(grid, facts))))


def jumps(curve: Curve) -> list[Jump]:
    """Every discontinuity in order; none for grids that promise continuity, whatever their rounding."""
    found = []
    for left, right in pairwise(curve.segments):
        if left.code or right.code or left.last is None:
            continue
        before, after = left.cents(left.last) or 0, right.cents(right.first) or 0
        # Each line may gain up to a cent by its rounding.
        rounding = max(len(left.lines), len(right.lines)) * CENT
        if after < before or (after - before) * CENT > max(left.slope, right.slope) + rounding:
            found.append(Jump(left.last, right.first, before, after))
    return found
