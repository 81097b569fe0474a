"""`make bench`: what is fast enough, in figures. A room's module has a function for each figure it measures.

A figure's name stays the same from release to release: `<room>.<what>_<unit>`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measure: its stable name, its value, the unit, and under which conditions it was taken."""

    name: str
    value: float
    unit: str
    detail: str


Measure = Callable[[], Iterator[Figure]]
