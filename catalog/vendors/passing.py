"""A service passes from one vendor to another, which takes its contracts over: same sheet, same address.

What belongs to the service goes with it (its versions, its files, its offers, its claims, its opinions). What
the old vendor had started for it stops: a publication to come, an address that its draft follows. How it
opens stays as it is until somebody says otherwise.
"""

from collections.abc import Iterable
from datetime import datetime

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from wagtail.models import Revision

from catalog.finding import indexing
from catalog.models import (
    Claim,
    ImportFeed,
    Listing,
    PlannedPublication,
    PlannedState,
    ServiceSheet,
    SheetFile,
    Vendor,
)


def lock_listings(*, sheets: Iterable[int]) -> list[Listing]:
    """Every listing of these services (ids of sheets), whatever the operator, for the caller's transaction.

    The strongest lock: whoever is asking for one of them holds its listing, and is waited for; whoever asks
    next waits, and reads the new vendor.
    """
    ids = sorted(sheets)
    # The sheets first, as whoever publishes one does.
    list(ServiceSheet.objects.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk").only("pk"))
    found = Listing.objects.filter(offer__product__sheet__in=ids).select_for_update(of=("self",))
    return list(found.select_related("operator", "offer__product__sheet").order_by("pk"))


def pass_sheet(*, sheet: ServiceSheet, to: Vendor, now: datetime) -> None:
    """The service is `to`'s from now on. The caller holds its listings (`lock_listings`)."""
    row = ServiceSheet.objects.select_related("vendor").get(pk=sheet.pk)
    old = row.vendor
    apps.get_model("partner", "StockRecord").objects.filter(
        product=row.product_id, partner=old.partner_id
    ).update(partner=to.partner_id)
    SheetFile.objects.filter(vendor=old, public_id__in=_named(row)).update(vendor=to)
    SheetFile.objects.filter(vendor=old, claims__sheet=row).update(vendor=to)
    PlannedPublication.objects.filter(sheet=row, state=PlannedState.PLANNED).update(
        state=PlannedState.CANCELLED, ended_at=now
    )
    ImportFeed.objects.filter(sheet=row, vendor=old, removed_at__isnull=True).update(removed_at=now)
    ServiceSheet.objects.filter(pk=row.pk).update(vendor=to)
    indexing.refresh_sheet(sheet_id=row.pk)


def sharing_files(*, sheets: Iterable[ServiceSheet], vendor: Vendor) -> list[ServiceSheet]:
    """The vendor's other services that show a file of these ones, by name: they cannot be parted."""
    going = list(sheets)
    files = set().union(*(_files_of(sheet) for sheet in going)) if going else set()
    others = vendor.sheets.exclude(pk__in=[sheet.pk for sheet in going]).order_by("name", "pk")
    return [other for other in others if files & _files_of(other)] if files else []


def _files_of(sheet: ServiceSheet) -> set[str]:
    proofs = Claim.objects.filter(sheet=sheet, evidence_file__isnull=False)
    return _named(sheet) | {str(one) for one in proofs.values_list("evidence_file__public_id", flat=True)}


def _named(sheet: ServiceSheet) -> set[str]:
    """The files that any version of it shows, by their public id."""
    versions = Revision.objects.filter(
        content_type=ContentType.objects.get_for_model(ServiceSheet), object_id=str(sheet.pk)
    ).values_list("content__screenshots", "content__documents")
    shown = [(sheet.screenshots, sheet.documents), *versions]
    return {one["file"] for pair in shown for kept in pair for one in kept or ()}
