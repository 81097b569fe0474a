"""A shortlist while it is open: what is needed, and up to ten services."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from catalog.models import Listing, Shortlist, ShortlistItem, ShortlistState
from catalog.shortlists.refusals import KeepingRefused, NotOpen
from catalog.shortlists.searches import shortest
from tenants import audit
from tenants.models import Operator, Organisation, User

MOST = 10


@transaction.atomic
def open_shortlist(
    *,
    organisation: Organisation,
    operator: Operator,
    title: str,
    need: str,
    by: User,
    now: datetime,
    query: str = "",
    search: str = "",
) -> Shortlist:
    """Begins a shortlist among this operator's services. `query` is the search it comes from, as the query
    string of the shelf, and `search` the same in words. Raises KeepingRefused for one that is too long."""
    shortlist = Shortlist.objects.create(
        tenant=organisation,
        operator=operator,
        title=title,
        need=need,
        query=shortest(query),
        search=search[:600],
        created_by=by,
        created_at=now,
    )
    record(shortlist, by, now, "shortlist.opened", "{actor} a commencé la présélection")
    return shortlist


@transaction.atomic
def add_items(*, shortlist: Shortlist, listings: Iterable[Listing], by: User, now: datetime) -> int:
    """Adds services of the operator's shelf; how many were not there yet. Raises NotOpen, or KeepingRefused
    beyond `MOST` or for a service that is on another shelf or on none."""
    held = locked(shortlist)
    there = set(held.items.values_list("listing_id", flat=True))
    new = [listing for listing in listings if listing.pk not in there]
    if len(there) + len(new) > MOST:
        raise KeepingRefused(
            f"Une présélection compte {MOST} services au plus. Retirez-en avant d’en ajouter."
        )
    allowed = set(
        Listing.objects.on_shelf_of(held.operator)
        .filter(pk__in=[listing.pk for listing in new])
        .values_list("pk", flat=True)
    )
    for listing in new:
        if listing.pk not in allowed:
            raise KeepingRefused(
                f"« {listing.shown.name} » n’est pas au catalogue de {held.operator.short_name}."
            )
        ShortlistItem.objects.create(tenant=held.tenant, shortlist=held, listing=listing, added_at=now)
        sentence = f"{{actor}} a ajouté {listing.shown.name} à la présélection"
        record(held, by, now, "shortlist.item_added", sentence)
    return len(new)


def add_item(*, shortlist: Shortlist, listing: Listing, by: User, now: datetime) -> bool:
    """The same for one service; False when it was there already."""
    return bool(add_items(shortlist=shortlist, listings=[listing], by=by, now=now))


@transaction.atomic
def remove_item(*, shortlist: Shortlist, listing: Listing, by: User, now: datetime) -> None:
    """Takes a service off the list. Raises NotOpen."""
    held = locked(shortlist)
    removed, _ = held.items.filter(listing=listing).delete()
    if removed:
        sentence = f"{{actor}} a retiré {listing.shown.name} de la présélection"
        record(held, by, now, "shortlist.item_removed", sentence)


@transaction.atomic
def note_item(*, shortlist: Shortlist, listing: Listing, note: str, by: User, now: datetime) -> None:
    """Writes what was seen of a service: a demonstration, a neighbour's advice. Raises NotOpen."""
    held = locked(shortlist)
    if held.items.filter(listing=listing).exclude(note=note).update(note=note):
        sentence = f"{{actor}} a noté des observations sur {listing.shown.name} dans la présélection"
        record(held, by, now, "shortlist.item_noted", sentence)


@transaction.atomic
def discard(*, shortlist: Shortlist, by: User, now: datetime) -> None:
    """Throws an open shortlist away. Raises NotOpen: a frozen one is kept."""
    held = locked(shortlist)
    record(held, by, now, "shortlist.discarded", "{actor} a supprimé la présélection")
    held.delete()


def locked(shortlist: Shortlist) -> Shortlist:
    """The shortlist as it is now, and nobody else's until the transaction ends. Raises NotOpen."""
    held = (
        Shortlist.objects.select_for_update(of=("self",), no_key=True)
        .select_related("tenant__territory", "operator")
        .filter(pk=shortlist.pk, state=ShortlistState.OPEN)
        .first()
    )
    if held is None:
        raise NotOpen
    return held


def record(shortlist: Shortlist, by: User, now: datetime, what: str, sentence: str) -> None:
    """One event in the organisation's log."""
    audit.record(
        tenant=shortlist.tenant,
        actor=by,
        what=what,
        sentence=f"{sentence} « {shortlist.title} ».",
        subject_id=shortlist.public_id,
        now=now,
    )
