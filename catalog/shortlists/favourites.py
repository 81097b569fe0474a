"""Listings that an organisation keeps at hand."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from catalog.models import Favourite, Listing
from tenants import audit
from tenants.models import Organisation, User


@transaction.atomic
def add_favourite(*, organisation: Organisation, listing: Listing, by: User, now: datetime) -> bool:
    """Keeps a listing for everybody of the organisation; False when it was kept already."""
    _, added = Favourite.objects.get_or_create(
        tenant=organisation, listing=listing, defaults={"added_by": by, "added_at": now}
    )
    if added:
        _record(organisation, listing, by, now, "favourite.added", "{actor} a gardé le service")
    return added


@transaction.atomic
def remove_favourite(*, organisation: Organisation, listing: Listing, by: User, now: datetime) -> bool:
    """Keeps it no longer; False when it was not kept."""
    removed, _ = Favourite.objects.filter(tenant=organisation, listing=listing).delete()
    if removed:
        _record(organisation, listing, by, now, "favourite.removed", "{actor} ne garde plus le service")
    return bool(removed)


def favourites_of(*, organisation: Organisation) -> QuerySet[Favourite]:
    """The last kept first, with all that a page shows of a listing."""
    return (
        Favourite.objects.filter(tenant=organisation)
        .select_related(
            "listing__operator",
            "listing__approved_revision",
            "listing__offer__product__sheet__vendor__organisation",
            "added_by",
        )
        .prefetch_related("listing__grids")
        .order_by("-added_at", "-pk")
    )


def kept_among(*, organisation: Organisation, listings: Iterable[int]) -> set[int]:
    """Which of these listings the organisation keeps."""
    rows = Favourite.objects.filter(tenant=organisation, listing__in=list(listings))
    return set(rows.values_list("listing_id", flat=True))


def _record(
    organisation: Organisation, listing: Listing, by: User, now: datetime, what: str, verb: str
) -> None:
    audit.record(
        tenant=organisation,
        actor=by,
        what=what,
        sentence=f"{verb} {listing.shown.name}.",
        subject_id=listing.pk,
        now=now,
    )
