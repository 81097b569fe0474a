"""Strata: ranges of whole numbers that must cover everybody exactly once."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from pydantic import model_validator

from .amounts import Amount, Bound, Flag, GridPart, broken_rules
from .facts import count_in_words
from .money import COLON, NBSP, format_number

Measure = Literal["inhabitants", "agents", "budget", "member_communes"]


def measured_in_words(count: int, measure: Measure) -> str:
    """``1 501 habitants``, ``12 communes membres``, ``500 000 € de budget``."""
    match measure:
        case "inhabitants":
            return count_in_words(count, "habitant")
        case "agents":
            return count_in_words(count, "agent")
        case "member_communes":
            return f"{count_in_words(count, 'commune')} membre{'s' if count >= 2 else ''}"
        case "budget":
            return f"{format_number(count)}{NBSP}€ de budget"


class Stratum(GridPart):
    """One stratum; ``None`` as a bound means open on that side, bounds are inclusive unless said otherwise.

    ``amount`` has no default: ``None`` must be written, and declares that the body publishes no price for
    this stratum, so that none is ever invented. ``first_year_amount`` replaces ``amount`` the first year.
    """

    lower: Bound | None = None
    upper: Bound | None = None
    lower_inclusive: Flag = True
    upper_inclusive: Flag = True
    amount: Amount | None
    first_year_amount: Amount | None = None

    @property
    def first(self) -> int:
        """Smallest whole number inside."""
        if self.lower is None:
            return 0
        return self.lower if self.lower_inclusive else self.lower + 1

    @property
    def last(self) -> int | None:
        """Largest whole number inside, None when open-ended (-1 for « moins de 0 »: an empty stratum)."""
        if self.upper is None:
            return None
        return self.upper if self.upper_inclusive else self.upper - 1

    def contains(self, count: int) -> bool:
        """Whether this whole number falls in the stratum."""
        return self.first <= count and (self.last is None or count <= self.last)

    def yearly(self, *, first_year: bool) -> Decimal | None:
        """Euros of that year; None when no price is published."""
        if first_year and self.first_year_amount is not None:
            return self.first_year_amount
        return self.amount

    def in_words(self, measure: Measure) -> str:
        """The bounds as published: ``de 1 501 à 5 000 habitants``, ``moins de 200 habitants``."""
        if self.first == 0:
            if self.upper is None:
                return "quelle que soit la taille"
            start = "jusqu’à" if self.upper_inclusive else "moins de"
            return f"{start} {measured_in_words(self.upper, measure)}"
        if self.first == self.last:
            return f"exactement {measured_in_words(self.first, measure)}"
        if self.upper is None:
            start = "à partir de" if self.lower_inclusive else "plus de"
            return f"{start} {measured_in_words(self.lower or 0, measure)}"
        low = format_number(self.lower or 0)
        start = f"de {low}" if self.lower_inclusive else f"plus de {low}"
        end = "à" if self.lower_inclusive else "et jusqu’à"
        if not self.upper_inclusive:
            end = "à moins de" if self.lower_inclusive else "et moins de"
        return f"{start} {end} {measured_in_words(self.upper, measure)}"

    @model_validator(mode="after")
    def _coherent(self) -> "Stratum":
        if self.last is not None and self.last < self.first:
            raise broken_rules("la strate ne contient personne, corrigez ses bornes.")
        if self.amount is None and self.first_year_amount is not None:
            raise broken_rules(
                "un montant de première année est donné sans le montant des années suivantes, complétez-le."
            )
        return self


def in_order(strata: Sequence[Stratum]) -> tuple[Stratum, ...]:
    """Sorted from the smallest to the largest; an open-ended stratum comes last among equals."""
    return tuple(sorted(strata, key=lambda s: (s.first, s.last is None, s.last or 0)))


def partition_errors(strata: Sequence[Stratum], measure: Measure) -> list[str]:
    """French sentences naming each gap and overlap over whole numbers; none when all are covered once.

    A grid by inhabitants may start at 1, since a population of 0 is never priced. Strata must be
    ``in_order``.
    """
    if not strata:
        return ["Le barème n’a aucune strate, ajoutez-en une."]
    errors: list[str] = []
    covered_to: int | None = 0 if measure == "inhabitants" and strata[0].first == 1 else -1
    for stratum in strata:
        if covered_to is None or stratum.first <= covered_to:
            errors.append(
                f"Deux strates se recouvrent à partir de {measured_in_words(stratum.first, measure)}{COLON}"
                "corrigez leurs bornes."
            )
        elif stratum.first > covered_to + 1:
            errors.append(_gap(covered_to + 1, stratum.first - 1, measure))
        if covered_to is not None:
            covered_to = None if stratum.last is None else max(covered_to, stratum.last)
    if covered_to is not None:
        errors.append(
            f"Au-delà de {measured_in_words(covered_to, measure)}, rien n’est prévu{COLON}"
            "laissez la dernière strate ouverte (sans borne haute)."
        )
    return errors


def _gap(start: int, end: int, measure: Measure) -> str:
    who = (
        measured_in_words(start, measure)
        if start == end
        else f"{format_number(start)} à {measured_in_words(end, measure)}"
    )
    return (
        f"Aucune strate ne couvre {who}{COLON}ajoutez une strate ou corrigez les bornes "
        "(« jusqu’à » et « moins de » diffèrent)."
    )
