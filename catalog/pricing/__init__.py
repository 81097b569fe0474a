"""The pure price engine: grid + facts → lines to the cent, each explained in French.

No Django, no database, no clock, no settings in here. ``published_grids.py`` in its tests shows real grids.
"""

from .curve import Curve, CurveLine, Jump, Segment, curve, jumps
from .engine import price
from .errors import (
    AgentsUnknown,
    GridInvalid,
    MemberTypeUnknown,
    PopulationKindMismatch,
    PopulationUnknown,
    PopulationZero,
    PriceNotPublished,
    PricingError,
)
from .facts import Facts, Population, PopulationKind
from .grids import Grid, parse_grid
from .money import format_cents, format_date, format_euros, format_number, format_percent, to_cents
from .quote import Line, Quote, prorate
from .vat import VatSubtotal, vat_breakdown

__all__ = [
    "AgentsUnknown",
    "Curve",
    "CurveLine",
    "Facts",
    "Grid",
    "GridInvalid",
    "Jump",
    "Line",
    "MemberTypeUnknown",
    "Population",
    "PopulationKind",
    "PopulationKindMismatch",
    "PopulationUnknown",
    "PopulationZero",
    "PriceNotPublished",
    "PricingError",
    "Quote",
    "Segment",
    "VatSubtotal",
    "curve",
    "format_cents",
    "format_date",
    "format_euros",
    "format_number",
    "format_percent",
    "jumps",
    "parse_grid",
    "price",
    "prorate",
    "to_cents",
    "vat_breakdown",
]
