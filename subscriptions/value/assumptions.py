"""What a value file supposes: the price that the engine gave, and what its authors expect.

Amounts are whole cents, tax included: a commune does not recover the tax of such a service.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST_ROWS = 20
MOST_CENTS = 10**12
Cents = Annotated[int, Field(ge=0, le=MOST_CENTS)]
Quantity = Annotated[Decimal, Field(gt=0, le=100_000, decimal_places=2)]
Label = Annotated[str, Field(min_length=1, max_length=120)]
Grade = Annotated[int, Field(ge=0, le=5)]
Step = Annotated[int, Field(ge=1, le=4)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Every(StrEnum):
    ONCE = "once"
    YEAR = "year"


class Whom(StrEnum):
    """Who gains: MAREVA's internal and external benefits."""

    AGENTS = "agents"
    USERS = "users"


class Cost(_Part):
    """Besides the price: training, days of agents… `quantity` times `unit_cents`."""

    label: Label
    quantity: Quantity = Decimal(1)
    unit_cents: Cents
    every: Every


class Gain(_Part):
    """What is saved each year: hours at an hourly cost, or money."""

    label: Label
    quantity: Quantity = Decimal(1)
    unit_cents: Cents


class Quality(_Part):
    """What gets better and has no price, from 0 (nothing) to 5 (decisive)."""

    label: Label
    whom: Whom
    grade: Grade


class Risk(_Part):
    """`probability` and `impact` from 1 (low) to 4 (high), once `mitigation` is done."""

    label: Label
    probability: Step
    impact: Step
    mitigation: Annotated[str, Field(max_length=300)] = ""

    @property
    def weight(self) -> int:
        """From 1 to 16."""
        return self.probability * self.impact

    @property
    def in_words(self) -> str:
        """ "2 × 3 = 6"."""
        return f"{self.probability} × {self.impact} = {self.weight}"


class Assumptions(_Part):
    """`rate`: the discount rate, in percent a year. `necessity`: from 0 (nothing obliges) to 5 (the law "
    "does)."""

    years: Annotated[int, Field(ge=1, le=10)]
    rate: Annotated[Decimal, Field(ge=0, le=20, decimal_places=2)]
    first_cents: Cents  # the price of the first year
    later_cents: Cents  # of each year after
    necessity: Grade = 0
    necessity_reason: Annotated[str, Field(max_length=300)] = ""
    costs: Annotated[tuple[Cost, ...], Field(max_length=MOST_ROWS)] = ()
    gains: Annotated[tuple[Gain, ...], Field(max_length=MOST_ROWS)] = ()
    qualities: Annotated[tuple[Quality, ...], Field(max_length=MOST_ROWS)] = ()
    risks: Annotated[tuple[Risk, ...], Field(max_length=MOST_ROWS)] = ()
