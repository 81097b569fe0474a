"""Registers made for a test: out of a few rows, or out of the real one with some of them edited."""

import json
import lzma
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

from tenants.register.vintage import DATA_FILE

SOURCE = {
    "label": "INSEE",
    "kind": "municipale",
    "reference_year": 2023,
    "in_force_from": "2026-01-01",
    "in_force_certain": True,
}
HEADER = {
    "record": "header",
    "format": 1,
    "cog_year": 2026,
    "borders": {"communes": "2026-01-01", "epci": "2026-01-01"},
    "licence": "Licence Ouverte",
    "credits": "INSEE",
    "inputs_sha256": {},
    "sources": {"insee": SOURCE},
}
WHOLES = [
    {"record": "region", "code": "84", "name": "Auvergne-Rhône-Alpes", "zone": "metro", "seat": "69123"},
    {
        "record": "departement",
        "code": "42",
        "name": "Loire",
        "zone": "metro",
        "seat": "42218",
        "region": "84",
    },
]


def header(year: int = 2026, **changes) -> dict:
    """`changes` replace whole fields; populations come into force on 1 January of the vintage."""
    source = {**SOURCE, "reference_year": year - 3, "in_force_from": f"{year}-01-01"}
    borders = {"communes": f"{year}-01-01", "epci": f"{year}-01-01"}
    return {**HEADER, "cog_year": year, "borders": borders, "sources": {"insee": source}, **changes}


def commune(code: str, name: str, *, population: int | None = 100, siren: str = "", **more) -> dict:
    row = {
        "record": "commune",
        "kind": "commune-actuelle",
        "code": code,
        "name": name,
        "departement": "42",
        "region": "84",
        "zone": "metro",
        "populations": {"insee": population},
        **more,
    }
    return {**row, "siren": siren} if siren else row


def part(code: str, name: str, parent: str, kind: str = "commune-deleguee") -> dict:
    row = commune(code, name, kind=kind, parent=parent)
    del row["populations"]
    return row


def epci(siren: str, name: str, members: list[str], kind: str = "CC", **more) -> dict:
    return {
        "record": "epci",
        "kind": kind,
        "siren": siren,
        "name": name,
        "funding": "FPU",
        "members": members,
        "populations": {},
        **more,
    }


def write(path: Path, rows: list[dict]) -> Path:
    """A file in the register's format; the first row is the header."""
    with lzma.open(path, "wt", encoding="utf-8", preset=0) as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def real_rows() -> Iterator[dict]:
    """The rows of the register shipped with Halle, header first."""
    with lzma.open(DATA_FILE, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


# Two real communes of Loire Forez agglomération, and the commune nouvelle this test makes of them.
SEAT, ABSORBED, LOIRE_FOREZ = "42137", "42046", "200065886"
NEW_NAME, NEW_SIREN = "Champdieu-Margerie", "200099992"


def vintage_2027(*, members_follow: bool = True) -> list[dict]:
    """The real register, a year later: two communes have become a commune nouvelle, which keeps the code of
    its seat, and INSEE's populations are those of 2024.

    `members_follow=False` leaves the EPCI's members as they were, as a file of an earlier year does.
    """
    rows = []
    absorbed = next(row for row in real_rows() if row.get("code") == ABSORBED and _is_current(row))
    for row in real_rows():
        row = deepcopy(row)
        if row["record"] == "header":
            row["cog_year"], row["borders"]["communes"] = 2027, "2027-01-01"
            for key in ("insee-municipale", "insee-totale"):
                row["sources"][key] |= {"reference_year": 2024, "in_force_from": "2027-01-01"}
                row["sources"][key]["label"] = "INSEE, populations de référence 2024"
        elif _is_current(row) and row["code"] == ABSORBED:
            continue
        elif _is_current(row) and row["code"] == SEAT:
            seat = deepcopy(row)
            row |= {"name": NEW_NAME, "siren": NEW_SIREN, "former_codes": [ABSORBED]}
            row["populations"]["insee-municipale"] += absorbed["populations"]["insee-municipale"]
        elif row.get("siren") == LOIRE_FOREZ and members_follow:
            row["members"].remove(ABSORBED)
        rows.append(row)
    last = max(place for place, row in enumerate(rows) if row["record"] == "commune")
    for code, name in ((SEAT, seat["name"]), (ABSORBED, absorbed["name"])):
        rows.insert(last + 1, {**part(code, name, SEAT), "departement": "42", "region": "84"})
    return rows


def _is_current(row: dict) -> bool:
    return row.get("kind") == "commune-actuelle"
