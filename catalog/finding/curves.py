"""The prices of thousands of listings for one commune at once, to sort and to filter by.

Exactly those of `catalog.prices.listing_price`, computed from the engine's own curves in whole numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from catalog.prices import TerritoryFacts
from catalog.pricing import grid_of, parse_grid
from catalog.pricing.curve import CENT, MAX_POPULATION, Curve, curve
from catalog.pricing.grids import FlatByStratum

ANY = 0  # the grid does not look at the population
KINDS = {"municipale": 1, "totale": 2, "dgf": 3}
END = 2**62
BUYER = "commune"  # a visitor names a commune


@dataclass(frozen=True, slots=True)
class GridPrices:
    """One published grid for a commune: the days it is in force, whom it counts, its lines by population.

    `lines` are (first, last, rate, base); VAT is in hundredths of a percent. `beyond` is kept only for a grid
    whose amounts leave 64 bits: its prices are asked one by one.
    """

    first_day: int
    last_day: int  # included
    kind: int
    vat: int
    lines: tuple[tuple[int, int, int, int], ...]
    beyond: Curve | None = None

    def in_force(self, day: int) -> bool:
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True)
class Prices:
    """Yearly prices in cents with VAT, by listing; `priced` says where there is one."""

    gross_cents: np.ndarray
    priced: np.ndarray


def grid_prices(
    *, effective_from: date, effective_until: date | None, vat_rate: Decimal, definition: Mapping
) -> GridPrices:
    """What a shelf keeps of a published grid, given as the columns of its row."""
    parsed = parse_grid(definition)
    facts = TerritoryFacts(on=effective_from, member_type=BUYER, populations={})
    found = curve(parsed, facts=facts.for_grid(parsed, first_year=True))
    own = grid_of(parsed, member_type=BUYER)
    kind = own.population_kind if own else None
    if isinstance(own, FlatByStratum) and own.is_lump_sum:
        kind = None
    fits = found.fits_int64()
    lines = (
        (segment.first, END if segment.last is None else segment.last, line.rate, line.base)
        for segment in found.segments
        for line in segment.lines
    )
    return GridPrices(
        first_day=effective_from.toordinal(),
        last_day=END if effective_until is None else effective_until.toordinal() - 1,
        kind=ANY if kind is None else KINDS[kind],
        vat=int(vat_rate * 100),
        lines=tuple(lines) if fits else (),
        beyond=None if fits else found,
    )


class PriceCurves:
    """The lines of all the grids in force on one day, one after another."""

    def __init__(self, grids: Sequence[Sequence[GridPrices]], *, on: date):
        day = on.toordinal()
        places, kinds, lines = [], [], []
        self.vat = np.zeros(len(grids), dtype=np.int64)
        self.beyond: list[tuple[int, GridPrices]] = []
        for place, versions in enumerate(grids):
            found = next((grid for grid in versions if grid.in_force(day)), None)
            if found is None:
                continue
            self.vat[place] = found.vat
            if found.beyond:
                self.beyond.append((place, found))
            places += [place] * len(found.lines)
            kinds += [found.kind] * len(found.lines)
            lines += found.lines
        self.place = np.array(places, dtype=np.int64)
        self.kind = np.array(kinds, dtype=np.int64)
        self.first, self.last, self.rate, self.base = (
            np.array(lines, dtype=np.int64).reshape(len(lines), 4).T.copy()
        )

    def prices(self, facts: TerritoryFacts) -> Prices:
        """What each listing costs this commune over a first year."""
        gross = np.zeros(len(self.vat), dtype=np.int64)
        priced = np.zeros(len(self.vat), dtype=bool)
        if facts.problem:
            return Prices(gross, priced)
        counted = populations_of(facts)
        population = np.array([counted[kind] for kind in range(4)], dtype=np.int64)[self.kind]
        here = (self.first <= population) & (population <= self.last)
        place = self.place[here]
        cents = (self.rate[here] * population[here] + self.base[here] + CENT // 2) // CENT
        np.add.at(gross, place, cents)
        priced[place] = True
        gross += (gross * self.vat + 5_000) // 10_000
        for at, grid in self.beyond:
            net = grid.beyond.total_cents(counted[grid.kind]) if counted[grid.kind] else None
            if net is not None:
                total = net + (net * grid.vat + 5_000) // 10_000
                gross[at], priced[at] = min(total, 2**63 - 1), True
        return Prices(gross, priced)


def populations_of(facts: TerritoryFacts) -> dict[int, int]:
    """The commune's population by kind, 0 where it is unknown: no curve has a price there."""
    found = {KINDS[kind]: row.value or 0 for kind, row in facts.populations.items()}
    return {kind: min(found.get(kind, 0), MAX_POPULATION) for kind in KINDS.values()} | {ANY: 1}
