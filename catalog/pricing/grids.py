"""Price grids as data: what an operator publishes, checked before anything is priced.

A grid is a JSON object whose ``pattern`` chooses one of the models below. Amounts are euros a year, written
as strings with up to 8 decimals ("0.125"), never as numbers: a JSON number becomes a float. The order of
strata, tranches and keys means nothing.

Simple grids are wrapped, each kind of wrapping at most once, in this order from the inside: sum of parts,
adhesion or first year apart, covered by the EPCI, by college, by type of member.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from .amounts import GridPart, broken_rules
from .errors import GridInvalid
from .facts import KIND_IN_WORDS, PopulationKind
from .grid_messages import in_french
from .group_grids import EpciByCommunes, PooledVolume, SolidarityKey
from .rhythm import RHYTHM, rhythm_of
from .simple_grids import FixedPlusVariable, FlatByStratum, MarginalTranches, NotPublished, PerInhabitant
from .strata import Stratum
from .tranches import Tranche
from .units import Band, PerUnit
from .usage import USAGE, usage_of

__all__ = [
    "AdhesionAndRecurring",
    "Band",
    "ByCollege",
    "ByMemberType",
    "CoveredByEpci",
    "EpciByCommunes",
    "FirstYearAndFollowing",
    "FixedPlusVariable",
    "FlatByStratum",
    "Grid",
    "MarginalTranches",
    "NotPublished",
    "Part",
    "PerInhabitant",
    "PerUnit",
    "PooledVolume",
    "SolidarityKey",
    "Stratum",
    "SumOf",
    "Tranche",
    "first_year_apart",
    "grid_of",
    "parse_grid",
]

_BY_PATTERN = Field(discriminator="pattern")

SimpleGrid = Annotated[
    FlatByStratum
    | PerInhabitant
    | MarginalTranches
    | FixedPlusVariable
    | PerUnit
    | EpciByCommunes
    | PooledVolume
    | SolidarityKey
    | NotPublished,
    _BY_PATTERN,
]


def _one_kind(grids: Iterable[Any]) -> PopulationKind | None:
    """The kind of population that all of them count, None when none counts any.

    A buyer has one population in a price, never two that differ: raises a validation error for a mixture.
    """
    kinds = {kind for grid in grids if (kind := _counted_kind(grid))}
    if len(kinds) > 1:
        named = " et ".join(sorted(f"la {KIND_IN_WORDS[kind]}" for kind in kinds))
        raise broken_rules(f"Les parties du barème comptent {named}, choisissez-en une seule.")
    return kinds.pop() if kinds else None


def _counted_kind(grid: Any) -> PopulationKind | None:
    if isinstance(grid, FlatByStratum) and (grid.is_lump_sum or grid.measure != "inhabitants"):
        return None
    kind: PopulationKind | None = grid.population_kind
    return kind


class Part(GridPart):
    """One named part of a sum."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$")]
    grid: SimpleGrid


