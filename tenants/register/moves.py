"""How populations move from the figures held to those a file brings. Pure."""

import hashlib
import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from tenants.register.places import COMMUNE, Held, Key, Place, kind_of
from tenants.register.rows import PopulationRow, Register

KEPT = 50  # of the biggest moves


class Move(NamedTuple):
    """One territory's population, before and after, in inhabitants."""

    kind: str
    code: str
    name: str
    before: int
    after: int

    @property
    def difference(self) -> int:
        return self.after - self.before

    @property
    def percent(self) -> float:
        """Of the population before; a village that had nobody moves by 100 % for each inhabitant."""
        return 100 * self.difference / max(self.before, 1)


@dataclass(frozen=True)
class PopulationMoves:
    """The figures of one source: `rows` in the file, of which `changed`, `became_known`, `became_unknown` and
    `new` (a territory that had none of this source).

    `reshaped` are communes merged or split: another place under the same code, which no percentage compares.
    """

    source: str
    label: str
    kind: str
    year_before: int | None  # of reference; None for a source never seen
    year: int
    in_force_before: date | None
    in_force_from: date
    rows: int
    changed: int
    became_known: int
    became_unknown: int
    new: int
    reshaped: int
    biggest_percent: list[Move]
    biggest_count: list[Move]
    fingerprint: str

    @property
    def is_new_vintage(self) -> bool:
        return self.in_force_before != self.in_force_from

    @property
    def anything(self) -> bool:
        """Whether applying writes anything new."""
        moved = self.changed or self.became_known or self.became_unknown or self.new or self.reshaped
        return self.is_new_vintage or bool(moved)


def population_moves(
    *,
    held: Held,
    register: Register,
    reshaped: Mapping[str, date],
    renumbered: Mapping[str, str],
    names: Mapping[Key, Place],
) -> list[PopulationMoves]:
    """By source, in the order of the file's header; sources without a row are left out.

    `reshaped` is the day of each commune merged or split by this very file, `renumbered` leads from a new
    code to the one held.
    """
    by_source: dict[str, list[PopulationRow]] = {}
    for row in register.populations:
        if is_of_these_borders(row, held.reshaped, reshaped):
            by_source.setdefault(row.source, []).append(row)
    return [
        _moves_of(held, register, rows, reshaped, renumbered, names)
        for source in register.header.sources
        if (rows := by_source.get(source))
    ]


def is_of_these_borders(row: PopulationRow, *reshaped: Mapping[str, date]) -> bool:
    """Whether the figure counts the inhabitants of the commune as it is: one that came into force before its
    merger is that of another commune."""
    if kind_of(row.territory_kind) != COMMUNE:
        return True
    return all(row.code not in days or row.in_force_from >= days[row.code] for days in reshaped)


def _moves_of(held, register, rows, reshaped, renumbered, names) -> PopulationMoves:
    source = register.header.sources[rows[0].source]
    figures = held.populations.get((source.kind.value, source.key))
    counts = dict.fromkeys(("changed", "became_known", "became_unknown", "new", "reshaped"), 0)
    moves, fingerprint = [], hashlib.sha256()
    for row in rows:
        kind = kind_of(row.territory_kind)
        before_code = renumbered.get(row.code, row.code) if kind == COMMUNE else row.code
        known = figures is not None and (kind, before_code) in figures.values
        before = figures.values[kind, before_code] if known else None
        if known and before == row.value:
            continue
        fingerprint.update(f"{kind} {row.code} {before} {row.value}\n".encode())
        if kind == COMMUNE and row.code in reshaped:
            counts["reshaped"] += 1
        elif not known:
            counts["new"] += 1
        elif before is None:
            counts["became_known"] += 1
        elif row.value is None:
            counts["became_unknown"] += 1
        else:
            counts["changed"] += 1
            moves.append(Move(kind, row.code, names[kind, row.code].name, before, row.value))
    return PopulationMoves(
        source=source.key,
        label=source.label,
        kind=source.kind.value,
        year_before=figures.reference_year if figures else None,
        year=source.reference_year,
        in_force_before=figures.in_force_from if figures else None,
        in_force_from=source.in_force_from,
        rows=len(rows),
        **counts,
        biggest_percent=heapq.nlargest(KEPT, moves, key=lambda move: (abs(move.percent), move)),
        biggest_count=heapq.nlargest(KEPT, moves, key=lambda move: (abs(move.difference), move)),
        fingerprint=fingerprint.hexdigest(),
    )
