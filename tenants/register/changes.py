"""What changes from the vintage held to the one a file brings. Pure: plain values in, plain values out.

Nothing is guessed: a commune that disappears without one commune to succeed it has ended, and a person looks.
A territory whose line was set apart is left as it is.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import NamedTuple

from tenants.register.moves import PopulationMoves, population_moves
from tenants.register.places import (
    COMMUNE,
    EPCI,
    PARTS,
    Held,
    Key,
    Place,
    coming_places,
    effective_on,
    quarantined,
)
from tenants.register.rows import CommuneKind, Register


class OlderVintage(Exception):
    """The file is older than what is in force. `str()` says in French what of it is."""


class Merger(NamedTuple):
    """A commune that no longer exists and the one that follows it.

    `keeps_code`: the new commune took over this one's code, as most communes nouvelles do with that of their
    seat; it is another legal person, with a SIREN of its own ("" when the file does not know it yet).
    """

    code: str
    name: str
    siren: str
    into: str
    into_name: str
    into_siren: str
    keeps_code: bool


class Split(NamedTuple):
    """A commune that exists again, out of the one it was a part of."""

    code: str
    name: str
    out_of: str
    out_of_name: str


class Renamed(NamedTuple):
    kind: str
    code: str
    before: str
    after: str


class NewCode(NamedTuple):
    """The same legal person under another code."""

    before: str
    after: str
    name: str
    name_after: str


class NewSiren(NamedTuple):
    kind: str
    code: str
    name: str
    before: str
    after: str


class EpciMove(NamedTuple):
    """A commune that leaves an EPCI (SIREN, "" for none) for another."""

    code: str
    name: str
    before: str
    before_name: str
    after: str
    after_name: str


class NewNature(NamedTuple):
    """An EPCI of another kind: a CC that became a CA."""

    siren: str
    name: str
    before: str
    after: str


class MovedPart(NamedTuple):
    """A delegated or associated commune that belongs to another current commune."""

    kind: str
    code: str
    name: str
    before: str
    after: str


class Listed(NamedTuple):
    """A territory that appears, or disappears without a successor."""

    kind: str
    code: str
    name: str


@dataclass(frozen=True)
class Changes:
    """Everything that applying the file would change, in the order of the codes.

    `effective_on` is the day of the communes' borders, `epci_on` that of the EPCI. `kept` are the territories
    left as they are because their line, or a line that nobody can read, was set apart. `details` counts those
    whose postcodes, département or région differ.
    """

    cog_year_before: int | None
    cog_year: int
    effective_on: date
    epci_on: date
    mergers: list[Merger]
    splits: list[Split]
    renames: list[Renamed]
    new_codes: list[NewCode]
    new_sirens: list[NewSiren]
    epci_moves: list[EpciMove]
    natures: list[NewNature]
    moved_parts: list[MovedPart]
    created: list[Listed]
    ended: list[Listed]
    kept: list[Listed]
    details: int
    populations: list[PopulationMoves]

    @property
    def nothing(self) -> bool:
        """Whether the database says already what the file says."""
        return (
            self.cog_year_before == self.cog_year
            and not self.details
            and not any(getattr(self, name) for name in LISTS)
            and not any(moves.anything for moves in self.populations)
        )

    def digest(self) -> str:
        """A SHA-256 of all of it: another file or another database gives another one."""
        return hashlib.sha256(json.dumps(asdict(self), default=str).encode()).hexdigest()


LISTS = (
    "mergers", "splits", "renames", "new_codes", "new_sirens", "epci_moves", "natures", "moved_parts",
    "created", "ended",
)  # fmt: skip


def compare(*, held: Held, register: Register) -> Changes:
    """What applying `register` over `held` would change. Raises OlderVintage."""
    check_not_older(held=held, register=register)
    return _Comparison(held, register).changes()


def check_not_older(*, held: Held, register: Register) -> None:
    """Raises OlderVintage when the file's communes, EPCI or populations are older than those in force."""
    header = register.header
    if held.cog_year and header.cog_year < held.cog_year:
        raise OlderVintage(
            f"Ce fichier est le millésime {header.cog_year}, plus ancien que celui en vigueur "
            f"({held.cog_year}). Rien n’a été changé. Prenez le fichier {held.cog_year} ou un plus récent."
        )
    for what, day in held.borders.items():
        if what in header.borders and header.borders[what] < day:
            raise OlderVintage(
                f"Les limites ({what}) de ce fichier sont celles du {header.borders[what]:%d/%m/%Y}, plus "
                f"anciennes que celles en vigueur ({day:%d/%m/%Y}). Rien n’a été changé."
            )
    for source in header.sources.values():
        figures = held.populations.get((source.kind.value, source.key))
        if figures and source.in_force_from < figures.in_force_from:
            raise OlderVintage(
                f"Les populations « {source.label} » de ce fichier sont en vigueur depuis le "
                f"{source.in_force_from:%d/%m/%Y} ; la base en a de plus récentes, en vigueur depuis le "
                f"{figures.in_force_from:%d/%m/%Y}. Rien n’a été changé."
            )


