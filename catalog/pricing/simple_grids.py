"""The grids that look at the size of the buyer, and the one without a published price."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from .amounts import Amount, Count, GridPart, broken_rules
from .facts import PopulationKind, count_in_words
from .money import format_euros
from .strata import Measure, Stratum, in_order, partition_errors
from .tranches import Tranche, by_end, ending_errors


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


class MarginalTranches(GridPart):
    """Like income tax: each inhabitant is paid at the rate of its own tranche. Continuous, so no jump."""

    pattern: Literal["marginal_tranches"]
    period: Literal["year"] = "year"
    population_kind: PopulationKind
    tranches: tuple[Tranche, ...]

    @field_validator("tranches")
    @classmethod
    def _sorted(cls, tranches: tuple[Tranche, ...]) -> tuple[Tranche, ...]:
        return by_end(tranches)

    @model_validator(mode="after")
    def _whole(self) -> "MarginalTranches":
        errors = ending_errors(
            self.tranches, noun="tranche", words=lambda count: count_in_words(count, "habitant")
        )
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


class NotPublished(GridPart):
    """The body publishes no amount at all; ``note`` says what is known (who decides, on what it depends).

    Declared, so that none is ever invented, and usable as a part of a larger grid.
    """

    pattern: Literal["not_published"]
    note: Annotated[str, Field(max_length=200)] = ""

    @property
    def population_kind(self) -> None:
        """No population is counted."""
        return None
