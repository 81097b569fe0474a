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


class FactUnknown(PricingError):
    """The grid looks at something that is not known of the buyer; each fact has its own subclass."""

    code = "fact_unknown"


class AgentsUnknown(FactUnknown):
    """The grid goes by number of agents, which is not known."""

    code = "agents_unknown"


class BudgetUnknown(FactUnknown):
    """The grid goes by the buyer's budget, which is not known."""

    code = "budget_unknown"


class UnitsUnknown(FactUnknown):
    """The grid counts workstations, gigabytes… and their number is not known."""

    code = "units_unknown"


class MemberCommunesUnknown(FactUnknown):
    """The grid counts the member communes, whose number is not known."""

    code = "member_communes_unknown"


class PooledPopulationUnknown(FactUnknown):
    """The grid looks at the inhabitants of the whole group, which are not known."""

    code = "pooled_population_unknown"


class SolidarityCoefficientUnknown(FactUnknown):
    """The grid weighs each member by a coefficient, which is not known for this one."""

    code = "solidarity_coefficient_unknown"


class CollegeUnknown(FactUnknown):
    """The grid goes by college: the buyer's is not known, or the grid has no tariff for it."""

    code = "college_unknown"


class MemberTypeUnknown(PricingError):
    """The grid has no tariff for this type of member."""

    code = "member_type_unknown"


class UsageTooLarge(PricingError):
    """More was told of than an invoice can hold."""

    code = "usage_too_large"


class PriceNotPublished(PricingError):
    """The grid declares that it publishes no amount for this size."""

    code = "price_not_published"
