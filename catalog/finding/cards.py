"""The texts and the exact prices of a few listings: a page of cards, or a comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.models import GridState, PriceGrid, ShelfEntry
from catalog.prices import ListingPrice, TerritoryFacts, grid_price

TEXTS = (
    "listing_id", "slug", "name", "summary", "family", "vendor_name", "body_types", "population_min",
    "population_max",
)  # fmt: skip


@dataclass(frozen=True)
class CardTexts:
    """What a card says. Eligibility: no body type means all, the bounds are inclusive."""

    listing: int
    slug: str
    name: str
    summary: str
    family: str
    vendor_name: str
    body_types: list[str]
    population_min: int | None
    population_max: int | None
    price: ListingPrice | None  # None before a commune is named


def card_texts(*, listings: Sequence[int], facts: TerritoryFacts | None) -> list[CardTexts]:
    """In the order given. One query, and another for the prices when a commune is named."""
    rows = {row[0]: row for row in ShelfEntry.objects.filter(listing__in=listings).values_list(*TEXTS)}
    grids = _grids(listings, facts) if facts else {}
    return [
        CardTexts(*rows[listing], grid_price(grid=grids.get(listing), facts=facts) if facts else None)
        for listing in listings
        if listing in rows
    ]


def _grids(listings: Sequence[int], facts: TerritoryFacts) -> dict[int, PriceGrid]:
    published = PriceGrid.objects.filter(listing__in=listings, state=GridState.PUBLISHED, option="")
    return {grid.listing_id: grid for grid in published.order_by() if grid.is_in_force(facts.on)}
