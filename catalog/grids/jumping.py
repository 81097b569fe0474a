"""Where a grid jumps, for each kind of buyer that it tells apart."""

from dataclasses import dataclass
from datetime import date

from catalog.pricing import Curve, Facts, Grid, Jump, curve, jumps
from catalog.pricing.grids import ByCollege, ByMemberType

# A grid's curve is that of a day; nothing in it depends on which.
ANY_DAY = date(2000, 1, 1)
TYPES_IN_WORDS = {"commune": "communes", "epci": "intercommunalités"}
OTHERS = "autre"


@dataclass(frozen=True)
class Profile:
    """A kind of buyer: its name in French, "" when the grid knows only one, and its facts."""

    label: str
    facts: Facts

    def curve(self, grid: Grid) -> Curve:
        return curve(grid, facts=self.facts)


def profiles(grid: Grid) -> list[Profile]:
    """The kinds of buyers that a grid tells apart, in its own order."""
    if isinstance(grid, ByMemberType):
        named = [(key, TYPES_IN_WORDS.get(key, key), inner) for key, inner in grid.grids.items()]
        if grid.otherwise is not None:
            named.append((OTHERS, "autres adhérents", grid.otherwise))
        return [profile for key, label, inner in named for profile in _of_colleges(inner, key, label)]
    return _of_colleges(grid, "commune", "")


def lowering_jumps(grid: Grid) -> list[Jump]:
    """Wherever one more inhabitant pays less, whatever the kind of buyer."""
    found = [jump for profile in profiles(grid) for jump in jumps(profile.curve(grid)) if jump.lowers]
    return list(dict.fromkeys(found))


def _of_colleges(grid: Grid, member_type: str, label: str) -> list[Profile]:
    if not isinstance(grid, ByCollege):
        return [Profile(label, Facts(on=ANY_DAY, population=None, member_type=member_type))]
    colleges = [(name, f"collège « {name} »") for name in grid.colleges]
    if grid.otherwise is not None:
        colleges.append((OTHERS, "autres collèges"))
    return [
        Profile(
            f"{label}, {words}" if label else words,
            Facts(on=ANY_DAY, population=None, member_type=member_type, college=name),
        )
        for name, words in colleges
    ]
