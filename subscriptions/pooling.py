"""The pooled price: the inhabitants of all who buy a listing together set the tier for each of them."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from catalog.models import GridState, Listing, PriceGrid
from catalog.prices import TerritoryFacts
from catalog.pricing import Grid, grid_of, parse_grid
from catalog.pricing.group_grids import PooledVolume
from subscriptions.models import GroupPopulation, Subscription
from tenants.models import Population, Territory
from tenants.models.territory import TerritoryKind

POOLED = "pooled_volume"
logger = logging.getLogger(__name__)


def record_groups(*, on: date) -> None:
    """Counts the group of each listing that is priced by volume on that day; whoever tries the service for
    nothing is no buyer yet. May run any number of times: a day that is counted stays as it is. Six queries at
    most and the writes; runs for every tenant.

    An intercommunality whose own population is unknown counts for that of its communes. Where none is known
    either, its group is not counted that day, which is logged: the last count stands, and no price rests on
    one that forgets somebody.
    """
    grids = PriceGrid.objects.filter(state=GridState.PUBLISHED, option="", definition__pattern=POOLED)
    kinds = {grid.listing_id: grid.definition["population_kind"] for grid in grids if grid.is_in_force(on)}
    buyers: dict[int, dict[int, Territory]] = {listing: {} for listing in kinds}
    opened = Subscription.objects.open().paid().filter(listing__in=kinds, tenant__territory__isnull=False)
    for one in opened.select_related("tenant__territory").order_by():
        buyers[one.listing_id][one.tenant.territory_id] = one.tenant.territory
    territories = {pk: place for group in buyers.values() for pk, place in group.items()}
    known = _populations(territories.values(), kinds=set(kinds.values()), on=on)
    counts = []
    for listing, kind in sorted(kinds.items()):
        inhabitants = _inhabitants(buyers[listing], kind, known)
        if inhabitants is None:
            logger.error("listing %s has a buyer without a population (%s): not counted", listing, kind)
            continue
        counts.append(
            GroupPopulation(listing_id=listing, on=on, members=len(buyers[listing]), inhabitants=inhabitants)
        )
    GroupPopulation.objects.bulk_create(counts, ignore_conflicts=True)


def _populations(
    territories: Iterable[Territory], *, kinds: set[str], on: date
) -> dict[tuple[int, str], int]:
    """By territory and kind; an intercommunality's is that of its communes when its own is unknown."""
    places = {one.pk: one for one in territories}
    if not places:
        return {}
    rows = Population.objects.filter(kind__in=kinds)
    known = _known(rows.filter(territory__in=places).in_force(on=on))
    unknown = {
        pk
        for pk, one in places.items()
        if one.kind == TerritoryKind.EPCI and any((pk, kind) not in known for kind in kinds)
    }
    if not unknown:
        return known
    of_communes: dict[tuple[int, str], int] = defaultdict(int)
    communes = Territory.objects.filter(epci__in=unknown, kind=TerritoryKind.COMMUNE, ended_on__isnull=True)
    epci_of = dict(communes.values_list("pk", "epci"))
    for (commune, kind), value in _known(rows.filter(territory__in=epci_of).in_force(on=on)).items():
        of_communes[epci_of[commune], kind] += value
    return of_communes | known


def _known(rows: Iterable[Population]) -> dict[tuple[int, str], int]:
    return {(row.territory_id, row.kind): row.value for row in rows if row.value is not None}


def _inhabitants(
    buyers: Mapping[int, Territory], kind: str, known: Mapping[tuple[int, str], int]
) -> int | None:
    """Of a group, without the communes of an intercommunality that is in it: nobody counts twice. None when
    somebody's are unknown."""
    counted = [pk for pk, one in buyers.items() if one.epci_id not in buyers]
    if any((pk, kind) not in known for pk in counted):
        return None
    return sum(known[pk, kind] for pk in counted)


def groups_of(*, listings: Iterable[Listing | int], on: date) -> dict[int, GroupPopulation]:
    """The last count on or before that day, by listing id. One query."""
    rows = GroupPopulation.objects.filter(listing__in=list(listings), on__lte=on)
    return {row.listing_id: row for row in rows.order_by("listing_id", "-on").distinct("listing_id")}


def with_newcomer(
    *, facts: TerritoryFacts, grid: Grid, group: GroupPopulation | None, others: int = 0
) -> TerritoryFacts:
    """The buyer's facts with the group as it would be once she has joined, and `others` inhabitants with her.

    Facts stay as they are for a grid that does not look at the group, or when hers are unknown.
    """
    own = grid_of(grid, member_type=facts.member_type, college=facts.college)
    if not isinstance(own, PooledVolume):
        return facts
    population = facts.populations.get(own.population_kind)
    if population is None or population.value is None:
        return facts
    inhabitants = (group.inhabitants if group else 0) + population.value + others
    return replace(facts, pooled_population=inhabitants)


def is_pooled(grid: PriceGrid) -> bool:
    """Whether the price looks at the whole group."""
    return grid.definition.get("pattern") == POOLED


def pooled_facts(*, listing: Listing, facts: TerritoryFacts, on: date) -> TerritoryFacts:
    """The facts of whoever asks for a listing that day. One query for a grid priced by volume, none else."""
    grid = listing.grid_on(on)
    if grid is None or not is_pooled(grid):
        return facts
    group = groups_of(listings=[listing], on=on).get(listing.pk)
    return with_newcomer(facts=facts, grid=parse_grid(grid.definition), group=group)


def joining(*, grids: Mapping[int, PriceGrid], facts: TerritoryFacts) -> dict[int, TerritoryFacts]:
    """Of these grids by listing, those that look at the group, with the facts of whoever would join it. One
    query when there are any, none else."""
    pooled = {listing: grid for listing, grid in grids.items() if is_pooled(grid)}
    groups = groups_of(listings=list(pooled), on=facts.on) if pooled else {}
    return {
        listing: with_newcomer(facts=facts, grid=parse_grid(grid.definition), group=groups.get(listing))
        for listing, grid in pooled.items()
    }
