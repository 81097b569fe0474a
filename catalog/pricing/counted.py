"""What a grid counts that no register holds: the buyer says it, in her request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .grids import (
    AdhesionAndRecurring,
    BuyerGrid,
    ByCollege,
    ByMemberType,
    CoveredByEpci,
    FirstYearAndFollowing,
    FlatByStratum,
    Grid,
    PerUnit,
    SumOf,
)
from .money import NBSP, format_number

AGENTS, BUDGET, _UNITS = "agents", "budget", "units."
# Read from the communes that an intercommunality chooses to cover, where it chooses them.
COVERED_COMMUNES, COVERED_INHABITANTS = f"{_UNITS}covered_commune", f"{_UNITS}covered_inhabitant"
_NOUNS = {AGENTS: ("agent", "agents"), BUDGET: ("euro", "euros")}


@dataclass(frozen=True, slots=True)
class Counted:
    """One number to ask for. `name` is "agents", "budget" (whole euros a year) or "units.<the grid's key>";
    `nouns` are singular and plural."""

    name: str
    nouns: tuple[str, str]

    @property
    def question(self) -> str:
        """``nombre d’agents``, ``budget annuel en euros``."""
        if self.name == BUDGET:
            return "budget annuel en euros"
        plural = self.nouns[1]
        return f"nombre d’{plural}" if plural[0].lower() in "aeéèêiouyh" else f"nombre de {plural}"

    def in_words(self, count: int) -> str:
        """``12 agents``, ``1 200 000 € de budget``."""
        if self.name == BUDGET:
            return f"{format_number(count)}{NBSP}€ de budget"
        return f"{format_number(count)} {self.nouns[count >= 2]}"


def counted_anywhere(grid: Grid) -> tuple[Counted, ...]:
    """The same for a grid whose buyer is not known: what any of them may have to say."""
    return tuple(dict.fromkeys(one for inner in _buyer_grids(grid) for one in _counted(inner)))


def _buyer_grids(grid: Grid) -> Iterator[BuyerGrid]:
    match grid:
        case ByMemberType():
            inner = [*grid.grids.values(), grid.otherwise]
        case ByCollege():
            inner = [*grid.colleges.values(), grid.otherwise]
        case _:
            yield grid
            return
    for one in inner:
        if one is not None:
            yield from _buyer_grids(one)


def counted(grid: BuyerGrid | None) -> tuple[Counted, ...]:
    """The numbers that a price by this grid needs from the buyer, once each, in the grid's order."""
    return tuple(dict.fromkeys(_counted(grid))) if grid is not None else ()


def _counted(grid: BuyerGrid) -> Iterator[Counted]:
    match grid:
        case FlatByStratum(measure="agents" | "budget" as measure) if not grid.is_lump_sum:
            yield Counted(measure, _NOUNS[measure])
        case PerUnit(unit="agent"):
            yield Counted(AGENTS, _NOUNS[AGENTS])
        case PerUnit():
            yield Counted(_UNITS + grid.key, grid.nouns)
        case SumOf():
            for part in grid.parts:
                yield from _counted(part.grid)
        case FirstYearAndFollowing():
            yield from _counted(grid.first_year)
            yield from _counted(grid.following)
        case AdhesionAndRecurring():
            yield from _counted(grid.adhesion)
            yield from _counted(grid.recurring)
        case CoveredByEpci():
            yield from _counted(grid.grid)


def counts_as_facts(counts: Mapping[str, int]) -> dict[str, Any]:
    """These numbers by `Counted.name` as `Facts` takes them; only what is there."""
    facts: dict[str, Any] = {name: counts[name] for name in (AGENTS, BUDGET) if name in counts}
    units = {name.removeprefix(_UNITS): n for name, n in counts.items() if name.startswith(_UNITS)}
    return facts | ({"units": units} if units else {})
