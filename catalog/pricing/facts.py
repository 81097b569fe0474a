"""What is known of the buyer when a price is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from .money import format_date, format_number

PopulationKind = Literal["municipale", "totale", "dgf"]

KIND_IN_WORDS: dict[str, str] = {
    "municipale": "population municipale",
    "totale": "population totale",
    "dgf": "population DGF",
}


def count_in_words(count: int, noun: str) -> str:
    """``1 habitant``, ``15 000 habitants``: French keeps the singular below two."""
    return f"{format_number(count)} {noun}{'s' if count >= 2 else ''}"


def _check_count(name: str, count: int | None) -> None:
    if count is None:
        return
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{name} must be a whole number or None, not {type(count).__name__}")
    if count < 0:
        raise ValueError(f"{name} cannot be negative: {count}")


@dataclass(frozen=True, slots=True)
class Population:
    """One published figure, never separated from its kind, its reference year and the day it came into force.

    ``value`` is in inhabitants; ``None`` means unknown, ``0`` means nobody. ``source`` names the publication.
    """

    value: int | None
    kind: PopulationKind
    reference_year: int
    in_force_from: date
    source: str

    def __post_init__(self) -> None:
        _check_count("population", self.value)
        if self.kind not in get_args(PopulationKind):
            raise ValueError(f"unknown population kind: {self.kind!r}")

    def name(self) -> str:
        """``population totale 2023, en vigueur au 1er janvier 2026``."""
        published = f"{KIND_IN_WORDS[self.kind]} {self.reference_year}"
        return f"{published}, en vigueur au {format_date(self.in_force_from)}"

    def in_words(self) -> str:
        """``860 habitants (population totale 2023, en vigueur au 1er janvier 2026)``.

        Raises ``ValueError`` when the value is unknown.
        """
        if self.value is None:
            raise ValueError("an unknown population has no words")
        return f"{count_in_words(self.value, 'habitant')} ({self.name()})"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a grid may look at; nothing else enters a price. ``None`` is always "not known".

    ``on`` is the day the price is for: the caller picks the population that suits it. ``member_type`` and
    ``college`` are the keys that grids by member type or by college use. ``first_year`` chooses first-year
    amounts and one-off fees where a grid has them.

    ``agents`` (people), ``budget`` (whole euros), ``member_communes`` (of an EPCI), ``pooled_population``
    (inhabitants of the whole group that buys together) are whole numbers. ``units`` holds the other things
    that grids count, by the grid's key: ``{"workstation": 12, "gigabyte": 50, "guichet": 2}``.
    ``covered_by`` names the EPCI whose subscription covers this buyer. ``solidarity_coefficient`` weighs its
    inhabitants in a shared total (fiscal potential…).
    """

    on: date
    population: Population | None
    member_type: str = "commune"
    pooled_population: int | None = None
    agents: int | None = None
    first_year: bool = False
    college: str | None = None
    budget: int | None = None
    units: Mapping[str, int] = field(default_factory=dict, hash=False)
    member_communes: int | None = None
    covered_by: str | None = None
    solidarity_coefficient: Decimal | None = None

    def __post_init__(self) -> None:
        _check_count("pooled_population", self.pooled_population)
        _check_count("agents", self.agents)
        _check_count("budget", self.budget)
        _check_count("member_communes", self.member_communes)
        for unit, count in self.units.items():
            _check_count(unit, count)
        coefficient = self.solidarity_coefficient
        if coefficient is not None and not isinstance(coefficient, Decimal):
            raise TypeError(
                f"solidarity_coefficient must be a Decimal or None, not {type(coefficient).__name__}"
            )
        if coefficient is not None and not (coefficient.is_finite() and coefficient >= 0):
            raise ValueError(f"solidarity_coefficient must be zero or more: {coefficient}")
