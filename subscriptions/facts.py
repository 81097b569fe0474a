"""What the price of a contract rests on, on a day: the facts of whoever has it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from catalog.prices import TerritoryFacts, goes_by_college, territory_facts
from subscriptions.in_force import options_ever
from subscriptions.models import Subscription
from subscriptions.pooling import POOLED, groups_of
from tenants.models import Territory


def facts_of_subscriber(
    subscription: Subscription, *, on: date, options: Iterable[dict] = ()
) -> TerritoryFacts:
    """Those of one, whose territory is known. `options`: those ({code, name, grid}) that it might have
    besides."""
    return _facts([(subscription, subscription.tenant.territory)], on=on, options=list(options))[
        subscription.pk
    ]


def facts_of_subscribers(
    subscriptions: Iterable[Subscription], *, on: date, territory: Territory | None = None
) -> dict[int, TerritoryFacts]:
    """By subscription id, without those that have no territory; of the same `territory` for all, where they
    change hands. One query, one more where a price goes by college and one where it looks at the group;
    `approved_amendments` prefetched, or one each."""
    places = [(one, territory or one.tenant.territory) for one in subscriptions]
    return _facts([(one, place) for one, place in places if place], on=on, options=[])


def _facts(
    places: list[tuple[Subscription, Territory]], *, on: date, options: list[dict]
) -> dict[int, TerritoryFacts]:
    territories = {territory.pk: territory for _, territory in places}
    operator = next(
        (
            one.operator
            for one, _ in places
            if goes_by_college(one.grid, options=[*options_ever(one), *options])
        ),
        None,
    )
    known = territory_facts(territories=territories.values(), on=on, college_at=operator)
    found = {one.pk: known[territory.pk] for one, territory in places}
    pooled = [one for one, _ in places if one.grid.get("pattern") == POOLED]
    groups = groups_of(listings={one.listing_id for one in pooled}, on=on) if pooled else {}
    for one in pooled:
        # She is in the count herself: see `pooling.with_newcomer` for whoever is not yet.
        if group := groups.get(one.listing_id):
            found[one.pk] = replace(found[one.pk], pooled_population=group.inhabitants)
    return found
