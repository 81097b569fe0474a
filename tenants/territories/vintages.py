"""Bringing the register to a new vintage: read and reported first, applied once a person has confirmed.

The confirmation code is a digest of the file and of all it would change: what is applied is what was read.
"""

import hashlib
import io
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from tenants import organisations
from tenants.models import (
    ChangeKind,
    FormerCode,
    Organisation,
    Population,
    Territory,
    TerritoryChange,
    VintageImport,
)
from tenants.models.territory import TerritoryKind
from tenants.register.changes import LISTS, Changes, Merger, compare
from tenants.register.held import read_held
from tenants.register.loading import Tell, lock_register, write_register
from tenants.register.places import epci_by_commune
from tenants.register.reader import read_register
from tenants.register.rows import Register
from tenants.register.vintage import DATA_FILE

CODE_LENGTH = 12
# Ends the source of a population that Halle added up itself, until the new commune's own is published.
ADDED_UP = "-somme"
BODIES = (TerritoryKind.EPCI, TerritoryKind.EPT)


class NotWhatWasReported(Exception):
    """The file or the database changed since the report whose code was given."""

    def __init__(self):
        super().__init__(
            "Ce code n’est pas celui de ce fichier et de cette base : l’un des deux a changé depuis le "
            "rapport. Rien n’a été changé. Relancez la commande sans --confirm et relisez le rapport."
        )


@dataclass(frozen=True)
class Concerned:
    """An organisation whose territory changes. `into` is the SIREN of its successor, "" when nobody knows it;
    `known` says whether that one is registered already. `what` is one of the constants below."""

    siren: str
    name: str
    what: str
    into: str = ""
    known: bool = False


REPLACED, CLOSED, TO_CHECK = "replaced", "closed", "to check"


@dataclass(frozen=True)
class Vintage:
    """A file that was read, and what applying it would do. `code` confirms exactly that."""

    register: Register
    changes: Changes
    concerned: list[Concerned]
    epci: dict[str, str]  # SIREN by commune
    sha256: str

    @property
    def code(self) -> str:
        text = f"{self.sha256} {self.changes.digest()} {self.concerned}"
        return hashlib.sha256(text.encode()).hexdigest()[:CODE_LENGTH]


def read_vintage(*, path: Path | None = None) -> Vintage:
    """Reads a file (by default the one shipped with Halle) and compares it with the database. Writes nothing.

    Raises OlderVintage, RegisterError or OSError.
    """
    content = (path or DATA_FILE).read_bytes()
    register = read_register(io.BytesIO(content))
    held = read_held()
    changes = compare(held=held, register=register)
    return Vintage(
        register=register,
        changes=changes,
        concerned=_concerned(changes),
        epci=epci_by_commune(register, held),
        sha256=hashlib.sha256(content).hexdigest(),
    )


@transaction.atomic
def apply_vintage(
    *, path: Path | None = None, code: str, now: datetime, tell: Tell = lambda done, total: None
) -> VintageImport | None:
    """Applies what `read_vintage` reported under that code, in one transaction. None when there is nothing to
    change: to apply twice is to apply once.

    Raises NotWhatWasReported, and what `read_vintage` raises. The caller's scope holds every tenant: merged
    organisations are closed in their own logs.
    """
    lock_register()
    vintage = read_vintage(path=path)
    changes = vintage.changes
    if changes.nothing:
        return None
    if code != vintage.code:
        raise NotWhatWasReported
    _renumber(changes)
    for merger in changes.mergers:
        if merger.keeps_code:
            _set_aside(merger, changes.effective_on)
    write_register(register=vintage.register, epci=vintage.epci, reshaped=_reshaped(changes), tell=tell)
    _end(changes)
    imported = VintageImport.objects.create(
        cog_year=changes.cog_year, sha256=vintage.sha256, applied_at=now, report=_kept_report(vintage)
    )
    _write_changes(imported, changes)
    _add_up_populations(changes)
    _follow_organisations(changes, now)
    return imported


def _concerned(changes: Changes) -> list[Concerned]:
    """The organisations that mergers and endings touch, by SIREN. Three queries."""
    mergers = {merger.code: merger for merger in changes.mergers}
    of_communes = Organisation.objects.filter(
        territory__kind=TerritoryKind.COMMUNE, territory__ended_on__isnull=True
    ).annotate(code=F("territory__code"))
    found = []
    successors = {merger.into_siren for merger in changes.mergers} - {""}
    known = set(Organisation.objects.filter(siren__in=successors).values_list("siren", flat=True))
    for organisation in of_communes.filter(territory__code__in=mergers).exclude(siren__in=known):
        into = mergers[organisation.code].into_siren
        found.append(Concerned(organisation.siren, organisation.name, REPLACED, into, into in known))
    ended = Q()
    for row in changes.ended:
        if row.kind in (TerritoryKind.COMMUNE, *BODIES):
            ended |= Q(territory__kind=row.kind, territory__code=row.code)
    renumbered = Q()
    for new in changes.new_sirens:
        renumbered |= Q(territory__kind=new.kind, territory__code=new.code, siren=new.before)
    for condition, what in ((ended, CLOSED), (renumbered, TO_CHECK)):
        if condition:
            rows = Organisation.objects.filter(condition, closed_on__isnull=True)
            found += [Concerned(row.siren, row.name, what) for row in rows]
    return sorted(found, key=lambda concerned: concerned.siren)


