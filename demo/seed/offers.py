"""What a member could subscribe to, and at which price: asked of the price engine, never invented."""

from dataclasses import dataclass, replace
from datetime import date

from catalog.models import Listing, ListingState
from catalog.prices import ListingPrice, TerritoryFacts, listing_price, territory_facts
from demo.seed.moments import YEAR_START
from subscriptions.models import PurchasingVehicle
from tenants.models import Adhesion, Organisation


@dataclass(frozen=True)
class Shelf:
    """An operator's open listings, with their vehicles."""

    listings: tuple[Listing, ...]

    def service(self, slug: str) -> Listing:
        """The listing of a service that stands on this shelf."""
        return next(listing for listing in self.listings if listing.sheet.slug == slug)


@dataclass(frozen=True)
class Market:
    """All that can be bought, by whom."""

    shelves: dict[str, Shelf]  # by the operator's slug
    vehicles: dict[int, PurchasingVehicle]  # by listing
    members: dict[str, tuple[Organisation, ...]]  # by the operator's slug
    facts: dict[int, TerritoryFacts]  # by territory

    def price(self, *, organisation: Organisation, listing: Listing, day: date) -> ListingPrice:
        """The price shown to that member that day of 2026."""
        facts = replace(self.facts[organisation.territory_id], on=day)
        return listing_price(listing=listing, facts=facts)

    def member(self, code: str) -> Organisation:
        """A member commune by its code."""
        return next(o for group in self.members.values() for o in group if o.territory.code == code)


def open_market() -> Market:
    """Reads shelves, members and the populations in force in 2026."""
    listings = (
        Listing.objects.filter(state=ListingState.LISTED)
        .for_cards()
        .prefetch_related("vehicles")
        .order_by("operator_id", "position", "pk")
    )
    shelves: dict[str, list[Listing]] = {}
    for listing in listings:
        shelves.setdefault(listing.operator.slug, []).append(listing)
    adhesions = Adhesion.objects.select_related("operator", "organisation__territory").order_by(
        "organisation__siren"
    )
    members: dict[str, list[Organisation]] = {}
    for adhesion in adhesions:
        members.setdefault(adhesion.operator.slug, []).append(adhesion.organisation)
    territories = {o.territory for group in members.values() for o in group}
    return Market(
        shelves={slug: Shelf(tuple(rows)) for slug, rows in shelves.items()},
        vehicles={listing.pk: listing.vehicles.all()[0] for listing in listings},
        members={slug: tuple(rows) for slug, rows in members.items()},
        facts=territory_facts(territories=territories, on=YEAR_START),
    )
