"""The picture of a grid: the yearly price over the number of inhabitants, as points of an SVG.

The axis of populations is logarithmic: a village and a city are both seen. Beside the picture stands the same
in a table.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from catalog.grids.jumping import Profile, profiles
from catalog.pricing import Curve, Grid, Jump, Segment, format_cents, format_number, jumps

# Of the drawing, in its own units; text is below and left of the plot.
WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 108, 14, 16, 50
FIRST, LEAST_LAST, MOST_LAST = 100, 20_000, 2_000_000
SAMPLES = 24
MAX_PROFILES, MAX_ROWS, MAX_JUMPS = 6, 40, 12
USUAL = (100, 500, 1000, 2000, 3500, 5000, 10_000, 20_000, 50_000)


@dataclass(frozen=True)
class _Frame:
    """Where a population and an amount stand in the drawing."""

    last: int
    top_cents: int

    def x(self, population: float) -> float:
        span = math.log10(self.last) - math.log10(FIRST)
        return LEFT + (math.log10(population) - math.log10(FIRST)) / span * (WIDTH - LEFT - RIGHT)

    def y(self, cents: int) -> float:
        return HEIGHT - BOTTOM - cents / self.top_cents * (HEIGHT - TOP - BOTTOM)

    def point(self, population: int, cents: int) -> str:
        return f"{self.x(population):.1f},{self.y(cents):.1f}"


def charts(grid: Grid, *, before: Grid | None = None) -> list[dict]:
    """One drawing for each kind of buyer that the grid tells apart (six at most), beside the grid `before`
    when there is one. `lowers` says whether one more inhabitant may pay less."""
    former = {profile.label: profile for profile in profiles(before)} if before else {}
    return [
        _chart(number, grid, profile, before, former.get(profile.label, profile))
        for number, profile in enumerate(profiles(grid)[:MAX_PROFILES])
    ]


def _chart(number: int, grid: Grid, profile: Profile, before: Grid | None, former: Profile) -> dict:
    curve = profile.curve(grid)
    old = former.curve(before) if before else None
    found = jumps(curve)
    last = _last(curve, old)
    table = [_row(population, curve, old) for population in _populations(curve, last)]
    drawn = {
        "id": f"courbe-{number}",
        "label": profile.label,
        "jumps": [_jump(jump) for jump in found[:MAX_JUMPS]],
        "more_jumps": max(0, len(found) - MAX_JUMPS),
        "lowers": any(jump.lowers for jump in found),
        "rows": table,
        "compared": old is not None,
        "reasons": list(dict.fromkeys(segment.reason for segment in curve.segments if segment.code)),
        "drawing": None,
    }
    top = max(_highest(curve, last), _highest(old, last) if old else 0)
    if top:
        drawn["drawing"] = _drawing(_Frame(last, top), curve, old, found)
    return drawn


def _drawing(frame: _Frame, curve: Curve, old: Curve | None, found: list[Jump]) -> dict:
    ends = [frame.top_cents * part // 4 for part in range(5)]
    exponent_last = int(math.log10(frame.last) + 1e-9)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "top": TOP,
        "bottom": HEIGHT - BOTTOM,
        "tick_y": HEIGHT - BOTTOM + 22,
        "legend_y": HEIGHT - 4,
        "label_x": LEFT - 8,
        "lines": _lines(frame, curve),
        "before": _lines(frame, old) if old else [],
        "marks": [_mark(frame, jump) for jump in found if FIRST <= jump.population_after <= frame.last],
        "y_ticks": [{"y": f"{frame.y(cents):.1f}", "text": _whole_euros(cents)} for cents in ends],
        "x_ticks": [
            {"x": f"{frame.x(10**power):.1f}", "text": format_number(10**power)}
            for power in range(2, exponent_last + 1)
        ],
        "words": _in_words(curve, frame.last),
    }


def _lines(frame: _Frame, curve: Curve) -> list[str]:
    """Points of each piece of the curve that has a price, jumps left open."""
    pieces = []
    for segment in curve.segments:
        start, end = max(FIRST, segment.first), min(frame.last, segment.last or frame.last)
        if segment.code or start > end:
            continue
        pieces.append(" ".join(frame.point(p, segment.cents(p) or 0) for p in _samples(segment, start, end)))
    return pieces


def _samples(segment: Segment, start: int, end: int) -> list[int]:
    """Two for a flat piece; more for a slope, which a logarithmic axis bends."""
    if segment.slope == 0 or end - start < 2:
        return sorted({start, end})
    ratio = (end / start) ** (1 / SAMPLES)
    return sorted({start, end, *(round(start * ratio**step) for step in range(1, SAMPLES))})


def _mark(frame: _Frame, jump: Jump) -> dict:
    """Where the total jumps: a triangle that points the way it goes."""
    x, y = frame.x(jump.population_after), frame.y(jump.cents_after)
    side = 7 if jump.lowers else -7
    return {
        "lowers": jump.lowers,
        "points": f"{x - 6:.1f},{y - side:.1f} {x + 6:.1f},{y - side:.1f} {x:.1f},{y + side:.1f}",
        "x": f"{x:.1f}",
        "from": f"{frame.y(jump.cents_before):.1f}",
        "to": f"{y:.1f}",
    }


def _jump(jump: Jump) -> dict:
    return {"words": jump.in_words(), "lowers": jump.lowers}


def _last(curve: Curve, old: Curve | None) -> int:
    bounds = [
        segment.first for one in (curve, old) if one for segment in one.segments if segment.first <= MOST_LAST
    ]
    return min(MOST_LAST, max(LEAST_LAST, 2 * max(bounds, default=1)))


def _highest(curve: Curve, last: int) -> int:
    found = [curve.total_cents(population) for population in _populations(curve, last)]
    return max([cents for cents in [*found, curve.total_cents(last)] if cents is not None], default=0)


def _populations(curve: Curve, last: int) -> list[int]:
    """Usual sizes and every bound, from both sides; as many as a table can hold."""
    bounds = {
        population
        for segment in curve.segments
        for population in (segment.first, segment.last)
        if population is not None and 1 < population <= last
    }
    found = sorted({*bounds, *(size for size in USUAL if size <= last)})
    return found[:MAX_ROWS]


def _row(population: int, curve: Curve, old: Curve | None) -> dict:
    now, before = curve.total_cents(population), old.total_cents(population) if old else None
    row = {"population": format_number(population), "now": _amount(now)}
    if old:
        row |= {"before": _amount(before), "difference": difference(before, now)}
    return row


def _amount(cents: int | None) -> str:
    return "pas de prix" if cents is None else format_cents(cents)


def difference(before: int | None, after: int | None) -> str:
    """ "+12,00 €", "−3,50 €", "0,00 €", "" when one of them is missing."""
    if before is None or after is None:
        return ""
    sign = "+" if after > before else "−" if after < before else ""
    return f"{sign}{format_cents(abs(after - before))}"


def _whole_euros(cents: int) -> str:
    return f"{format_number(round(cents / 100))}\u00a0€"


def _in_words(curve: Curve, last: int) -> str:
    ends = [(population, curve.total_cents(population)) for population in _ends(curve, last)]
    told = [
        f"{format_cents(cents)} pour {format_number(p)} habitants" for p, cents in ends if cents is not None
    ]
    return f"Prix par an selon la population : {', '.join(told)}. Les montants sont dans le tableau."


def _ends(curve: Curve, last: int) -> Iterable[int]:
    return (FIRST, 1000, 10_000, last)
