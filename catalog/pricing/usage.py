"""What a tariff asks for each unit used, beyond what a month includes.

Written beside the pattern of a grid, under ``usage``: the price of a year says nothing of it, since nobody
knows what will be used. What was used is priced month by month.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from .amounts import Amount, Count, GridPart
from .errors import GridInvalid, UsageTooLarge
from .grid_messages import in_french
from .lines import line_of
from .money import COLON, EXACT, format_euros, format_number, format_result
from .quote import Quote
from .revision import month_in_words
from .units import Name

USAGE = "usage"
MOST = 10
MAX_QUANTITY = 1_000_000_000  # told at once
# What a line of an invoice can hold: so many units, so many euros.
MOST_USED = 10**10
MOST_OWED = 10**10


class UsagePrice(GridPart):
    """``unit_price`` euros for each unit of a month beyond the ``included`` first ones. ``unit`` is the word
    by which the service counts it, ``name`` and ``plural`` those of readers."""

    unit: Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[a-z0-9_-]+$")]
    name: Name
    plural: Name
    unit_price: Amount
    included: Count = 0

    def counted(self, quantity: int) -> str:
        """``1 240 SMS``."""
        return f"{format_number(quantity)} {self.plural if quantity >= 2 else self.name}"

    def in_words(self) -> str:
        """``SMS : 1 000 compris par mois, puis 0,045 € l’unité``."""
        subject = self.plural[:1].upper() + self.plural[1:]
        free = f"{format_number(self.included)} compris par mois, puis " if self.included else ""
        return f"{subject}{COLON}{free}{format_euros(self.unit_price)} l’unité"


_ADAPTER = TypeAdapter(tuple[UsagePrice, ...])


def usage_of(definition: Mapping[str, Any]) -> tuple[UsagePrice, ...]:
    """What a grid's JSON asks for what is used, nothing where it says nothing. Raises ``GridInvalid``."""
    written = definition.get(USAGE)
    if written is None:
        return ()
    if not isinstance(written, list) or not 1 <= len(written) <= MOST:
        raise GridInvalid([f"Les prix à l’usage sont une liste, de 1 à {MOST} unités."])
    try:
        found = _ADAPTER.validate_python(written)
    except ValidationError as error:
        errors = [{**one, "loc": (USAGE, *one["loc"])} for one in error.errors(include_url=False)]
        raise GridInvalid(in_french(errors)) from error
    units = [one.unit for one in found]
    if twice := sorted({unit for unit in units if units.count(unit) > 1}):
        raise GridInvalid([f"L’unité « {unit} » a deux prix, gardez-en un." for unit in twice])
    return found


def price_used(usage: UsagePrice, *, quantity: int, month: date) -> Quote:
    """What so many units used in the month that begins that day come to: one line, of zero where all are
    included. Raises ``UsageTooLarge``."""
    beyond = max(0, quantity - usage.included)
    steps = []
    if usage.included:
        steps.append(
            f"{usage.counted(quantity)} en {month_in_words(month)}, dont "
            f"{format_number(min(quantity, usage.included))} compris{COLON}{format_number(beyond)} à payer"
        )
    amount = EXACT.multiply(Decimal(beyond), usage.unit_price)
    if beyond >= MOST_USED or amount >= MOST_OWED:
        raise UsageTooLarge(
            f"{usage.counted(quantity)} en {month_in_words(month)}{COLON}une facture n’en compte pas tant. "
            "Demandez à l’éditeur de corriger ses relevés."
        )
    steps.append(f"{usage.counted(beyond)} × {format_euros(usage.unit_price)} = {format_result(amount)}")
    subject = usage.plural[:1].upper() + usage.plural[1:]
    return Quote.of(
        line_of(
            f"usage.{usage.unit}",
            f"{subject}, {month_in_words(month)}",
            quantity=beyond,
            unit=usage.name,
            unit_price=usage.unit_price,
            steps=steps,
        )
    )
