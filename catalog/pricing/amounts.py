"""The field types that grids are made of."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from .money import NNBSP

_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,8})?")


def broken_rules(*sentences: str) -> PydanticCustomError:
    """A validation error carrying French sentences as they must be shown."""
    return PydanticCustomError("grid_rules", "grid rules broken", {"sentences": list(sentences)})


def _read_amount(value: Any) -> Decimal:
    text = f"{value:f}" if isinstance(value, Decimal) else value
    if not isinstance(text, str):
        raise PydanticCustomError(
            "amount", "écrivez le montant entre guillemets, par exemple « 0.75 », et non comme un nombre."
        )
    if text.startswith("-"):
        raise PydanticCustomError("amount", "un montant ne peut pas être négatif.")
    if not _AMOUNT.fullmatch(text):
        raise PydanticCustomError(
            "amount",
            "« {text} » n’est pas un montant en euros{sep}; écrivez-le avec un point et 8 décimales au plus, "
            "par exemple « 0.75 ».",
            {"text": text, "sep": NNBSP},
        )
    return Decimal(text)


# Euros, zero or more, up to 8 decimals, as a string (a Decimal is taken too, a float never is).
# Written back without an exponent: str(Decimal("0.00000000")) would be "0E-8".
Amount = Annotated[Decimal, BeforeValidator(_read_amount), PlainSerializer("{:f}".format, when_used="json")]

# A number of inhabitants or of agents. Strict: neither "1500", 1500.0 nor true.
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]

# A bound of a stratum: Count, or whole euros of a budget (Paris spends more than 10 billion a year).
Bound = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000_000)]

Flag = Annotated[bool, Field(strict=True)]


class GridPart(BaseModel):
    """Frozen, and no field but those named: a misspelt field must never be silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)
