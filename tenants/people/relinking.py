"""A person comes back under another identity: she asks, who administers her confirms; never automatic.

The same verified e-mail is what lets her ask, and nothing more: an address may pass to somebody else.
"""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import localdate

from tenants import audit, letters
from tenants.models import Identity, Membership, Organisation, Relink, Role, User
from tenants.people import signals
from tenants.people.roles import PeopleRefused, given_by_person, keeps_its_operator
from tenants.people.telling import people_to_tell
from tenants.tenancy import tenant_scope

# What the row of a newcomer is called once her identity is somebody else's.
ATTACHED = "attached"
ADMINISTRATORS = [Role.ORG_ADMIN, Role.OPERATOR_ADMIN, Role.VENDOR_ADMIN]


class RelinkRefused(PeopleRefused):
    """The request cannot be made, or can no longer be settled."""


class NobodyAlike(RelinkRefused):
    def __init__(self):
        super().__init__("Personne ici n’a la même adresse de courriel que vous.")


class RelinkSettled(RelinkRefused):
    def __init__(self):
        super().__init__("Cette demande a déjà reçu une réponse.")


class NewcomerHasMandates(RelinkRefused):
    def __init__(self):
        super().__init__(
            "Ce nouveau compte a déjà reçu un rôle : il ne peut plus être rattaché. Mettez fin à ce rôle, ou "
            "invitez cette personne là où elle agissait."
        )


def person_alike(newcomer: User) -> User | None:
    """Whom she may say she is: the one active person with her e-mail who has mandates, while she has none and
    never had. None when there are two, and never the platform's staff."""
    if not newcomer.email or newcomer.is_staff or newcomer.memberships.exists():
        return None
    alike = User.objects.filter(email__iexact=newcomer.email, is_active=True, is_staff=False)
    mandates = Membership.objects.open().values("user")
    found = list(alike.filter(pk__in=mandates).exclude(pk=newcomer.pk).order_by("pk")[:2])
    return found[0] if len(found) == 1 else None


def open_request(newcomer: User) -> Relink | None:
    """The one that waits for an answer."""
    return Relink.objects.filter(newcomer=newcomer, settled_at=None).select_related("person").first()


def waiting_for(organisation: Organisation):
    """Requests to be settled about people who have mandates there, the oldest first."""
    here = Membership.objects.open().filter(organisation=organisation).values("user")
    waiting = Relink.objects.filter(settled_at=None, person__in=here)
    return waiting.select_related("person", "newcomer").order_by("asked_at", "pk")


def organisations_of(person: User) -> list[Organisation]:
    """Where she has mandates that are not ended, by name."""
    ids = person.memberships.open().values("organisation")
    found = Organisation.objects.filter(pk__in=ids).select_related("operator", "vendor", "territory")
    return list(found.order_by("plain_name", "pk"))


@transaction.atomic
def ask(*, newcomer: User, now: datetime) -> Relink:
    """She says that she is the person with her e-mail. Whoever administers that person is written to. Asked
    twice, it is asked once. Raises NobodyAlike."""
    newcomer = _locked(newcomer)
    if waiting := open_request(newcomer):
        return waiting
    person = person_alike(newcomer)
    if person is None:
        raise NobodyAlike
    relink = Relink.objects.create(newcomer=newcomer, person=person, asked_at=now)
    link = f"{settings.BASE_URL.rstrip('/')}{reverse('relink', args=[relink.public_id])}"
    for organisation in organisations_of(person):
        for mandate in people_to_tell(organisations=[organisation.pk], roles=ADMINISTRATORS):
            if mandate.user_id != person.pk:
                _write(
                    organisation,
                    key=f"relink:{relink.public_id}:{mandate.user_id}",
                    to=mandate.user.email,
                    subject=f"{person} a changé de compte : est-ce bien la même personne ?",
                    body=TO_CONFIRM.format(person=person, email=person.email, link=link),
                    now=now,
                )
        _record(organisation, relink, "asked", "{actor} demande à être reconnue : {person}.", newcomer, now)
    return relink


def may_settle(*, relink: Relink, by: User, now: datetime) -> bool:
    """Whether she answers for that person wherever that person acts: she gives each role held there, or works
    for an operator of which the organisation is a member. Nobody confirms herself."""
    if by.pk in (relink.newcomer_id, relink.person_id):
        return False
    where = organisations_of(relink.person)
    return bool(where) and all(_answers_for(by, relink.person, organisation, now) for organisation in where)


