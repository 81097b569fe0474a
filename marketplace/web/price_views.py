"""A price as the component templates show it (components/price.html, price_breakdown.html)."""

from datetime import date
from decimal import Decimal

from catalog.finding.curves import CardPrice
from catalog.models import GridState, Listing, PriceGrid
from catalog.prices import ListingPrice
from catalog.pricing import (
    GridInvalid,
    Quote,
    Savings,
    describe_sections,
    parse_grid,
    rhythm_of,
    to_cents,
)
from catalog.pricing.usage import usage_of
from catalog.vat import Regime
from marketplace.web.formats import day, format_cents, format_number, format_percent
from marketplace.web.moulds import Fixed
from subscriptions.models import Subscription
from subscriptions.vat import vat_asked, vat_cents_asked
from tenants.models import Territory

POPULATION_WORDS = {
    "municipale": "population municipale",
    "totale": "population totale",
    "dgf": "population DGF",
}


def price_card(*, price: ListingPrice | CardPrice | None, commune: Territory | None, choose_url: str) -> dict:
    """For components/price.html: priced, unpriced with the reason, or "choose your commune"."""
    if commune is None or price is None:
        return {"state": Fixed("choose"), "url": choose_url}
    if price.problem:
        return {"state": Fixed("unpriced"), "reason": price.problem, "commune": commune.name}
    taxed = price.vat_cents > 0
    population = price.population
    card = {
        "state": Fixed("priced"),
        "ttc": format_cents(price.gross_cents),
        "commune": commune.name,
    }
    if population:
        card["population"] = format_number(population.value)
        card["per_inhabitant"] = format_cents(_per_inhabitant_cents(price))
        card["population_label"] = f"{POPULATION_WORDS[population.kind]} {population.reference_year}"
    if price.following_cents != price.net_cents:
        following = format_cents(price.following_cents + price.following_vat_cents)
        card["first_year"] = f"La première année, puis {following} par an."
    if price.list_gross_cents is not None:
        card["savings"] = _savings(price.list_gross_cents, price.gross_cents)
    if taxed:
        card["ht"] = format_cents(price.net_cents)
    else:
        card["vat_note"] = price.vat_reason
    return card


def tariff(*, listing: Listing, options: list[dict], on: date) -> dict | None:
    """For public/_tariff.html: the tariff in force for every size, that of each of these `options` of the
    service, the vendor's list price, the free trial, and what is already published for later. None when there
    is nothing of all that."""
    in_force = listing.grid_on(on)
    later = [
        grid
        for grid in listing.grids.all()
        if grid.state == GridState.PUBLISHED and not grid.option and grid.effective_from > on
    ]
    priced_options = [
        {"name": one["name"], "sections": _sections(grid.definition)}
        for one in options
        if (grid := listing.grid_on(on, one["code"]))
    ]
    if in_force is None and not later and not priced_options:
        return None
    listed = in_force.list_definition if in_force else None
    return {
        "sections": _sections(in_force.definition) if in_force else [],
        "list_sections": _sections(listed) if listed else [],
        "options": priced_options,
        "trial": trial_offer(in_force),
        "rhythm": rhythm_words(in_force.definition) if in_force else "",
        "usage": usage_words(in_force.definition) if in_force else [],
        "later": [
            {"day": day(grid.effective_from), "sections": _sections(grid.definition)}
            for grid in sorted(later, key=lambda grid: grid.effective_from)
        ],
    }


def rhythm_words(definition: dict) -> str:
    """When a tariff is invoiced, "" where it leaves that to its operator's billing runs or cannot be read."""
    try:
        rhythm = rhythm_of(definition)
    except GridInvalid:
        return ""
    return rhythm.in_words() if rhythm else ""


def usage_words(definition: dict) -> list[str]:
    """What a tariff asks for what is used, by unit; nothing of one that cannot be read."""
    try:
        return [one.in_words() for one in usage_of(definition)]
    except GridInvalid:
        return []


def trial_offer(grid: PriceGrid | None) -> str:
    """ "Essai gratuit de 30 jours", "" when this tariff promises none."""
    return trial_words(grid.trial_days) if grid and grid.trial_days else ""


def trial_words(days: int) -> str:
    """ "Essai gratuit d’un jour", "Essai gratuit de 30 jours"."""
    return "Essai gratuit d’un jour" if days == 1 else f"Essai gratuit de {days} jours"


def _sections(definition: dict) -> list[dict]:
    found = describe_sections(parse_grid(definition))
    return [{"heading": section.heading, "rows": section.rows} for section in found]


def _savings(list_cents: int, pooled_cents: int) -> str:
    """ "Prix public 1 032,00 € : vous économisez 25 %"; the list price alone where nothing is saved."""
    listed = f"Prix public {format_cents(list_cents)}"
    saved = Savings(list_cents=list_cents, pooled_cents=pooled_cents)
    if saved.saved_cents <= 0 or saved.percent is None:
        return listed
    return f"{listed} : vous économisez {format_percent(saved.percent)}"


def _per_inhabitant_cents(price: ListingPrice | CardPrice) -> int:
    population = price.population
    if not population or not population.value:
        return 0
    return to_cents(Decimal(price.gross_cents) / 100 / population.value)


def frozen_breakdown(subscription: Subscription) -> dict | None:
    """The price that a request froze, with its calculation; None for a free trial."""
    if subscription.is_trial:
        return None
    quote = Quote.from_dict(subscription.quote)
    return breakdown(
        quote=quote,
        vat=vat_asked(subscription),
        vat_cents=vat_cents_asked(subscription, quote),
        caption=f"Le prix par an, figé le {day(subscription.requested_at)}",
    )


def breakdown(*, quote: Quote, vat: Regime, vat_cents: int, caption: str) -> dict:
    """For components/price_breakdown.html: each line with its calculation, then the totals."""
    taxed = vat.taxed and not vat.undecided
    return {
        "caption": caption,
        "lines": [
            {"label": line.label, "steps": line.steps, "amount": format_cents(line.amount_cents)}
            for line in quote.lines
        ],
        "total_ht": format_cents(quote.total_cents),
        "vat_lines": (
            [{"label": f"TVA {format_percent(vat.rate)}", "amount": format_cents(vat_cents)}] if taxed else []
        ),
        "total_ttc": format_cents(quote.total_cents + vat_cents),
        "vat_note": "" if taxed else vat.note,
    }
