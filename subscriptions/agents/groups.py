"""Groups of agents are made, filled, put on lists and ended. What their members have by it: `by_groups`."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from subscriptions import signals
from subscriptions.agents.by_groups import settle
from subscriptions.agents.checks import NO_GROUP, administered, checked_listed
from subscriptions.agents.writing import worded
from subscriptions.models import Access, AccessRole, AgentGroup, GroupMember, GroupService
from tenants import audit
from tenants.constraints import violated
from tenants.models import Membership, Organisation, User
from tenants.people.mandates import NotHere
from tenants.people.roles import MEMBER_ROLES
from tenants.refusals import Refused

LONGEST_NAME = 80
NO_NAME = "Donnez un nom au groupe, par exemple « Accueil »."
TAKEN = "Vous avez déjà un groupe de ce nom. Choisissez-en un autre."
TOO_LONG = f"Ce nom est trop long : {LONGEST_NAME} caractères au plus."
ONE_LINE = "Ce nom contient un retour à la ligne ou un caractère invisible : retirez-le."


@transaction.atomic
def make_group(*, organisation: Organisation, name: str, by: User, now: datetime) -> AgentGroup:
    """A group without members, on no list. Raises NotAllowed, and Refused for a name that will not do."""
    organisation = administered(organisation, by=by)
    group = AgentGroup(tenant=organisation, name=_checked_name(name), made_at=now, made_by=by)
    _save(group)
    _record(group, by, now, "made", "{actor} a créé {group}.")
    return group


@transaction.atomic
def rename_group(
    *, organisation: Organisation, group: AgentGroup, name: str, by: User, now: datetime
) -> None:
    """Raises NotAllowed, and Refused for a name that will not do or a group that is ended."""
    group = _locked(administered(organisation, by=by), group)
    group.name = _checked_name(name)
    _save(group)
    _record(group, by, now, "renamed", "{actor} a renommé {group}.")


@transaction.atomic
def end_group(*, organisation: Organisation, group: AgentGroup, by: User, now: datetime) -> None:
    """Nobody is in it any more; what it gave is closed. Its name is free. Raises NotAllowed, and Refused when
    it is ended already."""
    organisation = administered(organisation, by=by)
    group = _locked(organisation, group)
    people = list(GroupMember.objects.filter(group=group).values_list("user", flat=True))
    GroupMember.objects.filter(tenant=organisation, group=group).delete()
    GroupService.objects.filter(tenant=organisation, group=group).delete()
    group.ended_at = now
    group.save(update_fields=["ended_at"])
    _settled(organisation, people, by, now)
    _record(group, by, now, "ended", "{actor} a supprimé {group}.")


@transaction.atomic
def put_in(
    *, organisation: Organisation, group: AgentGroup, people: Collection[int], by: User, now: datetime
) -> int:
    """These people are in the group from now on, and have what it gives; how many were not.

    Raises NotAllowed, NotHere when one of them has no mandate there, and Refused for a group that is ended.
    """
    organisation = administered(organisation, by=by)
    group, people = _locked(organisation, group), set(people)
    mandates = Membership.objects.open().filter(organisation=organisation, role__in=MEMBER_ROLES)
    here = set(mandates.filter(user__in=people).values_list("user", flat=True))
    if here != people:
        raise NotHere
    new = people - set(GroupMember.objects.filter(group=group).values_list("user", flat=True))
    if not new:
        return 0
    GroupMember.objects.bulk_create(
        GroupMember(tenant=organisation, group=group, user_id=one, since=now, put_by=by)
        for one in sorted(new)
    )
    _settled(organisation, new, by, now)
    for person in User.objects.filter(pk__in=new).order_by("pk"):
        _record(group, by, now, "joined", "{actor} a mis dans {group} : {person}.", person=person)
    return len(new)


@transaction.atomic
def take_out(*, organisation: Organisation, group: AgentGroup, person: User, by: User, now: datetime) -> None:
    """She is in the group no longer, and loses what it alone gives. Nothing is changed for somebody who is
    not in it. Raises NotAllowed, and Refused for a group that is ended."""
    organisation = administered(organisation, by=by)
    group = _locked(organisation, group)
    deleted, _ = GroupMember.objects.filter(tenant=organisation, group=group, user=person).delete()
    if not deleted:
        return
    _settled(organisation, [person.pk], by, now)
    _record(group, by, now, "left", "{actor} a retiré de {group} : {person}.", person=person)


@transaction.atomic
def take_out_of_givers(
    *, organisation: Organisation, person: User, sheet: int, by: User, now: datetime
) -> None:
    """She is in no group any more that gives this service (by the number of its sheet): one that is left
    would give it again at once. Nothing is changed where there is none. Raises NotAllowed."""
    organisation = administered(organisation, by=by)
    giving = AgentGroup.objects.filter(tenant=organisation, members__user=person, services__sheet=sheet)
    for group in giving.order_by("pk"):
        take_out(organisation=organisation, group=group, person=person, by=by, now=now)


@transaction.atomic
def set_services(
    *, organisation: Organisation, group: AgentGroup, wanted: Mapping[int, str], by: User, now: datetime
) -> None:
    """Of each service of `wanted` (by the number of its sheet), the group is on the list in that role, off it
    for "". The same again changes nothing.

    Raises NotAllowed, and Refused for a service that is not on a list or a group that is ended.
    """
    organisation = administered(organisation, by=by)
    group = _locked(organisation, group)
    checked_listed(organisation, wanted)
    rows = GroupService.objects.filter(tenant=organisation, group=group)
    held = dict(rows.values_list("sheet", "role"))
    changed = {sheet: role for sheet, role in wanted.items() if held.get(sheet, "") != role}
    if not changed:
        return
    rows.filter(sheet__in=changed).delete()
    GroupService.objects.bulk_create(
        GroupService(
            tenant=organisation, group=group, sheet_id=sheet, role=AccessRole(role), since=now, given_by=by
        )
        for sheet, role in changed.items()
        if role
    )
    people = list(GroupMember.objects.filter(group=group).values_list("user", flat=True))
    _settled(organisation, people, by, now)
    before, after = worded(held), worded({**held, **changed})
    _record(group, by, now, "services", "{actor} a changé les accès que donne {group}.",
            changes={"accesses": [before, after]})  # fmt: skip


def _locked(organisation: Organisation, group: AgentGroup) -> AgentGroup:
    """The group as it is now; its organisation is locked already."""
    found = AgentGroup.objects.filter(tenant=organisation, pk=group.pk, ended_at=None).first()
    if found is None:
        raise Refused(NO_GROUP)
    return found


def _settled(organisation: Organisation, people: Collection[int], by: User, now: datetime) -> None:
    sheets = settle(organisation=organisation, people=people, by=by, now=now)
    if sheets:
        signals.accesses_changed.send(Access, organisation=organisation, sheets=sheets, now=now)


def _checked_name(name: str) -> str:
    name = " ".join(name.split(" ")).strip()
    if not name:
        raise Refused(NO_NAME, "name")
    if len(name) > LONGEST_NAME:
        raise Refused(TOO_LONG, "name")
    if not name.isprintable():
        raise Refused(ONE_LINE, "name")
    return name


def _save(group: AgentGroup) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        if violated(error) != "agent_group_one_of_its_name":
            raise
        raise Refused(TAKEN, "name") from None


def _record(
    group: AgentGroup,
    by: User,
    now: datetime,
    did: str,
    sentence: str,
    person: User | None = None,
    changes: dict[str, list] | None = None,
) -> None:
    """Groups are told by number: their names are typed by people, and may say anything."""
    audit.record(
        tenant=group.tenant,
        actor=by,
        person=person,
        what=f"agent_group.{did}",
        sentence=sentence.replace("{group}", f"le groupe d’agents n° {group.pk}"),
        subject_id=group.pk,
        now=now,
        changes=changes,
    )
