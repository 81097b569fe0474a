"""How a listing moves from one state to another: the one place where it does."""

from datetime import datetime

from catalog.curation.errors import ListingMoved
from catalog.models import LISTING_MOVES, Listing, ListingMove, ListingState
from catalog.signals import listing_listed
from tenants import audit
from tenants.models import User

SENTENCES = {
    ListingState.DRAFT: "{{actor}} a remis « {service} » en préparation.",
    ListingState.LISTED: "{{actor}} a mis « {service} » au catalogue.",
    ListingState.SUSPENDED: "{{actor}} a suspendu « {service} ».",
    ListingState.REFUSED: "{{actor}} a refusé « {service} ».",
    ListingState.WITHDRAWN: "{{actor}} a retiré « {service} » du catalogue.",
}


def locked(listing: Listing) -> Listing:
    """The listing as it is now, with all that curation reads of it; who else moves or reviews it waits."""
    return (
        Listing.objects.select_for_update(of=("self",), no_key=True)
        .select_related(
            "operator__organisation",
            "offer__product__sheet__vendor__organisation",
            "approved_revision",
        )
        .get(pk=listing.pk)
    )


def move(
    *, listing: Listing, to: ListingState, by: User | None, now: datetime, reason: str = ""
) -> ListingMove:
    """Moves a listing along LISTING_MOVES, with a row in its log and an event in its operator's.

    Raises ListingMoved when it cannot go there from where it is.
    """
    before = ListingState(listing.state)
    if (before, to) not in LISTING_MOVES:
        raise ListingMoved(f"« {listing.sheet.name} » est {before.label} : cette action n’est plus possible.")
    if Listing.objects.filter(pk=listing.pk, state=before).update(state=to) != 1:
        raise ListingMoved(f"L’état de « {listing.sheet.name} » vient de changer. Rechargez la page.")
    listing.state = to
    moved = ListingMove.objects.create(listing=listing, before=before, after=to, at=now, by=by, reason=reason)
    if to == ListingState.LISTED:
        listing_listed.send(sender=Listing, listing=listing, now=now)
    audit.record(
        tenant=listing.operator.organisation,
        actor=by,
        what=f"listing.{to}",
        sentence=SENTENCES[to].format(service=listing.sheet.name),
        subject_id=listing.pk,
        now=now,
        changes={"state": [before.label, ListingState(to).label]},
    )
    return moved
