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
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

from .engine import member_grid, not_published, price
from .errors import MemberTypeUnknown, PricingError
from .facts import Facts, count_in_words
from .grids import ByMemberType, FixedPlusVariable, FlatByStratum, Grid, MarginalTranches, PerInhabitant
from .money import COLON, EXACT, format_cents, format_number

MAX_POPULATION = 10_000_000
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
        """Whether the formula of the module stays inside int64 for every population up to ``up_to``."""
        return all(
            line.rate * up_to + abs(line.base) + CENT // 2 < 2**63
            for segment in self.segments
            for line in segment.lines
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
    return Curve(tuple(_merged(_segments(grid, facts))))


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


def scaled(amount: Decimal) -> int:
    """Euros as a whole number of 10⁻⁸ euro: exact, since an amount has 8 decimals at most."""
    return int(amount.scaleb(8, context=EXACT))


def _segments(grid: Grid, facts: Facts) -> list[Segment]:
    match grid:
        case ByMemberType():
            try:
                return _segments(member_grid(grid, facts.member_type), facts)
            except MemberTypeUnknown as refusal:
                return [_without_price(1, None, refusal)]
        case FlatByStratum() if grid.measure == "inhabitants" and not grid.is_lump_sum:
            return _flat_by_stratum(grid, first_year=facts.first_year)
        case PerInhabitant():
            return _per_inhabitant(grid)
        case MarginalTranches():
            return _marginal_tranches(grid)
        case FixedPlusVariable():
            return _fixed_plus_variable(grid)
        case _:
            return _same_for_all(grid, facts)


def _same_for_all(grid: Grid, facts: Facts) -> list[Segment]:
    """A grid that does not look at the population."""
    try:
        quote = price(grid=grid, facts=facts)
    except PricingError as refusal:
        return [_without_price(1, None, refusal)]
    return [Segment(1, None, tuple(CurveLine(0, line.amount_cents * CENT) for line in quote.lines))]


def _flat_by_stratum(grid: FlatByStratum, *, first_year: bool) -> list[Segment]:
    segments = []
    for stratum in grid.strata:
        first, amount = max(1, stratum.first), stratum.yearly(first_year=first_year)
        if stratum.last is not None and stratum.last < first:
            continue
        if amount is None:
            segments.append(_without_price(first, stratum.last, not_published(stratum, grid.measure)))
        else:
            segments.append(Segment(first, stratum.last, (_lump(amount),)))
    return segments


def _per_inhabitant(grid: PerInhabitant) -> list[Segment]:
    return _limited(CurveLine(scaled(grid.rate), 0), minimum=grid.minimum, cap=grid.cap)


def _limited(line: CurveLine, *, minimum: Decimal | None, cap: Decimal | None) -> list[Segment]:
    """The line between its limits; ``base`` is not negative."""
    low = 0 if minimum is None else scaled(minimum)
    # The populations strictly below the minimum, and those strictly above the cap.
    last_low = _last_below(line, low - 1)
    last_free = None if cap is None else _last_below(line, scaled(cap))
    segments = []
    if last_low is None or last_low >= 1:
        segments.append(Segment(1, last_low, (CurveLine(0, low),)))
    if last_low is None:
        return segments
    start = max(0, last_low) + 1
    if last_free is None or last_free >= start:
        segments.append(Segment(start, last_free, (line,)))
    if cap is not None and last_free is not None:
        segments.append(Segment(max(start, last_free + 1), None, (CurveLine(0, scaled(cap)),)))
    return segments


def _last_below(line: CurveLine, limit: int) -> int | None:
    """The largest population whose exact amount does not exceed ``limit`` (0 or less: none; None: all)."""
    if line.rate == 0:
        return None if line.base <= limit else 0
    return (limit - line.base) // line.rate


def _marginal_tranches(grid: MarginalTranches) -> list[Segment]:
    segments, start, total = [], 0, 0
    for tranche in grid.tranches:
        rate = scaled(tranche.rate)
        segments.append(Segment(start + 1, tranche.up_to, (CurveLine(rate, total - rate * start),)))
        if tranche.up_to is not None:
            total += rate * (tranche.up_to - start)
            start = tranche.up_to
    return segments


def _fixed_plus_variable(grid: FixedPlusVariable) -> list[Segment]:
    fixed, rate = _lump(grid.fixed), scaled(grid.rate)
    segments = [Segment(1, grid.included, (fixed,))] if grid.included else []
    variable = CurveLine(rate, -rate * grid.included)
    return [*segments, Segment(grid.included + 1, None, (fixed, variable))]


def _without_price(first: int, last: int | None, refusal: PricingError) -> Segment:
    return Segment(first, last, code=refusal.code, reason=str(refusal))


def _lump(amount: Decimal) -> CurveLine:
    return CurveLine(rate=0, base=scaled(amount))


def _merged(segments: Iterable[Segment]) -> list[Segment]:
    """Neighbours that say the same thing are one segment."""
    merged: list[Segment] = []
    for segment in segments:
        last = merged[-1] if merged else None
        if last and (last.lines, last.code, last.reason) == (segment.lines, segment.code, segment.reason):
            merged[-1] = Segment(last.first, segment.last, last.lines, last.code, last.reason)
        else:
            merged.append(segment)
    return merged
