"""Reads for the pages of those who must agree to requests: an operator, a vendor. The tenant scope holds
their own organisation and the subscribers'."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery

from catalog.models import Vendor
from subscriptions.models import Approval, ApprovalState, Party, State, Subscription, VendorAccess
from subscriptions.owners import owned_by
from tenants.models import Operator

PAGE_SIZE = 25
# What a person looks for, in the order of the tabs.
MINE, OTHERS, DECIDED = "a-approuver", "en-attente", "decidees"


@dataclass(frozen=True)
class RequestList:
    """A page of requests, oldest first among those that wait, each with `tenant` and `approvals` at hand;
    `counts` by group."""

    page: Page
    counts: dict[str, int]


def requests_of(*, owner: Operator | Vendor) -> QuerySet[Subscription]:
    """What was asked of an operator, or for a vendor's services, with all that a page shows of one."""
    return (
        Subscription.objects.filter(owned_by(owner))
        .select_related(
            "tenant",
            "vehicle",
            "operator__organisation",
            "requested_by",
            "listing__offer__product__sheet__vendor__organisation",
        )
        .prefetch_related(approvals())
    )


def approvals() -> Prefetch:
    """The steps of requests in order, each with who decided it."""
    return Prefetch("approvals", queryset=Approval.objects.select_related("by").order_by("position"))


def request_list(*, owner: Operator | Vendor, party: Party, group: str, page: str | None) -> RequestList:
    """A page of the requests in one of the groups. Three queries, whatever their number."""
    turn = (
        Approval.objects.filter(subscription=OuterRef("pk"), state=ApprovalState.WAITING)
        .order_by("position")
        .values("party")[:1]
    )
    found = requests_of(owner=owner).annotate(turn=Subquery(turn))
    asked = Q(state=State.REQUESTED)
    groups = {MINE: asked & Q(turn=party), OTHERS: asked & ~Q(turn=party), DECIDED: ~asked}
    counts = found.aggregate(
        **{name.replace("-", "_"): Count("pk", filter=condition) for name, condition in groups.items()}
    )
    counts = {name: counts[name.replace("-", "_")] for name in groups}
    order = ("-requested_at", "-pk") if group == DECIDED else ("requested_at", "pk")
    paginator = Paginator(found.filter(groups[group]).order_by(*order), PAGE_SIZE)
    paginator.count = counts[group]  # counted already, with the tabs
    return RequestList(paginator.get_page(page), counts)


def count_to_approve(*, owner: Operator | Vendor, party: Party) -> int:
    """How many requests wait for this party's word. One query."""
    earlier = Approval.objects.filter(
        subscription=OuterRef("subscription"), position__lt=OuterRef("position")
    ).exclude(state=ApprovalState.GIVEN)
    waiting = Approval.objects.filter(
        party=party, state=ApprovalState.WAITING, subscription__state=State.REQUESTED
    )
    return waiting.filter(owned_by(owner, through="subscription__"), ~Exists(earlier)).count()


def subscribers_of(*, vendor: Vendor) -> list[int]:
    """Whose requests this vendor may read: ids of organisations, from the vendor's own rows."""
    rows = VendorAccess.objects.filter(tenant=vendor.organisation_id)
    return list(rows.values_list("subscriber", flat=True).distinct())
