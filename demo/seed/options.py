"""What the options of the demo's services cost, and a service that counts something else than inhabitants."""

from datetime import date
from decimal import Decimal

from catalog.models import GridState, Listing, PriceGrid

OPTIONS_FROM, COUNTED_FROM = date(2026, 1, 1), date(2026, 11, 2)
LUMP_SUM, PER_AGENT, PER_INHABITANT = (
    {"pattern": "flat_by_stratum", "strata": [{"amount": "96", "first_year_amount": "140"}]},
    {"pattern": "per_unit", "unit": "agent", "unit_price": "12"},
    {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.08"},
)
TARIFFS = {
    "paiement": LUMP_SUM,
    "garderie": PER_INHABITANT,
    "archivage": PER_AGENT,
    "drone": PER_INHABITANT,
}
# A diary of rooms, priced by room.
COUNTED = {
    "agenda-des-salles": {
        "pattern": "sum_of",
        "parts": [
            {"name": "Socle", "grid": {"pattern": "flat_by_stratum", "strata": [{"amount": "60"}]}},
            {
                "name": "Salles",
                "grid": {"pattern": "per_unit", "unit": "other", "unit_name": "salle", "unit_price": "45"},
            },
        ],
    }
}


def price_options() -> None:
    """A tariff for each option of each listing, with the VAT of its service; and the counted ones, from
    November on: what was subscribed before keeps its price."""
    listings = Listing.objects.for_cards().order_by("pk")
    for listing in listings:
        in_force = listing.grid_on(COUNTED_FROM)
        if in_force is None:
            continue
        for option in listing.sheet.options:
            _publish(in_force, option=option["code"], definition=TARIFFS[option["code"]], on=OPTIONS_FROM)
        if definition := COUNTED.get(listing.sheet.slug):
            PriceGrid.objects.filter(pk=in_force.pk).update(effective_until=COUNTED_FROM)
            _publish(in_force, definition=definition, on=COUNTED_FROM)


def _publish(like: PriceGrid, *, definition: dict, on: date, option: str = "") -> None:
    grid = PriceGrid(
        listing=like.listing,
        option=option,
        state=GridState.PUBLISHED,
        effective_from=on,
        definition=definition,
        vat_category=like.vat_category,
        vat_rate=Decimal(like.vat_rate),
        vat_reason=like.vat_reason,
    )
    grid.clean()
    grid.save()
