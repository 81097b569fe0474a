"""Grids that look beyond the buyer: its member communes, or the group that buys together."""

from decimal import Decimal
from typing import Literal

from pydantic import field_validator, model_validator

from .amounts import Amount, GridPart, broken_rules
from .facts import PopulationKind, count_in_words
from .money import EXACT, MAX_PLACES, round_ratio
from .tranches import Tranche, by_end, ending_errors


class EpciByCommunes(GridPart):
    """What an EPCI pays for its communes: ``fixed`` euros if any, ``per_commune`` euros for each member
    commune, ``rate`` euros for each inhabitant. ``Facts.member_communes`` says how many there are."""

    pattern: Literal["epci_by_communes"]
    period: Literal["year"] = "year"
    population_kind: PopulationKind
    fixed: Amount | None = None
    per_commune: Amount
    rate: Amount


class PooledVolume(GridPart):
    """Each buyer pays its own inhabitants, at the rate that the inhabitants of the whole group have reached.

    ``tiers`` are bounds of ``Facts.pooled_population``, included; all inhabitants of all buyers are at the
    rate of the tier reached: one more member may lower the price of everybody.
    """

    pattern: Literal["pooled_volume"]
    period: Literal["year"] = "year"
    population_kind: PopulationKind
    tiers: tuple[Tranche, ...]

    @field_validator("tiers")
    @classmethod
    def _sorted(cls, tiers: tuple[Tranche, ...]) -> tuple[Tranche, ...]:
        return by_end(tiers)

    @model_validator(mode="after")
    def _whole(self) -> "PooledVolume":
        errors = ending_errors(
            self.tiers, noun="palier", words=lambda count: count_in_words(count, "habitant")
        )
        if errors:
            raise broken_rules(*errors)
        return self

    def tier(self, pooled_population: int) -> Tranche:
        """The tier that a group of so many inhabitants has reached."""
        return next(tier for tier in self.tiers if tier.up_to is None or pooled_population <= tier.up_to)


class SolidarityKey(GridPart):
    """``total`` euros shared over the members by their inhabitants times their solidarity coefficient.

    ``points`` is the sum over all members of inhabitants × coefficient, fixed when the grid is published: a
    price never depends on who joins later. Each share is rounded to the cent, so that shares add up to the
    total to a few cents.
    """

    pattern: Literal["solidarity_key"]
    period: Literal["year"] = "year"
    population_kind: PopulationKind
    total: Amount
    points: Amount

    @model_validator(mode="after")
    def _shared_over_somebody(self) -> "SolidarityKey":
        if not self.points:
            raise broken_rules(
                "La somme des points est nulle, indiquez la somme des populations pondérées des membres."
            )
        return self

    def rate(self, coefficient: Decimal) -> Decimal:
        """Euros an inhabitant for a member of this coefficient, rounded half-up to 8 decimals."""
        value, share = EXACT.multiply(self.total, coefficient).as_integer_ratio()
        over, under = self.points.as_integer_ratio()
        scaled = round_ratio(value * under * 10**MAX_PLACES, share * over)
        return Decimal(scaled).scaleb(-MAX_PLACES, context=EXACT)
