"""The register's rows: plain immutable data, as read and checked by `reader`."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class CommuneKind(StrEnum):
    """INSEE's kinds. Only a current commune is a legal person that may subscribe."""

    CURRENT = "commune-actuelle"
    DELEGATED = "commune-deleguee"
    ASSOCIATED = "commune-associee"
    BOROUGH = "arrondissement-municipal"


class PopulationKind(StrEnum):
    MUNICIPALE = "municipale"
    TOTALE = "totale"


@dataclass(frozen=True, slots=True)
class RegionRow:
    code: str
    name: str
    zone: str
    seat: str


@dataclass(frozen=True, slots=True)
class DepartementRow:
    code: str
    name: str
    region: str
    zone: str
    seat: str


@dataclass(frozen=True, slots=True)
class CommuneRow:
    """A commune, or a part of one. The key is (kind, code): 584 codes are used twice.

    `parent` is the code of the current commune a part belongs to, None for a current commune.
    `former_codes` are codes of communes since absorbed or renumbered.
    """

    kind: CommuneKind
    code: str
    name: str
    departement: str
    region: str
    zone: str
    siren: str | None
    postcodes: tuple[str, ...]
    former_codes: tuple[str, ...]
    parent: str | None


@dataclass(frozen=True, slots=True)
class EpciRow:
    """An EPCI (CC, CA, CU, METRO, MET69) or an EPT. `members` are codes of current communes.

    `funding` is FPU or FA, None for an EPT, which levies no tax of its own.
    """

    kind: str
    siren: str
    name: str
    funding: str | None
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A publication of populations. `in_force_certain` is False when the date is deduced, not published."""

    key: str
    label: str
    kind: PopulationKind
    reference_year: int
    in_force_from: date
    in_force_certain: bool


@dataclass(frozen=True, slots=True)
class PopulationRow:
    """One population of one territory, never to be mixed with another kind, year or source.

    `territory_kind` is a CommuneKind, or the kind of an EPCI or EPT; `code` its INSEE code or SIREN.
    `value` counts inhabitants; None means unknown, 0 is a real count. `source` is a key of the header.
    """

    territory_kind: str
    code: str
    value: int | None
    kind: PopulationKind
    reference_year: int
    in_force_from: date
    source: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line kept out, as it was found, with the reason; a bad population does not reject its territory."""

    line: int
    record: object
    reason: str


@dataclass(frozen=True, slots=True)
class Header:
    """What the file is: vintage, day of the borders of each kind of territory, licence, inputs."""

    cog_year: int
    borders: dict[str, date]
    licence: str
    credits: str
    inputs_sha256: dict[str, str]
    sources: dict[str, Source]


@dataclass(slots=True)
class Register:
    header: Header
    regions: list[RegionRow] = field(default_factory=list)
    departements: list[DepartementRow] = field(default_factory=list)
    communes: list[CommuneRow] = field(default_factory=list)
    epci: list[EpciRow] = field(default_factory=list)
    ept: list[EpciRow] = field(default_factory=list)
    populations: list[PopulationRow] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
