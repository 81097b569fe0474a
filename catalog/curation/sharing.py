"""An operator offers one of its listings to another operator's members, who accepts it in turn.

Each verb runs in the scope of whoever acts; the other operator is told by letter.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Case, QuerySet, Value, When
from django.utils.timezone import localdate

from catalog.curation.errors import MessageMissing, ShareRefused
from catalog.curation.letters import CURATORS, address, write_to
from catalog.curation.moves import locked
from catalog.finding.indexing import refresh
from catalog.models import GridState, Listing, ListingShare, ListingState, PriceGrid, ShareState
from tenants import audit
from tenants.constraints import violated
from tenants.models import Operator, User

MAX_REASON = 1000
# What a copied grid says like the one it comes from.
COPIED = (
    "option", "definition", "list_definition", "vat_category", "vat_rate", "vat_reason", "trial_days", "note",
)  # fmt: skip


def may_be_offered_to(listing: Listing) -> QuerySet[Operator]:
    """The other operators that have no listing of this offer, and were not offered it, by name."""
    have_it = Listing.objects.filter(offer=listing.offer_id).values("operator")
    asked = listing.shares.filter(state=ShareState.OFFERED).values("to_operator")
    return Operator.objects.exclude(pk__in=have_it).exclude(pk__in=asked).order_by("short_name", "pk")


@transaction.atomic
def offer(*, listing: Listing, to_operator: Operator, message: str, by: User, now: datetime) -> ListingShare:
    """Offers what stands on this operator's shelf to another one. Raises ShareRefused."""
    listing = locked(listing)
    service = listing.sheet.name
    if listing.state != ListingState.LISTED:
        raise ShareRefused(f"« {service} » n’est pas en rayon : il ne peut pas être proposé.")
    if Listing.objects.filter(operator=to_operator, offer=listing.offer_id).exists():
        raise ShareRefused(f"{to_operator.short_name} a déjà « {service} » chez lui.", "to_operator")
    try:
        with transaction.atomic():
            share = ListingShare.objects.create(
                listing=listing,
                to_operator=to_operator,
                message=message.strip(),
                offered_by=by,
                offered_at=now,
            )
    except IntegrityError as error:
        if violated(error) != "listing_share_one_offer":
            raise
        raise ShareRefused(
            f"« {service} » est déjà proposé à {to_operator.short_name}.", "to_operator"
        ) from None
    _record(
        listing.operator, share, by, now, "offered", f"a proposé « {service} » à {to_operator.short_name}"
    )
    _write(
        share,
        to=to_operator,
        sender=listing.operator,
        step="offered",
        subject=f"{listing.operator.short_name} vous propose « {service} »",
        text=f"{listing.operator.short_name} propose « {service} » à vos adhérents, aux mêmes conditions de "
        "départ. À vous d’accepter ou de refuser.",
        quoted=share.message,
        now=now,
    )
    return share


@transaction.atomic
def accept(*, share: ListingShare, by: User, now: datetime) -> Listing:
    """The service comes onto the accepting operator's shelf, in preparation: same offer, same approved
    version, the published grids copied as drafts for it to publish, its own text and terms still to write.

    Raises ShareRefused.
    """
    _decide(share, ShareState.ACCEPTED, by=by, now=now)
    source, operator = locked(share.listing), share.to_operator
    if source.state != ListingState.LISTED:
        raise ShareRefused(f"« {source.sheet.name} » n’est plus en rayon chez {source.operator.short_name}.")
    listing, made = Listing.objects.get_or_create(
        operator=operator,
        offer=source.offer,
        defaults={
            "approved_revision": source.approved_revision,
            "approved_at": now,
            "shared_from": source,
        },
    )
    if not made:
        raise ShareRefused(f"« {source.sheet.name} » est déjà dans votre rayon : il n’y a rien à accepter.")
    PriceGrid.objects.bulk_create(_copies(source, listing, now))
    service = source.sheet.name
    _record(operator, share, by, now, "accepted", f"a accepté « {service} » de {source.operator.short_name}")
    _write(
        share,
        to=source.operator,
        sender=operator,
        step="decided",
        subject=f"{operator.short_name} a accepté « {service} »",
        text=f"{operator.short_name} prend « {service} » à son catalogue.",
        quoted="",
        now=now,
    )
    refresh(listings=[listing.pk])
    return listing