@transaction.atomic
def confirm(*, relink: Relink, by: User, now: datetime) -> None:
    """The person is the same: her new identity opens what the first one opened, from the next sign-in on.

    The newcomer's own row is closed. Her address is written to, in case it was not her. Raises RelinkSettled
    and NewcomerHasMandates. The caller has checked `may_settle`.
    """
    relink = _unsettled(relink)
    newcomer, person = _locked(relink.newcomer), relink.person
    if newcomer.memberships.exists():
        raise NewcomerHasMandates
    issuer, sub = newcomer.issuer, newcomer.sub
    newcomer.issuer, newcomer.sub = ATTACHED, uuid.uuid4().hex
    newcomer.subject = f"{newcomer.issuer} {newcomer.sub}"
    newcomer.email = newcomer.first_name = newcomer.last_name = ""
    newcomer.is_active, newcomer.erased_at = False, now
    newcomer.save()
    Identity.objects.create(user=person, issuer=issuer, sub=sub, attached_at=now)
    _settle(relink, by=by, confirmed=True, now=now)
    signals.identity_attached.send(User, person=person, now=now)
    where = organisations_of(person)
    for organisation in where:
        _record(organisation, relink, "confirmed", "{actor} a reconnu le nouveau compte : {person}.", by, now)
    if where and person.email:
        _write(
            where[0],
            key=f"relinked:{relink.public_id}",
            to=person.email,
            subject="Un nouveau compte ouvre maintenant vos accès sur Halle",
            body=CONFIRMED.format(by=by, organisation=where[0].name),
            now=now,
        )


@transaction.atomic
def refuse(*, relink: Relink, by: User, now: datetime) -> None:
    """It is somebody else: nothing changes. Raises RelinkSettled. The caller has checked `may_settle`."""
    relink = _unsettled(relink)
    _settle(relink, by=by, confirmed=False, now=now)
    for organisation in organisations_of(relink.person):
        _record(
            organisation, relink, "refused", "{actor} n’a pas reconnu le nouveau compte : {person}.", by, now
        )


def _answers_for(by: User, person: User, organisation: Organisation, now: datetime) -> bool:
    held = set(person.memberships.open().filter(organisation=organisation).values_list("role", flat=True))
    return held <= given_by_person(person=by, organisation=organisation) or keeps_its_operator(
        by, organisation, localdate(now)
    )


def _locked(user: User) -> User:
    return User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)


def _unsettled(relink: Relink) -> Relink:
    rows = Relink.objects.select_for_update(of=("self",), no_key=True).select_related("person", "newcomer")
    relink = rows.get(pk=relink.pk)
    if relink.settled_at is not None:
        raise RelinkSettled
    return relink


def _settle(relink: Relink, *, by: User, confirmed: bool, now: datetime) -> None:
    relink.settled_at, relink.settled_by, relink.confirmed = now, by, confirmed
    relink.save(update_fields=["settled_at", "settled_by", "confirmed"])


def _write(organisation: Organisation, **letter) -> None:
    with tenant_scope([organisation.pk]):
        letters.write(tenant=organisation, **letter)


def _record(organisation: Organisation, relink: Relink, what: str, sentence: str, by: User, now) -> None:
    with tenant_scope([organisation.pk]):
        audit.record(
            tenant=organisation,
            actor=by,
            person=relink.person,
            what=f"relink.{what}",
            sentence=sentence,
            subject_id=relink.public_id,
            now=now,
        )


TO_CONFIRM = """\
Bonjour,

Quelqu’un s’est connecté à Halle avec un compte que nous ne connaissons pas, et dit être {person} ({email}).
C’est ce qui arrive quand une collectivité change de service de connexion. Une adresse peut aussi avoir été
donnée à quelqu’un d’autre.

Demandez-lui de vive voix, puis répondez ici :

{link}

Sans réponse de votre part, rien n’est ouvert à ce nouveau compte.
"""

CONFIRMED = """\
Bonjour,

{by} a confirmé que le nouveau compte avec lequel vous vous êtes connecté est bien le vôtre. Il ouvre
désormais tout ce que l’ancien ouvrait ({organisation}). Déconnectez-vous puis reconnectez-vous.

Ce n’était pas vous ? Prévenez tout de suite l’administrateur de votre organisation.
"""
