"""The pure price engine: grid + facts → lines to the cent, each explained in French.

No Django, no database, no clock, no settings in here. ``published_grids.py`` in its tests shows real grids.
"""

from .curve import Curve, CurveLine, Jump, Segment, curve, jumps
from .engine import price
from .errors import (
    AgentsUnknown,
    BudgetUnknown,
    CollegeUnknown,
    FactUnknown,
    GridInvalid,
    MemberCommunesUnknown,
    MemberTypeUnknown,
    PooledPopulationUnknown,
    PopulationKindMismatch,
    PopulationUnknown,
    PopulationZero,
    PriceNotPublished,
    PricingError,
    SolidarityCoefficientUnknown,
    UnitsUnknown,
)
from .facts import Facts, Population, PopulationKind
from .grid_messages import PATTERNS
from .grids import Grid, grid_of, parse_grid
from .money import format_cents, format_date, format_euros, format_number, format_percent, to_cents
from .quote import Line, Quote, prorate
from .vat import VatSubtotal, vat_breakdown

__all__ = [
    "PATTERNS",
    "AgentsUnknown",
    "BudgetUnknown",
    "CollegeUnknown",
    "Curve",
    "CurveLine",
    "FactUnknown",
    "Facts",
    "Grid",
    "GridInvalid",
    "Jump",
    "Line",
    "MemberCommunesUnknown",
    "MemberTypeUnknown",
    "PooledPopulationUnknown",
    "Population",
    "PopulationKind",
    "PopulationKindMismatch",
    "PopulationUnknown",
    "PopulationZero",
    "PriceNotPublished",
    "PricingError",
    "Quote",
    "Segment",
    "SolidarityCoefficientUnknown",
    "UnitsUnknown",
    "VatSubtotal",
    "curve",
    "format_cents",
    "format_date",
    "format_euros",
    "format_number",
    "format_percent",
    "grid_of",
    "jumps",
    "parse_grid",
    "price",
    "prorate",
    "to_cents",
    "vat_breakdown",
]
