"""Reads for the pages of feeds."""

from django.db.models import Count, Q, QuerySet

from catalog.models import ImportedItem, ImportFeed, ItemState, Vendor, VendorState
from tenants.models import Operator


def operator_feeds(*, operator: Operator) -> QuerySet[ImportFeed]:
    """The sources it follows, newest first, with how many services are `proposed` and `rejected`."""
    return _counted(ImportFeed.objects.filter(operator=operator, removed_at__isnull=True))


def vendor_feeds(*, vendor: Vendor) -> QuerySet[ImportFeed]:
    """The same for a vendor, with the sheet that follows each and what was read of it."""
    feeds = ImportFeed.objects.filter(vendor=vendor, removed_at__isnull=True)
    return _counted(feeds.select_related("sheet").prefetch_related("items"))


def _counted(feeds: QuerySet[ImportFeed]) -> QuerySet[ImportFeed]:
    return feeds.annotate(
        proposed=Count("items", filter=Q(items__state=ItemState.PROPOSED)),
        rejected=Count("items", filter=Q(items__state=ItemState.REJECTED)),
    ).order_by("-added_at", "-pk")


def items_of(*, feed: ImportFeed, state: str) -> QuerySet[ImportedItem]:
    """In one state, by name at the source."""
    return feed.items.filter(state=state).select_related("sheet").order_by("key")


def counts_of(*, feed: ImportFeed) -> dict[str, int]:
    """How many items in each state that has some."""
    rows = feed.items.order_by().values_list("state").annotate(count=Count("pk"))
    return dict(rows)


def vendor_for(*, item: ImportedItem, siren: str) -> Vendor | None:
    """The vendor for whom a draft may be made of it: the one that has the draft already, or that the source
    names; `siren` says which when the source names none. None when no active vendor is meant."""
    active = Vendor.objects.filter(state=VendorState.ACTIVE).select_related("organisation")
    if item.sheet_id:
        return active.filter(pk=item.sheet.vendor_id).first()
    named = item.content.get("vendor")
    return active.filter(organisation__siren=named["siren"] if named else siren).first()
