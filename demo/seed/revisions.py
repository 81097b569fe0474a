"""Tariffs under revision: at each operator a draft for January, which the worker simulates over the members
at its first start, and one that is published already."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from catalog.grids import operations, simulations
from catalog.grids.terms import GridTerms
from catalog.models import Family, Listing, ListingState, PriceGrid
from demo.seed.moments import at
from demo.seed.price_grids import fixed_plus_variable, per_inhabitant
from tenants.models import Operator, Role, User

DRAFTED_ON, PUBLISHED_ON = date(2026, 11, 16), date(2026, 11, 9)
# A little dearer for small communes, cheaper for large ones: members on both sides of the simulation.
NEW_RATE = Decimal("0.72")


def revise_tariffs(*, operators: dict[str, Operator]) -> None:
    """Written by the curators of the houses, with the verbs of their pages."""
    for operator in operators.values():
        by = _curator(operator)
        listings = list(
            Listing.objects.filter(operator=operator, state=ListingState.LISTED)
            .select_related("offer__product__sheet")
            .order_by("position", "pk")
        )
        canteen = next(one for one in listings if one.sheet.family == Family.CANTEEN)
        archives = next(one for one in listings if one.sheet.family == Family.ARCHIVES)
        _announce(archives, by)
        _simulate(canteen, by)


def _simulate(listing: Listing, by: User) -> None:
    now = at(DRAFTED_ON)
    definition = fixed_plus_variable(NEW_RATE, _population(listing))
    draft = _draft(listing, definition, by, now, note="À voter au conseil de décembre")
    simulations.start_simulation(grid=draft, by=by, now=now)  # the worker does it, at its first start


def _announce(listing: Listing, by: User) -> None:
    now = at(PUBLISHED_ON)
    draft = _draft(listing, per_inhabitant(Decimal("0.48"), _population(listing)), by, now)
    operations.publish(grid=draft, by=by, now=now)


def _draft(listing: Listing, definition: dict, by: User, now, note: str = "") -> PriceGrid:
    """What is in force, with another grid: its list price and its VAT stay."""
    in_force = listing.grid_on(now.date())
    draft = operations.start_draft(listing=listing, by=by, now=now, copy_of=in_force)
    terms = replace(GridTerms.of(draft), definition=definition, note=note)
    return operations.edit_draft(grid=draft, terms=terms, by=by, now=now)


def _population(listing: Listing) -> str:
    """The kind that the grid in force counts, so that both are compared like for like."""
    definition = listing.grid_on(PUBLISHED_ON).definition
    return definition.get("population_kind") or listing.operator.population_kind


def _curator(operator: Operator) -> User:
    return User.objects.filter(
        memberships__organisation=operator.organisation, memberships__role=Role.CURATOR
    ).order_by("pk")[0]