def _renumber(changes: Changes) -> None:
    """The same row under its new code: what refers to it follows."""
    for new in changes.new_codes:
        _free(new.after, changes.effective_on)
        row = Territory.objects.get(kind=TerritoryKind.COMMUNE, code=new.before)
        Territory.objects.filter(pk=row.pk).update(code=new.after)
        FormerCode.objects.get_or_create(code=new.before, commune=row)


def _free(code: str, day: date) -> None:
    """A commune that ended long ago gives its code up to another one."""
    Territory.objects.filter(kind=TerritoryKind.COMMUNE, code=code, ended_on__isnull=False).update(
        code=code_of_the_past(code, day)
    )


def code_of_the_past(code: str, day: date) -> str:
    """The key of a commune whose code another legal person took over that day: "14654-27"."""
    return f"{code}-{day:%y}"


def _set_aside(merger: Merger, day: date) -> None:
    """A commune whose code goes to the commune nouvelle keeps a row of its own: its name, its SIREN, its
    populations, its organisation. The row with the code becomes the commune nouvelle's."""
    row = Territory.objects.get(kind=TerritoryKind.COMMUNE, code=merger.code)
    past = Territory.objects.get(pk=row.pk)
    past.pk, past._state.adding = None, True
    past.code, past.ended_on, past.current_id = code_of_the_past(merger.code, day), day, row.pk
    past.save(force_insert=True)
    Population.objects.filter(territory=row, in_force_from__lt=day).update(territory=past)
    leaving = Organisation.objects.filter(territory=row)
    if merger.into_siren:
        leaving = leaving.exclude(siren=merger.into_siren)
    leaving.update(territory=past)


def _reshaped(changes: Changes) -> dict[str, date]:
    """The day of the last merger of each commune, these ones included."""
    mergers = TerritoryChange.objects.filter(kind=ChangeKind.MERGER).order_by("effective_on")
    days = dict(mergers.values_list("successor__code", "effective_on"))
    return days | {merger.into: changes.effective_on for merger in changes.mergers}


def _end(changes: Changes) -> None:
    """Rows that are no longer in the file: kept, with the day they ended and who follows."""
    communes = Territory.objects.filter(kind=TerritoryKind.COMMUNE)
    for merger in changes.mergers:
        if merger.keeps_code:
            continue
        old, new = communes.get(code=merger.code), communes.get(code=merger.into)
        communes.filter(pk=old.pk).update(ended_on=changes.effective_on, current=new)
        # What led to it leads further, in one step.
        Territory.objects.filter(current=old).update(current=new)
        codes = {merger.code, *old.former_codes.values_list("code", flat=True)}
        FormerCode.objects.filter(commune=old).delete()
        FormerCode.objects.bulk_create(
            [FormerCode(code=code, commune=new) for code in sorted(codes)], ignore_conflicts=True
        )
    for row in changes.ended:
        day = changes.epci_on if row.kind in BODIES else changes.effective_on
        Territory.objects.filter(kind=row.kind, code=row.code).update(ended_on=day)
    FormerCode.objects.filter(code__in=[split.code for split in changes.splits]).delete()


def _write_changes(imported: VintageImport, changes: Changes) -> None:
    ids = {(kind, code): pk for pk, kind, code in Territory.objects.values_list("pk", "kind", "code")}
    commune, day = TerritoryKind.COMMUNE, changes.effective_on
    rows = []

    def add(kind, key, before="", after="", *, on=day, successor=None):
        rows.append(
            TerritoryChange(
                vintage=imported,
                kind=kind,
                territory_id=ids[key],
                successor_id=successor,
                effective_on=on,
                before=before[:255],
                after=after[:255],
            )
        )

    for merger in changes.mergers:
        code = code_of_the_past(merger.code, day) if merger.keeps_code else merger.code
        add(
            ChangeKind.MERGER, (commune, code), merger.name, merger.into_name,
            successor=ids[commune, merger.into],
        )  # fmt: skip
    for split in changes.splits:
        add(ChangeKind.SPLIT, (commune, split.code), split.out_of_name, split.name)
    for row in changes.renames:
        on = changes.epci_on if row.kind in BODIES else day
        add(ChangeKind.RENAME, (row.kind, row.code), row.before, row.after, on=on)
    for new in changes.new_codes:
        before, after = f"{new.name} ({new.before})", f"{new.name_after} ({new.after})"
        add(ChangeKind.CODE, (commune, new.after), before, after)
    for move in changes.epci_moves:
        names = (move.before_name, move.after_name)
        add(ChangeKind.EPCI, (commune, move.code), *names, on=changes.epci_on)
    for nature in changes.natures:
        key = (TerritoryKind.EPCI, nature.siren)
        add(ChangeKind.EPCI, key, nature.before, nature.after, on=changes.epci_on)
    for kind, listed in ((ChangeKind.CREATED, changes.created), (ChangeKind.ENDED, changes.ended)):
        for row in listed:
            on = changes.epci_on if row.kind in BODIES else day
            names = ("", row.name) if kind == ChangeKind.CREATED else (row.name, "")
            add(kind, (row.kind, row.code), *names, on=on)
    TerritoryChange.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["kind", "territory", "effective_on"],
        update_fields=["vintage", "successor", "before", "after"],
        batch_size=1000,
    )


