"""The register seen as territories: one plain shape for what a file says and what the database holds."""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from tenants.register.rows import CommuneKind, Register

COMMUNE, DELEGATED, ASSOCIATED, EPCI = "commune", "commune_deleguee", "commune_associee", "epci"
# The kinds of the database (tenants.models.territory.TerritoryKind), by those of the file.
KINDS = {
    CommuneKind.CURRENT: COMMUNE,
    CommuneKind.DELEGATED: DELEGATED,
    CommuneKind.ASSOCIATED: ASSOCIATED,
    CommuneKind.BOROUGH: "arrondissement_municipal",
    "EPT": "ept",
}
PARTS = (DELEGATED, ASSOCIATED)
REGION, DEPARTEMENT = "region", "departement"

Key = tuple[str, str]  # kind and code


class Place(NamedTuple):
    """A territory that exists. `current` is the code of the commune a part belongs to, `epci` a SIREN; `rest`
    differs when the postcodes, the département or the région do (within one process only)."""

    name: str
    siren: str = ""
    nature: str = ""
    epci: str = ""
    current: str = ""
    rest: int = 0


@dataclass(slots=True)
class Figures:
    """The newest populations of one kind and source: the day they came into force and each value."""

    in_force_from: date
    reference_year: int
    values: dict[Key, int | None] = field(default_factory=dict)


@dataclass(slots=True)
class Held:
    """What the database holds.

    `former` leads from a former code to current communes; `reshaped` is the day of a commune's last merger:
    an older population counts other inhabitants. `populations` is by kind and source.
    """

    cog_year: int | None = None
    borders: dict[str, date] = field(default_factory=dict)  # of the last vintage imported
    places: dict[Key, Place] = field(default_factory=dict)
    former: dict[str, set[str]] = field(default_factory=dict)
    reshaped: dict[str, date] = field(default_factory=dict)
    populations: dict[tuple[str, str], Figures] = field(default_factory=dict)


def kind_of(register_kind: str) -> str:
    """The database's kind of territory; every kind of EPCI is one."""
    return KINDS.get(register_kind, EPCI)


def effective_on(register: Register, what: str = "communes") -> date:
    """The day from which the file's borders hold: as its header says, or 1 January of its vintage."""
    return register.header.borders.get(what, date(register.header.cog_year, 1, 1))


def quarantined(register: Register) -> tuple[set[Key], bool]:
    """The territories that rejected lines speak of, and whether a line is too damaged to say which.

    A commune's line speaks of the communes it absorbed, too: nobody may say that they have ended.
    """
    keys: set[Key] = set()
    unreadable = False
    for rejected in register.rejected:
        raw = rejected.record if isinstance(rejected.record, dict) else {}
        code, kind = raw.get("siren") if raw.get("record") in ("epci", "ept") else raw.get("code"), ""
        match raw.get("record"):
            case "region" | "departement" as kind:
                pass
            case "commune":
                kind = KINDS.get(raw.get("kind"), "") if isinstance(raw.get("kind"), str) else ""
            case "epci" | "ept" as kind:
                pass
        if kind and isinstance(code, str):
            keys.add((kind, code))
            if raw["record"] == "commune":
                former = raw.get("former_codes")
                codes = [code, *former] if isinstance(former, list) else [code]
                keys.update((COMMUNE, one) for one in codes if isinstance(one, str))
        else:
            unreadable = True
    return keys, unreadable


def epci_by_commune(register: Register, held: Held) -> dict[str, str]:
    """The SIREN of each current commune's EPCI.

    An EPCI set apart with its line keeps the communes that it holds: its line being bad says nothing of them.
    """
    by_commune = {code: row.siren for row in register.epci for code in row.members}
    keys, _ = quarantined(register)
    apart = {code for kind, code in keys if kind == EPCI} - {row.siren for row in register.epci}
    if not apart:
        return by_commune
    parts: dict[str, list[str]] = {}
    for row in register.communes:
        if row.parent and kind_of(row.kind) in PARTS:
            parts.setdefault(row.parent, []).append(row.code)
    for row in register.communes:
        if row.kind is not CommuneKind.CURRENT or row.code in by_commune:
            continue
        before = {row.code, *row.former_codes, *parts.get(row.code, ())}
        sirens = {held.places[COMMUNE, code].epci for code in before if (COMMUNE, code) in held.places}
        if len(sirens) == 1 and (siren := sirens.pop()) in apart:
            by_commune[row.code] = siren
    return by_commune


def coming_places(register: Register, held: Held) -> dict[Key, Place]:
    """Every territory of the file."""
    epci = epci_by_commune(register, held)
    places: dict[Key, Place] = {}
    for region in register.regions:
        places[REGION, region.code] = Place(region.name, rest=rest_of("", region.code, ()))
    for row in register.departements:
        places[DEPARTEMENT, row.code] = Place(row.name, rest=rest_of(row.code, row.region, ()))
    for commune in register.communes:
        current = commune.kind is CommuneKind.CURRENT
        places[kind_of(commune.kind), commune.code] = Place(
            commune.name,
            siren=commune.siren or "",
            epci=epci.get(commune.code, "") if current else "",
            current=commune.parent or "",
            rest=rest_of(commune.departement, commune.region, commune.postcodes),
        )
    for body in [*register.epci, *register.ept]:
        places[kind_of(body.kind), body.siren] = Place(
            body.name, siren=body.siren, nature=body.kind, rest=rest_of("", "", ())
        )
    return places


def rest_of(departement: str, region: str, postcodes) -> int:
    """One number for what nobody reads one by one."""
    return hash((departement, region or "", tuple(postcodes)))
