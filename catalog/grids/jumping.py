"""Where a grid jumps, for each kind of buyer that it tells apart."""

from dataclasses import dataclass, replace
from datetime import date

from catalog.pricing import Curve, Facts, Grid, Jump, curve, jumps
from catalog.pricing.grids import ByCollege, ByMemberType

# A grid's curve is that of a day; nothing in it depends on which.
ANY_DAY = date(2000, 1, 1)
TYPES_IN_WORDS = {"commune": "communes", "epci": "intercommunalités"}
OTHERS = "autre"
# A grid that counts the communes of an EPCI is drawn for one of that many.
EXAMPLE_COMMUNES = 20


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
    """Wherever one more inhabitant pays less, whatever the kind of buyer, the first year or later."""
    found = [
        jump
        for profile in profiles(grid)
        for first_year in (False, True)
        for jump in jumps(curve(grid, facts=replace(profile.facts, first_year=first_year)))
        if jump.lowers
    ]
    return list(dict.fromkeys(found))


def never_priced(grid: Grid) -> str:
    """Why this grid gives nobody a price by what Halle knows of its members (populations, college, communes
    of an EPCI), in French; "" when it does for some."""
    segments = [segment for profile in profiles(grid) for segment in profile.curve(grid).segments]
    return segments[0].reason if all(segment.code for segment in segments) else ""


def _of_colleges(grid: Grid, member_type: str, label: str) -> list[Profile]:
    if not isinstance(grid, ByCollege):
        return [_profile(grid, label, member_type=member_type)]
    colleges = [(name, f"collège « {name} »") for name in grid.colleges]
    if grid.otherwise is not None:
        colleges.append((OTHERS, "autres collèges"))
    return [
        _profile(
            grid.colleges.get(name, grid.otherwise),
            f"{label}, {words}" if label else words,
            member_type=member_type,
            college=name,
        )
        for name, words in colleges
    ]


def _profile(grid: Grid, label: str, **facts) -> Profile:
    """`grid` is the one that this kind of buyer pays by."""
    written = grid.model_dump_json()
    if '"epci_by_communes"' in written or '"member_communes"' in written:
        example = f"intercommunalités de {EXAMPLE_COMMUNES} communes"
        label = f"{label} ({EXAMPLE_COMMUNES} communes)" if label else example
        facts["member_communes"] = EXAMPLE_COMMUNES
    return Profile(label, Facts(on=ANY_DAY, population=None, **facts))
