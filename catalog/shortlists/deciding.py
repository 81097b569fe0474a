"""Freezing what was compared, then saying which one is chosen and why."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from catalog import tasks
from catalog.models import (
    SHORTLIST_MOVES,
    Criterion,
    Listing,
    ListingState,
    Shortlist,
    ShortlistItem,
    ShortlistState,
    VendorState,
)
from catalog.shortlists.preparing import locked, record
from catalog.shortlists.refusals import KeepingRefused, NotFrozen, NotOpen, PriceAlone
from catalog.shortlists.snapshots import snapshots
from tenants.models import User

SHORTEST_REASONS = 20  # characters: a sentence
PRICE_ALONE = (
    "Le prix compte, mais il ne suffit pas à motiver un choix. Cochez ce que vous avez considéré d’autre : "
    "le coût sur toute la durée d’usage, l’environnement, la réponse au besoin…"
)


@transaction.atomic
def freeze(*, shortlist: Shortlist, by: User, now: datetime) -> Shortlist:
    """Writes what each service says and costs this organisation on that day; nothing changes afterwards.

    Raises NotOpen, or KeepingRefused for an empty list or a service that left the shelf.
    """
    held = locked(shortlist)
    items = list(
        held.items.select_related(
            "listing__operator",
            "listing__approved_revision",
            "listing__offer__product__sheet__vendor__organisation",
        )
        .prefetch_related("listing__grids")
        .order_by("added_at", "pk")
    )
    if not items:
        raise KeepingRefused("Ajoutez au moins un service avant de figer la présélection.")
    if gone := [item.listing.shown.name for item in items if not _on_shelf(item.listing)]:
        raise KeepingRefused(
            f"{', '.join(gone)} : ce service n’est plus au catalogue. Retirez-le pour figer la présélection."
        )
    found = snapshots(listings=[item.listing for item in items], organisation=held.tenant, on=localdate(now))
    for item in items:
        item.snapshot = found[item.listing_id]
    ShortlistItem.objects.bulk_update(items, ["snapshot"])
    if not _move(held, ShortlistState.FROZEN, frozen_at=now, frozen_by=by):
        raise NotOpen
    record(held, by, now, "shortlist.frozen", "{actor} a figé la présélection")
    return held


@transaction.atomic
def decide(
    *,
    shortlist: Shortlist,
    chosen: Listing | None,
    criteria: Iterable[str],
    reasons: str,
    by: User,
    now: datetime,
) -> Shortlist:
    """Says which of the frozen services is chosen, or that none is, on which criteria and why; its file is
    then made by a worker. Raises NotFrozen when somebody decided first, PriceAlone, or KeepingRefused."""
    criteria = [criterion for criterion in Criterion.values if criterion in set(criteria)]
    if not criteria:
        raise KeepingRefused("Cochez les critères que vous avez considérés.", "criteria")
    if criteria == [Criterion.PRICE]:
        raise PriceAlone(PRICE_ALONE)
    if len(reasons.strip()) < SHORTEST_REASONS:
        raise KeepingRefused("Dites en une ou deux phrases pourquoi vous faites ce choix.", "reasons")
    if chosen is not None and not ShortlistItem.objects.filter(shortlist=shortlist, listing=chosen).exists():
        raise KeepingRefused("Ce service n’est pas dans la présélection.", "chosen")
    if not _move(
        shortlist,
        ShortlistState.DECIDED,
        chosen=chosen,
        criteria=criteria,
        reasons=reasons.strip(),
        decided_at=now,
        decided_by=by,
    ):
        raise NotFrozen("Le choix est déjà motivé, ou la présélection n’est pas figée.")
    sentence = "{actor} a motivé le choix de la présélection"
    if chosen is None:
        sentence = "{actor} n’a retenu aucun service de la présélection"
    record(shortlist, by, now, "shortlist.decided", sentence)
    tasks.make_choice_file.defer(shortlist_id=shortlist.pk)
    shortlist.refresh_from_db()
    return shortlist


def considers_environment(criteria: Iterable[str]) -> bool:
    """Whether something of the environment was weighed, by itself or in a cost over the whole life."""
    return bool({Criterion.ENVIRONMENT, Criterion.LIFE_CYCLE} & set(criteria))


def _on_shelf(listing: Listing) -> bool:
    return listing.state == ListingState.LISTED and listing.vendor.state == VendorState.ACTIVE


def _move(shortlist: Shortlist, state: ShortlistState, **fields) -> bool:
    """Whether it was this call that moved it."""
    sources = [before for before, after in SHORTLIST_MOVES if after == state]
    return Shortlist.objects.filter(pk=shortlist.pk, state__in=sources).update(state=state, **fields) == 1