@transaction.atomic
def refuse(*, share: ListingShare, reason: str, by: User, now: datetime) -> None:
    """Says no, and why. Raises MessageMissing, ShareRefused."""
    if not reason.strip():
        raise MessageMissing("Écrivez pourquoi.", "reason")
    _decide(share, ShareState.REFUSED, by=by, now=now, reason=reason.strip()[:MAX_REASON])
    operator, source = share.to_operator, share.listing.operator
    service = share.listing.sheet.name
    _record(operator, share, by, now, "refused", f"a refusé « {service} » de {source.short_name}")
    _write(
        share,
        to=source,
        sender=operator,
        step="decided",
        subject=f"{operator.short_name} a refusé « {service} »",
        text=f"{operator.short_name} ne prend pas « {service} » à son catalogue.",
        quoted=share.reason,
        now=now,
    )


@transaction.atomic
def cancel(*, share: ListingShare, by: User, now: datetime) -> None:
    """The operator that offered takes its offer back. Raises ShareRefused."""
    _decide(share, ShareState.CANCELLED, by=by, now=now)
    service, other = share.listing.sheet.name, share.to_operator.short_name
    _record(share.listing.operator, share, by, now, "cancelled", f"ne propose plus « {service} » à {other}")


def offered_to(operator: Operator) -> QuerySet[ListingShare]:
    """What others offered to this operator, what waits first."""
    return _shares().filter(to_operator=operator)


def offered_by(operator: Operator) -> QuerySet[ListingShare]:
    """What this operator offered to others, what waits first."""
    return _shares().filter(listing__operator=operator)


def _shares() -> QuerySet[ListingShare]:
    waiting = Case(When(state=ShareState.OFFERED, then=Value(0)), default=Value(1))
    return ListingShare.objects.select_related(
        "to_operator__organisation",
        "listing__operator__organisation",
        "listing__approved_revision",
        "listing__offer__product__sheet__vendor__organisation",
        "decided_by",
    ).order_by(waiting, "-offered_at", "-pk")


def _decide(share: ListingShare, state: ShareState, *, by: User, now: datetime, reason: str = "") -> None:
    decision = {"state": state, "decided_by": by, "decided_at": now, "reason": reason}
    if ListingShare.objects.filter(pk=share.pk, state=ShareState.OFFERED).update(**decision) != 1:
        raise ShareRefused("Cette proposition a déjà reçu une réponse, ou n’est plus faite.")
    for name, value in decision.items():
        setattr(share, name, value)


def _copies(source: Listing, listing: Listing, now: datetime) -> list[PriceGrid]:
    """Drafts of the published grids in force today or later."""
    today = localdate(now)
    return [
        PriceGrid(
            listing=listing,
            state=GridState.DRAFT,
            effective_from=max(grid.effective_from, today),
            effective_until=grid.effective_until,
            **{name: getattr(grid, name) for name in COPIED},
        )
        for grid in source.grids.filter(state=GridState.PUBLISHED).order_by("option", "effective_from")
        if grid.effective_until is None or grid.effective_until > today
    ]


def _record(operator: Operator, share: ListingShare, by: User, now: datetime, step: str, words: str) -> None:
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what=f"share.{step}",
        sentence=f"{{actor}} {words}.",
        subject_id=share.pk,
        now=now,
    )


def _write(
    share: ListingShare,
    *,
    to: Operator,
    sender: Operator,
    step: str,
    subject: str,
    text: str,
    quoted: str,
    now: datetime,
) -> None:
    message = f"\n\nSon message :\n\n{quoted}" if quoted else ""
    write_to(
        organisation=to.organisation,
        roles=CURATORS,
        tenant=sender.organisation,
        key=f"share:{share.pk}:{step}",
        subject=subject,
        body=f"Bonjour,\n\n{text}{message}\n\nVos partages :\n{address('operator_shares', to.slug)}\n",
        now=now,
    )
