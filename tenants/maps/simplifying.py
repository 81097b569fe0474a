"""Fewer points for the outlines of neighbours, whose common border stays common.

A border between two places is the same points in both outlines. It is cut where it meets a third (a
junction), and each piece is simplified once for all: no gap, no overlap.
"""

from collections import defaultdict
from collections.abc import Iterable
from math import hypot

Point = tuple[int, int]
Ring = list[Point]


def simplified(rings: Iterable[Ring], *, tolerance: float) -> list[Ring]:
    """The same closed rings (first point not repeated), no point further than `tolerance` from its border.

    One that is too small for it keeps three points, or the few it had.
    """
    rings = list(rings)
    junctions = _junctions(rings)
    return [_ring(ring, junctions, tolerance) for ring in rings]


def _junctions(rings: list[Ring]) -> set[Point]:
    """Points where three borders or more meet."""
    neighbours: dict[Point, set[Point]] = defaultdict(set)
    for ring in rings:
        for one, other in zip(ring, [*ring[1:], ring[0]], strict=True):
            neighbours[one].add(other)
            neighbours[other].add(one)
    return {point for point, others in neighbours.items() if len(others) > 2}


def _ring(ring: Ring, junctions: set[Point], tolerance: float) -> Ring:
    cuts = [index for index, point in enumerate(ring) if point in junctions]
    if len(cuts) < 2:
        # An island, or a hole: cut at two points that do not depend on where its ring begins.
        first = ring.index(min(ring))
        far = max(range(len(ring)), key=lambda index: (_distance(ring[index], ring[first]), ring[index]))
        cuts = sorted({*cuts, first, far})
    found: Ring = []
    for start, end in zip(cuts, [*cuts[1:], cuts[0] + len(ring)], strict=True):
        arc = [ring[index % len(ring)] for index in range(start, end + 1)]
        # Both neighbours must drop the same points, whichever way round each goes.
        kept = _arc(arc, tolerance) if arc[0] <= arc[-1] else _arc(arc[::-1], tolerance)[::-1]
        found += kept[:-1]
    return found if len(found) >= 3 else ring[:: max(1, len(ring) // 3)]


def _arc(arc: list[Point], tolerance: float) -> list[Point]:
    """Douglas and Peucker's: the ends, and what lies further than `tolerance` from the line between them."""
    keep = {0, len(arc) - 1}
    pieces = [(0, len(arc) - 1)]
    while pieces:
        start, end = pieces.pop()
        between = range(start + 1, end)
        if not between:
            continue
        far = max(between, key=lambda index: _from_line(arc[index], arc[start], arc[end]))
        if _from_line(arc[far], arc[start], arc[end]) > tolerance:
            keep.add(far)
            pieces += [(start, far), (far, end)]
    return [arc[index] for index in sorted(keep)]


def _distance(one: Point, other: Point) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])


def _from_line(point: Point, start: Point, end: Point) -> float:
    """How far a point is from the segment between two others."""
    length = _distance(start, end)
    if not length:
        return _distance(point, start)
    along = (
        (point[0] - start[0]) * (end[0] - start[0]) + (point[1] - start[1]) * (end[1] - start[1])
    ) / length**2
    along = min(1, max(0, along))
    nearest = start[0] + along * (end[0] - start[0]), start[1] + along * (end[1] - start[1])
    return hypot(point[0] - nearest[0], point[1] - nearest[1])
