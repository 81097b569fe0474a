"""The verbs of an import of agents: read a file, confirm or abandon it, send its invitations out, forget it.

Invitations are made by a job, batch by batch: each batch is one transaction that takes the import's row,
makes some and counts them, with their letters. A worker may be killed anywhere and another one go on: nobody
is invited twice, since a row that is done says so in the same transaction, and an address that was invited,
by this file or another way, is refused by `invitations.invite`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Lower
from django.utils.timezone import localdate

from subscriptions import tasks
from subscriptions.agents.checks import administered
from subscriptions.agents.giving import invite_agent
from subscriptions.agents.imports.queries import counts_of_rows
from subscriptions.agents.imports.rows import AgentRow, Known, Names, read_agents
from subscriptions.agents.listing import services_of
from subscriptions.agents.queries import groups_of, listed_since
from subscriptions.models import (
    AgentGroup,
    AgentImport,
    AgentImportRow,
    AgentImportState,
    AgentRowState,
    ListedService,
)
from subscriptions.models.agent_import import AGENT_IMPORT_MOVES
from tenants import audit, jobs
from tenants.constraints import violated
from tenants.models import Invitation, Membership, Organisation, User
from tenants.moves import moved
from tenants.people.mandates import locked
from tenants.people.roles import MEMBER_ROLES, PeopleRefused, check_roles, given_by_person
from tenants.refusals import Refused
from tenants.spreadsheets.imports import cut, notes_of, shown_name
from tenants.spreadsheets.reading import CsvProblem

BATCH = 20
PATIENCE = timedelta(seconds=30)  # younger than this, a job is most likely on its way
HERE = "Cette personne est déjà agent ici. Retirez la ligne, et changez ses accès sur sa page."
INVITED = "Cette adresse a déjà une invitation en attente. Retirez la ligne, ou annulez d’abord l’invitation."
OPEN_ALREADY = "Un import attend déjà : confirmez-le ou abandonnez-le avant d’envoyer un autre fichier."
NOBODY = "Aucune ligne de ce fichier n’invite quelqu’un."
MOVED = "Cet import vient d’être confirmé ou abandonné. Rechargez la page."


class ImportOpen(Refused):
    """One file at a time."""

    def __init__(self):
        super().__init__(OPEN_ALREADY)


def read_file(
    *, organisation: Organisation, name: str, content: bytes, by: User, now: datetime
) -> AgentImport:
    """Keeps the rows of a file, each to be invited or set aside with its reasons; nobody is written to.

    Raises NotAllowed, Refused for a file that cannot be read as a whole, ImportOpen while another one waits.
    """
    with transaction.atomic():
        organisation = administered(organisation, by=by)
        try:
            found = read_agents(content, known=_known(organisation, by, now))
        except CsvProblem as problem:
            raise Refused(problem.message, "file") from None
        problems = _problems(organisation, found.agents, now)
        agent_import = AgentImport(
            tenant=organisation,
            file_name=shown_name(name),
            sent_by=by,
            sent_at=now,
            total=len(found.agents) - len(problems),
            notes=notes_of(found.file),
        )
        try:
            with transaction.atomic():
                agent_import.save(force_insert=True)
        except IntegrityError as error:
            if violated(error) != "agent_import_one_open":
                raise
            raise ImportOpen from None
        cells = {row.line: row.cells for row in found.file.rows}
        kept = [
            (row.line, cells[row.line], _as_json(row), problems.get(row.line, ())) for row in found.agents
        ]
        kept += [(row.line, row.cells, {}, row.reasons) for row in found.rejected]
        AgentImportRow.objects.bulk_create(
            AgentImportRow(
                tenant=organisation,
                agent_import=agent_import,
                line=line,
                raw=list(raw),
                data=data,
                state=AgentRowState.REFUSED if reasons else AgentRowState.WAITING,
                problems=[cut(reason) for reason in reasons],
            )
            for line, raw, data, reasons in kept
        )
        _record(agent_import, by, now, "read", "{actor} a envoyé un fichier d’agents à inviter.",
                rows=counts_of_rows(agent_import))  # fmt: skip
    return agent_import


@transaction.atomic
def confirm(*, agent_import: AgentImport, by: User, now: datetime) -> None:
    """Has the invitations made, by a job, in the name of whoever confirms. Raises NotAllowed, and Refused
    when there is nobody to invite or somebody was faster."""
    administered(agent_import.tenant, by=by)
    if agent_import.state == AgentImportState.READY and not agent_import.total:
        raise Refused(NOBODY)
    _move(agent_import, AgentImportState.SENDING, confirmed_by=by, confirmed_at=now)
    _record(agent_import, by, now, "confirmed", "{actor} a confirmé un fichier d’agents : les invitations "
            "partent.", rows=counts_of_rows(agent_import))  # fmt: skip
    _defer(agent_import.pk)


@transaction.atomic
def abandon(*, agent_import: AgentImport, by: User | None, now: datetime) -> None:
    """Nobody is invited; `by` None means that nobody answered in time. Raises NotAllowed, and Refused when
    somebody was faster."""
    if by is not None:
        administered(agent_import.tenant, by=by)
    _move(agent_import, AgentImportState.ABANDONED, finished_at=now)
    _record(agent_import, by, now, "abandoned", "{actor} a abandonné un fichier d’agents à inviter.")


def send(*, import_id: int, now: datetime) -> None:
    """Makes the invitations that are left. Killed anywhere and called again, it goes on with the next row;
    called too often, does nothing. For a worker, which sees every tenant."""
    while _send_batch(import_id, now):
        pass


def sweep(*, now: datetime) -> None:
    """Enqueues again what a dead worker or a lost job left behind."""
    waiting = jobs.waiting(tasks.send_agent_import, "import_id")
    left = AgentImport.objects.filter(state=AgentImportState.SENDING, confirmed_at__lt=now - PATIENCE)
    for pk in left.order_by("pk").values_list("pk", flat=True):
        if pk not in waiting:
            _defer(pk)


def forget(before: datetime, now: datetime) -> int:
    """Deletes the rows of files sent before that, with all that names somebody in them; how many files. What
    each came to stays. A file that nobody answered is abandoned first. For the retention job."""
    old = AgentImport.objects.filter(sent_at__lt=before, forgotten_at=None).select_related("tenant")
    found = list(old.exclude(state=AgentImportState.SENDING))
    for one in found:
        if one.state == AgentImportState.READY:
            abandon(agent_import=one, by=None, now=now)
        one.notes = {**one.notes, "counts": counts_of_rows(one)}
        AgentImportRow.objects.filter(agent_import=one).delete()
        one.forgotten_at, one.file_name = now, ""
        one.save(update_fields=["notes", "forgotten_at", "file_name"])
    return len(found)


def forget_address(address: str) -> None:
    """Deletes the rows that bear the address of somebody who is erased. One that still waited is invited no
    more: what was promised to be sent is one less."""
    rows = AgentImportRow.objects.filter(data__email__iexact=address)
    for row in rows.select_related("agent_import"):
        if row.state == AgentRowState.WAITING:
            AgentImport.objects.filter(pk=row.agent_import_id).update(total=F("total") - 1)
    rows.delete()


def _known(organisation: Organisation, by: User, now: datetime) -> Known:
    names = services_of(organisation, on=localdate(now))
    lists = listed_since(organisation=organisation)
    return Known(
        groups=Names({group.name: group.pk for group in groups_of(organisation=organisation)}),
        listed=Names({name: sheet for sheet, name in names.items() if sheet in lists}),
        open_to_all=Names({name: sheet for sheet, name in names.items() if sheet not in lists}),
        given=given_by_person(person=by, organisation=organisation),
    )


def _problems(organisation: Organisation, agents: Iterable[AgentRow], now: datetime) -> dict[int, list[str]]:
    """By line, why a row that is well written invites nobody. Two queries, and those of `check_roles` for
    each set of roles."""
    mandates = Membership.objects.open().filter(organisation=organisation, role__in=MEMBER_ROLES)
    here = set(mandates.annotate(at=Lower("user__email")).values_list("at", flat=True))
    open_ones = Invitation.objects.filter(
        tenant=organisation, accepted_at=None, cancelled_at=None, expires_at__gt=now
    )
    invited = set(open_ones.annotate(at=Lower("email")).values_list("at", flat=True))
    apart: dict[tuple, str] = {}
    found: dict[int, list[str]] = {}
    for one in agents:
        if one.roles not in apart:
            try:
                check_roles(one.roles, organisation=organisation, on=localdate(now))
            except PeopleRefused as refusal:
                apart[one.roles] = str(refusal)
            else:
                apart[one.roles] = ""
        address = one.email.lower()
        reasons = [HERE] if address in here else [INVITED] if address in invited else []
        if apart[one.roles]:
            reasons.append(apart[one.roles])
        if reasons:
            found[one.line] = reasons
    return found


@transaction.atomic
def _send_batch(import_id: int, now: datetime) -> bool:
    """False when there is nothing more to do."""
    tenant = AgentImport.objects.values_list("tenant", flat=True).get(pk=import_id)
    # First, as every verb about its people does: else two could wait for each other.
    organisation = locked(Organisation(pk=tenant))
    agent_import = (
        AgentImport.objects.select_for_update(of=("self",), no_key=True)
        .select_related("confirmed_by")
        .filter(pk=import_id, state=AgentImportState.SENDING)
        .first()
    )
    if agent_import is None:
        return False
    agent_import.tenant = organisation
    waiting = AgentImportRow.objects.filter(agent_import=agent_import, state=AgentRowState.WAITING)
    rows = list(waiting.order_by("line")[:BATCH])
    if not rows:
        counts = counts_of_rows(agent_import)
        _move(agent_import, AgentImportState.DONE, finished_at=now)
        _record(agent_import, agent_import.confirmed_by, now, "done", "{actor} a invité les agents d’un "
                "fichier.", rows=counts)  # fmt: skip
        return False
    groups = AgentGroup.objects.filter(tenant=organisation).in_bulk(
        {number for row in rows for number in row.data["groups"]}
    )
    listed = set(ListedService.objects.filter(tenant=organisation).values_list("sheet", flat=True))
    for row in rows:
        _invite(agent_import, row, groups, listed, now)
    AgentImportRow.objects.bulk_update(rows, ["state", "problems"])
    AgentImport.objects.filter(pk=import_id).update(done=F("done") + len(rows))
    return True


def _invite(
    agent_import: AgentImport,
    row: AgentImportRow,
    groups: dict[int, AgentGroup],
    listed: set[int],
    now: datetime,
) -> None:
    """All or nothing: a row that is refused takes no other back. What was put on a list, or taken off, since
    the file was read is as it is now."""
    services = {int(sheet): role for sheet, role in row.data["services"].items()}
    try:
        with transaction.atomic():
            invite_agent(
                organisation=agent_import.tenant,
                email=row.data["email"],
                mandates=row.data["roles"],
                roles={sheet: role for sheet, role in services.items() if sheet in listed},
                groups=[groups[number] for number in row.data["groups"]],
                by=agent_import.confirmed_by,
                now=now,
            )
    except (PeopleRefused, Refused) as refusal:
        row.state, row.problems = AgentRowState.REFUSED, [cut(str(refusal))]
    else:
        row.state = AgentRowState.INVITED


def _as_json(row: AgentRow) -> dict:
    return {
        "email": row.email,
        "name": row.name,
        "roles": list(row.roles),
        "services": {str(sheet): role for sheet, role in row.services.items()},
        "groups": list(row.groups),
    }


def _move(agent_import: AgentImport, to: AgentImportState, **fields) -> None:
    if not moved(agent_import, to=to, moves=AGENT_IMPORT_MOVES, **fields):
        raise Refused(MOVED)


def _defer(import_id: int) -> None:
    # One at a time for an import: the one that waits finds nothing to do.
    job = tasks.send_agent_import.configure(lock=f"subscriptions.agent_import:{import_id}")
    job.defer(import_id=import_id)


def _record(
    agent_import: AgentImport, by: User | None, now: datetime, what: str, sentence: str, **details
) -> None:
    audit.record(
        tenant=agent_import.tenant,
        actor=by,
        what=f"agent_import.{what}",
        sentence=sentence,
        subject_id=agent_import.public_id,
        now=now,
        details=details,
    )
