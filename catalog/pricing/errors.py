"""Why a price cannot be given.

``str(error)`` is a French sentence made for the reader, ``code`` is for the program.
"""

from collections.abc import Sequence


class PricingError(Exception):
    """Base of every refusal of the price engine."""

    code = "pricing_error"


class GridInvalid(PricingError):
    """The grid cannot be used as it is; ``errors`` lists, in French, everything to mend."""

    code = "grid_invalid"

    def __init__(self, errors: Sequence[str]):
        self.errors = list(errors)
        super().__init__(" ".join(self.errors))


class PopulationUnknown(PricingError):
    """No population is known (not the same thing as nobody living there)."""

    code = "population_unknown"


class PopulationZero(PricingError):
    """Known, and zero: six communes destroyed in 1916 have no inhabitant."""

    code = "population_zero"


class PopulationKindMismatch(PricingError):
    """The grid counts another population (municipale, totale, DGF) than the one given."""

    code = "population_kind_mismatch"


class AgentsUnknown(PricingError):
    """The grid goes by number of agents, which is not known."""

    code = "agents_unknown"


class MemberTypeUnknown(PricingError):
    """The grid has no tariff for this type of member."""

    code = "member_type_unknown"


class PriceNotPublished(PricingError):
    """The grid declares that it publishes no amount for this size."""

    code = "price_not_published"
