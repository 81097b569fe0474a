"""People stay, change and leave: their mandates in one organisation.

Every change locks the organisation's row first, so that two people cannot both cease to be its last
administrator, and who may do it is read after that. Mandates are read at each request: what is taken away is
gone at the next one.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import localdate

from tenants import audit
from tenants.models import Membership, Organisation, Role, User
from tenants.people import signals
from tenants.people.roles import (
    GIVEN_BY,
    LastAdministrator,
    NoRole,
    NotAllowed,
    PeopleRefused,
    RoleNotHere,
    check_roles,
    given_by_person,
    in_order,
    roles_of,
)

ADMINISTERING = frozenset({*GIVEN_BY, Role.SIGNATORY})


class NotHere(PeopleRefused):
    """The person has no mandate there that could be changed this way; somebody was faster."""

    def __init__(self):
        super().__init__("Cette personne n’a plus ces mandats. Rechargez la page.")


class Suspended(PeopleRefused):
    def __init__(self):
        super().__init__("L’accès de cette personne est suspendu. Rétablissez-le avant de changer ses rôles.")


def locked(organisation: Organisation) -> Organisation:
    """The organisation, its people nobody else's to change until the end of the transaction."""
    rows = Organisation.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("operator", "vendor", "territory").get(pk=organisation.pk)


@transaction.atomic
def change_roles(
    *, organisation: Organisation, person: User, roles: Iterable[str], by: User, now: datetime
) -> None:
    """The person now holds these roles, among those that `by` gives; her others stay as they are.

    The same roles again change nothing. Raises NotAllowed, NotHere, Suspended, NoRole, RoleNotHere,
    RolesApart and LastAdministrator.
    """
    organisation, wanted = locked(organisation), set(roles)
    given = _given(by, organisation, now)
    if not wanted <= roles_of(organisation):
        raise RoleNotHere
    if not wanted <= given:
        raise NotAllowed
    mandates = list(_mandates(person, organisation))
    if not mandates:
        raise NotHere
    if any(mandate.suspended_at and mandate.role in given for mandate in mandates):
        raise Suspended
    held = {mandate.role for mandate in mandates}
    after = (held - given) | wanted
    if not after:
        raise NoRole
    check_roles(after, organisation=organisation, on=localdate(now))
    if after == held:
        return
    _check_an_administrator_stays(organisation, person, taken=held - after, given=after - held)
    _mandates(person, organisation).filter(role__in=held - after).update(ended_at=now)
    Membership.objects.bulk_create(
        Membership(user=person, organisation=organisation, role=role, given_by=by) for role in after - held
    )
    _record(
        organisation,
        person,
        by,
        now,
        "changed",
        "{actor} a changé les rôles : {person}.",
        changes={"roles": [in_order(held), in_order(after)]},
    )
    signals.roles_given.send(
        Membership, organisation=organisation, person=person, roles=after - held, now=now
    )


@transaction.atomic
def suspend(*, organisation: Organisation, person: User, by: User, now: datetime) -> None:
    """Takes away what the person may do there, until `restore`.

    Raises NotAllowed, NotHere and LastAdministrator.
    """
    organisation = locked(organisation)
    mandates = _mandates(person, organisation).filter(
        role__in=_given(by, organisation, now), suspended_at__isnull=True
    )
    roles = _roles(mandates)
    _check_an_administrator_stays(organisation, person, taken=roles)
    mandates.update(suspended_at=now)
    _record(
        organisation,
        person,
        by,
        now,
        "suspended",
        "{actor} a suspendu l’accès : {person}.",
        changes={"roles": [roles, []]},
    )
    signals.access_ended.send(Membership, organisation=organisation, person=person, by=by, now=now)


@transaction.atomic
def restore(*, organisation: Organisation, person: User, by: User, now: datetime) -> None:
    """Gives back what was suspended. Raises NotAllowed, NotHere and RolesApart (roles given meanwhile, or a
    commune that has grown)."""
    organisation = locked(organisation)
    mandates = _mandates(person, organisation).filter(
        role__in=_given(by, organisation, now), suspended_at__isnull=False
    )
    roles = _roles(mandates)
    check_roles(
        _mandates(person, organisation).values_list("role", flat=True),
        organisation=organisation,
        on=localdate(now),
    )
    mandates.update(suspended_at=None)
    _record(
        organisation,
        person,
        by,
        now,
        "restored",
        "{actor} a rétabli l’accès : {person}.",
        changes={"roles": [[], roles]},
    )
    signals.access_restored.send(Membership, organisation=organisation, person=person, now=now)


@transaction.atomic
def depart(*, organisation: Organisation, person: User, by: User, now: datetime) -> None:
    """Ends the person's mandates there, for good: all of them when she leaves by herself, otherwise those
    that `by` gives. Raises NotAllowed, NotHere and LastAdministrator."""
    organisation = locked(organisation)
    mandates = _mandates(person, organisation)
    if by != person:
        mandates = mandates.filter(role__in=_given(by, organisation, now))
    roles = _roles(mandates)
    _check_an_administrator_stays(organisation, person, taken=roles)
    mandates.update(ended_at=now)
    sentence = (
        "{actor} a quitté l’organisation." if by == person else "{actor} a mis fin aux mandats : {person}."
    )
    _record(organisation, person, by, now, "ended", sentence, changes={"roles": [roles, []]})
    signals.access_ended.send(Membership, organisation=organisation, person=person, by=by, now=now)


def _mandates(person: User, organisation: Organisation) -> QuerySet[Membership]:
    return person.memberships.open().filter(organisation=organisation)


def _roles(mandates: QuerySet[Membership]) -> list[str]:
    """Their roles. Raises NotHere when there is no mandate."""
    roles = in_order(mandates.values_list("role", flat=True))
    if not roles:
        raise NotHere
    return roles


def _given(by: User, organisation: Organisation, now: datetime) -> frozenset[str]:
    given = given_by_person(person=by, organisation=organisation)
    if not given:
        raise NotAllowed
    return given


def _check_an_administrator_stays(
    organisation: Organisation, person: User, *, taken: Iterable[str], given: Iterable[str] = ()
) -> None:
    """Raises LastAdministrator when nobody would be left to administer what somebody administers now."""
    in_force = Membership.objects.in_force().filter(organisation=organisation, role__in=ADMINISTERING)
    now = set(in_force.values_list("user", "role"))
    then = now - {(person.pk, role) for role in taken} | {(person.pk, role) for role in given}
    lost = _administered(now) - _administered(then)
    if Role.ORG_ADMIN in _administered(then):
        lost.discard(Role.SIGNATORY)  # who only stood in
    if lost:
        raise LastAdministrator


def _administered(mandates: set[tuple[int, str]]) -> set[str]:
    """The roles through which these people administer; a signatory stands in for an absent administrator."""
    roles = {role for _, role in mandates} & ADMINISTERING
    return roles - {Role.SIGNATORY} if Role.ORG_ADMIN in roles else roles


def _record(
    organisation: Organisation, person: User, by: User, now: datetime, what: str, sentence: str, **event
) -> None:
    audit.record(
        tenant=organisation,
        actor=by,
        person=person,
        what=f"membership.{what}",
        sentence=sentence,
        subject_id=person.pk,
        now=now,
        **event,
    )
