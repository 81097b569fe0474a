"""The verbs of an import of members: send a file, read it, confirm or abandon it, apply it.

The two long ones run in a job, batch by batch: each batch is one transaction that takes the import's row,
does its work and counts it. A worker may be killed anywhere and another one go on: nothing is done twice.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.timezone import localdate

from tenants import jobs, tasks
from tenants.constraints import violated
from tenants.member_imports.applying import TO_APPLY, apply_batch
from tenants.member_imports.queries import verdict_counts
from tenants.member_imports.rows import MemberFile, MemberRow, read_members
from tenants.member_imports.states import (
    OPEN,
    FileTooLarge,
    ImportOpen,
    NothingToImport,
    locked,
    move,
    record,
)
from tenants.member_imports.verdicts import judge
from tenants.models import College, ImportState, MemberImport, MemberImportRow, Operator, RowVerdict, User
from tenants.numbers import thousands
from tenants.spreadsheets.imports import cut, notes_of, shown_name
from tenants.spreadsheets.reading import MAX_BYTES, CsvProblem, RejectedRow

BATCH = 500
# How often a batch begins again when somebody wrote the same thing at that very moment.
TRIES = 3
# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(seconds=30)
MAX_PROBLEM = 500


def send_file(*, operator: Operator, file, sent_by: User, now: datetime) -> MemberImport:
    """Keeps an uploaded file of members; a worker reads it.

    Raises FileTooLarge, or ImportOpen: one import at a time.
    """
    if file.size > MAX_BYTES:
        raise FileTooLarge("Le fichier dépasse 5 Mo. Découpez-le en plusieurs fichiers.")
    member_import = MemberImport(
        tenant_id=operator.organisation_id,
        operator=operator,
        file=file,
        file_name=shown_name(file.name),
        sent_by=sent_by,
        sent_at=now,
    )
    try:
        with transaction.atomic():
            member_import.save(force_insert=True)
            record(
                member_import,
                by=sent_by,
                now=now,
                what="sent",
                sentence="{actor} a envoyé un fichier d’adhérents à importer.",
            )
            _defer(tasks.read_import, member_import.pk)
    except IntegrityError as error:
        member_import.file.delete(save=False)
        if violated(error) != "member_import_one_open_per_operator":
            raise
        raise ImportOpen(_open_import(operator)) from None
    return member_import


def read(*, import_id: int, now: datetime) -> None:
    """Reads the file: refused whole with its reason, or each of its rows with a verdict.

    Killed anywhere and called again, it goes on with the next row; called too often, does nothing.
    """
    member_import = MemberImport.objects.select_related("operator").get(pk=import_id)
    if member_import.state != ImportState.READING:
        return
    try:
        found = _members_in(member_import)
    except CsvProblem as problem:
        _refuse(member_import, problem.message, now)
        return
    entries = sorted([*found.members, *found.rejected], key=lambda entry: entry.line)
    cells = {row.line: row.cells for row in found.file.rows} | {row.line: row.cells for row in found.rejected}
    MemberImport.objects.filter(pk=import_id, state=ImportState.READING).update(
        total_rows=len(entries), notes=_notes(found)
    )
    while _read_batch(import_id, entries, cells, now):
        pass


@transaction.atomic
def confirm(*, member_import: MemberImport, by: User, now: datetime) -> None:
    """Agrees to what was read; a worker then applies it.

    Raises NothingToImport or WrongImportState.
    """
    total = _to_apply(member_import).count()
    if member_import.state == ImportState.READY and not total:
        raise NothingToImport("Aucune ligne de ce fichier ne change quoi que ce soit.")
    notes = {**member_import.notes, "confirmed_by": by.pk, "confirmed_at": now.isoformat()}
    move(member_import, to=ImportState.APPLYING, total_rows=total, done_rows=0, notes=notes)
    record(
        member_import,
        by=by,
        now=now,
        what="confirmed",
        sentence=f"{{actor}} a confirmé un import d’adhérents, {_lines(total)} à appliquer.",
    )
    _defer(tasks.apply_import, member_import.pk)


@transaction.atomic
def abandon(*, member_import: MemberImport, by: User | None, now: datetime) -> None:
    """Gives an import up before anything is applied; `by` None means that nobody answered in time. Raises
    WrongImportState."""
    move(member_import, to=ImportState.ABANDONED, finished_at=now)
    record(
        member_import, by=by, now=now, what="abandoned", sentence="{actor} a abandonné un import d’adhérents."
    )


def apply(*, import_id: int, now: datetime) -> None:
    """Applies a confirmed import. Killed anywhere and called again, it goes on with what is left: each row
    takes effect once."""
    tries = TRIES
    while True:
        try:
            if not _apply_batch(import_id, now):
                return
            tries = TRIES
        except IntegrityError:
            tries -= 1
            if not tries:
                raise


def sweep(*, now: datetime) -> None:
    """Enqueues again the imports that a dead worker or a lost job left behind."""
    # One at a time for an import (see `_defer`): the one that waits finds nothing to do.
    for task, state in ((tasks.read_import, ImportState.READING), (tasks.apply_import, ImportState.APPLYING)):
        waiting = jobs.waiting(task, "import_id")
        left = MemberImport.objects.filter(state=state, sent_at__lt=now - PATIENCE)
        for pk in left.order_by("pk").values_list("pk", flat=True):
            if pk not in waiting:
                _defer(task, pk)


def _defer(task, import_id: int) -> None:
    task.configure(lock=f"tenants.member_import:{import_id}").defer(import_id=import_id)


def _open_import(operator: Operator) -> MemberImport | None:
    return MemberImport.objects.filter(operator=operator, state__in=OPEN).first()


def _members_in(member_import: MemberImport) -> MemberFile:
    try:
        with member_import.file.open() as file:
            content = file.read()
    except FileNotFoundError:
        raise CsvProblem("Le fichier n’a pas été gardé. Envoyez-le de nouveau.") from None
    colleges = College.objects.filter(operator=member_import.operator).order_by("name")
    return read_members(
        content,
        today=localdate(member_import.sent_at),
        colleges=list(colleges.values_list("name", flat=True)),
    )


def _notes(found: MemberFile) -> dict:
    """How the file was read, for the report and for the file of rejected rows."""
    return {
        **notes_of(found.file),
        # Words of tenants.identifiers: a number that a spreadsheet rounded, or whose zeros it dropped.
        "spreadsheet": any("tableur" in reason for row in found.rejected for reason in row.reasons),
    }


@transaction.atomic
def _refuse(member_import: MemberImport, problem: str, now: datetime) -> None:
    found = locked(member_import.pk, ImportState.READING)
    if found is None:
        return
    move(found, to=ImportState.REFUSED, problem=problem[:MAX_PROBLEM], finished_at=now)
    record(found, by=None, now=now, what="refused", sentence="Halle n’a pas pu lire un fichier d’adhérents.")


@transaction.atomic
def _read_batch(
    import_id: int, entries: Sequence[MemberRow | RejectedRow], cells: dict[int, tuple], now: datetime
) -> bool:
    """Writes the rows that follow those written already; False when there is nothing more to do."""
    member_import = locked(import_id, ImportState.READING)
    if member_import is None:
        return False
    batch = entries[member_import.done_rows :][:BATCH]
    if not batch:
        _ready(member_import, now)
        return False
    members = [entry for entry in batch if isinstance(entry, MemberRow)]
    plans = judge(operator=member_import.operator, members=members, today=localdate(now))
    verdicts = [(plan.member.line, plan.as_json(), plan.verdict, plan.problems) for plan in plans]
    verdicts += [
        (entry.line, {}, RowVerdict.REJECTED, entry.reasons)
        for entry in batch
        if isinstance(entry, RejectedRow)
    ]
    MemberImportRow.objects.bulk_create(
        MemberImportRow(
            tenant_id=member_import.tenant_id,
            member_import=member_import,
            line=line,
            raw=list(cells[line]),
            data=data,
            verdict=verdict,
            problems=[cut(problem) for problem in problems],
        )
        for line, data, verdict, problems in verdicts
    )
    _count(import_id, len(batch))
    return True


def _ready(member_import: MemberImport, now: datetime) -> None:
    move(member_import, to=ImportState.READY)
    counts = verdict_counts(member_import)
    record(
        member_import,
        by=None,
        now=now,
        what="read",
        sentence=f"Halle a lu un fichier d’adhérents : {_lines(sum(counts.values()))}, "
        f"dont {_lines(counts[RowVerdict.REJECTED])} à écarter.",
        details={"rows": counts},
    )


@transaction.atomic
def _apply_batch(import_id: int, now: datetime) -> bool:
    """False when nothing is left to apply."""
    member_import = locked(import_id, ImportState.APPLYING)
    if member_import is None:
        return False
    by = User.objects.get(pk=member_import.notes["confirmed_by"])
    rows = list(_to_apply(member_import).order_by("line")[:BATCH])
    if rows:
        apply_batch(member_import=member_import, rows=rows, by=by, now=now)
        _count(import_id, len(rows))
        return True
    move(member_import, to=ImportState.DONE, finished_at=now)
    applied = verdict_counts(member_import, applied=True)
    record(
        member_import,
        by=by,
        now=now,
        what="done",
        sentence=f"{{actor}} a importé un fichier d’adhérents : {_lines(applied[RowVerdict.NEW])} "
        f"de nouvelle adhésion, {_lines(applied[RowVerdict.CHANGE])} de mise à jour.",
        details={"rows": applied},
    )
    return False


def _to_apply(member_import: MemberImport):
    return MemberImportRow.objects.filter(member_import=member_import, verdict__in=TO_APPLY, applied=False)


def _count(import_id: int, rows: int) -> None:
    MemberImport.objects.filter(pk=import_id).update(done_rows=F("done_rows") + rows)


def _lines(count: int) -> str:
    return f"{count} ligne" if count < 2 else f"{thousands(count)} lignes"
