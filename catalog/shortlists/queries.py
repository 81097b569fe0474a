"""Reads for the pages of shortlists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, QuerySet

from catalog.models import Shortlist, ShortlistItem, ShortlistState
from catalog.shortlists.snapshots import snapshots
from tenants.models import Operator, Organisation


@dataclass(frozen=True)
class Compared:
    """One service of a shortlist as it is compared: its snapshot, or while the list is open what it would be
    today."""

    item: ShortlistItem
    snapshot: dict


def shortlists_of(*, organisation: Organisation, state: str = "") -> QuerySet[Shortlist]:
    """The last begun first, with `services`, how many they hold."""
    found = Shortlist.objects.filter(tenant=organisation)
    if state:
        found = found.filter(state=state)
    return (
        found.select_related("operator", "chosen__offer__product__sheet", "chosen__approved_revision")
        .annotate(services=Count("items"))
        .order_by("-created_at", "-pk")
    )


def state_counts(*, organisation: Organisation) -> dict[str, int]:
    """How many are in each state."""
    counted = Shortlist.objects.filter(tenant=organisation).order_by().values_list("state")
    return {**dict.fromkeys(ShortlistState.values, 0), **dict(counted.annotate(Count("pk")))}


def shortlist_for_member(*, organisation: Organisation) -> QuerySet[Shortlist]:
    """With what the page of one shows."""
    return Shortlist.objects.filter(tenant=organisation).select_related(
        "tenant__territory", "operator__organisation", "created_by", "frozen_by", "decided_by"
    )


def open_with(*, organisation: Organisation, operator: Operator) -> QuerySet[Shortlist]:
    """Those to which a service of this operator may be added, the last begun first."""
    return (
        Shortlist.objects.filter(tenant=organisation, operator=operator, state=ShortlistState.OPEN)
        .annotate(services=Count("items"))
        .order_by("-created_at", "-pk")
    )


def compared(*, shortlist: Shortlist, on: date) -> Sequence[Compared]:
    """The services in the order they were added. An open list is read as of `on`."""
    items = list(
        shortlist.items.select_related(
            "listing__operator",
            "listing__approved_revision",
            "listing__offer__product__sheet__vendor__organisation",
        )
        .prefetch_related("listing__grids")
        .order_by("added_at", "pk")
    )
    if shortlist.state != ShortlistState.OPEN:
        return [Compared(item, item.snapshot) for item in items]
    today = snapshots(listings=[item.listing for item in items], organisation=shortlist.tenant, on=on)
    return [Compared(item, today[item.listing_id]) for item in items]
