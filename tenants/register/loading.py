"""From the register's file to the territory tables. May be repeated: rows are matched on their key."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import islice

from django.db import connection, transaction
from django.db.models import Max

from tenants.models import Territory, VintageImport
from tenants.models.territory import TerritoryKind
from tenants.register.changes import OlderVintage
from tenants.register.moves import is_of_these_borders
from tenants.register.names import normalise
from tenants.register.places import Held, epci_by_commune, kind_of
from tenants.register.reader import read_register
from tenants.register.rows import CommuneKind, PopulationRow, Register

# Rows sent to the database at a time: between two batches, `tell` hears how far it is.
BATCH = 5_000

Tell = Callable[[int, int], None]


class NewerVintage(Exception):
    """The database holds an older vintage: what disappears must be followed by `import_vintage`."""


@transaction.atomic
def load_register(*, register: Register | None = None, tell: Tell = lambda done, total: None) -> Register:
    """Fills an empty database, or writes the same vintage over itself, in one transaction. Returns what was
    read, with its rejected rows.

    Raises OlderVintage when what is in force is newer, or was imported by `import_vintage`: to write an older
    file over it would bring back communes that no longer exist. Raises NewerVintage when it is older.

    `tell` is called with the rows written so far and all there are to write, from (0, total) to
    (total, total). Memory: 210 MB in all for the 150,000 rows of 2026, 140 of them Django and the libraries.
    """
    register = register or read_register()
    lock_register()
    year = register.header.cog_year
    held = Territory.objects.filter(ended_on__isnull=True).aggregate(year=Max("cog_year"))["year"]
    if VintageImport.objects.filter(cog_year__gte=year).exists() or (held and held > year):
        raise OlderVintage(f"La base tient déjà le millésime {held}, mis à jour : rien n’a été changé.")
    if held and held < year:
        raise NewerVintage(
            f"La base tient le millésime {held} : importez celui de {year} par « manage.py import_vintage »."
        )
    write_register(register=register, epci=epci_by_commune(register, Held()), tell=tell)
    return register


def analyse_register() -> None:
    """Tells the planner of what was just written: without it the first searches and comparisons take minutes,
    until the server's own housekeeping has passed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT halle_analyse_register()")


def lock_register() -> None:
    """Until the end of the transaction, nobody else changes the register."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('halle.register'))")


def write_register(
    *,
    register: Register,
    epci: Mapping[str, str],
    reshaped: Mapping[str, date] | None = None,
    tell: Tell = lambda done, total: None,
) -> None:
    """Upserts every row of the file; a territory that had ended and is in the file exists again.

    `epci` gives the SIREN of each commune's EPCI; `reshaped` the day of the last merger of a commune, whose
    older populations count other inhabitants and are left out.
    """
    year = register.header.cog_year
    populations = [row for row in register.populations if is_of_these_borders(row, reshaped or {})]
    written = _Written(_row_count(register, len(populations)), tell)
    # In this order: a commune names its EPCI, a part its commune.
    _upsert("tenants_territory", ["kind", "code"], _wholes(register, year), written)
    for current in (True, False):
        rows = _communes(register, year, _ids(), epci, current=current)
        _upsert("tenants_territory", ["kind", "code"], rows, written)
    ids = _ids()
    _upsert("tenants_formercode", ["code", "commune_id"], _former_codes(register, ids), written)
    key = ["territory_id", "kind", "in_force_from", "source"]
    _upsert("tenants_population", key, _populations(populations, ids), written)
    analyse_register()


class _Written:
    """Rows the database has taken, out of all of them."""

    def __init__(self, total: int, tell: Tell):
        self.done, self.total, self.tell = 0, total, tell
        tell(0, total)

    def add(self, rows: int) -> None:
        self.done += rows
        self.tell(self.done, self.total)


def _row_count(register: Register, populations: int) -> int:
    lists = ("regions", "departements", "communes", "epci", "ept")
    former_codes = sum(1 for _ in _own_former_codes(register))
    return sum(len(getattr(register, rows)) for rows in lists) + former_codes + populations


def _ids() -> dict[tuple[str, str], int]:
    return {(kind, code): pk for pk, kind, code in Territory.objects.values_list("pk", "kind", "code")}


def _wholes(register: Register, year: int) -> Iterator[dict]:
    for row in register.regions:
        yield _place(TerritoryKind.REGION, row.code, row.name, year, region=row.code)
    for row in register.departements:
        yield _place(
            TerritoryKind.DEPARTEMENT, row.code, row.name, year, region=row.region, departement=row.code
        )
    for row in [*register.epci, *register.ept]:
        yield _place(kind_of(row.kind), row.siren, row.name, year, siren=row.siren, nature=row.kind)


def _communes(
    register: Register, year: int, ids: dict, epci: Mapping[str, str], *, current: bool
) -> Iterator[dict]:
    departements = {row.code: row.name for row in register.departements}
    for row in register.communes:
        if (row.kind == CommuneKind.CURRENT) is not current:
            continue
        yield _place(
            kind_of(row.kind),
            row.code,
            row.name,
            year,
            siren=row.siren or "",
            departement=row.departement,
            departement_name=departements.get(row.departement, ""),
            region=row.region or "",
            postcodes=list(row.postcodes),
            epci_id=ids.get((TerritoryKind.EPCI, epci.get(row.code))) if current else None,
            current_id=None if current else ids[TerritoryKind.COMMUNE, row.parent],
        )


def _place(kind, code, name, year, **fields) -> dict:
    empty = {
        "siren": "",
        "nature": "",
        "departement": "",
        "departement_name": "",
        "region": "",
        "postcodes": [],
        "epci_id": None,
        "current_id": None,
        "ended_on": None,
    }
    return {
        "kind": str(kind),
        "code": code,
        "name": name,
        "name_key": normalise(name),
        "cog_year": year,
        **empty,
        **fields,
    }


def _former_codes(register: Register, ids: dict) -> Iterator[dict]:
    for commune, code in _own_former_codes(register):
        yield {"code": code, "commune_id": ids[TerritoryKind.COMMUNE, commune]}


def _own_former_codes(register: Register) -> Iterator[tuple[str, str]]:
    """Each current commune's code with each of the codes it replaced, once."""
    for row in register.communes:
        if row.kind == CommuneKind.CURRENT:
            for code in dict.fromkeys(row.former_codes):
                yield row.code, code


def _populations(populations: Iterable[PopulationRow], ids: dict) -> Iterator[dict]:
    for row in populations:
        yield {
            "territory_id": ids[kind_of(row.territory_kind), row.code],
            "kind": row.kind.value,
            "value": row.value,
            "reference_year": row.reference_year,
            "in_force_from": row.in_force_from,
            "source": row.source,
        }


def _upsert(table: str, key: list[str], rows: Iterable[dict], written: _Written) -> None:
    """COPY into a temporary table, then INSERT … ON CONFLICT: ten times as fast as the ORM here."""
    rows = iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(rows, BATCH)):
            columns = list(batch[0])
            names = ", ".join(columns)
            changes = [f"{column} = excluded.{column}" for column in columns if column not in key]
            action = f"UPDATE SET {', '.join(changes)}" if changes else "NOTHING"
            cursor.execute(
                f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0"  # noqa: S608
            )
            with cursor.copy(f"COPY incoming ({names}) FROM STDIN") as copy:
                for row in batch:
                    copy.write_row([row[column] for column in columns])
            cursor.execute(
                f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming "  # noqa: S608 our own names
                f"ON CONFLICT ({', '.join(key)}) DO {action}"
            )
            cursor.execute("DROP TABLE incoming")
            written.add(len(batch))
