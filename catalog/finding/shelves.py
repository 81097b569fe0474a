"""The shelves in the memory of a web process, as new as the database at each request.

How a copy stays true with one cheap query. A trigger writes in each entry the transaction that wrote it
(`written_in`) and a number of its own (`version`). When a copy is looked at, the database also says which is
the oldest transaction still open, the horizon: everything older is seen by everybody. Hence, at the next
look, only entries written in that transaction or a later one can be new, however late they were committed.
"""

import itertools
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db import connection

from catalog.finding.asked import Local, Visitor
from catalog.finding.columns import Codes, Columns, Row, row_of
from catalog.finding.curves import GridPrices, PriceCurves, grid_prices
from catalog.models import GridState, PriceGrid, ShelfEntry
from tenants.models import Territory
from tenants.models.territory import TerritoryKind

# In each process: some 2 kB a listing.
MOST_LISTINGS = 60_000
FIELDS = (
    "listing_id", "version", "listed", "name", "family", "vendor_departement", "connector", "licence_spdx",
    "body_types", "population_min", "population_max", "claims", "usage", "rating_sum", "rating_count",
    "position", "listed_at",
)  # fmt: skip
GRID_FIELDS = (
    "listing_id", "effective_from", "effective_until", "vat_category", "vat_rate", "vat_reason",
    "definition", "list_definition",
)  # fmt: skip
# The transaction this request has written in, if any; the horizon; what may be new.
LOOK = """
SELECT pg_current_xact_id_if_assigned()::text::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
    entry.listing_id, entry.version
FROM (SELECT) AS once
LEFT JOIN catalog_shelfentry AS entry ON entry.operator_id = %s AND entry.written_in >= %s
"""
_serial = itertools.count(1)


@dataclass(frozen=True)
class Shelf:
    """One operator's listings at one moment. `serial` is another for another content, so that what was
    computed from it may be kept beside it."""

    operator_id: int
    columns: Columns
    regions: Mapping[str, frozenset[str]]  # the codes of its départements, by that of a région
    serial: int = field(default_factory=lambda: next(_serial))
    kept: "Kept" = field(default_factory=lambda: Kept(), repr=False, compare=False)
    searched: "Kept" = field(default_factory=lambda: Kept(), repr=False, compare=False)

    def near(self, visitor: Visitor | None) -> dict[Local, frozenset[str]]:
        """The départements whose vendors are local to a visitor."""
        own = frozenset({visitor.departement} - {""}) if visitor else frozenset()
        region = self.regions.get(visitor.region, own) if visitor else own
        return {Local.DEPARTEMENT: own, Local.REGION: own | region}

    def curves(self, *, on: date) -> PriceCurves:
        """The grids in force that day: a new grid counts from its first day on without anything written."""
        key, rows = ("curves", on), [row.grids for row in self.columns.rows]
        return self.kept.get(key, lambda: PriceCurves(rows, on=on, operator_id=self.operator_id))


class Kept:
    """What was computed from one shelf, the last asked for kept longest. A word that all of 17,000 listings
    have takes 200 kB."""

    MOST = 64

    def __init__(self):
        self._found: OrderedDict = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key, compute):
        """What was kept under the key, or else is computed now; twice when two threads want it at once."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        value = compute()
        with self._lock:
            self._found[key] = value
            while len(self._found) > self.MOST:
                self._found.popitem(last=False)
        return value


@dataclass(frozen=True)
class _Held:
    shelf: Shelf
    horizon: int


class Shelves:
    """The shelves of a process, by operator. Safe between threads."""

    def __init__(self, *, most_listings: int = MOST_LISTINGS):
        self.most_listings = most_listings
        self._held: OrderedDict[int, _Held] = OrderedDict()
        self._lock = threading.Lock()  # for the dictionary, never held while the database is asked
        self._loading: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)

    def of(self, operator_id: int) -> Shelf:
        """The operator's shelf as this transaction sees it. One query when nothing changed, two more when
        something did, three when it is not in memory."""
        with self._lock:
            held = self._held.get(operator_id)
        own, horizon, stale = self._look(operator_id, held)
        if held and not stale:
            self._keep(operator_id, held.shelf, horizon, instead_of=held)
            return held.shelf
        if own is not None:
            # This transaction has written, and may yet be undone: what it sees is nobody else's.
            return self._loaded(operator_id, held, stale)
        with self._loading[operator_id]:
            with self._lock:
                newest = self._held.get(operator_id)
            if newest is not held:  # another thread has loaded it meanwhile
                held = newest
                _, horizon, stale = self._look(operator_id, held)
                if held and not stale:
                    return held.shelf
            shelf = self._loaded(operator_id, held, stale)
            self._keep(operator_id, shelf, horizon)
            return shelf

    def forget(self) -> None:
        """Empties the memory."""
        with self._lock:
            self._held.clear()

    def _look(self, operator_id: int, held: _Held | None) -> tuple[int | None, int, list[int]]:
        """(own transaction, horizon, listings that are not in the copy as they are in the database)."""
        since = held.horizon if held else 2**62  # nothing to compare with
        with connection.cursor() as cursor:
            cursor.execute(LOOK, [operator_id, since])
            rows = cursor.fetchall()
        own, horizon = rows[0][:2]
        stale = [
            listing
            for _, _, listing, version in rows
            if listing is not None and held and held.shelf.columns.version_of(listing) != version
        ]
        return own, horizon, stale

    def _loaded(self, operator_id: int, held: _Held | None, stale: list[int]) -> Shelf:
        if held is None:
            codes = {"licences": Codes(), "departements": Codes()}
            return Shelf(operator_id, Columns.of(_rows(operator_id, None, **codes), **codes), _regions())
        columns = held.shelf.columns
        codes = {"licences": columns.licences, "departements": columns.departements}
        return Shelf(operator_id, columns.with_rows(_rows(operator_id, stale, **codes)), held.shelf.regions)

    def _keep(self, operator_id: int, shelf: Shelf, horizon: int, *, instead_of: _Held | None = None) -> None:
        with self._lock:
            if instead_of and self._held.get(operator_id) is not instead_of:
                return  # another thread has a newer one
            self._held[operator_id] = _Held(shelf, horizon)
            self._held.move_to_end(operator_id)
            while len(self._held) > 1 and self._count() > self.most_listings:
                self._held.popitem(last=False)

    def _count(self) -> int:
        return sum(len(held.shelf.columns) for held in self._held.values())


def _regions() -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    places = Territory.objects.filter(kind=TerritoryKind.DEPARTEMENT).exclude(region="")
    for region, code in places.values_list("region", "code"):
        found[region].add(code)
    return {region: frozenset(codes) for region, codes in found.items()}


def _rows(operator_id: int, listings: list[int] | None, *, licences: Codes, departements: Codes) -> list[Row]:
    """Two queries. Entries first: a grid published in between gives its entry another version."""
    entries = ShelfEntry.objects.filter(operator=operator_id)
    grids = PriceGrid.objects.filter(listing__operator=operator_id, state=GridState.PUBLISHED, option="")
    if listings is not None:
        entries, grids = entries.filter(listing__in=listings), grids.filter(listing__in=listings)
    found = list(entries.values(*FIELDS).iterator())
    prices: defaultdict[int, list[GridPrices]] = defaultdict(list)
    for grid in grids.values(*GRID_FIELDS).order_by().iterator():
        prices[grid.pop("listing_id")].append(grid_prices(**grid))
    return [
        row_of(entry, licences=licences, departements=departements, grids=tuple(prices[entry["listing_id"]]))
        for entry in found
    ]


SHELVES = Shelves()
