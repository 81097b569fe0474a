"""What agents have by the groups they are in.

A group gives access by rows of `Access` like any other, with the group on them: whoever asks who uses a
service (entitlements, directories, roles at Keycloak, an agent's applications) reads that one table and knows
nothing of groups. The rows follow from four facts, and `settle` alone writes them: who is in a group, which
lists a group is on, what is given by name, which services are on a list. Three rules:

- what was given to somebody by name is hers: it goes before what her groups give, more or less, and stays
  when she leaves them;
- of several groups, the one that gives most counts, then the oldest;
- a move from one group to another in the same role closes an access and opens one at the same moment, so
  that each row has one reason.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from subscriptions.agents.writing import close
from subscriptions.models import Access, AccessRole, AgentGroup, ClosedBecause, GroupMember, ListedService
from tenants.models import Organisation, User


@dataclass(frozen=True)
class Given:
    """What a group gives, and which."""

    role: AccessRole
    group: int
    group_name: str


def given_by_groups(
    *, organisation: Organisation, people: Collection[int] | None = None
) -> dict[tuple[int, int], Given]:
    """By person and number of a sheet, what her groups give of the services that are on a list. `people` None
    is everybody. One query."""
    members = GroupMember.objects.filter(
        tenant=organisation,
        group__services__sheet__in=ListedService.objects.filter(tenant=organisation).values("sheet"),
    )
    if people is not None:
        members = members.filter(user__in=people)
    found: dict[tuple[int, int], Given] = {}
    # The oldest first: what follows must give more.
    for user, sheet, role, group, name in members.order_by("group").values_list(
        "user", "group__services__sheet", "group__services__role", "group", "group__name"
    ):
        before = found.get((user, sheet))
        if before is None or (before.role, role) == (AccessRole.USER, AccessRole.MANAGER):
            found[user, sheet] = Given(AccessRole(role), group, name)
    return found


def settle(
    *,
    organisation: Organisation,
    by: User,
    now: datetime,
    people: Iterable[int] | None = None,
) -> set[int]:
    """Opens and closes what groups give, for everybody or for these people, until it follows from the four
    facts; the sheets of which something changed. Done again, it does nothing. Three queries, and two that
    write.

    In the transaction that changes a fact, its organisation `locked`, and in its scope.
    """
    people = None if people is None else list(people)
    given = given_by_groups(organisation=organisation, people=people)
    rows = Access.objects.filter(tenant=organisation, closed_at__isnull=True)
    if people is not None:
        rows = rows.filter(user__in=people)
    held = list(rows.values_list("pk", "user", "sheet", "role", "group"))
    named = {(user, sheet) for _, user, sheet, _, group in held if group is None}
    wanted = {key: one for key, one in given.items() if key not in named}
    kept, ended, replaced = set(), [], []
    for pk, user, sheet, role, group in held:
        if group is None:
            continue
        now_given = wanted.get((user, sheet))
        if now_given and (now_given.role, now_given.group) == (role, group):
            kept.add((user, sheet))
        else:
            (replaced if (user, sheet) in given or (user, sheet) in named else ended).append((pk, sheet))
    for gone, reason in ((ended, ClosedBecause.GROUP), (replaced, ClosedBecause.CHANGED)):
        if gone:
            close(Access.objects.filter(pk__in=[pk for pk, _ in gone]), by=by, because=reason, now=now)
    new = {key: one for key, one in wanted.items() if key not in kept}
    Access.objects.bulk_create(
        Access(
            tenant=organisation,
            user_id=user,
            sheet_id=sheet,
            role=one.role,
            group_id=one.group,
            opened_at=now,
            opened_by=by,
        )
        for (user, sheet), one in new.items()
    )
    return {sheet for _, sheet in (*ended, *replaced)} | {sheet for _, sheet in new}


def groups_on_list(*, organisation: Organisation, sheet: int) -> list[AgentGroup]:
    """Those that are on the list of a service, by name."""
    found = AgentGroup.objects.filter(tenant=organisation, ended_at=None, services__sheet=sheet)
    return list(found.order_by("name"))
