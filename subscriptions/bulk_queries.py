"""Reads of requests for many. All need the scope of whoever asks, and filter by it."""

from collections.abc import Iterable

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from subscriptions.models import BulkLine, BulkRequest, BulkState, LineState, Subscription
from tenants.models import Organisation


def bulks_of(*, initiator: Organisation) -> QuerySet[BulkRequest]:
    """Its lists with all that a row and a page show, newest first."""
    return (
        BulkRequest.objects.filter(tenant=initiator)
        .select_related(
            "tenant",
            "vehicle",
            "requested_by",
            "approved_by",
            "listing__operator__organisation",
            "listing__approved_revision",
            "listing__offer__product__sheet__vendor__organisation",
        )
        .order_by("-requested_at", "-pk")
    )


def counts_of(bulk: BulkRequest) -> dict[str, int]:
    """How many lines are in each state. One query."""
    found = dict(bulk.lines.order_by().values_list("state").annotate(Count("pk")))
    return {state: found.get(state, 0) for state in LineState.values}


def lines_of(bulk: BulkRequest) -> QuerySet[BulkLine]:
    """Its lines in their order, each with whom it names."""
    return bulk.lines.select_related("organisation__territory").order_by("position")


def holders(bulk: BulkRequest, lines: Iterable[BulkLine]) -> dict[int, Subscription]:
    """Of the organisations that these lines name, those that have the service or have asked for it, by id:
    as far as the tenant scope sees. One query."""
    named = [line.organisation_id for line in lines if line.organisation_id]
    found = Subscription.objects.open().paid().filter(tenant__in=named, listing=bulk.listing_id)
    return {one.tenant_id: one for one in found}


def yearly_total(bulk: BulkRequest) -> int:
    """What a year costs for all the lines that were not refused, in cents, net of tax; of a list that is only
    prepared, without those that have the service or have asked for it. One query."""
    kept = bulk.lines.exclude(state__in=(LineState.REFUSED, LineState.NOT_APPROVED, LineState.THERE))
    if bulk.state == BulkState.DRAFT:
        there = Subscription.objects.open().paid().filter(listing=bulk.listing_id)
        kept = kept.exclude(Exists(there.filter(tenant=OuterRef("organisation"))))
    return kept.aggregate(total=Sum("yearly_cents"))["total"] or 0
