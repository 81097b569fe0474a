"""A shelf as columns of whole numbers: what is filtered and sorted, one line a fact, one column a listing.

A `Columns` never changes: another one is made from it when listings change (`with_rows`). Texts are not kept,
but for the names, which the order needs; a page reads the texts of its twenty cards from the database.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np

from catalog.finding.curves import GridPrices
from catalog.finding.strata import STRATA
from catalog.finding.words import plain_words
from catalog.models import ClaimLevel, ClaimTopic, Connector, Family
from tenants.models.organisation import OrganisationKind

FAMILIES = tuple(Family.values)
CONNECTORS = tuple(Connector.values)
TOPICS = tuple(ClaimTopic.values)
LEVELS = ("", *ClaimLevel.values)  # the higher, the better; "" is no claim
KINDS = tuple(OrganisationKind.values)
EVER = 2**62  # after all days, above all populations
_FACTS = (
    "listing", "listed", "family", "connector", "licence", "departement", "bodies", "least", "most",
    "rating_sum", "rating_count", "position", "listed_at",
)  # fmt: skip
_LINE = {name: line for line, name in enumerate(_FACTS)}
_LEVEL = len(_FACTS)
_UNTIL = _LEVEL + len(TOPICS)
_USAGE = _UNTIL + len(TOPICS)
LINES = _USAGE + len(STRATA)


@dataclass(frozen=True)
class Row:
    """One entry as numbers, its name, and its prices: what a shelf keeps of it."""

    version: int
    numbers: tuple[int, ...]
    sort_key: str
    grids: tuple[GridPrices, ...] = ()

    @property
    def listing(self) -> int:
        return self.numbers[0]


class Codes:
    """Small numbers for texts that are not known in advance (licences, départements). Only ever grows, so
    that a number means the same in every copy of a shelf."""

    def __init__(self):
        self.texts: list[str] = [""]
        self._numbers: dict[str, int] = {"": 0}
        self._lock = threading.Lock()

    def number(self, text: str) -> int:
        """The text's number, given now if it has none."""
        with self._lock:
            if text not in self._numbers:
                self.texts.append(text)
                self._numbers[text] = len(self.texts) - 1
            return self._numbers[text]

    def known(self, text: str) -> int:
        """The text's number, -1 when no listing has it."""
        return self._numbers.get(text, -1)


