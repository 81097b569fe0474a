"""Reads for the pages of the catalogue."""

from collections.abc import Iterable

from catalog.models import Listing
from tenants.models import Operator


def listing_on_shelf(*, operator: Operator, slug: str) -> Listing | None:
    """The listing of a service on an operator's shelf, with all its page shows; None if it is not there."""
    return Listing.objects.on_shelf_of(operator).for_cards().filter(offer__product__sheet__slug=slug).first()


def names_on_shelf(*, operator: Operator, slugs: Iterable[str]) -> dict[str, str]:
    """The names under which these services stand on an operator's shelf, by their address. One query, none
    without slugs."""
    wanted = set(slugs)
    if not wanted:
        return {}
    found = (
        Listing.objects.on_shelf_of(operator)
        .filter(offer__product__sheet__slug__in=wanted)
        .select_related("offer__product__sheet", "approved_revision")
    )
    return {listing.sheet.slug: listing.shown.name for listing in found}
