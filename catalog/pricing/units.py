"""Grids that count workstations, agents, gigabytes or anything that has a name."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from .amounts import Amount, GridPart, broken_rules
from .facts import Facts
from .money import COLON, EXACT, MAX_PLACES, decimal_places, format_euros, format_number
from .tranches import UpTo, by_end, ending_errors

Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^\S(.*\S)?$")]

# Singular and plural.
UNITS = {
    "workstation": ("poste de travail", "postes de travail"),
    "agent": ("agent", "agents"),
    "gigabyte": ("Go", "Go"),
    "covered_commune": ("commune couverte", "communes couvertes"),
    "covered_inhabitant": ("habitant couvert", "habitants couverts"),
}


class Band(GridPart):
    """Units up to ``up_to`` included (None: no end), at their own ``unit_price`` or at the grid's times
    ``coefficient``."""

    up_to: UpTo | None = None
    coefficient: Amount | None = None
    unit_price: Amount | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "Band":
        if (self.coefficient is None) == (self.unit_price is None):
            raise broken_rules("donnez soit un coefficient, soit un prix par unité.")
        return self


class PerUnit(GridPart):
    """``unit_price`` euros a unit, lower for large volumes when ``bands`` say so.

    ``counting``: ``all_units`` prices every unit at the band the whole number falls in (the total may go
    down at a bound); ``marginal`` prices each unit at the price of its own band. ``unit`` is ``other`` for
    what has a ``unit_name`` of its own (singular, and plural when an « s » is not enough); ``Facts.units``
    then holds the count under that name. What is covered is the communes that an intercommunality covers by
    its subscription, or their inhabitants.
    """

    pattern: Literal["per_unit"]
    period: Literal["year"] = "year"
    unit: Literal["workstation", "agent", "gigabyte", "covered_commune", "covered_inhabitant", "other"]
    unit_name: Name | None = None
    unit_name_plural: Name | None = None
    unit_price: Amount | None = None
    counting: Literal["all_units", "marginal"] | None = None
    bands: tuple[Band, ...] = ()

    @field_validator("bands")
    @classmethod
    def _sorted(cls, bands: tuple[Band, ...]) -> tuple[Band, ...]:
        return by_end(bands)

    @model_validator(mode="after")
    def _whole(self) -> "PerUnit":
        errors = list(self._errors())
        if errors:
            raise broken_rules(*errors)
        return self

    def _errors(self) -> Iterator[str]:
        if (self.unit == "other") != (self.unit_name is not None):
            yield "Nommez l’unité comptée (unit_name) si elle est d’une autre sorte, et alors seulement."
            return
        if not self.bands:
            if self.unit_price is None:
                yield "Indiquez le prix par unité."
            return
        yield from ending_errors(self.bands, noun="palier", words=self.in_words)
        if self.counting is None:
            yield (
                "Indiquez si toutes les unités sont au prix du palier atteint (all_units) ou si chaque unité "
                "est au prix de son palier (marginal)."
            )
        for band in self.bands:
            if band.coefficient is None:
                continue
            if self.unit_price is None:
                yield "Indiquez le prix par unité auquel les coefficients s’appliquent."
                return
            if decimal_places(self.price_in(band)) > MAX_PLACES:
                yield (
                    f"{format_euros(self.unit_price)} × {format_number(band.coefficient)} donne plus de "
                    f"8 décimales{COLON}écrivez moins de décimales."
                )

    @property
    def population_kind(self) -> None:
        """No population is counted."""
        return None

    @property
    def key(self) -> str:
        """Where ``Facts.units`` holds the count."""
        return self.unit_name or self.unit

    @property
    def nouns(self) -> tuple[str, str]:
        """Singular and plural."""
        if self.unit_name:
            return self.unit_name, self.unit_name_plural or f"{self.unit_name}s"
        return UNITS[self.unit]

    def in_words(self, count: int) -> str:
        """``12 postes de travail``."""
        return f"{format_number(count)} {self.nouns[count >= 2]}"

    def count(self, facts: Facts) -> int | None:
        """How many the buyer has, None when it is not known."""
        if self.unit == "agent" and facts.agents is not None:
            return facts.agents
        return facts.units.get(self.key)

    def price_in(self, band: Band) -> Decimal:
        """Euros a unit of this band."""
        if band.unit_price is not None:
            return band.unit_price
        return EXACT.multiply(self.unit_price or Decimal(0), band.coefficient or Decimal(0))
