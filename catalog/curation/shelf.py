"""The verbs of a listing on its operator's shelf: list, suspend, resume, withdraw, reopen, word, place."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils.timezone import localdate

from catalog.curation.errors import ListingMoved, MessageMissing, NotApproved, NotPriced
from catalog.curation.moves import locked, move
from catalog.curation.visas import check_visa
from catalog.finding.indexing import refresh
from catalog.models import GridState, Listing, ListingState, Submission, SubmissionState
from catalog.signals import listing_suspended
from tenants import audit
from tenants.models import Operator, User

MAX_REASON = 2000
# One statement for the whole shelf: the moved listing takes its place, all others close ranks.
RENUMBER = """
UPDATE catalog_listing AS listing SET position = ranked.rank
FROM (
    SELECT shelf.id, row_number() OVER (ORDER BY place, shelf.id) AS rank
    FROM (
        SELECT l.id, CASE WHEN l.id = %(moved)s THEN %(place)s
            ELSE 2 * row_number() OVER (PARTITION BY l.id = %(moved)s ORDER BY l.position, s.name, l.id)
        END AS place
        FROM catalog_listing AS l
        JOIN partner_stockrecord AS o ON o.id = l.offer_id
        JOIN catalog_servicesheet AS s ON s.product_id = o.product_id
        WHERE l.operator_id = %(operator)s AND l.state <> 'withdrawn'
    ) AS shelf
) AS ranked
WHERE listing.id = ranked.id AND listing.position <> ranked.rank
RETURNING listing.id
"""

RANKS = """
SELECT id, rank FROM (
    SELECT l.id, row_number() OVER (ORDER BY l.position, s.name, l.id) AS rank
    FROM catalog_listing AS l
    JOIN partner_stockrecord AS o ON o.id = l.offer_id
    JOIN catalog_servicesheet AS s ON s.product_id = o.product_id
    WHERE l.operator_id = %(operator)s AND l.state <> 'withdrawn'
) AS ranked WHERE id = ANY (%(listings)s)
"""


def is_priced(listing: Listing, *, on: date) -> bool:
    """Whether a grid of the service itself is published, in force that day or later."""
    lasting = Q(effective_until__isnull=True) | Q(effective_until__gt=on)
    return listing.grids.filter(lasting, state=GridState.PUBLISHED, option="").exists()


@transaction.atomic
def put_on_shelf(*, listing: Listing, by: User, now: datetime) -> Listing:
    """Lists what was accepted before it had a price.

    Raises NotApproved, NotPriced, VisaMissing, ListingMoved.
    """
    listing = locked(listing)
    _check_may_stand(listing, on=localdate(now))
    if listing.state != ListingState.DRAFT:
        raise ListingMoved(f"« {listing.sheet.name} » n’est pas en préparation.")
    move(listing=listing, to=ListingState.LISTED, by=by, now=now)
    refresh(listings=[listing.pk])
    return listing


@transaction.atomic
def suspend(*, listing: Listing, message: str, by: User, now: datetime) -> Listing:
    """Off the shelf for a while: nobody new subscribes. The message goes to the subscribers.

    Raises MessageMissing, ListingMoved.
    """
    listing = locked(listing)
    moved = move(listing=listing, to=ListingState.SUSPENDED, by=by, now=now, reason=_reason(message))
    listing_suspended.send(sender=Listing, move=moved, now=now)
    refresh(listings=[listing.pk])
    return listing


@transaction.atomic
def resume(*, listing: Listing, by: User, now: datetime) -> Listing:
    """Back on the shelf. Raises NotPriced, VisaMissing, ListingMoved."""
    listing = locked(listing)
    if listing.state != ListingState.SUSPENDED:
        raise ListingMoved(f"« {listing.sheet.name} » n’est pas suspendu.")
    _check_may_stand(listing, on=localdate(now))
    move(listing=listing, to=ListingState.LISTED, by=by, now=now)
    refresh(listings=[listing.pk])
    return listing


@transaction.atomic
def withdraw(*, listing: Listing, reason: str, by: User, now: datetime) -> Listing:
    """Off the shelf for good: what the vendor submitted is refused with the same reason, and it submits
    nothing here until the operator reopens it. Subscriptions go on. Raises MessageMissing, ListingMoved."""
    listing = locked(listing)
    reason = _reason(reason)
    move(listing=listing, to=ListingState.WITHDRAWN, by=by, now=now, reason=reason)
    Submission.objects.filter(listing=listing, state=SubmissionState.PENDING).update(
        state=SubmissionState.REFUSED, message=reason, decided_by=by, decided_at=now
    )
    refresh(listings=[listing.pk])
    return listing


@transaction.atomic
def reopen(*, listing: Listing, by: User, now: datetime) -> Listing:
    """In preparation again: the vendor may submit. Raises ListingMoved."""
    listing = locked(listing)
    move(listing=listing, to=ListingState.DRAFT, by=by, now=now)
    refresh(listings=[listing.pk])
    return listing


@transaction.atomic
def set_words(
    *, listing: Listing, own_text: str, terms: str, price_is_public: bool, by: User, now: datetime
) -> None:
    """The operator's own text and terms, and whether its negotiated price may be published. Nothing is
    recorded when nothing changes."""
    listing = locked(listing)
    words = {"own_text": own_text.strip(), "terms": terms.strip(), "price_is_public": price_is_public}
    changes = {
        name: [getattr(listing, name), value]
        for name, value in words.items()
        if getattr(listing, name) != value
    }
    if not changes:
        return
    Listing.objects.filter(pk=listing.pk).update(**words)
    audit.record(
        tenant=listing.operator.organisation,
        actor=by,
        what="listing.words",
        sentence=f"{{actor}} a changé ce que le rayon dit de « {listing.sheet.name} ».",
        subject_id=listing.pk,
        now=now,
        changes=changes,
    )
    refresh(listings=[listing.pk])


def ranks(*, operator: Operator, listings: Iterable[Listing]) -> dict[int, int]:
    """The place on the shelf of each of these listings (by id), counted from 1, whatever the numbers kept.
    What is in preparation has its place too; what is withdrawn has none. One query."""
    wanted = [listing.pk for listing in listings]
    with connection.cursor() as cursor:
        cursor.execute(RANKS, {"operator": operator.pk, "listings": wanted})
        return dict(cursor.fetchall())


@transaction.atomic
def place(*, listing: Listing, position: int, by: User, now: datetime) -> int:
    """Puts a listing at that place of its shelf, counted from 1; a place too far is the last one. Returns
    the place it has. Withdrawn ones have none."""
    shelf = Listing.objects.filter(operator=listing.operator_id).exclude(state=ListingState.WITHDRAWN)
    list(shelf.select_for_update(no_key=True).order_by("pk").values_list("pk"))  # one mover at a time
    with connection.cursor() as cursor:
        cursor.execute(
            RENUMBER,
            # The others stand on even places: between two of them is an odd one.
            {"moved": listing.pk, "place": 2 * max(position, 1) - 1, "operator": listing.operator_id},
        )
        moved = [pk for (pk,) in cursor.fetchall()]
    listing.refresh_from_db(fields=["position"])
    audit.record(
        tenant=listing.operator.organisation,
        actor=by,
        what="listing.placed",
        sentence=f"{{actor}} a placé « {listing.sheet.name} » au rang {listing.position} du rayon.",
        subject_id=listing.pk,
        now=now,
    )
    refresh(listings=moved)
    return listing.position


def _check_may_stand(listing: Listing, *, on: date) -> None:
    if listing.approved_revision is None:
        raise NotApproved("Aucune version de cette fiche n’a encore été acceptée.")
    if not is_priced(listing, on=on):
        raise NotPriced("Aucun tarif n’est publié pour ce service : publiez-en un, puis mettez-le en rayon.")
    check_visa(listing=listing, revision=listing.approved_revision, on=on)


def _reason(text: str) -> str:
    if not text.strip():
        raise MessageMissing("Écrivez pourquoi.")
    return text.strip()[:MAX_REASON]
