"""Reads about an organisation's agents, for its pages."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Concat

from subscriptions.models import Access, AgentGroup, GroupMember, GroupService, ListedService
from tenants.models import Membership, Organisation, User
from tenants.models.organisation import PlainName
from tenants.people.queries import people_of
from tenants.people.roles import MEMBER_ROLES


def agents_of(
    *, organisation: Organisation, text: str = "", sheet: int | None = None, group: int | None = None
) -> QuerySet[User]:
    """Whoever has a mandate there that is not ended, by name; `mandates_here` has them. Those whose name or
    address has `text` in it, whatever its accents and capitals; those whom the list of a service names; those
    who are in a group.

    Needs the organisation's scope."""
    mandates = Membership.objects.open().filter(organisation=organisation, role__in=MEMBER_ROLES)
    found = people_of(organisation=organisation).filter(pk__in=mandates.values("user"))
    if text:
        whole = Concat("first_name", Value(" "), "last_name", Value(" "), "first_name")
        found = found.annotate(plain=PlainName(whole)).filter(
            Q(plain__contains=PlainName(Value(text))) | Q(email__icontains=text)
        )
    if sheet is not None:
        named = Access.objects.filter(tenant=organisation, sheet=sheet, closed_at__isnull=True)
        found = found.filter(pk__in=named.values("user"))
    if group is not None:
        members = GroupMember.objects.filter(tenant=organisation, group=group)
        found = found.filter(pk__in=members.values("user"))
    return found


def accesses_of(*, organisation: Organisation, people: Iterable[User]) -> dict[int, list[Access]]:
    """By person, her open accesses to services that are on a list. One query."""
    open_ones = Access.objects.filter(
        tenant=organisation, user__in=[one.pk for one in people], closed_at__isnull=True
    )
    found: dict[int, list[Access]] = {}
    for access in open_ones.order_by("pk"):
        found.setdefault(access.user_id, []).append(access)
    return found


def past_accesses(*, organisation: Organisation, person: User) -> QuerySet[Access]:
    """Those of hers that are closed, the last first, with who closed them."""
    closed = Access.objects.filter(tenant=organisation, user=person, closed_at__isnull=False)
    return closed.select_related("sheet", "closed_by", "group").order_by("-closed_at", "-pk")


def listed_since(*, organisation: Organisation) -> dict[int, datetime]:
    """Since when each service that is on a list is, by the number of its sheet. One query."""
    return dict(ListedService.objects.filter(tenant=organisation).values_list("sheet", "since"))


def counts_of(*, organisation: Organisation) -> dict[int, int]:
    """By the number of a service's sheet, how many agents use it whom its list names and who have a mandate
    in force. One query."""
    mandates = Membership.objects.in_force().filter(organisation=organisation, role__in=MEMBER_ROLES)
    named = Access.objects.filter(
        tenant=organisation,
        closed_at__isnull=True,
        user__in=mandates.values("user"),
        sheet__in=ListedService.objects.filter(tenant=organisation).values("sheet"),
    )
    found: dict[int, int] = {}
    for sheet in named.values_list("sheet", flat=True):
        found[sheet] = found.get(sheet, 0) + 1
    return found


def agents_in_force(*, organisation: Organisation) -> int:
    """How many people have a mandate in force there: who uses a service that is open to all. One query."""
    mandates = Membership.objects.in_force().filter(organisation=organisation, role__in=MEMBER_ROLES)
    return mandates.values("user").distinct().count()


def groups_of(*, organisation: Organisation) -> QuerySet[AgentGroup]:
    """The groups of its agents, by name, each with `size`, how many are in it."""
    return (
        AgentGroup.objects.filter(tenant=organisation, ended_at=None)
        .annotate(size=Count("members"))
        .order_by("name", "pk")
    )


def services_of_groups(*, organisation: Organisation) -> dict[int, dict[int, str]]:
    """By group, its role on each list that it is on, by the number of the service's sheet. One query."""
    found: dict[int, dict[int, str]] = {}
    rows = GroupService.objects.filter(tenant=organisation).order_by("group__name", "pk")
    for group, sheet, role in rows.values_list("group", "sheet", "role"):
        found.setdefault(group, {})[sheet] = role
    return found


def groups_by_person(*, organisation: Organisation, people: Iterable[User]) -> dict[int, list[AgentGroup]]:
    """By person, the groups that she is in, by name. One query."""
    rows = GroupMember.objects.filter(tenant=organisation, user__in=[one.pk for one in people])
    found: dict[int, list[AgentGroup]] = {}
    for row in rows.select_related("group").order_by("group__name", "group"):
        found.setdefault(row.user_id, []).append(row.group)
    return found
