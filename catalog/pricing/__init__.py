"""The pure price engine: grid + facts → lines to the cent, each explained in French.

No Django, no database, no clock, no settings in here. ``published_grids.py`` in its tests shows real grids.
"""

from .counted import Counted, counted, counted_anywhere, counts_as_facts
from .curve import Curve, CurveLine, Jump, Segment, curve, jumps
from .describe import Section, describe, describe_sections
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
from .grids import Grid, first_year_apart, grid_of, parse_grid
from .money import format_cents, format_date, format_euros, format_number, format_percent, to_cents
from .options import with_options
from .quote import Line, Quote, prorate
from .revision import Revision, RevisionFormula, month_in_words, revise, revision, since
from .rhythm import Rhythm, rhythm_of
from .savings import Savings, savings
from .slices import months_in_words, slice_of_year
from .split import SUBSCRIBER, Claim, Portion, apportion, split
from .typed import TypedWrong, read_amount_text, read_count_text
from .vat import VatSubtotal, vat_breakdown

__all__ = [
    "PATTERNS",
    "SUBSCRIBER",
    "AgentsUnknown",
    "BudgetUnknown",
    "Claim",
    "CollegeUnknown",
    "Counted",
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
    "Portion",
    "PriceNotPublished",
    "PricingError",
    "Quote",
    "Revision",
    "RevisionFormula",
    "Rhythm",
    "Savings",
    "Section",
    "Segment",
    "SolidarityCoefficientUnknown",
    "TypedWrong",
    "UnitsUnknown",
    "VatSubtotal",
    "apportion",
    "counted",
    "counted_anywhere",
    "counts_as_facts",
    "curve",
    "describe",
    "describe_sections",
    "first_year_apart",
    "format_cents",
    "format_date",
    "format_euros",
    "format_number",
    "format_percent",
    "grid_of",
    "jumps",
    "month_in_words",
    "months_in_words",
    "parse_grid",
    "price",
    "prorate",
    "read_amount_text",
    "read_count_text",
    "revise",
    "revision",
    "rhythm_of",
    "savings",
    "since",
    "slice_of_year",
    "split",
    "to_cents",
    "vat_breakdown",
    "with_options",
]
