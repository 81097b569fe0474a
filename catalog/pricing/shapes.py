"""The segments of every pattern of grid, exactly as ``engine`` prices it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from .engine import ADHESION, buyer_grid, in_part, price
from .engine_simple import stratum_not_published
from .errors import PricingError
from .facts import Facts, Population
from .grids import (
    AdhesionAndRecurring,
    ByCollege,
    ByMemberType,
    CoveredByEpci,
    EpciByCommunes,
    FirstYearAndFollowing,
    FixedPlusVariable,
    FlatByStratum,
    Grid,
    MarginalTranches,
    PerInhabitant,
    PooledVolume,
    SolidarityKey,
    SumOf,
)
from .segments import CENT, CurveLine, Segment, added_up, lump, scaled, without_price


def segments_of(grid: Grid, facts: Facts) -> list[Segment]:
    """From 1 inhabitant to no end; ``facts.population`` is not read."""
    match grid:
        case ByMemberType() | ByCollege():
            try:
                return segments_of(buyer_grid(grid, facts), facts)
            except PricingError as refusal:
                return [without_price(1, None, refusal)]
        case SumOf():
            return added_up([_named(segments_of(part.grid, facts), part.name) for part in grid.parts])
        case FirstYearAndFollowing():
            return segments_of(grid.first_year if facts.first_year else grid.following, facts)
        case AdhesionAndRecurring():
            recurring = segments_of(grid.recurring, facts)
            if not facts.first_year:
                return recurring
            return added_up([recurring, _named(segments_of(grid.adhesion, facts), ADHESION)])
        case CoveredByEpci() if not facts.covered_by:
            return segments_of(grid.grid, facts)
        case _:
            return _simple(grid, facts)


def _named(segments: list[Segment], part: str) -> list[Segment]:
    """The reason of a part without a price names the part, as ``price`` does."""
    return [
        replace(segment, reason=in_part(part, segment.reason)) if segment.code else segment
        for segment in segments
    ]


def _simple(grid: Grid, facts: Facts) -> list[Segment]:
    match grid:
        case FlatByStratum() if grid.measure == "inhabitants" and not grid.is_lump_sum:
            return _flat_by_stratum(grid, first_year=facts.first_year)
        case PerInhabitant():
            return _per_inhabitant(grid)
        case MarginalTranches():
            return _marginal_tranches(grid)
        case FixedPlusVariable():
            return _fixed_plus_variable(grid)
        case EpciByCommunes() if facts.member_communes is not None:
            return _epci_by_communes(grid, facts.member_communes)
        case PooledVolume() if facts.pooled_population is not None:
            return _at_rate(grid.tier(facts.pooled_population).rate)
        case SolidarityKey() if facts.solidarity_coefficient is not None:
            return _at_rate(grid.rate(facts.solidarity_coefficient))
        case _:
            return _same_for_all(grid, facts)


def _at_rate(rate: Decimal) -> list[Segment]:
    return [Segment(1, None, (CurveLine(scaled(rate), 0),))]


def _epci_by_communes(grid: EpciByCommunes, communes: int) -> list[Segment]:
    fixed = () if grid.fixed is None else (lump(grid.fixed),)
    members = CurveLine(0, scaled(grid.per_commune) * communes)
    return [Segment(1, None, (*fixed, members, CurveLine(scaled(grid.rate), 0)))]


def _same_for_all(grid: Grid, facts: Facts) -> list[Segment]:
    """A grid that does not look at the population, or lacks another fact whatever the population."""
    try:
        quote = price(grid=grid, facts=replace(facts, population=_anybody(grid)))
    except PricingError as refusal:
        return [without_price(1, None, refusal)]
    return [Segment(1, None, tuple(CurveLine(0, line.amount_cents * CENT) for line in quote.lines))]


def _flat_by_stratum(grid: FlatByStratum, *, first_year: bool) -> list[Segment]:
    segments = []
    for stratum in grid.strata:
        first, amount = max(1, stratum.first), stratum.yearly(first_year=first_year)
        if stratum.last is not None and stratum.last < first:
            continue
        if amount is None:
            segments.append(without_price(first, stratum.last, stratum_not_published(stratum, grid.measure)))
        else:
            segments.append(Segment(first, stratum.last, (lump(amount),)))
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
    fixed, rate = lump(grid.fixed), scaled(grid.rate)
    segments = [Segment(1, grid.included, (fixed,))] if grid.included else []
    variable = CurveLine(rate, -rate * grid.included)
    return [*segments, Segment(grid.included + 1, None, (fixed, variable))]


def _anybody(grid: Grid) -> Population | None:
    """A population that no grid refuses, so that the other facts alone decide."""
    kind = None if isinstance(grid, ByCollege | ByMemberType) else grid.population_kind
    return kind and Population(value=1, kind=kind, reference_year=1, in_force_from=date.min, source="")
