"""What an organisation chooses when it asks for a listing, and the price of these choices."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from catalog.models import Listing, PriceGrid
from catalog.prices import (
    ListingPrice,
    TerritoryFacts,
    counted_by,
    goes_by_college,
    grid_price,
    territory_facts,
)
from catalog.pricing import Counted
from subscriptions.exceptions import CountsMissing, NotAvailable
from subscriptions.pooling import pooled_facts
from tenants.models import Organisation


@dataclass(frozen=True)
class Choices:
    """`counts`: what the organisation says of itself, by `Counted.name`."""

    counts: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict:
        """JSON-safe copy."""
        return {"counts": dict(self.counts)}


@dataclass(frozen=True)
class Offer:
    """What an organisation may choose that day. `counted`: what it has to say for a price."""

    listing: Listing
    grid: PriceGrid
    facts: TerritoryFacts
    counted: tuple[Counted, ...]


@dataclass(frozen=True)
class PricedChoices:
    """`choices` as a subscription keeps them: nothing that its price does not look at."""

    choices: Choices
    price: ListingPrice  # its quote surely computed

    @property
    def net_cents(self) -> int:
        """Of one year, net of tax."""
        return self.price.net_cents


def offer_to(*, listing: Listing, organisation: Organisation, today: date) -> Offer:
    """What this organisation may choose of this listing that day.

    Raises NotAvailable with the reason, in French, when no price can ever be computed for it.
    """
    if organisation.territory is None:
        raise NotAvailable("Le prix ne peut pas être calculé : votre organisme n’a pas de territoire.")
    grid = listing.grid_on(today)
    facts = territory_facts(
        territories=[organisation.territory],
        on=today,
        college_at=listing.operator if grid and goes_by_college(grid.definition) else None,
    )[organisation.territory_id]
    if grid is None or facts.problem:
        raise NotAvailable(facts.problem or "Aucun tarif n’est en vigueur pour ce service.")
    facts = pooled_facts(listing=listing, facts=facts, on=today)
    return Offer(listing=listing, grid=grid, facts=facts, counted=counted_by(grid.definition, facts=facts))


def price_of(*, offer: Offer, choices: Choices) -> PricedChoices:
    """The price of a first year of these choices. No query.

    Raises CountsMissing for a number that the grid counts and that is not said, NotAvailable with the reason,
    in French, when there is no price.
    """
    if missing := [one for one in offer.counted if one.name not in choices.counts]:
        raise CountsMissing(missing)
    counts = {one.name: choices.counts[one.name] for one in offer.counted}
    price = grid_price(grid=offer.grid, facts=replace(offer.facts, counts=counts))
    if price.quote is None:
        raise NotAvailable(price.problem)
    return PricedChoices(choices=Choices(counts=counts), price=price)


def price_choices(
    *, listing: Listing, organisation: Organisation, choices: Choices, today: date
) -> PricedChoices:
    """What these choices cost an organisation that day, by the terms that a request would freeze.

    Raises what `offer_to` and `price_of` raise.
    """
    return price_of(offer=offer_to(listing=listing, organisation=organisation, today=today), choices=choices)
