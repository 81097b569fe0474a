"""The stored file of an invoice, read again and held against the hash that was kept when it was made."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.core.files.storage import default_storage
from django.db.models import CharField, OuterRef, QuerySet
from django.db.models.functions import Cast, JSONObject
from django.utils.timezone import localdate

from billing.models import Invoice
from tenants import audit
from tenants.models import AuditEvent, User

CHECKED = "invoice.file_checked"
SOUND = "Le fichier correspond à son empreinte."

logger = logging.getLogger(__name__)


class FileUnsound(Exception):
    """What is in the storage cannot be handed over. `str()` says why, in French."""


class FileAbsent(FileUnsound):
    """Nothing can be read where the file was kept."""

    def __init__(self):
        super().__init__("Le fichier n’a pas pu être lu dans le stockage.")


class FileChanged(FileUnsound):
    """What is read is not what was made."""

    def __init__(self):
        super().__init__("Le fichier conservé ne correspond plus à son empreinte.")


def read_sound(*, path: str, sha256: str) -> bytes:
    """The whole content of a file kept at `path`, which is what was made. Raises FileAbsent, FileChanged;
    somebody who looks after the platform must know of both, so they are logged."""
    try:
        with default_storage.open(path) as stored:
            content = stored.read()
    except OSError as error:
        logger.exception("%s cannot be read in the storage", path)
        raise FileAbsent from error
    if hashlib.sha256(content).hexdigest() != sha256:
        logger.error("%s is not the file that was made: its hash differs", path)
        raise FileChanged
    return content


@dataclass(frozen=True)
class Check:
    """What a person found when she had the file read again; `problem` is "" where it is the one made.
    `locked_until`: the day before which the storage said that it does not delete it, None where it does not
    lock."""

    at: datetime
    problem: str
    locked_until: date | None = None


def check_file(*, invoice: Invoice, by: User, now: datetime) -> Check:
    """Reads the file of an invoice again, at somebody's request, and keeps in the log what came of it."""
    problem, locked_until = "", None
    try:
        read_sound(path=invoice.file.path, sha256=invoice.file.sha256)
        locked_until = _locked_until(invoice.file.path)
    except FileUnsound as refusal:
        problem = str(refusal)
    audit.record(
        tenant=invoice.tenant,
        actor=by,
        what=CHECKED,
        sentence=f"{{actor}} a vérifié le fichier de {invoice.number}. {problem or SOUND}",
        subject_id=invoice.public_id,
        now=now,
        details={
            "sha256": invoice.file.sha256,
            "problem": problem,
            "locked_until": locked_until and locked_until.isoformat(),
        },
    )
    return Check(now, problem, locked_until)


def _locked_until(path: str) -> date | None:
    """Asks the storage, where it is one that locks (`marketplace.storage`). Raises FileAbsent without an
    answer."""
    asked = getattr(default_storage, "locked_until", None)
    if asked is None:
        return None
    try:
        until = asked(path)
    except OSError as error:
        raise FileAbsent from error
    return until and localdate(until)


def with_last_check(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Each with what `last_check_of` reads, in the same query."""
    checks = AuditEvent.objects.filter(
        tenant=OuterRef("tenant"), what=CHECKED, subject_id=Cast(OuterRef("public_id"), CharField())
    ).order_by("-at", "-pk")
    said = checks.values(
        row=JSONObject(at="at", problem="details__problem", locked_until="details__locked_until")
    )[:1]
    return invoices.annotate(last_checks=ArraySubquery(said))


def last_check_of(invoice: Invoice) -> Check | None:
    """The last time that anybody had its file checked, of an invoice that `with_last_check` has read."""
    for row in invoice.last_checks:
        until = row["locked_until"]
        return Check(datetime.fromisoformat(row["at"]), row["problem"], until and date.fromisoformat(until))
    return None
