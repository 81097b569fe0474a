"""How long anything is kept: dated rows say it, a job applies it every night."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import localdate

from tenants.member_imports.operations import abandon
from tenants.models import (
    Assistance,
    ImportState,
    Invitation,
    Kept,
    Letter,
    LetterState,
    MemberImport,
    MemberImportRow,
    Membership,
    PersonalDataExport,
    RetentionPeriod,
    User,
)
from tenants.personal_data.erasure import clear_traces, delete_copy, erase


def keep(what: str, forget: Callable[[datetime, datetime], int]) -> None:
    """Has `forget(before, now)` called every night for a kind of data of another room, once a row says how
    long it is kept; it answers how many it forgot."""
    FORGET[what] = forget


def periods_in_force(*, now: datetime) -> dict[str, RetentionPeriod]:
    """The row in force today for each kind of data."""
    rows = RetentionPeriod.objects.filter(in_force_from__lte=localdate(now))
    return {row.what: row for row in rows.order_by("what", "in_force_from")}


def apply_retention(*, now: datetime) -> dict[str, int]:
    """Forgets what has been kept long enough; how many of each kind. A kind without a row is kept.

    As a worker, across organisations; each kind in a transaction of its own, so that what is done stays done.
    """
    forgotten = {}
    for what, period in periods_in_force(now=now).items():
        with transaction.atomic():
            forgotten[what] = FORGET[what](now - timedelta(days=period.days), now)
    # Whoever was erased while no worker could follow.
    for pk in User.objects.filter(erased_at__isnull=False).exclude(email="").values_list("pk", flat=True):
        clear_traces(person_id=pk, now=now)
    return forgotten


def _invitations(before: datetime, now: datetime) -> int:
    settled = Invitation.objects.exclude(email="").filter(
        Q(accepted_at__lt=before) | Q(cancelled_at__lt=before) | Q(expires_at__lt=before, accepted_at=None)
    )
    settled.filter(accepted_at=None, cancelled_at=None).update(cancelled_at=now)
    return settled.update(email="")


def _letters(before: datetime, now: datetime) -> int:
    ended = Letter.objects.filter(
        state__in=[LetterState.SENT, LetterState.FAILED], created_at__lt=before
    ).exclude(to="", body="")
    return ended.update(to="", body="")


def _copies(before: datetime, now: datetime) -> int:
    old = list(PersonalDataExport.objects.filter(ready_at__lt=before, deleted_at=None))
    for copy in old:
        delete_copy(copy, now=now)
    return len(old)


def _imports(before: datetime, now: datetime) -> int:
    # One that nobody answered would otherwise never be over.
    unanswered = Q(state=ImportState.READY, sent_at__lt=before)
    found = MemberImport.objects.filter(Q(finished_at__lt=before) | unanswered).exclude(file="")
    old = list(found.select_related("operator__organisation"))
    for member_import in old:
        if member_import.state == ImportState.READY:
            abandon(member_import=member_import, by=None, now=now)
        member_import.file.delete(save=False)
        member_import.save(update_fields=["file"])
    MemberImportRow.objects.filter(member_import__in=old).update(raw={}, data={})
    return len(old)


def _assistances(before: datetime, now: datetime) -> int:
    over = Assistance.objects.filter(Q(closed_at__lt=before) | Q(closed_at=None, expires_at__lt=before))
    return over.exclude(asked_by="").update(asked_by="")


def _sessions(before: datetime, now: datetime) -> int:
    return Session.objects.filter(expire_date__lt=before).delete()[0]


def _inactive_people(before: datetime, now: datetime) -> int:
    recent = Membership.objects.filter(user=OuterRef("pk")).filter(
        Q(ended_at__isnull=True) | Q(ended_at__gte=before)
    )
    idle = (
        User.objects.filter(erased_at=None, is_staff=False, date_joined__lt=before)
        .filter(Q(last_login=None) | Q(last_login__lt=before))
        .exclude(Exists(recent))
    )
    people = list(idle.order_by("pk"))
    for person in people:
        erase(person=person, by=None, now=now)
    return len(people)


FORGET: dict[str, Callable[[datetime, datetime], int]] = {
    Kept.INVITATIONS: _invitations,
    Kept.LETTERS: _letters,
    Kept.EXPORTS: _copies,
    Kept.IMPORTS: _imports,
    Kept.ASSISTANCES: _assistances,
    Kept.SESSIONS: _sessions,
    Kept.INACTIVE_PEOPLE: _inactive_people,
}
