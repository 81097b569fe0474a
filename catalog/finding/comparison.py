"""Up to four services side by side: facts to choose by, never an award decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from catalog.claims.reading import headline, stored
from catalog.models import Claim, Listing, ServiceSheet, ShelfEntry
from catalog.prices import ListingPrice, TerritoryFacts, list_price, listing_price
from tenants.models import Operator

MOST = 4


@dataclass(frozen=True)
class ClaimShown:
    """One claim in force: its value in a line, and its level."""

    text: str
    level: str


@dataclass(frozen=True)
class Compared:
    """One service of the table. `sheet` is what the operator approved. Prices are None before a commune is
    named; `list_price` also when the vendor publishes none."""

    listing: Listing
    sheet: ServiceSheet
    vendor_name: str
    price: ListingPrice | None
    list_price: ListingPrice | None
    claims: dict[str, ClaimShown]
    rating_sum: int
    rating_count: int


def compared(
    *, operator: Operator, slugs: Sequence[str], facts: TerritoryFacts | None, on: date
) -> list[Compared]:
    """These services of the operator's shelf, in the order given, `MOST` at most; those that are not on it
    are left out. Four queries."""
    listings = (
        Listing.objects.on_shelf_of(operator).for_cards().filter(offer__product__sheet__slug__in=slugs[:MOST])
    )
    found = sorted(listings, key=lambda listing: slugs.index(listing.sheet.slug))
    entries = ShelfEntry.objects.filter(listing__in=found)
    ratings = {pk: rating for pk, *rating in entries.values_list("listing", "rating_sum", "rating_count")}
    claims: dict[int, dict[str, ClaimShown]] = {}
    for claim in Claim.objects.in_force(on=on).filter(sheet__in=[listing.sheet.pk for listing in found]):
        shown = ClaimShown(headline(claim.topic, stored(claim.topic, claim.value)), claim.level)
        claims.setdefault(claim.sheet_id, {})[claim.topic] = shown
    return [
        Compared(
            listing=listing,
            sheet=listing.shown,
            vendor_name=listing.vendor.organisation.name,
            price=listing_price(listing=listing, facts=facts) if facts else None,
            list_price=list_price(listing=listing, facts=facts) if facts else None,
            claims=claims.get(listing.sheet.pk, {}),
            rating_sum=rating_sum,
            rating_count=rating_count,
        )
        for listing in found
        for rating_sum, rating_count in [ratings.get(listing.pk, (0, 0))]
    ]
