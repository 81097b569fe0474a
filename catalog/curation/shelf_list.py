"""Reading an operator's own shelf, whatever the state of what stands there."""

from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Value, When

from catalog.models import Family, GridState, Listing, ListingState, PriceGrid, Submission, SubmissionState
from tenants.models import Operator

PAGE_SIZE = 25
ALL = "tous"
UNPRICED = "sans-tarif"


@dataclass(frozen=True)
class ShelfList:
    """A page of listings in the shelf's order; `counts` by state, ALL and UNPRICED, for the same search.

    Each listing has `priced` and `waiting` (a version to review) at hand.
    """

    page: Page
    counts: dict[str, int]


def shelf_list(
    *, operator: Operator, search: str, family: str, group: str, page: str | None, on: date
) -> ShelfList:
    """A page of the operator's listings. Two queries, whatever their number.

    `search` is part of a service's or a vendor's name; `group` a state, ALL, or UNPRICED.
    """
    found = with_flags(Listing.objects.filter(operator=operator), on=on)
    for word in search.split():
        found = found.filter(
            Q(offer__product__sheet__name__icontains=word)
            | Q(offer__product__sheet__vendor__organisation__plain_name__icontains=word)
            | Q(offer__product__sheet__vendor__organisation__name__icontains=word)
        )
    if family in Family:
        found = found.filter(offer__product__sheet__family=family)
    unpriced = Q(priced=False) & ~Q(state=ListingState.WITHDRAWN)
    counts = found.aggregate(
        **{ALL: Count("pk"), "unpriced": Count("pk", filter=unpriced)},
        **{state.value: Count("pk", filter=Q(state=state)) for state in ListingState},
    )
    counts[UNPRICED] = counts.pop("unpriced")
    if group == UNPRICED:
        found = found.filter(unpriced)
    elif group != ALL:
        found = found.filter(state=group)
    rows = found.select_related(
        "approved_revision", "shared_from__operator", "offer__product__sheet__vendor__organisation"
    ).order_by(_withdrawn_last(), "position", "offer__product__sheet__name", "pk")
    paginator = Paginator(rows, PAGE_SIZE)
    paginator.count = counts[group]  # counted already, with the tabs
    return ShelfList(paginator.get_page(page), counts)


def with_flags(listings: QuerySet[Listing], *, on: date) -> QuerySet[Listing]:
    """With `priced` and `waiting`."""
    lasting = Q(effective_until__isnull=True) | Q(effective_until__gt=on)
    grids = PriceGrid.objects.filter(lasting, listing=OuterRef("pk"), state=GridState.PUBLISHED, option="")
    pending = Submission.objects.filter(listing=OuterRef("pk"), state=SubmissionState.PENDING)
    return listings.annotate(priced=Exists(grids), waiting=Exists(pending))


def _withdrawn_last() -> Case:
    return Case(When(state=ListingState.WITHDRAWN, then=Value(1)), default=Value(0))
