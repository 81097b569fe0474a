"""Erasing a person (GDPR article 17): what identifies her goes, what she did stays under a pseudonym.

Accounting and the audit log are kept whole (article 17.3 b): their rows point to the person by number, and
name her nowhere.
"""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from tenants import audit
from tenants.models import (
    Invitation,
    Letter,
    LetterState,
    Membership,
    Organisation,
    PersonalDataExport,
    User,
)
from tenants.tenancy import tenant_scope

NOWHERE = "erased"
GONE = "Destinataire effacé avant l’envoi."


# What other rooms do, in the same transaction: `clear(address)` empties it in their rows.
_elsewhere: list[Callable[[str], object]] = []


def clear_elsewhere(clear: Callable[[str], object]) -> None:
    """Has `clear(address)` called for each person who is erased: rows of another room bear her address."""
    if clear not in _elsewhere:
        _elsewhere.append(clear)


class ErasureRefused(Exception):
    """Why this person cannot be erased yet, in French."""


class HoldsMandates(ErasureRefused):
    """She still holds a mandate somewhere: it must be ended first, by her or by an administrator."""

    def __init__(self, organisations: list[str]):
        self.organisations = organisations
        super().__init__(
            "Quittez d’abord vos organisations : un mandat est encore ouvert pour "
            f"{', '.join(organisations)}."
        )


class IsStaff(ErasureRefused):
    """Platform staff leave the team first."""

    def __init__(self):
        super().__init__("Cette personne fait partie de l’équipe de la plateforme : retirez-l’en d’abord.")


@transaction.atomic
def erase(*, person: User, by: User | None, now: datetime) -> None:
    """Takes away name and identity at once; her address goes with the last letter and invitation that bear
    it, within a minute, by a worker. `by` None means the retention job. Done twice, it is done once.

    Her next sign-in makes a new person, without any right. Raises HoldsMandates or IsStaff.
    """
    from tenants.tasks import erase_traces

    locked = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if locked.erased_at is not None:
        return
    if locked.is_staff:
        raise IsStaff
    if held := _held(locked):
        raise HoldsMandates(held)
    locked.issuer, locked.sub = NOWHERE, uuid.uuid4().hex
    locked.subject = f"{locked.issuer} {locked.sub}"
    locked.first_name = locked.last_name = ""
    locked.is_active = False
    locked.last_login = None
    locked.erased_at = now
    locked.save()
    locked.identities.all().delete()
    _tell_organisations(locked, by=by, now=now)
    erase_traces.defer(person_id=locked.pk)
    person.refresh_from_db()


@transaction.atomic
def clear_traces(*, person_id: int, now: datetime) -> None:
    """Empties the address of an erased person wherever it was written, hers last, and deletes the copies of
    her data. May be repeated."""
    person = User.objects.select_for_update(no_key=True).get(pk=person_id, erased_at__isnull=False)
    if person.email:
        letters = Letter.objects.filter(to__iexact=person.email)
        letters.filter(state=LetterState.PENDING).update(state=LetterState.FAILED, problem=GONE)
        letters.update(to="", body="")
        invitations = Invitation.objects.filter(email__iexact=person.email)
        invitations.filter(accepted_at=None, cancelled_at=None).update(cancelled_at=now)
        invitations.update(email="")
        for clear in _elsewhere:
            clear(person.email)
    Invitation.objects.filter(accepted_by=person).update(email="")
    for copy in PersonalDataExport.objects.filter(user=person, deleted_at=None).exclude(file=""):
        delete_copy(copy, now=now)
    person.email = ""
    person.save(update_fields=["email"])


def delete_copy(copy: PersonalDataExport, *, now: datetime) -> None:
    """The file goes; that a copy was made stays."""
    copy.file.delete(save=False)
    copy.deleted_at = now
    copy.save(update_fields=["file", "deleted_at"])


def _held(person: User) -> list[str]:
    mandates = person.memberships.open().select_related("organisation").order_by("organisation__plain_name")
    return list(dict.fromkeys(mandate.organisation.name for mandate in mandates))


def _tell_organisations(person: User, *, by: User | None, now: datetime) -> None:
    """Each organisation she worked for finds it in its log."""
    ids = Membership.objects.filter(user=person).values("organisation")
    for organisation in Organisation.objects.filter(pk__in=ids).order_by("pk"):
        with tenant_scope([organisation.pk]):
            audit.record(
                tenant=organisation,
                actor=by,
                person=person,
                what="personal_data.erased",
                sentence="{actor} a effacé les données personnelles de {person}."
                if by != person
                else "{person} a effacé ses données personnelles.",
                subject_id=person.pk,
                now=now,
            )
