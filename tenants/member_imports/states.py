"""The states of an import of members: the one table of moves, who may refuse one, and the operator's log."""

from datetime import datetime

from tenants import audit
from tenants.models import ImportState, MemberImport, User
from tenants.moves import moved

# The one table of moves. Anything else is refused by `move`.
TRANSITIONS = frozenset(
    {
        (ImportState.READING, ImportState.READY),
        (ImportState.READING, ImportState.REFUSED),
        (ImportState.READING, ImportState.ABANDONED),
        (ImportState.READY, ImportState.APPLYING),
        (ImportState.READY, ImportState.ABANDONED),
        (ImportState.APPLYING, ImportState.DONE),
    }
)
OPEN = (ImportState.READING, ImportState.READY, ImportState.APPLYING)


class ImportRefused(Exception):
    """Base of all refusals. `str()` is a French sentence for the person."""


class FileTooLarge(ImportRefused):
    """More than MAX_BYTES."""


class ImportOpen(ImportRefused):
    """The operator's last import is not over. `open_import` may be None when it ended meanwhile."""

    def __init__(self, open_import: MemberImport | None):
        self.open_import = open_import
        super().__init__(
            "Un import est déjà en cours. Terminez-le ou abandonnez-le avant d’envoyer un autre fichier."
        )


class NothingToImport(ImportRefused):
    """No row of the file changes anything."""


class WrongImportState(ImportRefused):
    """Somebody else was quicker, or a job has moved it on."""


def locked(import_id: int, state: str) -> MemberImport | None:
    """The import, no other worker at it until the commit; None when it is in another state."""
    return (
        MemberImport.objects.select_for_update(of=("self",), no_key=True)
        .select_related("operator__organisation")
        .filter(pk=import_id, state=state)
        .first()
    )


def move(member_import: MemberImport, *, to: ImportState, **fields) -> None:
    """Along the table. Raises WrongImportState, which says why."""
    if (member_import.state, to) not in TRANSITIONS:
        raise WrongImportState(f"Impossible : cet import est « {member_import.get_state_display()} ».")
    if not moved(member_import, to=to, moves=TRANSITIONS, **fields):
        raise WrongImportState("Cet import vient d’être modifié par quelqu’un d’autre. Rechargez la page.")


def record(
    member_import: MemberImport,
    *,
    by: User | None,
    now: datetime,
    what: str,
    sentence: str,
    details: dict | None = None,
) -> None:
    audit.record(
        tenant=member_import.operator.organisation,
        actor=by,
        what=f"member_import.{what}",
        sentence=sentence,
        subject_id=member_import.public_id,
        now=now,
        details=details,
    )
