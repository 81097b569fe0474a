"""Agents are given access to the services that are on a list, and lose it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from subscriptions import signals
from subscriptions.agents.by_groups import given_by_groups, settle
from subscriptions.agents.checks import NO_GROUP, administered, checked_listed
from subscriptions.agents.writing import close, open_for, worded
from subscriptions.models import (
    Access,
    AccessRole,
    AgentGroup,
    ClosedBecause,
    GroupMember,
    ListedService,
    OfferedAccess,
    OfferedGroup,
)
from tenants import audit
from tenants.models import Invitation, Membership, Organisation, Role, User
from tenants.people import invitations
from tenants.people.mandates import NotHere
from tenants.people.roles import MEMBER_ROLES
from tenants.refusals import Refused

# Instead of a role: what her groups give, and nothing by name.
BY_GROUPS = "groups"
FROM_A_GROUP = "Cet accès vient du groupe « {group} » : retirez la personne du groupe pour le fermer."


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
    """Of each service of `wanted` (by the number of its sheet), the person has the role that it says, given
    by name; none for ""; what her groups give for BY_GROUPS. Her other accesses stay. The same again changes
    nothing.

    Raises NotAllowed, NotHere for somebody without a mandate, and Refused for a service that is not on a
    list, or that is to be taken from somebody whose group gives it.
    """
    organisation = administered(organisation, by=by)
    checked_listed(organisation, wanted)
    mandates = Membership.objects.open().filter(organisation=organisation, role__in=MEMBER_ROLES)
    if not mandates.filter(user=person).exists():
        raise NotHere
    given = {
        sheet: one
        for (_, sheet), one in given_by_groups(organisation=organisation, people=[person.pk]).items()
    }
    for sheet in (sheet for sheet, role in wanted.items() if not role and sheet in given):
        raise Refused(FROM_A_GROUP.format(group=given[sheet].group_name))
    held = {one.sheet_id: one for one in _open_ones(organisation, person)}
    named = {sheet: one.role for sheet, one in held.items() if one.group_id is None}
    by_name = {sheet: "" if role == BY_GROUPS else role for sheet, role in wanted.items()}
    changed = {sheet: role for sheet, role in by_name.items() if named.get(sheet, "") != role}
    if not changed:
        return
    for sheet, role in changed.items():
        if sheet in held:
            reason = ClosedBecause.CHANGED if role or sheet in given else because
            close(Access.objects.filter(pk=held[sheet].pk), by=by, because=reason, now=now)
    open_for(
        organisation=organisation,
        person=person,
        roles={sheet: role for sheet, role in changed.items() if role},
        by=by,
        now=now,
    )
    settle(organisation=organisation, people=[person.pk], by=by, now=now)
    before = {sheet: held[sheet].role for sheet in changed if sheet in held}
    after = dict(_open_ones(organisation, person).values_list("sheet", "role"))
    others = {sheet: one.role for sheet, one in held.items() if sheet not in changed}
    _record(organisation, person, by, now, worded(others | before), worded(after))
    signals.accesses_changed.send(Access, organisation=organisation, sheets=set(changed), now=now)


@transaction.atomic
def invite_agent(
    *,
    organisation: Organisation,
    email: str,
    roles: Mapping[int, str],
    by: User,
    now: datetime,
    mandates: Iterable[str] = (Role.AGENT,),
    groups: Iterable[AgentGroup] = (),
) -> Invitation:
    """Invites somebody as an agent, or with these `mandates`; with a role in services that are on a list (by
    the number of their sheet) and into these groups, hers once she accepts. Raises what `invitations.invite`
    raises, and Refused."""
    checked_listed(organisation, roles)
    groups = list(groups)
    if any(group.ended_at is not None or group.tenant_id != organisation.pk for group in groups):
        raise Refused(NO_GROUP)
    invitation = invitations.invite(
        organisation=organisation, email=email, roles=mandates, invited_by=by, now=now
    )
    OfferedAccess.objects.bulk_create(
        OfferedAccess(tenant=organisation, invitation=invitation, sheet_id=sheet, role=AccessRole(role))
        for sheet, role in roles.items()
    )
    OfferedGroup.objects.bulk_create(
        OfferedGroup(tenant=organisation, invitation=invitation, group=group) for group in groups
    )
    return invitation


def take_up(*, organisation: Organisation, person: User, now: datetime) -> None:
    """Opens what the person was offered with an invitation that she accepts at this moment, of services still
    on a list, and puts her into the groups that are not ended. In the transaction of her acceptance, and in
    her organisation's scope."""
    accepted = {
        "tenant": organisation,
        "invitation__accepted_by": person,
        "invitation__accepted_at": now,
    }
    offered = OfferedAccess.objects.filter(
        **accepted, sheet__in=ListedService.objects.filter(tenant=organisation).values("sheet")
    ).select_related("invitation__invited_by")
    groups = OfferedGroup.objects.filter(**accepted, group__ended_at=None).select_related(
        "invitation__invited_by"
    )
    held = set(_open_ones(organisation, person).values_list("sheet", flat=True))
    new, joined = [one for one in offered if one.sheet_id not in held], list(groups)
    if not new and not joined:
        return
    by = (new or joined)[0].invitation.invited_by
    open_for(
        organisation=organisation,
        person=person,
        roles={one.sheet_id: one.role for one in new},
        by=by,
        now=now,
    )
    GroupMember.objects.bulk_create(
        (
            GroupMember(tenant=organisation, group_id=one.group_id, user=person, since=now, put_by=by)
            for one in joined
        ),
        ignore_conflicts=True,  # she was here before, with another mandate
    )
    sheets = settle(organisation=organisation, people=[person.pk], by=by, now=now)
    sheets |= {one.sheet_id for one in new}
    if sheets:
        signals.accesses_changed.send(Access, organisation=organisation, sheets=sheets, now=now)


def close_of_leaver(*, organisation: Organisation, person: User, by: User, now: datetime) -> None:
    """Whoever has no mandate left in the organisation has no access left, and is in no group. In the
    transaction that ends her mandates, and in the organisation's scope."""
    left = person.memberships.open().filter(organisation=organisation, role__in=MEMBER_ROLES)
    if not left.exists():
        GroupMember.objects.filter(tenant=organisation, user=person).delete()
        close(_open_ones(organisation, person), by=by, because=ClosedBecause.LEFT, now=now)


def _open_ones(organisation: Organisation, person: User):
    return Access.objects.filter(tenant=organisation, user=person, closed_at__isnull=True)


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
