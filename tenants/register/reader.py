"""Read the register's data file, row by row, keeping bad rows apart."""

import json
import lzma
from collections.abc import Callable
from datetime import date
from pathlib import Path

from tenants.register import checks
from tenants.register.checks import BadRow
from tenants.register.rows import (
    CommuneKind,
    CommuneRow,
    DepartementRow,
    EpciRow,
    Header,
    PopulationKind,
    PopulationRow,
    RegionRow,
    Register,
    Rejected,
    Source,
)
from tenants.register.vintage import DATA_FILE

FORMAT = 1


class RegisterError(Exception):
    """The file as a whole cannot be read: not xz, cut short, no header, unknown format."""


def read_register(path: Path | None = None) -> Register:
    """Return the register held by `path` (default: the file shipped with Halle).

    A row that breaks a rule goes to `register.rejected` with the reason, and is never repaired; what
    refers to it is then rejected too. Rows must follow what they refer to, as `build` writes them.
    Raises RegisterError when the file as a whole is unusable, OSError when it cannot be opened.
    """
    try:
        with lzma.open(path or DATA_FILE, "rt", encoding="utf-8") as lines:
            reading = _Reading(_header(lines.readline()))
            for number, line in enumerate(lines, start=2):
                reading.take(number, line)
    except (lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise RegisterError(f"unreadable register: {error}") from error
    return reading.register


def _header(line: str) -> Header:
    try:
        raw = json.loads(line)
        if raw["record"] != "header" or raw["format"] != FORMAT:
            raise RegisterError(f"not a register of format {FORMAT}")
        return Header(
            cog_year=raw["cog_year"],
            borders={what: date.fromisoformat(day) for what, day in raw["borders"].items()},
            licence=raw["licence"],
            credits=raw["credits"],
            inputs_sha256=raw["inputs_sha256"],
            sources={key: _source(key, source) for key, source in raw["sources"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RegisterError(f"bad header: {error!r}") from error


def _source(key: str, raw: dict) -> Source:
    return Source(
        key=key,
        label=raw["label"],
        kind=PopulationKind(raw["kind"]),
        reference_year=raw["reference_year"],
        in_force_from=date.fromisoformat(raw["in_force_from"]),
        in_force_certain=raw["in_force_certain"],
    )


class _Reading:
    """The register so far, and what later rows may refer to."""

    def __init__(self, header: Header):
        self.register = Register(header)
        self.region_by_departement: dict[str, str] = {}
        self.current_communes: set[str] = set()
        self.keys: set[tuple[str, str]] = set()
        self.sirens: set[str] = set()
        self.takers: dict[str, Callable[[dict], tuple[str, str]]] = {
            "region": self._region,
            "departement": self._departement,
            "commune": self._commune,
            "epci": self._body,
            "ept": self._body,
        }

    def take(self, number: int, line: str) -> None:
        raw: object = line
        try:
            raw = json.loads(line)
            if not isinstance(raw, dict) or raw.get("record") not in self.takers:
                raise BadRow("unknown kind of record")
            key = self.takers[raw["record"]](raw)
        except BadRow as error:
            self._reject(number, raw, str(error))
        except (ValueError, KeyError, TypeError) as error:
            # A field missing, or of a shape the checks did not foresee.
            self._reject(number, raw, f"malformed: {error!r}")
        else:
            self._populations(number, raw, *key)

    def _reject(self, number: int, raw: object, reason: str) -> None:
        self.register.rejected.append(Rejected(number, raw, reason))

    def _claim(self, key: tuple[str, str], siren: str | None = None) -> None:
        """Refuse a key or a SIREN already taken."""
        if key in self.keys:
            raise BadRow(f"twice in the file: {' '.join(key)}")
        if siren in self.sirens:
            raise BadRow(f"SIREN used twice: {siren}")
        self.keys.add(key)
        if siren:
            self.sirens.add(siren)

    def _region(self, raw: dict) -> tuple[str, str]:
        checks.check_region(raw)
        row = RegionRow(raw["code"], raw["name"], raw["zone"], raw["seat"])
        self._claim(("region", row.code))
        self.register.regions.append(row)
        return "region", row.code

    def _departement(self, raw: dict) -> tuple[str, str]:
        checks.check_departement(raw, {region.code for region in self.register.regions})
        row = DepartementRow(raw["code"], raw["name"], raw["region"], raw["zone"], raw["seat"])
        self._claim(("departement", row.code))
        self.register.departements.append(row)
        self.region_by_departement[row.code] = row.region
        return "departement", row.code

    def _commune(self, raw: dict) -> tuple[str, str]:
        checks.check_commune(raw, self.region_by_departement, self.current_communes)
        row = CommuneRow(
            kind=CommuneKind(raw["kind"]),
            code=raw["code"],
            name=raw["name"],
            departement=raw["departement"],
            region=raw["region"],
            zone=raw["zone"],
            siren=raw.get("siren"),
            postcodes=tuple(raw.get("postcodes", ())),
            former_codes=tuple(raw.get("former_codes", ())),
            parent=raw.get("parent"),
        )
        self._claim((row.kind.value, row.code), row.siren)
        self.register.communes.append(row)
        if row.kind is CommuneKind.CURRENT:
            self.current_communes.add(row.code)
        return row.kind.value, row.code

    def _body(self, raw: dict) -> tuple[str, str]:
        checks.check_body(raw, self.current_communes)
        row = EpciRow(raw["kind"], raw["siren"], raw["name"], raw["funding"], tuple(raw["members"]))
        self._claim((row.kind, row.siren), row.siren)
        rows = self.register.ept if raw["record"] == "ept" else self.register.epci
        rows.append(row)
        return row.kind, row.siren

    def _populations(self, number: int, raw: dict, territory_kind: str, code: str) -> None:
        populations = raw.get("populations", {})
        if not isinstance(populations, dict):
            self._reject(number, raw, "malformed: populations")
            return
        for key, value in populations.items():
            try:
                checks.check_population(value)
                if key not in self.register.header.sources:
                    raise BadRow(f"unknown source of population: {key!r}")
            except BadRow as error:
                self._reject(number, raw, str(error))
                continue
            source = self.register.header.sources[key]
            self.register.populations.append(
                PopulationRow(
                    territory_kind=territory_kind,
                    code=code,
                    value=value,
                    kind=source.kind,
                    reference_year=source.reference_year,
                    in_force_from=source.in_force_from,
                    source=key,
                )
            )
