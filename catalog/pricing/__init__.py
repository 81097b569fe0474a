"""The pure price engine: grid + facts → lines to the cent, each explained in French.

No Django, no database, no clock, no settings in here. ``published_grids.py`` in its tests shows real grids.
"""

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
    "Facts",
    "Grid",
    "GridInvalid",
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
    "VatSubtotal",
    "format_cents",
    "format_date",
    "format_euros",
    "format_number",
    "format_percent",
    "parse_grid",
    "price",
    "prorate",
    "to_cents",
    "vat_breakdown",
]
