"""The prices of thousands of listings for one commune at once, to sort and to filter by.

Exactly those of `catalog.prices.listing_price`, computed from the engine's own curves in whole numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from catalog.prices import TerritoryFacts
from catalog.pricing import Grid, Population, first_year_apart, grid_of, parse_grid
from catalog.pricing.curve import CENT, MAX_POPULATION, Curve, curve
from catalog.pricing.grids import FlatByStratum
from catalog.vat import Regime, Terms

ANY = 0  # the grid does not look at the population
KINDS = {"municipale": 1, "totale": 2, "dgf": 3}
END = 2**62
BUYER = "commune"  # a visitor names a commune


@dataclass(frozen=True, slots=True)
class Tariff:
    """One definition for a commune: whom it counts, and its lines by population.

    `lines` are (first, last, rate, base), one segment after another. `beyond` is kept instead of them for
    amounts that leave 64 bits: its prices are asked one by one. `shown` is the kind of population told beside
    the price, even of a lump sum.
    """

    kind: int
    lines: tuple[tuple[int, int, int, int], ...]
    beyond: Curve | None
    shown: str | None

    def cents(self, counted: Mapping[int, int]) -> int | None:
        """The year net of tax, None without a price. `counted`: see `populations_of`."""
        population = counted[self.kind]
        if population == 0:
            return None
        if self.beyond:
            return self.beyond.total_cents(population)
        here = [line for line in self.lines if line[0] <= population <= line[1]]
        return (
            sum((rate * population + base + CENT // 2) // CENT for _, _, rate, base in here) if here else None
        )

    def reach(self) -> list[tuple[int, int]]:
        """The populations that have a price, as ranges that do not touch."""
        found: list[tuple[int, int]] = []
        for first, last in sorted({(first, last) for first, last, _, _ in self.lines}):
            if found and first <= found[-1][1] + 1:
                first, last = found[-1][0], max(found.pop()[1], last)
            found.append((first, last))
        return found


@dataclass(frozen=True, slots=True)
class GridPrices:
    """One published grid for a commune: the days it is in force, its tariff over the first year, over the
    following ones where they differ, and the vendor's own list; what it says of VAT.

    `partial`: some communes may have a price of the first year and none of the following ones, hence none.
    """

    first_day: int
    last_day: int  # included
    vat: Terms
    first: Tariff
    following: Tariff | None = None
    listed: Tariff | None = None
    partial: bool = False

    def in_force(self, day: int) -> bool:
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True, slots=True)
class CardPrice:
    """What `catalog.prices.ListingPrice` says of a price that there is, without its quote."""

    net_cents: int
    vat_cents: int
    following_cents: int
    following_vat_cents: int
    list_gross_cents: int | None
    population: Population | None
    vat_reason: str
    problem: str = ""

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents


@dataclass(frozen=True)
class Prices:
    """Yearly prices in cents with VAT, by listing; `priced` says where there is one."""

    gross_cents: np.ndarray
    priced: np.ndarray


def grid_prices(
    *,
    effective_from: date,
    effective_until: date | None,
    vat_category: str,
    vat_rate: Decimal,
    vat_reason: str,
    definition: Mapping,
    list_definition: Mapping | None,
) -> GridPrices:
    """What a shelf keeps of a published grid, given as the columns of its row."""
    parsed = parse_grid(definition)
    first = _tariff(parsed, on=effective_from)
    following = _tariff(parsed, on=effective_from, first_year=False) if first_year_apart(parsed) else None
    return GridPrices(
        first_day=effective_from.toordinal(),
        last_day=END if effective_until is None else effective_until.toordinal() - 1,
        vat=Terms(vat_category, vat_rate, vat_reason),
        first=first,
        following=following,
        listed=_tariff(parse_grid(list_definition), on=effective_from) if list_definition else None,
        partial=following is not None
        and bool(first.beyond or following.beyond or first.reach() != following.reach()),
    )


def _tariff(parsed: Grid, *, on: date, first_year: bool = True) -> Tariff:
    facts = TerritoryFacts(on=on, member_type=BUYER, populations={})
    found = curve(parsed, facts=facts.for_grid(parsed, first_year=first_year))
    own = grid_of(parsed, member_type=BUYER)
    shown = own.population_kind if own else None
    lump = isinstance(own, FlatByStratum) and own.is_lump_sum
    lines = (
        (segment.first, END if segment.last is None else segment.last, line.rate, line.base)
        for segment in found.segments
        for line in segment.lines
    )
    fits = found.fits_int64()
    return Tariff(
        kind=ANY if shown is None or lump else KINDS[shown],
        lines=tuple(lines) if fits else (),
        beyond=None if fits else found,
        shown=shown,
    )


def _hundredths(regime: Regime) -> int:
    """Its rate in hundredths of a percent; none is told while nobody knows the regime."""
    return 0 if regime.undecided else int(regime.rate * 100)


def _vat(net_cents: int, rate: int) -> int:
    return (net_cents * rate + 5_000) // 10_000


class PriceCurves:
    """The lines of all the grids in force on one day, one after another; of an operator, whose rules say
    which VAT applies."""

    def __init__(self, grids: Sequence[Sequence[GridPrices]], *, on: date, operator_id: int = 0):
        day = on.toordinal()
        places, kinds, lines = [], [], []
        self.operator_id = operator_id
        self.vat_terms: dict[Terms, int] = {}  # each once, with its rank
        self.vat = np.zeros(len(grids), dtype=np.int64)  # that rank, of each place
        self.in_force = [next((grid for grid in all_ if grid.in_force(day)), None) for all_ in grids]
        self.beyond: list[int] = []
        self.partial: list[int] = []
        for place, found in enumerate(self.in_force):
            if found is None:
                continue
            self.vat[place] = self.vat_terms.setdefault(found.vat, len(self.vat_terms))
            if found.first.beyond:
                self.beyond.append(place)
            if found.partial:
                self.partial.append(place)
            places += [place] * len(found.first.lines)
            kinds += [found.first.kind] * len(found.first.lines)
            lines += found.first.lines
        self.place = np.array(places, dtype=np.int64)
        self.kind = np.array(kinds, dtype=np.int64)
        self.first, self.last, self.rate, self.base = (
            np.array(lines, dtype=np.int64).reshape(len(lines), 4).T.copy()
        )

    def regimes(self, facts: TerritoryFacts) -> tuple[Regime, ...]:
        """The VAT regime of each of `vat_terms` for this commune."""
        return tuple(facts.vat(terms, operator_id=self.operator_id) for terms in self.vat_terms)

    def prices(self, facts: TerritoryFacts, regimes: Sequence[Regime] | None = None) -> Prices:
        """What each listing costs this commune over a first year, where every year has a price. `regimes`:
        those of `facts`, if they are at hand."""
        regimes = self.regimes(facts) if regimes is None else regimes
        rates = np.array([_hundredths(one) for one in regimes] or [0], dtype=np.int64)[self.vat]
        gross = np.zeros(len(self.vat), dtype=np.int64)
        priced = np.zeros(len(self.vat), dtype=bool)
        if facts.problem:
            return Prices(gross, priced)
        counted = populations_of(facts)
        population = np.array([counted[kind] for kind in range(4)], dtype=np.int64)[self.kind]
        here = (self.first <= population) & (population <= self.last)
        place = self.place[here]
        cents = (self.rate[here] * population[here] + self.base[here] + CENT // 2) // CENT
        if len(place):  # the lines of one listing come together: each is summed from where it starts
            starts = np.flatnonzero(np.diff(place, prepend=-1))
            gross[place[starts]] = np.add.reduceat(cents, starts)
            priced[place[starts]] = True
        gross += (gross * rates + 5_000) // 10_000
        for at in self.beyond:
            grid = self.in_force[at]
            net = grid.first.cents(counted)
            if net is not None:
                gross[at], priced[at] = min(net + _vat(net, int(rates[at])), 2**63 - 1), True
        for at in self.partial:
            if self.in_force[at].following.cents(counted) is None:
                gross[at], priced[at] = 0, False
        return Prices(gross, priced)

    def card(self, place: int, facts: TerritoryFacts) -> CardPrice | None:
        """The price of one listing, as a card says it; None where `catalog.prices` must say why there is
        none."""
        grid = self.in_force[place]
        if grid is None or facts.problem:
            return None
        counted = populations_of(facts)
        net = grid.first.cents(counted)
        following = grid.following.cents(counted) if grid.following else net
        if net is None or following is None:
            return None
        listed = grid.listed.cents(counted) if grid.listed else None
        regime = facts.vat(grid.vat, operator_id=self.operator_id)
        rate = _hundredths(regime)
        return CardPrice(
            net_cents=net,
            vat_cents=_vat(net, rate),
            following_cents=following,
            following_vat_cents=_vat(following, rate),
            list_gross_cents=None if listed is None else listed + _vat(listed, rate),
            population=facts.populations.get(grid.first.shown),
            vat_reason=regime.note,
        )


def populations_of(facts: TerritoryFacts) -> dict[int, int]:
    """The commune's population by kind, 0 where it is unknown: no curve has a price there."""
    found = {KINDS[kind]: row.value or 0 for kind, row in facts.populations.items()}
    return {kind: min(found.get(kind, 0), MAX_POPULATION) for kind in KINDS.values()} | {ANY: 1}