@dataclass(frozen=True)
class Columns:
    """All the listings of one operator, listed or not."""

    rows: tuple[Row, ...]
    numbers: np.ndarray  # LINES × listings, int64
    licences: Codes
    departements: Codes
    _place: dict[int, int] = field(repr=False, default_factory=dict)
    _levels: dict[date, np.ndarray] = field(repr=False, default_factory=dict, compare=False)

    @classmethod
    def of(cls, rows: Iterable[Row], *, licences: Codes, departements: Codes) -> "Columns":
        rows = tuple(rows)
        numbers = np.array([row.numbers for row in rows], dtype=np.int64).reshape(len(rows), LINES).T.copy()
        places = {row.listing: place for place, row in enumerate(rows)}
        return cls(rows, numbers, licences, departements, places)

    def with_rows(self, changed: Iterable[Row]) -> "Columns":
        """The same shelf where these rows replace those of the same listings, or come after the others."""
        rows, places, changed, renamed = list(self.rows), dict(self._place), list(changed), False
        for row in changed:
            place = places.setdefault(row.listing, len(rows))
            if place == len(rows):
                rows.append(row)
            else:
                renamed |= rows[place].sort_key != row.sort_key
                rows[place] = row
        numbers = np.empty((LINES, len(rows)), dtype=np.int64)
        numbers[:, : len(self)] = self.numbers
        for row in changed:
            numbers[:, places[row.listing]] = row.numbers
        found = Columns(tuple(rows), numbers, self.licences, self.departements, places)
        if len(rows) == len(self) and not renamed:
            found.__dict__["by_name"] = self.by_name  # to sort 17,000 names takes longer than all the rest
        return found

    def __len__(self):
        return len(self.rows)

    def __getattr__(self, name: str) -> np.ndarray:
        """One line by its name: `columns.family`."""
        if name in _LINE:
            return self.numbers[_LINE[name]]
        raise AttributeError(name)

    def version_of(self, listing: int) -> int | None:
        place = self._place.get(listing)
        return None if place is None else self.rows[place].version

    def places_of(self, listings: np.ndarray) -> np.ndarray:
        """The place of each listing, -1 for one that is not here."""
        if not len(self):
            return np.full(len(listings), -1)
        order, known = self._by_listing
        near = np.minimum(np.searchsorted(known, listings), len(known) - 1)
        return np.where(known[near] == listings, order[near], -1)

    @cached_property
    def _by_listing(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self.listing)
        return order, self.listing[order]

    def levels(self, *, on: date) -> np.ndarray:
        """The level of each listing's claims, a line a topic: 0 for none or one that has expired by then."""
        found = self._levels.get(on)
        if found is None:
            untils, levels = self.numbers[_UNTIL:_USAGE], self.numbers[_LEVEL:_UNTIL]
            found = np.where(untils >= on.toordinal(), levels, 0).astype(np.int8)
            self._levels.clear()  # one day at a time
            self._levels[on] = found
        return found

    def usage(self, stratum: str) -> np.ndarray:
        """Open subscriptions of communes of that stratum."""
        return self.numbers[_USAGE + STRATA.index(stratum)]

    @cached_property
    def by_name(self) -> np.ndarray:
        """The rank of each listing in the alphabet."""
        order = sorted(range(len(self.rows)), key=lambda place: self.rows[place].sort_key)
        return _ranks(np.array(order, dtype=np.int64))

    @cached_property
    def by_rating(self) -> np.ndarray:
        """The rank of each listing by satisfaction, then by how many have said so."""
        mean = self.rating_sum / np.maximum(self.rating_count, 1)
        return _ranks(np.lexsort((self.recommended, -self.rating_count, -mean)))

    @cached_property
    def recommended(self) -> np.ndarray:
        """The rank of each listing in the operator's own order, then in the alphabet."""
        return _ranks(np.lexsort((self.by_name, self.position)))


def _ranks(order: np.ndarray) -> np.ndarray:
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def row_of(entry: dict, *, licences: Codes, departements: Codes, grids: tuple[GridPrices, ...]) -> Row:
    """The row of an entry, given as the values of its fields."""
    levels, untils = [0] * len(TOPICS), [0] * len(TOPICS)
    for claim in entry["claims"]:
        line = TOPICS.index(claim["topic"])
        levels[line] = LEVELS.index(claim["level"])
        untils[line] = date.fromisoformat(claim["until"]).toordinal() if claim["until"] else EVER
    bodies = sum(1 << KINDS.index(kind) for kind in entry["body_types"] if kind in KINDS)
    listed_at = entry["listed_at"]
    numbers = (
        entry["listing_id"],
        int(entry["listed"]),
        FAMILIES.index(entry["family"]) if entry["family"] in FAMILIES else -1,
        CONNECTORS.index(entry["connector"]) if entry["connector"] in CONNECTORS else -1,
        licences.number(entry["licence_spdx"]),
        departements.number(entry["vendor_departement"]),
        bodies,
        entry["population_min"] or 0,
        EVER if entry["population_max"] is None else entry["population_max"],
        entry["rating_sum"],
        entry["rating_count"],
        entry["position"],
        int(listed_at.timestamp()) if listed_at else 0,
        *levels,
        *untils,
        *(int(entry["usage"].get(stratum, 0)) for stratum in STRATA),
    )
    sort_key = f"{' '.join(plain_words(entry['name']))} {entry['listing_id']:012}"
    return Row(entry["version"], numbers, sort_key, grids)
