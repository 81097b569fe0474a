"""People come: invited by e-mail, they accept once they have signed in.

The link holds a signed identifier and nothing else is kept: whoever has it must also sign in with the address
that was invited.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import localdate

from tenants import audit, letters
from tenants.days import in_words
from tenants.models import Invitation, Membership, Organisation, Role, User
from tenants.people import signals
from tenants.people.mandates import locked
from tenants.people.roles import NoRole, NotAllowed, PeopleRefused, check_roles, in_order, offered_by_person

VALID_FOR = timedelta(days=14)


class OrganisationClosed(PeopleRefused):
    def __init__(self):
        super().__init__("Cette organisation n’existe plus : personne ne peut y entrer.")


class AlreadyInvited(PeopleRefused):
    """An invitation to this address may still be accepted: `invitation`."""

    def __init__(self, invitation: Invitation):
        self.invitation = invitation
        super().__init__(
            "Cette adresse a déjà une invitation en attente. Renvoyez-la, ou annulez-la d’abord."
        )


class AlreadyHere(PeopleRefused):
    """Somebody with this address has mandates here already: `person`."""

    def __init__(self, person: User):
        self.person = person
        super().__init__("Une personne d’ici a déjà cette adresse. Changez ses rôles sur sa page.")


class InvitationRefused(PeopleRefused):
    """The invitation can not be accepted, or no longer be changed."""


class InvitationAccepted(InvitationRefused):
    """Used already. `by_you` when it was by this very person."""

    def __init__(self, *, by_you: bool = False):
        self.by_you = by_you
        super().__init__(
            "Vous avez déjà accepté cette invitation." if by_you else "Cette invitation a déjà servi."
        )


class InvitationCancelled(InvitationRefused):
    def __init__(self):
        super().__init__("Cette invitation a été annulée.")


class InvitationExpired(InvitationRefused):
    def __init__(self):
        super().__init__("Cette invitation a expiré.")


class InvitedSomebodyElse(InvitationRefused):
    """The signed-in person does not have the address that was invited. `masked` hints at it."""

    def __init__(self, email: str):
        self.masked = f"{email[:1]}…@…"
        super().__init__(f"Cette invitation est pour une autre adresse : {self.masked}.")


@transaction.atomic
def invite(
    *, organisation: Organisation, email: str, roles: Iterable[str], invited_by: User | None, now: datetime
) -> Invitation:
    """Offers these roles to whoever signs in with that address within fourteen days, and writes to it.

    `invited_by` None is Halle itself (a command). Raises NotAllowed, NoRole, RoleNotHere, RolesApart,
    OrganisationClosed, AlreadyHere and AlreadyInvited. An expired invitation makes room for the new one.
    """
    organisation, roles = locked(organisation), in_order(roles)
    if not roles:
        raise NoRole
    today = localdate(now)
    if invited_by and not set(roles) <= offered_by_person(
        person=invited_by, organisation=organisation, on=today
    ):
        raise NotAllowed
    _check_open(organisation, now=now)
    check_roles(roles, organisation=organisation, on=today)
    here = Membership.objects.open().filter(organisation=organisation, user__email__iexact=email)
    if mandate := here.select_related("user").first():
        raise AlreadyHere(mandate.user)
    waiting = _pending(organisation).filter(email__iexact=email).first()
    if waiting and waiting.is_open(now=now):
        raise AlreadyInvited(waiting)
    if waiting:
        _pending(organisation).filter(pk=waiting.pk).update(cancelled_at=now)
    invitation = Invitation.objects.create(
        tenant=organisation,
        email=email,
        roles=roles,
        invited_by=invited_by,
        created_at=now,
        expires_at=now + VALID_FOR,
    )
    _write_letter(invitation, key=f"invitation:{invitation.public_id}", now=now)
    _record(
        invitation,
        actor=invited_by,
        what="invited",
        sentence="{actor} a invité une personne.",
        now=now,
        changes={"roles": [[], roles]},
    )
    return invitation


@transaction.atomic
def cancel_invitation(*, invitation: Invitation, by: User, now: datetime) -> None:
    """Its link no longer opens anything. Raises NotAllowed, InvitationAccepted and InvitationCancelled."""
    invitation = _still_pending(invitation, by=by, now=now)
    Invitation.objects.filter(pk=invitation.pk).update(cancelled_at=now)
    _record(
        invitation,
        actor=by,
        what="cancelled",
        sentence="{actor} a annulé une invitation.",
        now=now,
        changes={"roles": [invitation.roles, []]},
    )


@transaction.atomic
def resend(*, invitation: Invitation, by: User, now: datetime) -> Invitation:
    """Writes again and gives fourteen days more; twice within a minute is once.

    Raises NotAllowed, OrganisationClosed, InvitationAccepted and InvitationCancelled.
    """
    invitation = _still_pending(invitation, by=by, now=now)
    _check_open(invitation.tenant, now=now)
    before, invitation.expires_at = invitation.expires_at, now + VALID_FOR
    invitation.save(update_fields=["expires_at"])
    key = f"invitation:{invitation.public_id}:{now:%Y%m%d%H%M}"
    _write_letter(invitation, key=key, now=now)
    _record(
        invitation,
        actor=by,
        what="resent",
        sentence="{actor} a renvoyé une invitation.",
        now=now,
        changes={"expires_at": [_day(before), _day(invitation.expires_at)]},
    )
    return invitation


def check_acceptable(*, invitation: Invitation, user: User, now: datetime) -> None:
    """Whether this signed-in person may accept now. Raises InvitationAccepted, InvitationCancelled,
    InvitationExpired, OrganisationClosed, InvitedSomebodyElse, RoleNotHere and RolesApart."""
    if invitation.accepted_at is not None:
        raise InvitationAccepted(by_you=invitation.accepted_by_id == user.pk)
    if invitation.cancelled_at is not None:
        raise InvitationCancelled
    if not invitation.is_open(now=now):
        raise InvitationExpired
    _check_open(invitation.tenant, now=now)
    if not user.email or user.email.casefold() != invitation.email.casefold():
        raise InvitedSomebodyElse(invitation.email)
    roles = {*invitation.roles, *_held(user, invitation.tenant)}
    check_roles(roles, organisation=invitation.tenant, on=localdate(now))


@transaction.atomic
def accept(*, invitation: Invitation, user: User, now: datetime) -> None:
    """Gives the roles to the signed-in person, once. Raises what `check_acceptable` raises."""
    organisation = locked(invitation.tenant)
    invitation = Invitation.objects.select_related("tenant").get(pk=invitation.pk)
    check_acceptable(invitation=invitation, user=user, now=now)
    before = _held(user, organisation)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=now, accepted_by=user)
    Membership.objects.bulk_create(
        Membership(user=user, organisation=organisation, role=role, given_by_id=invitation.invited_by_id)
        for role in invitation.roles
        if role not in before
    )
    _record(
        invitation,
        actor=user,
        what="accepted",
        sentence="{actor} a accepté une invitation.",
        now=now,
        person=user,
        changes={"roles": [before, in_order({*before, *invitation.roles})]},
    )
    new = set(invitation.roles) - set(before)
    signals.roles_given.send(Membership, organisation=organisation, person=user, roles=new, now=now)


def token_of(invitation: Invitation) -> str:
    """What the link of an invitation ends with."""
    return _signer().sign(str(invitation.public_id))


def read_token(token: str) -> UUID | None:
    """The `public_id` of the invitation that a link names; None when Halle did not make that link."""
    try:
        return UUID(_signer().unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def _signer() -> signing.Signer:
    return signing.Signer(salt="tenants.invitation", sep=".")


def _write_letter(invitation: Invitation, *, key: str, now: datetime) -> None:
    path = reverse("organisation_invitation", args=[invitation.tenant.siren, token_of(invitation)])
    letters.write(
        tenant=invitation.tenant,
        key=key,
        to=invitation.email,
        subject=f"Invitation : {invitation.tenant.name} vous ouvre Halle",
        body=LETTER.format(
            organisation=invitation.tenant.name,
            roles_intro="Voici vos rôles" if len(invitation.roles) > 1 else "Voici votre rôle",
            roles="\n".join(f"- {Role(role).label}" for role in invitation.roles),
            email=invitation.email,
            link=f"{settings.BASE_URL.rstrip('/')}{path}",
            until=_day(invitation.expires_at),
        ),
        now=now,
    )


def _day(moment: datetime) -> str:
    return in_words(localdate(moment))


LETTER = """\
Bonjour,

