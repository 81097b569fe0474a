"""Reads for the pages of the catalogue."""

from dataclasses import dataclass

from catalog.models import Listing, ServiceSheet, Vendor
from tenants.models import Operator


def listing_on_shelf(*, operator: Operator, slug: str) -> Listing | None:
    """The listing of a service on an operator's shelf, with all its page shows; None if it is not there."""
    return Listing.objects.on_shelf_of(operator).for_cards().filter(offer__product__sheet__slug=slug).first()


@dataclass(frozen=True)
class VendorService:
    """One service of a vendor, and its listings (with their operator) on the shelves, by operator."""

    sheet: ServiceSheet
    listings: list[Listing]


def vendor_services(*, vendor: Vendor) -> list[VendorService]:
    """The vendor's services by name, with every shelf they are on or prepared for. Two queries."""
    sheets = ServiceSheet.objects.filter(vendor=vendor).order_by("name", "pk")
    shelves: dict[int, list[Listing]] = {}
    listings = (
        Listing.objects.filter(offer__product__sheet__vendor=vendor)
        .select_related("operator", "offer")
        .order_by("operator__short_name", "pk")
    )
    for listing in listings:
        shelves.setdefault(listing.offer.product_id, []).append(listing)
    return [VendorService(sheet, shelves.get(sheet.product_id, [])) for sheet in sheets]