class _Comparison:
    def __init__(self, held: Held, register: Register):
        self.held, self.register = held, register
        self.coming = coming_places(register, held)
        keys, unreadable = quarantined(register)
        missing = [key for key in held.places if key not in self.coming]
        self.kept = {key for key in missing if key in keys}
        self.gone = [key for key in missing if key not in keys]
        self.mergers: dict[str, Merger] = {}  # by the code that disappears
        self.new_codes: dict[str, NewCode] = {}  # by the code before
        self.splits: dict[str, Split] = {}
        self._follow_communes()
        self._find_splits()
        if unreadable:
            # It may be the line of any territory that seems to have ended.
            explained = self.mergers.keys() | self.new_codes.keys()
            lost = {key for key in self.gone if not (key[0] == COMMUNE and key[1] in explained)}
            self.kept |= lost
            self.gone = [key for key in self.gone if key not in lost]

    def changes(self) -> Changes:
        held, coming, register = self.held, self.coming, self.register
        both = [(key, held.places[key], place) for key, place in coming.items() if key in held.places]
        same_person = [row for row in both if not self._keeps_code(row[0])]
        reshaped = {merger.into for merger in self.mergers.values()}
        reshaped |= {code for split in self.splits.values() for code in (split.code, split.out_of)}
        day = effective_on(register)
        return Changes(
            cog_year_before=held.cog_year,
            cog_year=register.header.cog_year,
            effective_on=day,
            epci_on=effective_on(register, "epci"),
            mergers=sorted(self.mergers.values()),
            splits=sorted(self.splits.values()),
            renames=sorted(Renamed(*key, a.name, b.name) for key, a, b in same_person if a.name != b.name),
            new_codes=sorted(self.new_codes.values()),
            new_sirens=sorted(
                NewSiren(*key, b.name, a.siren, b.siren) for key, a, b in same_person if a.siren != b.siren
            ),
            epci_moves=sorted(self._epci_moves()),
            natures=sorted(
                NewNature(key[1], b.name, a.nature, b.nature) for key, a, b in both if a.nature != b.nature
            ),
            moved_parts=sorted(
                MovedPart(*key, b.name, a.current, b.current) for key, a, b in both if a.current != b.current
            ),
            created=self._created(),
            ended=self._listed(
                key
                for key in self.gone
                if key[0] != COMMUNE or not (key[1] in self.mergers or key[1] in self.new_codes)
            ),
            kept=self._listed(self.kept),
            details=sum(a.rest != b.rest for _, a, b in both),
            populations=population_moves(
                held=held,
                register=register,
                reshaped=dict.fromkeys(reshaped, day),
                renumbered={new.after: new.before for new in self.new_codes.values()},
                names=coming,
            ),
        )

    def _follow_communes(self) -> None:
        """Where each commune that disappears went: to another code of its own, or into another commune."""
        part_of = {code: place.current for (kind, code), place in self.coming.items() if kind in PARTS}
        former_of: dict[str, set[str]] = {}
        for row in self.register.communes:
            if row.kind is CommuneKind.CURRENT:
                for code in row.former_codes:
                    former_of.setdefault(code, set()).add(row.code)
        for code in sorted(code for kind, code in self.gone if kind == COMMUNE):
            found = {part_of[code]} if code in part_of else former_of.get(code, set())
            if len(found) == 1:
                self._succeed(code, found.pop())
        for into in sorted({merger.into for merger in self.mergers.values()}):
            before = self.held.places.get((COMMUNE, into))
            # A commune nouvelle has a new SIREN: whoever had its code before is another legal person.
            if before and before.siren and before.siren != self.coming[COMMUNE, into].siren:
                self._merge(into, into)

    def _succeed(self, code: str, into: str) -> None:
        before, after = self.held.places[COMMUNE, code], self.coming[COMMUNE, into]
        taken = (COMMUNE, into) in self.held.places or into in {new.after for new in self.new_codes.values()}
        if not taken and _same_person(before, after):
            self.new_codes[code] = NewCode(code, into, before.name, after.name)
        else:
            self._merge(code, into)

    def _merge(self, code: str, into: str) -> None:
        before, after = self.held.places[COMMUNE, code], self.coming[COMMUNE, into]
        self.mergers[code] = Merger(
            code, before.name, before.siren, into, after.name, after.siren, keeps_code=code == into
        )

    def _find_splits(self) -> None:
        renumbered = {new.after for new in self.new_codes.values()}
        for (kind, code), place in self.coming.items():
            if kind != COMMUNE or (kind, code) in self.held.places or code in renumbered:
                continue
            parents = {
                self.held.places[part, code].current for part in PARTS if (part, code) in self.held.places
            } or self.held.former.get(code, set())
            still = {parent for parent in parents if (COMMUNE, parent) in self.coming}
            if len(still) == 1:
                out_of = still.pop()
                self.splits[code] = Split(code, place.name, out_of, self.coming[COMMUNE, out_of].name)

    def _keeps_code(self, key: Key) -> bool:
        return key[0] == COMMUNE and key[1] in self.mergers

    def _epci_moves(self) -> list[EpciMove]:
        before_code = {new.after: new.before for new in self.new_codes.values()}
        moves = []
        for (kind, code), after in self.coming.items():
            before = self.held.places.get((COMMUNE, before_code.get(code, code)))
            if kind == COMMUNE and before and before.epci != after.epci:
                names = (self._epci_name(siren) for siren in (before.epci, after.epci))
                moves.append(EpciMove(code, after.name, before.epci, next(names), after.epci, next(names)))
        return moves

    def _epci_name(self, siren: str) -> str:
        place = self.coming.get((EPCI, siren)) or self.held.places.get((EPCI, siren))
        return place.name if place else ""

    def _created(self) -> list[Listed]:
        explained = {(COMMUNE, new.after) for new in self.new_codes.values()}
        explained |= {(COMMUNE, code) for code in self.splits}
        return self._listed(
            key for key in self.coming if key not in self.held.places and key not in explained
        )

    def _listed(self, keys) -> list[Listed]:
        return sorted(Listed(*key, (self.coming.get(key) or self.held.places[key]).name) for key in keys)


def _same_person(before: Place, after: Place) -> bool:
    """The SIREN says; where there is none (overseas collectivities), the name does."""
    if before.siren or after.siren:
        return before.siren == after.siren
    return before.name == after.name
