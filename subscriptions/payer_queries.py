"""Reads for the pages of those who pay: of a subscription, and of whoever pays a part of another's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import CharField, Count, Q, QuerySet, Value

from subscriptions.models import BINDING, PayerAccess, PayerShare, PayerShareMove, ShareState, Subscription
from tenants.members.adhesions import members_of
from tenants.members.search import member_matches
from tenants.models import Operator, Organisation
from tenants.models.organisation import PlainName
from tenants.tenancy import tenant_scope

PAGE_SIZE = 25
ALL = "toutes"
GROUPS = (ALL, "a-repondre", "en-cours", "a-venir", "finies")


@dataclass(frozen=True)
class ShareList:
    """A page of shares, each with its payer, its key, its subscription and the subscriber at hand; `counts`
    by group of GROUPS, for the same search."""

    page: Page
    counts: dict[str, int]


def shares_of(subscription: Subscription) -> QuerySet[PayerShare]:
    """All that was asked of others, in the order of months, then of names. One query."""
    shares = PayerShare.objects.filter(subscription=subscription).select_related("payer", "key")
    return shares.order_by("starts", "payer__plain_name", "pk")


def in_force(shares: list[PayerShare], *, on: date) -> list[PayerShare]:
    """Those that are paid that day."""
    return [one for one in shares if one.state in BINDING and one.starts <= on and not one.is_over(on=on)]


@contextmanager
def asked_of(organisation: Organisation) -> Iterator[QuerySet[PayerShare]]:
    """What an organisation is asked to pay for others, or pays: newest first, with what a page shows. Inside,
    the scope holds the subscribers too: nothing else of theirs is to be read. One query, and the caller's."""
    access = PayerAccess.objects.filter(tenant=organisation)
    subscribers = set(access.values_list("subscriber", flat=True))
    with tenant_scope({organisation.pk, *subscribers}):
        shares = PayerShare.objects.filter(payer=organisation, tenant__in=subscribers)
        yield (
            shares.exclude(state=ShareState.WITHDRAWN)
            .select_related("payer", "key", "subscription__tenant", "subscription__operator")
            .order_by("-proposed_at", "-pk")
        )


def to_answer(organisation: Organisation) -> list[PayerShare]:
    """The proposals that wait for an organisation's signatory. Two queries, each with its scope."""
    with asked_of(organisation) as shares:
        return list(shares.filter(state=ShareState.PROPOSED))


def find_payers(*, subscription: Subscription, typed: str, on: date) -> list[Organisation]:
    """The members of the operator with this SIREN, or this name whatever its accents; at most two, so that
    the caller knows whether there is one only. One query."""
    digits = "".join(typed.split())
    members = members_of(operator=subscription.operator, on=on)
    named = Q(siren=digits) | Q(plain_name=PlainName(Value(typed.strip(), output_field=CharField())))
    return list(members.filter(named).distinct().order_by("plain_name", "pk")[:2])


def operator_shares(*, operator: Operator, search: str, group: str, page: str | None, on: date) -> ShareList:
    """A page of who pays what for whom among an operator's members. Two queries, whatever their number."""
    found, groups = matching_shares(operator=operator, search=search), _groups(on)
    counts = found.aggregate(**{name: Count("pk", filter=groups[name]) for name in GROUPS})
    paginator = Paginator(_in_order(found.filter(groups[group])), PAGE_SIZE)
    paginator.count = counts[group]  # counted already, with the tabs
    return ShareList(paginator.get_page(page), counts)


def all_operator_shares(*, operator: Operator, search: str, group: str, on: date) -> QuerySet[PayerShare]:
    """The same, all of them, for a file. One query."""
    return _in_order(matching_shares(operator=operator, search=search).filter(_groups(on)[group]))


def matching_shares(*, operator: Operator, search: str = "") -> QuerySet[PayerShare]:
    """Those of an operator's subscriptions whose subscriber or payer answers `search` (see
    `member_matches`)."""
    matches = member_matches(search) | member_matches(search, member="payer") if search else Q()
    return PayerShare.objects.filter(matches, subscription__operator=operator)


def moves_of(share: PayerShare) -> QuerySet[PayerShareMove]:
    """What happened to a share, in order, each with who did it. One query."""
    return share.moves.select_related("by").order_by("at", "pk")


def binding_by_subscription(subscriptions: set[int], *, on: date) -> dict[int, list[PayerShare]]:
    """By subscription id, the shares that are paid that day. One query."""
    found: dict[int, list[PayerShare]] = {pk: [] for pk in subscriptions}
    rows = PayerShare.objects.filter(subscription__in=subscriptions, state__in=BINDING, starts__lte=on)
    for share in rows.select_related("payer", "key"):
        if not share.is_over(on=on):
            found[share.subscription_id].append(share)
    return found


def _in_order(shares: QuerySet[PayerShare]) -> QuerySet[PayerShare]:
    rows = shares.select_related("payer", "key", "subscription__tenant", "subscription__operator")
    return rows.order_by(
        "tenant__plain_name", "subscription__service_name", "payer__plain_name", "starts", "pk"
    )


def _groups(on: date) -> dict[str, Q]:
    lasts = Q(state__in=BINDING) & (Q(ends__isnull=True) | Q(ends__gt=on))
    waits = Q(state=ShareState.PROPOSED)
    return {
        ALL: Q(),
        "a-repondre": waits,
        "en-cours": lasts & Q(starts__lte=on),
        "a-venir": lasts & Q(starts__gt=on),
        "finies": ~waits & ~lasts,
    }
