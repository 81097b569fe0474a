"""Reads for the pages of the catalogue."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from catalog.models import Family, Listing, ServiceSheet, Vendor
from catalog.prices import ListingPrice, TerritoryFacts, listing_price
from tenants.models import Operator


@dataclass(frozen=True)
class ShelfItem:
    """One listing on the shelf, with its price for the visitor's territory (None before one is named)."""

    listing: Listing
    price: ListingPrice | None


@dataclass(frozen=True)
class Shelf:
    """What stands on an operator's shelf. `families` counts the whole shelf, whatever is filtered."""

    items: list[ShelfItem]
    families: list[tuple[Family, int]]
    total: int


def shelf(*, operator: Operator, family: str = "", facts: TerritoryFacts | None = None, on: date) -> Shelf:
    """The operator's shelf in its order, one family of it if named. Two queries, whatever its length."""
    listings = list(
        Listing.objects.on_shelf_of(operator)
        .for_cards()
        .order_by("position", "offer__product__sheet__name", "pk")
    )
    counts = Counter(listing.sheet.family for listing in listings)
    shown = [listing for listing in listings if not family or listing.sheet.family == family]
    return Shelf(
        items=[
            ShelfItem(listing, listing_price(listing=listing, facts=facts) if facts else None)
            for listing in shown
        ],
        families=[(choice, counts[choice]) for choice in Family if counts[choice]],
        total=len(listings),
    )


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
