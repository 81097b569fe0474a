"""What a simulation tells: totals, who pays more, by how much, member by member."""

from dataclasses import dataclass
from itertools import pairwise

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet, Sum

from catalog.models import GridSimulation, SimulationRow
from tenants.models import Operator
from tenants.register.names import normalise

PAGE_SIZE = 50
EVERYBODY, MORE, LESS, SAME, NO_PRICE = "tous", "plus", "moins", "pareil", "sans-prix"
GROUPS = {
    EVERYBODY: Q(),
    MORE: Q(after_cents__gt=F("before_cents")),
    LESS: Q(after_cents__lt=F("before_cents")),
    SAME: Q(after_cents=F("before_cents")),
    NO_PRICE: Q(before_cents__isnull=True) | Q(after_cents__isnull=True),
}
# Bounds in cents between the bars of the distribution: falls mirror rises, no change stands apart.
STEPS = (2_000, 10_000, 50_000)


@dataclass(frozen=True)
class Totals:
    """Cents a year, over the members that have both prices. `counts` by group; `bars` how many members fall
    by 500 € or more, by 100 to 500, 20 to 100, less than 20, do not change, then rise in the mirror of that.
    """

    before_cents: int
    after_cents: int
    counts: dict[str, int]
    bars: list[int]


def simulations_of(*, operator: Operator) -> QuerySet[GridSimulation]:
    """An operator's simulations, with their draft and its service."""
    return GridSimulation.objects.filter(
        tenant=operator.organisation, grid__listing__operator=operator
    ).select_related(
        "grid__listing__operator__organisation", "grid__listing__offer__product__sheet", "started_by"
    )


def rows_of(
    *, simulation: GridSimulation, group: str, subscribed: bool = False, search: str = ""
) -> QuerySet[SimulationRow]:
    """The members of a group, the largest rise first; those without a price last, by name."""
    found = _rows(simulation, subscribed).filter(GROUPS[group])
    if search:
        found = found.filter(organisation__plain_name__contains=normalise(search))
    return (
        found.select_related("organisation")
        .annotate(difference=F("after_cents") - F("before_cents"))
        .order_by(F("difference").desc(nulls_last=True), "organisation__plain_name", "pk")
    )


def page_of(rows: QuerySet[SimulationRow], number: str | None) -> Page:
    return Paginator(rows, PAGE_SIZE).get_page(number)


def totals_of(*, simulation: GridSimulation, subscribed: bool = False) -> Totals:
    """One query over all the rows."""
    both = ~GROUPS[NO_PRICE]
    difference = F("after_cents") - F("before_cents")
    rows = _rows(simulation, subscribed).annotate(difference=difference)
    bars = {f"bar{number}": Count("pk", filter=part) for number, part in enumerate(_parts())}
    groups = {f"group{number}": Count("pk", filter=part) for number, part in enumerate(GROUPS.values())}
    found = rows.aggregate(
        before=Sum("before_cents", filter=both, default=0),
        after=Sum("after_cents", filter=both, default=0),
        **bars,
        **groups,
    )
    return Totals(
        before_cents=found["before"],
        after_cents=found["after"],
        counts={name: found[f"group{number}"] for number, name in enumerate(GROUPS)},
        bars=[found[name] for name in bars],
    )


def _rows(simulation: GridSimulation, subscribed: bool) -> QuerySet[SimulationRow]:
    rows = SimulationRow.objects.filter(simulation=simulation)
    return rows.filter(subscribed=True) if subscribed else rows


def _parts() -> list[Q]:
    bounds = [*pairwise((1, *STEPS)), (STEPS[-1], None)]
    rises = [
        Q(difference__gte=start) & (Q(difference__lt=end) if end is not None else Q())
        for start, end in bounds
    ]
    falls = [
        Q(difference__lte=-start) & (Q(difference__gt=-end) if end is not None else Q())
        for start, end in bounds
    ]
    return [*reversed(falls), Q(difference=0), *rises]
