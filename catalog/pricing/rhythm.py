"""The rhythm of a tariff: the periods it is invoiced by, when, and what of a period begun is owed.

Written beside the pattern of a grid, under ``rhythm``. It moves no price: a year costs what the grid says,
and the periods of a year sum to it. A grid without one is invoiced with the period of each billing run, by
months begun.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from pydantic import ValidationError

from .amounts import GridPart
from .errors import GridInvalid
from .grid_messages import in_french
from .money import NNBSP

RHYTHM = "rhythm"
PERIODS = {"month": "mois", "quarter": "trimestre", "half_year": "semestre", "year": "an"}
DUE = {"advance": "d’avance", "arrears": "à terme échu"}
ANCHORS = {"january": "du calendrier", "subscription": "à compter de l’ouverture du service"}
PRORATIONS = {
    "day": "ce qui est entamé est dû au prorata des jours",
    "month": "tout mois commencé est dû",
    "none": "toute période commencée est due en entier",
}
_MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


class Rhythm(GridPart):
    """One period every so many months, counted from 1 January or from the day the service opened."""

    period: Literal["month", "quarter", "half_year", "year"]
    due: Literal["advance", "arrears"] = "advance"
    anchor: Literal["january", "subscription"] = "january"
    proration: Literal["day", "month", "none"] = "month"

    @property
    def months(self) -> int:
        """Of one period: it divides a year."""
        return _MONTHS[self.period]

    def in_words(self) -> str:
        """``Facturé par trimestre du calendrier, d’avance ; tout mois commencé est dû``."""
        when = f"{PERIODS[self.period]} {ANCHORS[self.anchor]}, {DUE[self.due]}"
        return f"Facturé par {when}{NNBSP}; {PRORATIONS[self.proration]}"


def rhythm_of(definition: Mapping[str, Any]) -> Rhythm | None:
    """The rhythm that a grid's JSON says, None where it says none. Raises ``GridInvalid``."""
    written = definition.get(RHYTHM)
    if written is None:
        return None
    if not isinstance(written, Mapping):
        raise GridInvalid(["Le rythme de facturation doit être un objet avec des champs nommés."])
    try:
        return _read(tuple(sorted(written.items())))
    except TypeError:
        raise GridInvalid(["Le rythme de facturation ne contient que des mots."]) from None


@lru_cache(maxsize=64)
def _read(items: tuple[tuple[str, Any], ...]) -> Rhythm:
    try:
        return Rhythm.model_validate(dict(items))
    except ValidationError as error:
        raise GridInvalid(in_french(error.errors(include_url=False))) from error