{organisation} vous invite sur Halle, la plateforme où les collectivités achètent ensemble leurs services
numériques. {roles_intro} :

{roles}

Pour accepter, ouvrez ce lien et connectez-vous avec votre compte professionnel {email} :

{link}

Le lien est valable jusqu’au {until}. Passé ce jour, demandez qu’on vous le renvoie.

Vous n’attendiez pas ce message ? Ne faites rien : l’invitation expirera d’elle-même.
"""


def _still_pending(invitation: Invitation, *, by: User, now: datetime) -> Invitation:
    """The invitation as it is now, its organisation locked."""
    organisation = locked(invitation.tenant)
    invitation = Invitation.objects.select_related("tenant").get(pk=invitation.pk)
    if not set(invitation.roles) <= offered_by_person(
        person=by, organisation=organisation, on=localdate(now)
    ):
        raise NotAllowed
    if invitation.accepted_at is not None:
        raise InvitationAccepted
    if invitation.cancelled_at is not None:
        raise InvitationCancelled
    return invitation


def _pending(organisation: Organisation):
    return Invitation.objects.filter(tenant=organisation, accepted_at__isnull=True, cancelled_at__isnull=True)


def _check_open(organisation: Organisation, *, now: datetime) -> None:
    if organisation.is_closed(on=localdate(now)):
        raise OrganisationClosed


def _held(user: User, organisation: Organisation) -> list[str]:
    mandates = user.memberships.open().filter(organisation=organisation)
    return in_order(mandates.values_list("role", flat=True))


def _record(invitation: Invitation, *, what: str, **event) -> None:
    audit.record(
        tenant=invitation.tenant, what=f"invitation.{what}", subject_id=invitation.public_id, **event
    )
