"""What the cards of a page say beside the numbers that the shelf keeps in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from catalog.models import GridState, PriceGrid
from catalog.prices import ListingPrice, TerritoryFacts, grid_price

# Asked for with every page: to build it takes Django as long as PostgreSQL takes to answer.
CARDS = """
SELECT listing_id, slug, name, summary, family, vendor_name, body_types, population_min, population_max
FROM catalog_shelfentry WHERE listing_id = ANY(%s)
"""


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


def card_texts(*, listings: Sequence[int]) -> list[CardTexts]:
    """In the order given. One query."""
    with connection.cursor() as cursor:
        cursor.execute(CARDS, [list(listings)])
        rows = {row[0]: row for row in cursor.fetchall()}
    return [CardTexts(*rows[listing]) for listing in listings if listing in rows]


def why_unpriced(*, listings: Sequence[int], facts: TerritoryFacts) -> dict[int, ListingPrice]:
    """What the engine says of listings that the shelf knows no price of. One query, none without listings."""
    if not listings:
        return {}
    published = PriceGrid.objects.filter(listing__in=listings, state=GridState.PUBLISHED, option="")
    grids = {grid.listing_id: grid for grid in published.order_by() if grid.is_in_force(facts.on)}
    return {listing: grid_price(grid=grids.get(listing), facts=facts) for listing in listings}
