"""Somebody signs in who has no role where her account, or the domain of her address, says that she works:
she asks to join, and waits. Neither gives anything: whoever administers the organisation decides
(`join_answers`).
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import localdate

from tenants import audit, letters
from tenants.days import in_words
from tenants.models import (
    Invitation,
    JoinOutcome,
    JoinRequest,
    JoinSource,
    Membership,
    Organisation,
    Role,
    User,
)
from tenants.people.domains import domain_of, organisation_of
from tenants.people.relinking import person_alike
from tenants.people.roles import PeopleRefused
from tenants.people.telling import people_to_tell
from tenants.tenancy import tenant_scope

ADMINISTRATORS = [Role.ORG_ADMIN, Role.OPERATOR_ADMIN, Role.VENDOR_ADMIN]
# After a refusal.
PATIENCE = timedelta(days=15)


class NobodyToAsk(PeopleRefused):
    def __init__(self):
        super().__init__(
            "Personne n’administre encore votre organisation sur Halle. Écrivez à votre opérateur : il "
            "invitera la première personne."
        )


class NoAddress(PeopleRefused):
    def __init__(self):
        super().__init__(
            "Votre fournisseur d’identité n’a pas confirmé votre courriel : faites-le confirmer chez lui, "
            "puis reconnectez-vous."
        )


class RefusedLately(PeopleRefused):
    """`again_from`: when she may ask again."""

    def __init__(self, again_from: datetime):
        super().__init__(
            "Votre demande n’a pas été acceptée. Vous pourrez la refaire à partir du "
            f"{in_words(localdate(again_from))}."
        )


class AlreadyIn(PeopleRefused):
    def __init__(self):
        super().__init__("Vous avez déjà un rôle dans cette organisation, ou une invitation qui vous attend.")


@dataclass(frozen=True)
class Named:
    """An organisation that a sign-in names, and what names it. `domain`: of her address, if that is what
    does."""

    organisation: Organisation
    source: JoinSource
    domain: str = ""


class Stands(StrEnum):
    """What a person may do about an organisation that she is not in."""

    MAY_ASK = "may_ask"
    WAITING = "waiting"
    REFUSED = "refused"
    INVITED = "invited"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Standing:
    """Where somebody stands with an organisation: her last request, and when her last role there ended."""

    stands: Stands
    request: JoinRequest | None
    left_at: datetime | None


def suggested(siret: str, *, now: datetime) -> Organisation | None:
    """The organisation that this SIRET belongs to, whichever its establishment; None when Halle has none, or
    when it exists no more."""
    if not re.fullmatch(r"[0-9]{14}", siret):
        return None
    found = Organisation.objects.filter(siren=siret[:9]).first()
    return found if found and not found.is_closed(on=localdate(now)) else None


def named_by(*, person: User, siret: str, now: datetime) -> list[Named]:
    """The organisations that she may ask to join: that of the proven domain of her verified address first,
    then that of the SIRET; none where she has a role, even suspended."""
    by_domain = organisation_of(person.email, now=now)
    by_siret = suggested(siret, now=now)
    found = []
    if by_domain:
        found.append(Named(by_domain, JoinSource.DOMAIN, domain_of(person.email)))
    if by_siret and by_siret != by_domain:
        found.append(Named(by_siret, JoinSource.SIRET))
    if not found:
        return []
    held = set(person.memberships.open().values_list("organisation", flat=True))
    return [one for one in found if one.organisation.pk not in held]


@transaction.atomic
def note_sign_in(*, person: User, now: datetime) -> JoinRequest | None:
    """At each sign-in: somebody who never had a role anywhere asks by herself to join the organisation of her
    domain, once. None where nothing is asked: whoever had a role there, was answered already, is invited, or
    may be somebody known under another account, asks herself."""
    if person.is_staff or person.memberships.exists():
        return None
    named = next((one for one in named_by(person=person, siret="", now=now)), None)
    if named is None or person_alike(person) is not None:
        return None
    with tenant_scope([named.organisation.pk]):
        if _requests(person, named.organisation).exists():
            return None
    try:
        return ask_to_join(named=named, person=person, now=now)
    except PeopleRefused:
        return None


@transaction.atomic
def ask_to_join(*, named: Named, person: User, now: datetime) -> JoinRequest:
    """Her request, which waits until somebody answers. Whoever administers the organisation is written to,
    the signatory while nobody does. Asked twice, it is asked once.

    Raises NoAddress, AlreadyIn, RefusedLately and NobodyToAsk.
    """
    if not person.email:
        raise NoAddress
    person = User.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
    organisation = named.organisation
    with tenant_scope([organisation.pk]):
        if is_in_or_invited(person=person, organisation=organisation, now=now):
            raise AlreadyIn
        hers = _requests(person, organisation)
        if waiting := hers.filter(settled_at__isnull=True).first():
            return waiting
        refused = hers.filter(outcome=JoinOutcome.REFUSED, settled_at__gt=now - PATIENCE)
        if last := refused.order_by("-settled_at").first():
            raise RefusedLately(last.settled_at + PATIENCE)
        told = whom_to_ask(organisation)
        if not told:
            raise NobodyToAsk
        request = JoinRequest.objects.create(
            tenant=organisation, person=person, source=named.source, domain=named.domain, asked_at=now
        )
        left_at = last_departure(person=person, organisation=organisation)
        for mandate in told:
            letters.write(
                tenant=organisation,
                key=f"join:{request.public_id}:{mandate.user_id}",
                to=mandate.user.email,
                subject=f"{person} demande à rejoindre {organisation.name}",
                body=_body(request, person, left_at),
                now=now,
            )
        audit.record(
            tenant=organisation,
            actor=person,
            what="membership.asked",
            sentence="{actor} a demandé à rejoindre l’organisation.",
            subject_id=request.public_id,
            now=now,
        )
    return request


def whom_to_ask(organisation: Organisation) -> list[Membership]:
    """Who answers a request: the administrators, the signatory while there is none."""
    ids = [organisation.pk]
    return people_to_tell(organisations=ids, roles=ADMINISTRATORS) or people_to_tell(
        organisations=ids, roles=[Role.SIGNATORY]
    )


def last_departure(*, person: User, organisation: Organisation) -> datetime | None:
    """When her last role there ended; None for whoever never had one."""
    ended = person.memberships.filter(organisation=organisation, ended_at__isnull=False)
    return ended.order_by("-ended_at").values_list("ended_at", flat=True).first()


def is_in_or_invited(*, person: User, organisation: Organisation, now: datetime) -> bool:
    """Whether she has a role there, or an invitation that she may accept. Needs its scope."""
    if person.memberships.open().filter(organisation=organisation).exists():
        return True
    return open_invitation(person=person, organisation=organisation, now=now) is not None


def open_invitation(*, person: User, organisation: Organisation, now: datetime) -> Invitation | None:
    """The one to her address that she may still accept. Needs its scope."""
    pending = Invitation.objects.filter(
        tenant=organisation, email__iexact=person.email, accepted_at__isnull=True, cancelled_at__isnull=True
    )
    return pending.filter(expires_at__gt=now).first() if person.email else None


@transaction.atomic
def standing_of(*, named: Named, person: User, now: datetime) -> Standing:
    """Where she stands with an organisation that her sign-in names. Opens the scope it needs."""
    organisation = named.organisation
    left_at = last_departure(person=person, organisation=organisation)
    with tenant_scope([organisation.pk]):
        last = _requests(person, organisation).order_by("-asked_at", "-pk").first()
        if last and last.settled_at is None:
            return Standing(Stands.WAITING, last, left_at)
        if open_invitation(person=person, organisation=organisation, now=now):
            return Standing(Stands.INVITED, last, left_at)
        if last and last.outcome == JoinOutcome.REFUSED and last.settled_at > now - PATIENCE:
            return Standing(Stands.REFUSED, last, left_at)
        free = Stands.MAY_ASK if whom_to_ask(organisation) else Stands.NOBODY
        return Standing(free, last, left_at)


def _requests(person: User, organisation: Organisation):
    return JoinRequest.objects.filter(tenant=organisation, person=person)


def _body(request: JoinRequest, person: User, left_at: datetime | None) -> str:
    link = f"{settings.BASE_URL.rstrip('/')}{reverse('organisation_people', args=[request.tenant.siren])}"
    how = (
        f"avec une adresse du domaine {request.domain}, que votre organisation a prouvé être le sien"
        if request.source == JoinSource.DOMAIN
        else "avec un compte qui nomme votre organisation par son SIRET"
    )
    before = ""
    if left_at:
        before = f"\nCette personne a déjà quitté l’organisation, le {in_words(localdate(left_at))}.\n"
    return LETTER.format(
        person=person,
        email=person.email,
        how=how,
        organisation=request.tenant.name,
        before=before,
        link=f"{link}#demandes",
    )


LETTER = """\
Bonjour,

{person} ({email}) s’est connecté à Halle {how}, et demande à rejoindre {organisation}.
{before}
Rien ne lui est ouvert tant que vous n’avez pas répondu. Acceptez ou refusez ici :

{link}
"""
