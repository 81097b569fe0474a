"""How many communes of each size use each listing: what a shelf tells a commune of her likes."""

from collections import Counter, defaultdict
from datetime import date

from catalog.finding.indexing import record_usage
from catalog.finding.strata import stratum_of
from catalog.models import ShelfEntry
from subscriptions.models import Subscription
from tenants.models import Population
from tenants.models.territory import PopulationKind, TerritoryKind


def count_usage(*, on: date) -> None:
    """Counts the open subscriptions of communes, free trials left out, by listing and by population stratum,
    by the municipal population of that day. A listing that nobody uses any more has none. Three queries and
    the writes.

    Runs for every tenant. Counts only: no name leaves a tenant, and a shelf tells no number below three.
    """
    opened = Subscription.objects.open().paid().filter(tenant__territory__kind=TerritoryKind.COMMUNE)
    pairs = list(opened.order_by().values_list("listing", "tenant__territory"))
    known = Population.objects.filter(
        kind=PopulationKind.MUNICIPALE, territory__in={territory for _, territory in pairs}
    ).in_force(on=on)
    sizes = {row.territory_id: row.value for row in known}
    usage: dict[int, Counter] = defaultdict(Counter)
    for listing, territory in pairs:
        if stratum := stratum_of(sizes.get(territory)):
            usage[listing][stratum] += 1
    told_before = ShelfEntry.objects.exclude(usage={}).values_list("pk", flat=True)
    record_usage(usage={pk: {} for pk in told_before} | {pk: dict(counts) for pk, counts in usage.items()})
