"""Reads about an organisation's agents, for its pages."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat

from subscriptions.models import Access, ListedService
from tenants.models import Membership, Organisation, User
from tenants.models.organisation import PlainName
from tenants.people.queries import people_of
from tenants.people.roles import MEMBER_ROLES


def agents_of(*, organisation: Organisation, text: str = "", sheet: int | None = None) -> QuerySet[User]:
    """Whoever has a mandate there that is not ended, by name; `mandates_here` has them. Those whose name or
    address has `text` in it, whatever its accents and capitals; those whom the list of a service names.

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
    return closed.select_related("sheet", "closed_by").order_by("-closed_at", "-pk")


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
