"""Requests to join an organisation are answered by whoever gives roles there: approved with one role, or
refused for a reason."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.timezone import localdate

from tenants import audit, letters
from tenants.days import in_words
from tenants.models import JoinOutcome, JoinRefusal, JoinRequest, Membership, Organisation, Role, User
from tenants.people import signals
from tenants.people.invitations import OrganisationClosed
from tenants.people.joining import PATIENCE
from tenants.people.mandates import locked
from tenants.people.roles import (
    NotAllowed,
    PeopleRefused,
    RoleNotHere,
    check_roles,
    given_by_person,
    roles_of,
)
from tenants.refusals import Refused


class JoinSettled(PeopleRefused):
    def __init__(self):
        super().__init__("Cette demande a déjà reçu une réponse, ou n’a plus d’objet. Rechargez la page.")


def waiting_for(organisation: Organisation) -> QuerySet[JoinRequest]:
    """Those that wait for an answer, the oldest first; `left_at` says when the person's last role there
    ended, None if she never had one. One query, in its scope."""
    ended = Membership.objects.filter(
        organisation=organisation, user=OuterRef("person"), ended_at__isnull=False
    ).order_by()
    waiting = JoinRequest.objects.filter(
        tenant=organisation, settled_at__isnull=True, person__is_active=True
    ).select_related("person")
    last = ended.values("user").annotate(last=Max("ended_at")).values("last")
    return waiting.annotate(left_at=Subquery(last)).order_by("asked_at", "pk")


@transaction.atomic
def approve(*, request: JoinRequest, role: str, by: User, now: datetime) -> None:
    """She has this role from now on, and is written to. Raises NotAllowed, JoinSettled, OrganisationClosed,
    RoleNotHere and RolesApart."""
    request = _waiting(request, by=by)
    organisation = request.tenant
    if organisation.is_closed(on=localdate(now)):
        raise OrganisationClosed
    if role not in roles_of(organisation):
        raise RoleNotHere
    if role not in given_by_person(person=by, organisation=organisation):
        raise NotAllowed
    check_roles([role], organisation=organisation, on=localdate(now))
    _settle(request, by=by, outcome=JoinOutcome.APPROVED, role=role, now=now)
    Membership.objects.create(user=request.person, organisation=organisation, role=role, given_by=by)
    _record(
        request,
        by,
        now,
        what="approved",
        sentence="{actor} a accepté dans l’organisation : {person}.",
        changes={"roles": [[], [role]]},
    )
    _write(
        request,
        subject=f"{organisation.name} vous a accepté sur Halle",
        body=APPROVED.format(
            organisation=organisation.name,
            role=Role(role).label,
            link=f"{settings.BASE_URL.rstrip('/')}{reverse('places')}",
        ),
        now=now,
    )
    signals.roles_given.send(
        Membership, organisation=organisation, person=request.person, roles={role}, now=now
    )


@transaction.atomic
def refuse(*, request: JoinRequest, because: str, by: User, now: datetime) -> None:
    """She gets nothing, reads why, and may not ask again for PATIENCE. Raises NotAllowed, JoinSettled, and
    Refused for a reason that there is not."""
    if because not in JoinRefusal.values:
        raise Refused("Choisissez une raison.", "because")
    request = _waiting(request, by=by)
    _settle(request, by=by, outcome=JoinOutcome.REFUSED, refused_because=because, now=now)
    _record(request, by, now, what="refused", sentence="{actor} n’a pas accepté la demande : {person}.")
    _write(
        request,
        subject=f"{request.tenant.name} n’a pas accepté votre demande",
        body=REFUSED.format(
            organisation=request.tenant.name,
            reason=JoinRefusal(because).label,
            again=in_words(localdate(now + PATIENCE)),
        ),
        now=now,
    )


def note_roles_given(*, organisation: Organisation, person: User, now: datetime) -> None:
    """She has a role there: what she asked, if it still waits, has no object any more. In the transaction
    that gives the role, and in the organisation's scope."""
    _open_ones(organisation).filter(person=person).update(settled_at=now, outcome=JoinOutcome.MOOT)


def _waiting(request: JoinRequest, *, by: User) -> JoinRequest:
    """The request as it is now, its organisation locked."""
    organisation = locked(request.tenant)
    if not given_by_person(person=by, organisation=organisation):
        raise NotAllowed
    found = _open_ones(organisation).filter(pk=request.pk, person__is_active=True)
    fresh = found.select_related("person").first()
    if fresh is None:
        raise JoinSettled
    fresh.tenant = organisation
    return fresh


def _open_ones(organisation: Organisation) -> QuerySet[JoinRequest]:
    return JoinRequest.objects.filter(tenant=organisation, settled_at__isnull=True)


def _settle(request: JoinRequest, *, by: User, now: datetime, **fields) -> None:
    _open_ones(request.tenant).filter(pk=request.pk).update(settled_at=now, settled_by=by, **fields)


def _record(request: JoinRequest, by: User, now: datetime, *, what: str, **event) -> None:
    audit.record(
        tenant=request.tenant,
        actor=by,
        person=request.person,
        what=f"join_request.{what}",
        subject_id=request.public_id,
        now=now,
        **event,
    )


def _write(request: JoinRequest, **letter) -> None:
    if request.person.email:
        letters.write(
            tenant=request.tenant,
            key=f"join:{request.public_id}:answer",
            to=request.person.email,
            **letter,
        )


APPROVED = """\
Bonjour,

{organisation} a accepté votre demande. Votre rôle : {role}.

Connectez-vous ici :

{link}
"""

REFUSED = """\
Bonjour,

{organisation} n’a pas accepté votre demande : {reason}.

Rien ne vous est ouvert chez elle. Si c’est une erreur, parlez-en à la personne qui y administre Halle. Vous
pourrez refaire votre demande à partir du {again}.
"""