class SumOf(GridPart):
    """Several grids added up, each line rounded on its own; without the price of a part there is no sum."""

    pattern: Literal["sum_of"]
    parts: tuple[Part, ...]

    @property
    def population_kind(self) -> PopulationKind | None:
        """The kind that all parts count."""
        return _one_kind(part.grid for part in self.parts)

    @model_validator(mode="after")
    def _whole(self) -> "SumOf":
        if not self.parts:
            raise broken_rules("Le barème n’a aucune partie, ajoutez-en une.")
        names = [part.name for part in self.parts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise broken_rules(*(f"Deux parties s’appellent « {name} », renommez-en une." for name in twice))
        _one_kind(part.grid for part in self.parts)
        return self


YearlyGrid = Annotated[SimpleGrid | SumOf, _BY_PATTERN]


class FirstYearAndFollowing(GridPart):
    """One grid for the first year, another for the following ones."""

    pattern: Literal["first_year_and_following"]
    first_year: YearlyGrid
    following: YearlyGrid

    @property
    def population_kind(self) -> PopulationKind | None:
        """The kind that both years count."""
        return _one_kind((self.first_year, self.following))

    @model_validator(mode="after")
    def _whole(self) -> "FirstYearAndFollowing":
        _one_kind((self.first_year, self.following))
        return self


class AdhesionAndRecurring(GridPart):
    """A fee paid once, with the first year, then ``recurring`` every year, the first included."""

    pattern: Literal["adhesion_and_recurring"]
    adhesion: SimpleGrid
    recurring: YearlyGrid

    @property
    def population_kind(self) -> PopulationKind | None:
        """The kind that both count."""
        return _one_kind((self.adhesion, self.recurring))

    @model_validator(mode="after")
    def _whole(self) -> "AdhesionAndRecurring":
        _one_kind((self.adhesion, self.recurring))
        return self


class CoveredByEpci(GridPart):
    """``grid``, but nothing to pay for a buyer whose EPCI has subscribed (``Facts.covered_by``)."""

    pattern: Literal["covered_by_epci"]
    grid: Annotated[YearlyGrid | FirstYearAndFollowing | AdhesionAndRecurring, _BY_PATTERN]

    @property
    def population_kind(self) -> PopulationKind | None:
        """The kind that the grid counts for a buyer that pays."""
        return self.grid.population_kind


_ForACollege = Annotated[
    YearlyGrid | FirstYearAndFollowing | AdhesionAndRecurring | CoveredByEpci, _BY_PATTERN
]


class ByCollege(GridPart):
    """One grid for each college of members; ``otherwise``, when given, serves those that are not named.

    Keys are compared as they are with ``Facts.college``, which must be known.
    """

    pattern: Literal["by_college"]
    colleges: dict[str, _ForACollege]
    otherwise: _ForACollege | None = None

    @model_validator(mode="after")
    def _named(self) -> "ByCollege":
        if not self.colleges:
            raise broken_rules("Indiquez le barème d’au moins un collège.")
        if not all(key.strip() for key in self.colleges):
            raise broken_rules("Un collège est sans nom, nommez-le.")
        return self


_ForAMemberType = Annotated[
    YearlyGrid | FirstYearAndFollowing | AdhesionAndRecurring | CoveredByEpci | ByCollege, _BY_PATTERN
]


class ByMemberType(GridPart):
    """One grid for each type of member; ``otherwise``, when given, serves the types that are not named.

    Keys of ``grids`` are compared as they are with ``Facts.member_type``.
    """

    pattern: Literal["by_member_type"]
    grids: dict[str, _ForAMemberType]
    otherwise: _ForAMemberType | None = None

    @model_validator(mode="after")
    def _named(self) -> "ByMemberType":
        if not self.grids:
            raise broken_rules("Indiquez le barème d’au moins un type d’adhérent.")
        if not all(key.strip() for key in self.grids):
            raise broken_rules("Un type d’adhérent est sans nom, nommez-le.")
        return self


# What a single buyer meets, and the whole.
BuyerGrid = (
    FlatByStratum
    | PerInhabitant
    | MarginalTranches
    | FixedPlusVariable
    | PerUnit
    | EpciByCommunes
    | PooledVolume
    | SolidarityKey
    | NotPublished
    | SumOf
    | FirstYearAndFollowing
    | AdhesionAndRecurring
    | CoveredByEpci
)
Grid = Annotated[BuyerGrid | ByCollege | ByMemberType, _BY_PATTERN]

_ADAPTER: TypeAdapter[Any] = TypeAdapter(Grid)


def parse_grid(mapping: Mapping[str, Any]) -> Grid:
    """Check a grid and make it ready for ``price``; ``grid.model_dump(mode="json")`` gives the JSON back, but
    for its ``rhythm`` and its prices of ``usage``, which are checked here and read by ``rhythm_of`` and
    ``usage_of``: they do not enter the price of a year.

    Raises ``GridInvalid`` whose ``errors`` say in French everything there is to mend.
    """
    if not isinstance(mapping, Mapping):
        raise GridInvalid(["Le barème doit être un objet avec des champs nommés."])
    rhythm_of(mapping)
    usage_of(mapping)
    try:
        grid: Grid = _ADAPTER.validate_python({k: v for k, v in mapping.items() if k not in (RHYTHM, USAGE)})
    except ValidationError as error:
        raise GridInvalid(in_french(error.errors(include_url=False))) from error
    return grid


def grid_of(grid: Grid, *, member_type: str, college: str | None = None) -> BuyerGrid | None:
    """The grid inside that serves this type of member and this college, None when none does.

    Its ``population_kind`` is what the buyer's population must be (None: any).
    """
    inner: BuyerGrid | ByCollege | None
    if isinstance(grid, ByMemberType):
        inner = grid.grids.get(member_type, grid.otherwise)
    else:
        inner = grid
    if isinstance(inner, ByCollege):
        return None if college is None else inner.colleges.get(college, inner.otherwise)
    return inner


def first_year_apart(grid: Grid) -> bool:
    """Whether the first year may cost something else than the following ones."""
    match grid:
        case FirstYearAndFollowing() | AdhesionAndRecurring():
            return True
        case FlatByStratum():
            return any(stratum.first_year_amount is not None for stratum in grid.strata)
        case SumOf():
            return any(first_year_apart(part.grid) for part in grid.parts)
        case CoveredByEpci():
            return first_year_apart(grid.grid)
        case ByCollege():
            return any(
                first_year_apart(inner) for inner in (*grid.colleges.values(), grid.otherwise) if inner
            )
        case ByMemberType():
            return any(first_year_apart(inner) for inner in (*grid.grids.values(), grid.otherwise) if inner)
        case _:
            return False
