"""Where a grid jumps, for each kind of buyer that it tells apart."""

from dataclasses import dataclass
from datetime import date

from catalog.pricing import Curve, Facts, Grid, Jump, curve, jumps
from catalog.pricing.grids import ByMemberType

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
        found = [_profile(key, TYPES_IN_WORDS.get(key, key)) for key in grid.grids]
        if grid.otherwise is not None:
            found.append(_profile(OTHERS, "autres adhérents"))
        return found
    return [_profile("commune", "")]


def lowering_jumps(grid: Grid) -> list[Jump]:
    """Wherever one more inhabitant pays less, whatever the kind of buyer."""
    found = [jump for profile in profiles(grid) for jump in jumps(profile.curve(grid)) if jump.lowers]
    return list(dict.fromkeys(found))


def _profile(member_type: str, label: str) -> Profile:
    return Profile(label, Facts(on=ANY_DAY, population=None, member_type=member_type))
