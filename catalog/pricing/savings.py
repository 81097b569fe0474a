"""What buying together saves: the pooled price beside the vendor's list price."""

from dataclasses import dataclass
from decimal import Decimal

from .engine import price
from .facts import Facts
from .grids import Grid
from .money import EXACT, round_ratio


@dataclass(frozen=True, slots=True)
class Savings:
    """Two yearly totals in cents. Negative savings are told as they are: buying together may cost more."""

    list_cents: int
    pooled_cents: int

    @property
    def saved_cents(self) -> int:
        """List price minus pooled price."""
        return self.list_cents - self.pooled_cents

    @property
    def percent(self) -> Decimal | None:
        """What is saved of the list price, in percent with one decimal; None when the list price is zero."""
        if not self.list_cents:
            return None
        return Decimal(round_ratio(self.saved_cents * 1000, self.list_cents)).scaleb(-1, context=EXACT)


def savings(*, list_grid: Grid, pooled_grid: Grid, facts: Facts) -> Savings:
    """Both grids for the same buyer in the same year. Raises what ``price`` raises for either of them."""
    return Savings(
        list_cents=price(grid=list_grid, facts=facts).total_cents,
        pooled_cents=price(grid=pooled_grid, facts=facts).total_cents,
    )
