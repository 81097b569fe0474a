"""The pooled price: the inhabitants of all who buy a listing together set the tier for each of them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from catalog.models import GridState, Listing, PriceGrid
from catalog.prices import TerritoryFacts
from catalog.pricing import Grid, grid_of, parse_grid
from catalog.pricing.group_grids import PooledVolume
from subscriptions.models import GroupPopulation, Subscription
from tenants.models import Population

POOLED = "pooled_volume"


def record_groups(*, on: date) -> None:
    """Counts the group of each listing that is priced by volume on that day. May run any number of times: a
    day that is counted stays as it is. Four queries and the writes; runs for every tenant."""
    grids = PriceGrid.objects.filter(state=GridState.PUBLISHED, option="", definition__pattern=POOLED)
    kinds = {grid.listing_id: grid.definition["population_kind"] for grid in grids if grid.is_in_force(on)}
    buyers: dict[int, set[int]] = defaultdict(set)
    epcis: dict[int, int | None] = {}
    opened = Subscription.objects.open().filter(listing__in=kinds, tenant__territory__isnull=False)
    rows = opened.order_by().values_list("listing", "tenant__territory", "tenant__territory__epci")
    for listing, territory, epci in rows:
        buyers[listing].add(territory)
        epcis[territory] = epci
    known: dict[tuple[int, str], int] = (
        {
            (row.territory_id, row.kind): row.value or 0
            for row in Population.objects.filter(territory__in=set().union(*buyers.values())).in_force(on=on)
        }
        if buyers
        else {}
    )

    def counted(listing: int, kind: str) -> set[int]:
        """Without the communes of an intercommunality that is counted itself: nobody counts twice."""
        found = buyers[listing]
        return {one for one in found if not (epcis[one] in found and known.get((epcis[one], kind)))}

    GroupPopulation.objects.bulk_create(
        [
            GroupPopulation(
                listing_id=listing,
                on=on,
                members=len(buyers[listing]),
                inhabitants=sum(known.get((territory, kind), 0) for territory in counted(listing, kind)),
            )
            for listing, kind in sorted(kinds.items())
        ],
        ignore_conflicts=True,
    )


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
