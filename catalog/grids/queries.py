"""Reads for the pages of price grids."""

from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from catalog.models import GridSimulation, GridState, Listing, ListingState, PriceGrid, SimulationState
from tenants.models import Operator

PAGE_SIZE = 25
ALL, DRAFTS, TO_COME, NONE = "tous", "brouillons", "a-venir", "sans-tarif"
# No price is asked for what is not, or no longer, on the shelf.
PRICED = (ListingState.DRAFT, ListingState.LISTED, ListingState.SUSPENDED)


@dataclass(frozen=True)
class Tariffs:
    """A page of listings, each with its grids; `counts` by tab."""

    counts: dict[str, int]
    page: Page


def tariffs(*, operator: Operator, group: str, search: str, page: str | None, on: date) -> Tariffs:
    """The operator's listings by name, with their versions. Three queries."""
    grids = PriceGrid.objects.filter(listing=OuterRef("pk"), option="")
    published = grids.filter(state=GridState.PUBLISHED)
    in_force = published.filter(effective_from__lte=on).filter(
        Q(effective_until__isnull=True) | Q(effective_until__gt=on)
    )
    found = Listing.objects.filter(operator=operator, state__in=PRICED).annotate(
        has_draft=Exists(PriceGrid.objects.filter(listing=OuterRef("pk"), state=GridState.DRAFT)),
        has_next=Exists(published.filter(effective_from__gt=on)),
        has_price=Exists(in_force),
    )
    if search:
        sheet = "offer__product__sheet"
        found = found.filter(
            Q(**{f"{sheet}__name__icontains": search})
            | Q(**{f"{sheet}__vendor__organisation__name__icontains": search})
        )
    groups = {
        ALL: Q(),
        DRAFTS: Q(has_draft=True),
        TO_COME: Q(has_next=True),
        NONE: Q(has_price=False),
    }
    counts = found.aggregate(
        **{name.replace("-", "_"): Count("pk", filter=condition) for name, condition in groups.items()}
    )
    counts = {name: counts[name.replace("-", "_")] for name in groups}
    ordered = found.filter(groups[group]).order_by("offer__product__sheet__name", "pk")
    paginator = Paginator(
        ordered.select_related("offer__product__sheet__vendor__organisation").prefetch_related(
            Prefetch("grids", PriceGrid.objects.order_by("-effective_from", "-pk"))
        ),
        PAGE_SIZE,
    )
    paginator.count = counts[group]  # counted already, with the tabs
    return Tariffs(counts=counts, page=paginator.get_page(page))


def listings_of(*, operator: Operator) -> QuerySet[Listing]:
    """All of the operator's listings, those that left the shelf too, with their service."""
    return Listing.objects.filter(operator=operator).select_related(
        "operator__organisation", "offer__product__sheet__vendor__organisation"
    )


def versions_of(*, listing: Listing) -> list[PriceGrid]:
    """Every version, base first, then each option; the newest first."""
    return list(listing.grids.select_related("published_by").order_by("option", "-effective_from", "-pk"))


def grids_of(*, operator: Operator) -> QuerySet[PriceGrid]:
    """All the versions of an operator's listings, with their service."""
    return PriceGrid.objects.filter(listing__operator=operator).select_related(
        "listing__operator__organisation",
        "listing__offer__product__sheet__vendor__organisation",
        "published_by",
    )


def grids_to_copy(*, listing: Listing, on: date, at_most: int = 300) -> list[PriceGrid]:
    """What a draft may start from, by name of service: grids in force of the operator's other listings."""
    in_force = Q(effective_until__isnull=True) | Q(effective_until__gt=on)
    return list(
        grids_of(operator=listing.operator)
        .filter(in_force, state=GridState.PUBLISHED, effective_from__lte=on, option="")
        .exclude(listing=listing)
        .order_by("listing__offer__product__sheet__name", "pk")[:at_most]
    )


def latest_simulation(*, grid: PriceGrid) -> GridSimulation | None:
    """The last one of a version: under way, done or failed."""
    return GridSimulation.objects.filter(grid=grid).order_by("-pk").first()


def is_current(simulation: GridSimulation, grid: PriceGrid) -> bool:
    """Whether it is of what the draft says now."""
    return (
        simulation.state != SimulationState.FAILED
        and simulation.definition == grid.definition
        and simulation.on == grid.effective_from
    )
