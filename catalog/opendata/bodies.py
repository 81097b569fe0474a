"""Operators and vendors, as everybody may read them: bodies, never persons."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from catalog.models import Listing, ListingState, ShelfEntry, Vendor
from tenants.models import Operator


@dataclass(frozen=True)
class Page:
    items: list
    total: int


def operators() -> list[Operator]:
    """Every operator by slug, with `services` (how many stand on its shelf) and its seat. Two queries."""
    return list(_with_services().order_by("slug"))


def operator(*, slug: str) -> Operator | None:
    """One of them."""
    return _with_services().filter(slug=slug).first()


def _with_services() -> QuerySet[Operator]:
    on_shelf = (
        ShelfEntry.objects.filter(operator=OuterRef("pk"), listed=True)
        .order_by()
        .values("operator")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return (
        Operator.objects.select_related("organisation__territory")
        .prefetch_related("organisation__establishments")
        .annotate(services=Coalesce(Subquery(on_shelf), 0))
    )


def operator_families() -> dict[str, list[str]]:
    """The families that stand on each operator's shelf, by the operator's slug. One query."""
    pairs = (
        ShelfEntry.objects.filter(listed=True)
        .order_by("operator__slug", "family")
        .values_list("operator__slug", "family")
        .distinct()
    )
    found: dict[str, list[str]] = {}
    for slug, family in pairs:
        found.setdefault(slug, []).append(family)
    return found


def vendors(*, page: int, size: int) -> Page:
    """Vendors with a service on a shelf, by SIREN; `page` counts from 1. Two queries."""
    found = _public_vendors().order_by("organisation__siren")
    return Page(items=list(found[(page - 1) * size : page * size]), total=found.count())


def vendor(*, siren: str) -> Vendor | None:
    """One of them. None when nothing of it is on a shelf."""
    return _public_vendors().filter(organisation__siren=siren).first()


def _public_vendors() -> QuerySet[Vendor]:
    listed = Listing.objects.filter(offer__partner__vendor=OuterRef("pk"), state=ListingState.LISTED)
    return Vendor.objects.filter(Exists(listed), state="active").select_related("organisation")


def shelf_page(*, operator: Operator, page: int, size: int) -> Page:
    """The listings on an operator's shelf, in its order, with all that a card shows. Four queries."""
    found = ShelfEntry.objects.filter(operator=operator, listed=True)
    ordered = found.order_by("position", "listing").values_list("listing", flat=True)
    ids = list(ordered[(page - 1) * size : page * size])
    listings = Listing.objects.on_shelf_of(operator).for_cards().in_bulk(ids)
    return Page(items=[listings[pk] for pk in ids if pk in listings], total=found.count())