def _add_up_populations(changes: Changes) -> None:
    """Until a merged commune's own population is published, the sum of those of the communes it is made of,
    when all of them are known and of one vintage. Its source says so; a published one takes its place."""
    published = Population.objects.exclude(source__endswith=ADDED_UP).filter(
        territory=OuterRef("territory"), kind=OuterRef("kind"), in_force_from=OuterRef("in_force_from")
    )
    Population.objects.filter(source__endswith=ADDED_UP).filter(Exists(published)).delete()
    day = changes.effective_on
    parts: dict[str, list[str]] = {}
    for merger in changes.mergers:
        code = code_of_the_past(merger.code, day) if merger.keeps_code else merger.code
        parts.setdefault(merger.into, []).append(code)
    communes = Territory.objects.filter(kind=TerritoryKind.COMMUNE)
    for into, codes in parts.items():
        new = communes.get(code=into)
        if not any(merger.keeps_code and merger.into == into for merger in changes.mergers):
            codes += [into] if new.populations.filter(in_force_from__lt=day).exists() else []
        known = set(new.populations.filter(in_force_from=day).values_list("kind", flat=True))
        by_kind: dict[str, list[Population]] = {}
        for row in Population.objects.filter(
            territory__kind=TerritoryKind.COMMUNE, territory__code__in=codes
        ).in_force(on=day):
            by_kind.setdefault(row.kind, []).append(row)
        for kind, rows in by_kind.items():
            vintages = {(row.source, row.reference_year) for row in rows}
            complete = len(rows) == len(codes) and all(row.value is not None for row in rows)
            if kind in known or not complete or len(vintages) != 1:
                continue
            Population.objects.create(
                territory=new,
                kind=kind,
                value=sum(row.value for row in rows),
                reference_year=rows[0].reference_year,
                in_force_from=day,
                source=f"{rows[0].source[: 60 - len(ADDED_UP)]}{ADDED_UP}",
            )


def _follow_organisations(changes: Changes, now: datetime) -> None:
    """Closes the organisations of communes that merged and of EPCI that were dissolved; registers the commune
    nouvelle when its SIREN is known. Mergers of an earlier vintage that waited for it are followed too."""
    mergers = (
        TerritoryChange.objects.filter(kind=ChangeKind.MERGER)
        .filter(territory__organisation__isnull=False, territory__organisation__successor__isnull=True)
        .select_related("territory__organisation", "successor")
        .order_by("pk")
    )
    for change in mergers:
        old, new = change.territory.organisation, _organisation_of(change.successor, now)
        if old == new:
            continue
        if old.closed_on is None:
            organisations.close(organisation=old, on=change.effective_on, successor=new, by=None, now=now)
        elif new is not None:
            organisations.name_successor(organisation=old, successor=new, by=None, now=now)
    ended = [row.code for row in changes.ended if row.kind in (TerritoryKind.COMMUNE, *BODIES)]
    for gone in Organisation.objects.filter(
        territory__code__in=ended, territory__ended_on__isnull=False, closed_on__isnull=True
    ).select_related("territory"):
        organisations.close(organisation=gone, on=gone.territory.ended_on, successor=None, by=None, now=now)


def _organisation_of(territory: Territory, now: datetime) -> Organisation | None:
    """The organisation of a commune; registered with the register's SIREN if need be, None without one."""
    if found := Organisation.objects.filter(territory=territory).first():
        return found
    if not territory.siren:
        return None
    if found := Organisation.objects.filter(siren=territory.siren, territory__isnull=True).first():
        Organisation.objects.filter(pk=found.pk).update(territory=territory)
        return found
    return organisations.register_organisation(**organisations.identity_of(territory), by=None, now=now)


def _kept_report(vintage: Vintage) -> dict:
    """What stays of the report: how many of each, which figures, which lines were set apart."""
    changes = vintage.changes
    return {
        **{name: len(getattr(changes, name)) for name in LISTS},
        "details": changes.details,
        "kept": [list(row) for row in changes.kept],
        "borders": {what: day.isoformat() for what, day in vintage.register.header.borders.items()},
        "populations": [
            {
                "source": moves.source,
                "in_force_from": moves.in_force_from.isoformat(),
                "rows": moves.rows,
                "changed": moves.changed,
                "became_known": moves.became_known,
                "became_unknown": moves.became_unknown,
            }
            for moves in changes.populations
        ],
        "rejected": [
            {"line": rejected.line, "reason": rejected.reason} for rejected in vintage.register.rejected
        ],
    }
