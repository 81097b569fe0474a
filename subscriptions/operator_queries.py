"""Reads for an operator's pages: its members' subscriptions. Its members' only, whatever the scope holds."""

from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, Q, Subquery

from subscriptions.in_force import price_in_force
from subscriptions.models import State, Subscription, Transition
from tenants.members.search import member_matches
from tenants.models import Operator, Organisation

PAGE_SIZE = 25

ALL = "tous"
GROUPS = {
    "demandes": (State.REQUESTED,),
    "ouvertures": (State.APPROVED, State.PROVISIONING),
    "ouverts": (State.ACTIVE, State.SUSPENDED, State.TERMINATING),
    "clos": (State.REFUSED, State.CANCELLED, State.ENDED),
}


@dataclass(frozen=True)
class SubscriptionList:
    """A page of subscriptions; `counts` by group of GROUPS and ALL, for the same search.

    Each subscription has `tenant` at hand, and `state_since`: when its last move was made.
    """

    page: Page
    counts: dict[str, int]


def operator_subscriptions(
    *, operator: Operator, search: str, group: str, page: str | None, on: date
) -> SubscriptionList:
    """A page of subscriptions by member, then service, each with `in_force_cents` (see `price_in_force`). Two
    queries, whatever their number.

    `search` is part of a member's name, or a SIREN; `group` one of GROUPS, or ALL.
    """
    found = Subscription.objects.filter(member_matches(search), operator=operator)
    counts = _counts(found)
    if group != ALL:
        found = found.filter(state__in=GROUPS[group])
    last_move = Transition.objects.filter(subscription=OuterRef("pk")).order_by("-at").values("at")[:1]
    rows = (
        found.select_related("tenant")
        .annotate(state_since=Subquery(last_move), in_force_cents=price_in_force(on=on))
        .order_by("tenant__plain_name", "service_name", "-requested_at", "pk")
    )
    paginator = Paginator(rows, PAGE_SIZE)
    paginator.count = counts[group]  # counted already, with the tabs
    return SubscriptionList(paginator.get_page(page), counts)


def subscription_counts(*, operator: Operator) -> dict[str, int]:
    """How many subscriptions of this operator by group of GROUPS, and ALL. One query."""
    return _counts(Subscription.objects.filter(operator=operator))


def open_subscriptions(
    *, operator: Operator, organisation: Organisation, on: date, beyond: date | None = None
) -> list[Subscription]:
    """An organisation's open subscriptions with this operator, by service, each with `in_force_cents` (see
    `price_in_force`); with `beyond`, those that are not to end by that day. The tenant scope holds the
    organisation."""
    found = Subscription.objects.open().filter(operator=operator, tenant=organisation)
    found = found.annotate(in_force_cents=price_in_force(on=on))
    if beyond is not None:
        found = found.filter(Q(ended_on__isnull=True) | Q(ended_on__gt=beyond))
    return list(found.order_by("service_name", "pk"))


def _counts(subscriptions) -> dict[str, int]:
    groups = {name: Count("pk", filter=Q(state__in=states)) for name, states in GROUPS.items()}
    return subscriptions.aggregate(**{ALL: Count("pk")}, **groups)
