"""Price grids as data: what an operator publishes, checked before anything is priced.

A grid is a JSON object whose ``pattern`` chooses one of the models below. Amounts are euros a year, written
as strings with up to 8 decimals ("0.125"), never as numbers: a JSON number becomes a float. The order of
strata, tranches and keys means nothing.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from .amounts import Amount, Count, GridPart, broken_rules
from .errors import GridInvalid
from .facts import PopulationKind, count_in_words
from .grid_messages import in_french
from .money import format_euros
from .strata import Measure, Stratum, in_order, partition_errors


class FlatByStratum(GridPart):
    """The whole amount of the stratum the buyer falls in; it jumps at each bound.

    ``measure`` says what is counted. One single open stratum is a plain lump sum: nothing is counted at all.
    """

    pattern: Literal["flat_by_stratum"]
    period: Literal["year"] = "year"
    measure: Measure = "inhabitants"
    population_kind: PopulationKind | None = None
    strata: tuple[Stratum, ...]

    @field_validator("strata")
    @classmethod
    def _sorted(cls, strata: tuple[Stratum, ...]) -> tuple[Stratum, ...]:
        return in_order(strata)

    @property
    def is_lump_sum(self) -> bool:
        """One amount for everybody."""
        return len(self.strata) == 1

    @model_validator(mode="after")
    def _whole(self) -> "FlatByStratum":
        errors = partition_errors(self.strata, self.measure)
        published = [stratum for stratum in self.strata if stratum.amount is not None]
        if self.strata and not published:
            errors.append("Aucune strate n’a de montant, indiquez-en au moins un.")
        if len({stratum.first_year_amount is None for stratum in published}) > 1:
            errors.append(
                "Le montant de première année manque dans certaines strates, complétez-les ou retirez-le."
            )
        if self.measure == "inhabitants" and self.population_kind is None and not self.is_lump_sum:
            errors.append("Indiquez la sorte de population comptée (municipale, totale ou dgf).")
        if errors:
            raise broken_rules(*errors)
        return self


class PerInhabitant(GridPart):
    """``rate`` euros an inhabitant, never below ``minimum`` nor above ``cap`` euros."""

    pattern: Literal["per_inhabitant"]
    period: Literal["year"] = "year"
    population_kind: PopulationKind
    rate: Amount
    minimum: Amount | None = None
    cap: Amount | None = None

    @model_validator(mode="after")
    def _minimum_below_cap(self) -> "PerInhabitant":
        if self.minimum is not None and self.cap is not None and self.minimum > self.cap:
            raise broken_rules(
                f"Le minimum ({format_euros(self.minimum)}) dépasse le plafond ({format_euros(self.cap)}), "
                "corrigez l’un des deux."
            )
        return self


class Tranche(GridPart):
    """Inhabitants beyond the previous tranche, up to ``up_to`` included (None: no end), at ``rate`` euros."""

    up_to: Annotated[Count, Field(ge=1)] | None = None
    rate: Amount


class MarginalTranches(GridPart):
    """Like income tax: each inhabitant is paid at the rate of its own tranche. Continuous, so no jump."""

    pattern: Literal["marginal_tranches"]
    period: Literal["year"] = "year"
    population_kind: PopulationKind
    tranches: tuple[Tranche, ...]

    @field_validator("tranches")
    @classmethod
    def _sorted(cls, tranches: tuple[Tranche, ...]) -> tuple[Tranche, ...]:
        return tuple(sorted(tranches, key=lambda tranche: (tranche.up_to is None, tranche.up_to or 0)))

    @model_validator(mode="after")
    def _whole(self) -> "MarginalTranches":
        errors = [
            f"Deux tranches s’arrêtent à {count_in_words(low.up_to, 'habitant')}, gardez-en une."
            if low.up_to is not None
            else "Deux tranches sont sans borne haute, gardez-en une."
            for low, high in pairwise(self.tranches)
            if low.up_to == high.up_to
        ]
        if not self.tranches:
            errors.append("Le barème n’a aucune tranche, ajoutez-en une.")
        elif self.tranches[-1].up_to is not None:
            errors.append("Laissez la dernière tranche ouverte (sans borne haute).")
        if errors:
            raise broken_rules(*errors)
        return self


class FixedPlusVariable(GridPart):
    """``fixed`` euros, plus ``rate`` euros for each inhabitant beyond the ``included`` first ones."""

    pattern: Literal["fixed_plus_variable"]
    period: Literal["year"] = "year"
    population_kind: PopulationKind
    fixed: Amount
    included: Count = 0
    rate: Amount


SimpleGrid = Annotated[
    FlatByStratum | PerInhabitant | MarginalTranches | FixedPlusVariable, Field(discriminator="pattern")
]


class ByMemberType(GridPart):
    """One grid for each type of member; ``otherwise``, when given, serves the types that are not named.

    Keys of ``grids`` are compared as they are with ``Facts.member_type``.
    """

    pattern: Literal["by_member_type"]
    grids: dict[str, SimpleGrid]
    otherwise: SimpleGrid | None = None

    @model_validator(mode="after")
    def _named(self) -> "ByMemberType":
        if not self.grids:
            raise broken_rules("Indiquez le barème d’au moins un type d’adhérent.")
        if not all(key.strip() for key in self.grids):
            raise broken_rules("Un type d’adhérent est sans nom, nommez-le.")
        return self


Grid = Annotated[
    FlatByStratum | PerInhabitant | MarginalTranches | FixedPlusVariable | ByMemberType,
    Field(discriminator="pattern"),
]

_ADAPTER: TypeAdapter[Any] = TypeAdapter(Grid)


def parse_grid(mapping: Mapping[str, Any]) -> Grid:
    """Check a grid and make it ready for ``price``; ``grid.model_dump(mode="json")`` gives the JSON back.

    Raises ``GridInvalid`` whose ``errors`` say in French everything there is to mend.
    """
    if not isinstance(mapping, Mapping):
        raise GridInvalid(["Le barème doit être un objet avec des champs nommés."])
    try:
        grid: Grid = _ADAPTER.validate_python(dict(mapping))
    except ValidationError as error:
        raise GridInvalid(in_french(error.errors(include_url=False))) from error
    return grid
