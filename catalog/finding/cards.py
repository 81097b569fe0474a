"""What the cards of a page say beside the numbers that the shelf keeps in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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


class Joining(Protocol):
    """`subscriptions.pooling.joining`."""

    def __call__(
        self, *, grids: Mapping[int, PriceGrid], facts: TerritoryFacts
    ) -> Mapping[int, TerritoryFacts]: ...


def why_unpriced(
    *, listings: Sequence[int], facts: TerritoryFacts, joining: Joining | None = None
) -> dict[int, ListingPrice]:
    """What the engine says of listings that the shelf knows no price of. One query, none without listings.

    `joining` gives the facts by listing of whoever would join the groups that these grids look at."""
    if not listings:
        return {}
    published = PriceGrid.objects.filter(listing__in=listings, state=GridState.PUBLISHED, option="")
    published = published.select_related("listing")
    grids = {grid.listing_id: grid for grid in published.order_by() if grid.is_in_force(facts.on)}
    own = joining(grids=grids, facts=facts) if joining else {}
    return {
        listing: grid_price(grid=grids.get(listing), facts=own.get(listing, facts)) for listing in listings
    }
