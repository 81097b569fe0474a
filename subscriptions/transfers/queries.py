"""Reads of transfers for pages. Each needs the scope of the organisation whose rows it reads."""

from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet

from catalog.models import Listing, Vendor
from subscriptions.models import (
    ContractTransfer,
    FrameworkLot,
    LotHolder,
    Subscription,
    TransferNotice,
    TransferSide,
)
from tenants.models import Operator


def transfers_of(*, operator: Operator) -> QuerySet[ContractTransfer]:
    """Those that an operator has prepared, the last first."""
    rows = ContractTransfer.objects.filter(tenant=operator.organisation_id, operator=operator)
    return rows.select_related(
        "from_vendor__organisation", "to_vendor__organisation", "prepared_by", "signed_by"
    ).order_by("-prepared_at", "-pk")


def services_of(*, transfer: ContractTransfer) -> list[Listing]:
    """The listings that it is about, by name of service, each with `running`, the open subscriptions to it.
    The scope holds the operator's members too. Two queries."""
    rows = transfer.services.select_related("listing__offer__product__sheet").order_by(
        "listing__offer__product__sheet__name", "pk"
    )
    listings = [row.listing for row in rows]
    counts = dict(
        Subscription.objects.open()
        .filter(listing__in=listings)
        .values_list("listing")
        .annotate(running=Count("pk"))
    )
    for listing in listings:
        listing.running = counts.get(listing.pk, 0)
    return listings


def other_operators(*, listings: Iterable[Listing], operator: Operator) -> list[str]:
    """The other operators that have one of these services on their shelf, by name: each signs its own."""
    sheets = [listing.sheet.pk for listing in listings]
    rows = Listing.objects.filter(
        offer__product__sheet__in=sheets, state__in=("listed", "suspended")
    ).exclude(operator=operator)
    return sorted(set(rows.values_list("operator__short_name", flat=True)))


def transferable(*, operator: Operator, vendor: Vendor | None = None) -> QuerySet[Listing]:
    """An operator's listings that may pass, by vendor and service: all but what was never on its shelf."""
    found = Listing.objects.filter(operator=operator).exclude(state__in=("draft", "refused"))
    if vendor is not None:
        found = found.filter(offer__product__sheet__vendor=vendor)
    return found.select_related("operator", "offer__product__sheet__vendor__organisation").order_by(
        "offer__product__sheet__vendor__organisation__plain_name", "offer__product__sheet__name", "pk"
    )


def notices_of(*, vendor: Vendor) -> QuerySet[TransferNotice]:
    """What passed from this vendor, or to it, the last first."""
    rows = TransferNotice.objects.filter(tenant=vendor.organisation_id)
    return rows.filter(Q(side=TransferSide.OLD) | Q(side=TransferSide.NEW)).order_by("-since", "-pk")


def notices_about(*, subscription: Subscription) -> QuerySet[TransferNotice]:
    """Who took a subscription over, the last first."""
    rows = TransferNotice.objects.filter(tenant=subscription.tenant_id, subscription=subscription)
    return rows.order_by("-since", "-pk")


def holder_words(lot: FrameworkLot, holder: LotHolder) -> str:
    """ "1. Tablée Douce, remplacé par Grande Tablée". Prefetch `successions__successor__organisation`."""
    words, current = f"{holder.rank}. {holder.vendor.organisation.name}", holder.vendor_id
    for one in sorted(lot.successions.all(), key=lambda row: (row.since, row.pk)):
        if one.holder_id == current:
            words += f", remplacé par {one.successor.organisation.name} depuis le {one.since:%d/%m/%Y}"
            current = one.successor_id
    return words
