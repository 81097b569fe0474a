"""Agents are given access to the services that are on a list, and lose it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from catalog.models import ServiceSheet
from subscriptions import signals
from subscriptions.agents.checks import administered, checked_listed
from subscriptions.models import Access, AccessRole, ClosedBecause, ListedService, OfferedAccess
from tenants import audit
from tenants.models import Invitation, Membership, Organisation, Role, User
from tenants.people import invitations
from tenants.people.mandates import NotHere
from tenants.people.roles import MEMBER_ROLES


@transaction.atomic
def set_accesses(
    *,
    organisation: Organisation,
    person: User,
    wanted: Mapping[int, str],
    by: User,
    now: datetime,
    because: str = ClosedBecause.TAKEN,
) -> None:
    """Of each service of `wanted` (by the number of its sheet), the person has the role that it says, none
    for ""; her other accesses stay. The same again changes nothing.

    Raises NotAllowed, NotHere for somebody without a mandate, and Refused for a service that is not on a
    list.
    """
    organisation = administered(organisation, by=by)
    checked_listed(organisation, wanted)
    mandates = Membership.objects.open().filter(organisation=organisation, role__in=MEMBER_ROLES)
    if not mandates.filter(user=person).exists():
        raise NotHere
    held = {one.sheet_id: one for one in _open_ones(organisation, person).filter(sheet__in=wanted)}
    now_has = {sheet: one.role for sheet, one in held.items()}
    changed = {sheet: role for sheet, role in wanted.items() if now_has.get(sheet, "") != role}
    if not changed:
        return
    for sheet, role in changed.items():
        if sheet in held:
            reason = ClosedBecause.CHANGED if role else because
            close(Access.objects.filter(pk=held[sheet].pk), by=by, because=reason, now=now)
    open_for(
        organisation=organisation,
        person=person,
        roles={sheet: role for sheet, role in changed.items() if role},
        by=by,
        now=now,
    )
    after = {**now_has, **changed}
    _record(organisation, person, by, now, _worded(now_has), _worded(after))
    signals.accesses_changed.send(Access, organisation=organisation, sheets=set(changed), now=now)


@transaction.atomic
def invite_agent(
    *, organisation: Organisation, email: str, roles: Mapping[int, str], by: User, now: datetime
) -> Invitation:
    """Invites somebody as an agent, with a role in services that are on a list (by the number of their
    sheet), hers once she accepts. Raises what `invitations.invite` raises, and Refused."""
    checked_listed(organisation, roles)
    invitation = invitations.invite(
        organisation=organisation, email=email, roles=[Role.AGENT], invited_by=by, now=now
    )
    OfferedAccess.objects.bulk_create(
        OfferedAccess(tenant=organisation, invitation=invitation, sheet_id=sheet, role=AccessRole(role))
        for sheet, role in roles.items()
    )
    return invitation


def take_up(*, organisation: Organisation, person: User, now: datetime) -> None:
    """Opens what the person was offered with an invitation that she accepts at this moment, of services still
    on a list. In the transaction of her acceptance, and in her organisation's scope."""
    offered = OfferedAccess.objects.filter(
        tenant=organisation,
        invitation__accepted_by=person,
        invitation__accepted_at=now,
        sheet__in=ListedService.objects.filter(tenant=organisation).values("sheet"),
    ).select_related("invitation__invited_by")
    held = set(_open_ones(organisation, person).values_list("sheet", flat=True))
    new = [one for one in offered if one.sheet_id not in held]
    if not new:
        return
    open_for(
        organisation=organisation,
        person=person,
        roles={one.sheet_id: one.role for one in new},
        by=new[0].invitation.invited_by,
        now=now,
    )
    signals.accesses_changed.send(
        Access, organisation=organisation, sheets={one.sheet_id for one in new}, now=now
    )


def close_of_leaver(*, organisation: Organisation, person: User, by: User, now: datetime) -> None:
    """Whoever has no mandate left in the organisation has no access left. In the transaction that ends her
    mandates, and in the organisation's scope."""
    left = person.memberships.open().filter(organisation=organisation, role__in=MEMBER_ROLES)
    if not left.exists():
        close(_open_ones(organisation, person), by=by, because=ClosedBecause.LEFT, now=now)


def open_for(
    *, organisation: Organisation, person: User, roles: Mapping[int, str], by: User, now: datetime
) -> None:
    """Writes the accesses, which nobody has checked here."""
    Access.objects.bulk_create(
        Access(
            tenant=organisation,
            user=person,
            sheet_id=sheet,
            role=AccessRole(role),
            opened_at=now,
            opened_by=by,
        )
        for sheet, role in roles.items()
    )


def close(accesses, *, by: User, because: str, now: datetime) -> None:
    """Closes those of these that are open."""
    accesses.filter(closed_at__isnull=True).update(closed_at=now, closed_by=by, closed_because=because)


def _open_ones(organisation: Organisation, person: User):
    return Access.objects.filter(tenant=organisation, user=person, closed_at__isnull=True)


def _worded(roles: Mapping[int, str]) -> list[str]:
    """ "Cantinelle (gère)", by name: services are no personal data."""
    names = dict(ServiceSheet.objects.filter(pk__in=roles).values_list("pk", "name"))
    return sorted(f"{names[sheet]} ({AccessRole(role).label})" for sheet, role in roles.items() if role)


def _record(
    organisation: Organisation,
    person: User,
    by: User,
    now: datetime,
    before: Iterable[str],
    after: Iterable[str],
) -> None:
    audit.record(
        tenant=organisation,
        actor=by,
        person=person,
        what="membership.accesses",
        sentence="{actor} a changé les accès aux services : {person}.",
        subject_id=person.pk,
        now=now,
        changes={"accesses": [list(before), list(after)]},
    )
