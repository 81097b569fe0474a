"""Rows that each end somewhere (tranches, tiers, bands): the last one is open, no two end alike."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import Field

from .amounts import Amount, Count, GridPart

UpTo = Annotated[Count, Field(ge=1)]


class Ending(Protocol):
    """Anything with a last whole number included, None when it has no end."""

    @property
    def up_to(self) -> int | None: ...


Row = TypeVar("Row", bound=Ending)


class Tranche(GridPart):
    """Inhabitants beyond the previous tranche, up to ``up_to`` included (None: no end), at ``rate`` euros."""

    up_to: UpTo | None = None
    rate: Amount


def by_end(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Sorted from the smallest end to the open one."""
    return tuple(sorted(rows, key=lambda row: (row.up_to is None, row.up_to or 0)))


_ROWS = {
    "tranche": ("Deux tranches", "aucune tranche", "une", "la dernière tranche ouverte"),
    "palier": ("Deux paliers", "aucun palier", "un", "le dernier palier ouvert"),
}


def ending_errors(
    rows: Sequence[Ending], *, noun: Literal["tranche", "palier"], words: Callable[[int], str]
) -> list[str]:
    """French sentences about rows sorted ``by_end``; ``words`` writes a bound with its unit."""
    two, none, one, last_open = _ROWS[noun]
    errors = [
        f"{two} s’arrêtent à {words(low.up_to)}, gardez-en {one}."
        if low.up_to is not None
        else f"{two} sont sans borne haute, gardez-en {one}."
        for low, high in pairwise(rows)
        if low.up_to == high.up_to
    ]
    if not rows:
        errors.append(f"Le barème n’a {none}, ajoutez-en {one}.")
    elif rows[-1].up_to is not None:
        errors.append(f"Laissez {last_open} (sans borne haute).")
    return errors
