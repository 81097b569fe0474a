"""What an organisation chooses when it asks for a listing, and the price of these choices."""

from collections.abc import Collection, Iterable, Mapping
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
    vat_in,
    year_quote,
)
from catalog.pricing import Counted, PricingError, Quote, counted_anywhere, parse_grid, price
from subscriptions.exceptions import CountsMissing, NotAvailable, OptionGone
from subscriptions.models import Subscription
from subscriptions.pooling import pooled_facts
from tenants.models import Organisation


@dataclass(frozen=True)
class Choices:
    """`counts`: what the organisation says of itself, by `Counted.name`. `options`: codes."""

    counts: Mapping[str, int] = field(default_factory=dict)
    options: frozenset[str] = frozenset()

    def to_dict(self) -> dict:
        """JSON-safe copy."""
        return {"counts": dict(self.counts), "options": sorted(self.options)}


@dataclass(frozen=True)
class OfferedOption:
    """One option with its tariff in force. `counted`: what its price asks for, beside the service's own;
    `needs`: the code of the option without which it does nothing, or ""."""

    code: str
    name: str
    summary: str
    definition: dict
    counted: tuple[Counted, ...]
    needs: str = ""

    @property
    def terms(self) -> dict:
        """As a subscription keeps it."""
        return {"code": self.code, "name": self.name, "grid": self.definition}

    @property
    def rules(self) -> dict:
        """As its sheet says it, for `option_problem`."""
        return {"code": self.code, "name": self.name, "needs": self.needs}


@dataclass(frozen=True)
class Offer:
    """What an organisation may choose that day. `counted`: what it has to say for a price of the service."""

    listing: Listing
    grid: PriceGrid
    facts: TerritoryFacts
    counted: tuple[Counted, ...]
    options: tuple[OfferedOption, ...]

    def with_counts(self, counts: Mapping[str, int]) -> TerritoryFacts:
        """The facts with what the organisation says of itself."""
        return replace(self.facts, counts=counts)


@dataclass(frozen=True)
class PricedChoices:
    """`choices` and `options` as a subscription keeps them: nothing that the price does not look at."""

    choices: Choices
    options: tuple[OfferedOption, ...]
    price: ListingPrice  # of the whole, its quote surely computed

    @property
    def net_cents(self) -> int:
        """Of one year, net of tax, options included."""
        return self.price.net_cents


def offer_to(*, listing: Listing, organisation: Organisation, today: date) -> Offer:
    """What this organisation may choose of this listing that day.

    Raises NotAvailable with the reason, in French, when no price can ever be computed for it.
    """
    if organisation.territory is None:
        raise NotAvailable("Le prix ne peut pas être calculé : votre organisme n’a pas de territoire.")
    grid = listing.grid_on(today)
    options = [(one, listing.grid_on(today, one["code"])) for one in listing.shown.options]
    grids = [grid, *(found for _, found in options)]
    by_college = any(found and goes_by_college(found.definition) for found in grids)
    facts = territory_facts(
        territories=[organisation.territory], on=today, college_at=listing.operator if by_college else None
    )[organisation.territory_id]
    if grid is None or facts.problem:
        raise NotAvailable(facts.problem or "Aucun tarif n’est en vigueur pour ce service.")
    facts = pooled_facts(listing=listing, facts=facts, on=today)
    return Offer(
        listing=listing,
        grid=grid,
        facts=facts,
        counted=counted_by(grid.definition, facts=facts),
        options=tuple(
            OfferedOption(
                code=one["code"],
                name=one["name"],
                summary=one.get("summary", ""),
                definition=found.definition,
                counted=counted_by(found.definition, facts=facts),
                needs=one.get("needs") or "",
            )
            for one, found in options
            if found is not None
        ),
    )


def price_of(*, offer: Offer, choices: Choices) -> PricedChoices:
    """The price of a first year of these choices. No query. An option bears the VAT of its service, of which
    it is a part (CGI, article 257 ter).

    Raises OptionGone for what is not offered, CountsMissing for a number that a price counts and that is not
    said, NotAvailable with the reason, in French, when there is no price.
    """
    if gone := choices.options - {option.code for option in offer.options}:
        raise OptionGone(gone)
    options = tuple(option for option in offer.options if option.code in choices.options)
    asked = {one.name: one for counted in (offer, *options) for one in counted.counted}
    if missing := [one for name, one in asked.items() if name not in choices.counts]:
        raise CountsMissing(missing)
    kept = Choices(counts={name: choices.counts[name] for name in asked}, options=choices.options)
    base = grid_price(grid=offer.grid, facts=offer.with_counts(kept.counts))
    if base.quote is None:
        raise NotAvailable(base.problem)
    return PricedChoices(choices=kept, options=options, price=_with(options, base, offer, kept))


def option_problem(items: Iterable[Mapping], *, chosen: Collection[str]) -> str:
    """Why these codes of options do not go together, in French; "" when they do. `items`: the options among
    which they are chosen ({code, name, needs}); what an option needs that is not among them is not asked."""
    names = {one["code"]: one["name"] for one in items}
    for one in items:
        wanted = one.get("needs") or ""
        if one["code"] in chosen and wanted in names and wanted not in chosen:
            return (
                f"« {one['name']} » ne va pas sans « {names[wanted]} » : choisissez les deux, ou retirez-les "
                "ensemble."
            )
    return ""


def _with(
    options: tuple[OfferedOption, ...], base: ListingPrice, offer: Offer, choices: Choices
) -> ListingPrice:
    """The price of the service and of these options."""
    if not options:
        return base
    terms = {
        "definition": offer.grid.definition,
        "options": [option.terms for option in options],
        "facts": offer.with_counts(choices.counts),
    }
    try:
        first, following = (year_quote(**terms, first_year=first_year) for first_year in (True, False))
    except PricingError as error:
        raise NotAvailable(f"Le prix d’une option ne peut pas être calculé. {error}") from error
    return replace(
        base,
        quote=first,
        vat_cents=vat_in(first, base.vat),
        following_cents=following.total_cents,
        following_vat_cents=vat_in(following, base.vat),
        list_gross_cents=None,  # the vendor's list price is that of the service alone
    )


def price_of_option(*, offer: Offer, option: OfferedOption, counts: Mapping[str, int]) -> Quote:
    """What one option adds to the price of a first year. Raises PricingError."""
    grid = parse_grid(option.definition)
    return price(grid=grid, facts=offer.with_counts(counts).for_grid(grid, first_year=True))


def price_choices(
    *, listing: Listing, organisation: Organisation, choices: Choices, today: date
) -> PricedChoices:
    """What these choices cost an organisation that day, by the terms that a request would freeze.

    Raises what `offer_to` and `price_of` raise.
    """
    return price_of(offer=offer_to(listing=listing, organisation=organisation, today=today), choices=choices)


def counted_in(subscription: Subscription) -> tuple[Counted, ...]:
    """The numbers that the terms of a subscription count, for whoever it may be."""
    grids = (subscription.grid, *(option["grid"] for option in subscription.options))
    found = (one for grid in grids for one in counted_anywhere(parse_grid(grid)))
    return tuple({one.name: one for one in found}.values())
