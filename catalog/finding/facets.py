"""Which listings of a shelf answer, and how many would answer to each further choice. Numbers only."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from catalog.finding.asked import FREE, PROPRIETARY, Asked, Band, Local, Visitor
from catalog.finding.columns import CONNECTORS, FAMILIES, KINDS, LEVELS, TOPICS, Columns
from catalog.finding.curves import Prices

COMMUNE = 1 << KINDS.index("commune")
# "Nice" bounds in cents: 100 €, 200 €, 500 €, 1 000 €…
NICE = tuple(factor * 10**power * 100 for power in range(1, 7) for factor in (1, 2, 5))
MOST_LICENCES = 6


@dataclass(frozen=True)
class Facets:
    """How many listings answer to each choice, all the other facets being as they are chosen.

    What needs a commune is empty or None without one. `licences` holds FREE and PROPRIETARY, then the SPDX
    identifiers most met. `unpriced` counts those without a price for this commune.
    """

    families: dict[str, int]
    claims: dict[str, int]
    connectors: dict[str, int]
    licences: dict[str, int]
    prices: dict[Band, int]
    unpriced: int
    local: dict[Local, int]
    used_alike: int | None
    for_me: int | None


class Choice:
    """The listings of a shelf under what was asked. `near`: the départements of local vendors. `among`: those
    that answer to the words, None for all."""

    def __init__(
        self,
        columns: Columns,
        *,
        asked: Asked,
        visitor: Visitor | None,
        near: Mapping[Local, frozenset[str]],
        prices: Prices | None,
        among: np.ndarray | None,
        on,
    ):
        self.columns, self.asked, self.on = columns, asked, on
        self.visitor, self.near, self.prices = visitor, near, prices
        self.base = columns.listed == 1
        if among is not None:
            words = np.zeros(len(columns), dtype=bool)
            words[among] = True
            self.base &= words
        # What each facet in use refuses, and how many facets refuse each listing.
        self.refused = {name: ~allowed for name, allowed in self._allowed()}
        self.refusals = np.zeros(len(columns), dtype=np.int16)
        for refused in self.refused.values():
            self.refusals += refused

    def answers(self) -> np.ndarray:
        """The places of the listings that answer to everything."""
        return np.flatnonzero(self.base & (self.refusals == 0))

    def facets(self) -> Facets:
        """All the counts."""
        columns, visitor = self.columns, self.visitor
        return Facets(
            families=_counts(columns.family[self._without("family")], FAMILIES),
            claims={topic: self._count(("claim", topic), self._proves(topic)) for topic in TOPICS},
            connectors=_counts(columns.connector[self._without("connector")], CONNECTORS),
            licences=self._licences(),
            prices=self._bands(),
            unpriced=0 if self.prices is None else self._count("price", ~self.prices.priced),
            local=(
                {
                    choice: self._count("local", self._is_near(choice))
                    for choice in (Local.DEPARTEMENT, Local.REGION)
                }
                if visitor and visitor.departement
                else {}
            ),
            used_alike=self._count("used", self._used()) if visitor and visitor.stratum else None,
            for_me=self._count("for_me", self.suits()) if visitor else None,
        )

    def without(self, facet) -> int:
        """How many would answer if that facet were left out."""
        return int(np.count_nonzero(self._without(facet)))

    def suits(self) -> np.ndarray:
        """Whether the service is for communes, and for one of this size."""
        columns = self.columns
        kind = (columns.bodies == 0) | ((columns.bodies & COMMUNE) != 0)
        if self.visitor is None or self.visitor.population is None:
            return kind
        size = self.visitor.population
        return kind & (columns.least <= size) & (size <= columns.most)

    def _allowed(self) -> Iterable[tuple]:
        asked, columns = self.asked, self.columns
        if asked.families:
            yield "family", _among(columns.family, (FAMILIES.index(family) for family in asked.families))
        for topic in asked.claims:
            yield ("claim", topic), self._proves(topic)
        if asked.connectors:
            numbers = (CONNECTORS.index(connector) for connector in asked.connectors)
            yield "connector", _among(columns.connector, numbers)
        if asked.licences:
            yield "licence", self._licensed()
        if self.visitor is None:
            return
        if asked.prices:
            yield "price", self._priced_within()
        if asked.local and self.visitor.departement:
            yield "local", self._is_near(asked.local)
        if asked.used_alike and self.visitor.stratum:
            yield "used", self._used()
        if asked.for_me:
            yield "for_me", self.suits()

    def _without(self, facet) -> np.ndarray:
        if facet in self.refused:
            return self.base & (self.refusals == self.refused[facet])
        return self.base & (self.refusals == 0)

    def _count(self, facet, chosen: np.ndarray) -> int:
        return int(np.count_nonzero(self._without(facet) & chosen))

    def _proves(self, topic: str) -> np.ndarray:
        return self.columns.levels(on=self.on)[TOPICS.index(topic)] >= LEVELS.index(self.asked.level)

    def _licensed(self) -> np.ndarray:
        licence, wanted = self.columns.licence, self.asked.licences
        numbers = [self.columns.licences.known(spdx) for spdx in wanted - {FREE, PROPRIETARY}]
        allowed = _among(licence, numbers)
        if FREE in wanted:
            allowed |= licence > 0
        if PROPRIETARY in wanted:
            allowed |= licence == 0
        return allowed

    def _licences(self) -> dict[str, int]:
        counts = np.bincount(self.columns.licence[self._without("licence")], minlength=1)
        found = {FREE: int(counts[1:].sum()), PROPRIETARY: int(counts[0])}
        texts = self.columns.licences.texts
        met = Counter(
            {texts[number]: int(counts[number]) for number in range(1, len(counts)) if counts[number]}
        )
        most = met.most_common(MOST_LICENCES)
        chosen = [
            (spdx, met[spdx]) for spdx in sorted(self.asked.licences - {FREE, PROPRIETARY, *dict(most)})
        ]
        return found | dict(most) | dict(chosen)

    def _priced_within(self) -> np.ndarray:
        allowed = np.zeros(len(self.columns), dtype=bool)
        for band in self.asked.prices:
            allowed |= _within(self.prices.gross_cents, band)
        return allowed & self.prices.priced

    def _bands(self) -> dict[Band, int]:
        """Four bands or so that part what stands on the whole shelf, and those chosen before."""
        if self.prices is None or self.visitor is None:
            return {}
        whole = self.prices.gross_cents[(self.columns.listed == 1) & self.prices.priced]
        if not len(whole):
            return {}
        here = self.prices.gross_cents[self._without("price") & self.prices.priced]
        bands = sorted(
            {*bands_of(whole), *self.asked.prices}, key=lambda band: (band.low, band.high or 2**62)
        )
        return {band: int(np.count_nonzero(_within(here, band))) for band in bands}

    def _is_near(self, local: Local) -> np.ndarray:
        known = self.columns.departements.known
        return _among(self.columns.departement, (known(code) for code in self.near[local]))

    def _used(self) -> np.ndarray:
        return self.columns.usage(self.visitor.stratum) > 0


def bands_of(gross_cents: np.ndarray) -> list[Band]:
    """Bands with round bounds, each holding a fair part of these prices."""
    # A thousand of them tell a quarter of 17,000 well enough for a round bound.
    quarters = np.quantile(gross_cents[:: 1 + len(gross_cents) // 1_000], [0.25, 0.5, 0.75])
    bounds = sorted({min(NICE, key=lambda nice: abs(nice - quarter)) for quarter in quarters})
    return [Band(low, high) for low, high in zip([0, *bounds], [*bounds, None], strict=True)]


def _within(gross_cents: np.ndarray, band: Band) -> np.ndarray:
    within = gross_cents >= band.low
    return within if band.high is None else within & (gross_cents < band.high)


def _among(line: np.ndarray, numbers: Iterable[int]) -> np.ndarray:
    allowed = np.zeros(len(line), dtype=bool)
    for number in numbers:
        allowed |= line == number
    return allowed


def _counts(line: np.ndarray, names: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(line[line >= 0], minlength=len(names))
    return {name: int(count) for name, count in zip(names, counts, strict=True)}
