"""What a service needs beside it: what the organisation has already, and what it may ask for with it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from catalog.models import Listing
from subscriptions.exceptions import PrerequisiteMissing
from subscriptions.models import RUNNING, Cover, State, Subscription
from tenants.models import Organisation

SURE = (State.APPROVED, State.PROVISIONING, *RUNNING)


@dataclass(frozen=True)
class Prerequisite:
    """One of a sheet's, for one organisation.

    `slug` is "" for words that only a person can check. `having`: its open request or subscription, at any
    operator's; `covered_by`: the cover by which it has it from its intercommunality; `listing`: where it may
    be asked for, or is asked for already, on the same shelf.
    """

    name: str
    slug: str
    required: bool
    having: Subscription | None
    listing: Listing | None
    covered_by: Cover | None = None

    @property
    def is_met(self) -> bool:
        """Whether the organisation has it or surely will: a request that waits may still be refused."""
        return self.covered_by is not None or (self.having is not None and self.having.state in SURE)

    @property
    def is_asked(self) -> bool:
        """Whether it is requested, and nobody has decided yet."""
        return not self.is_met and self.having is not None and self.having.state == State.REQUESTED

    @property
    def is_missing(self) -> bool:
        """Whether the service cannot be asked for without it, and it is not there, or not yet for sure."""
        return self.required and bool(self.slug) and not self.is_met

    @property
    def state(self) -> str:
        """Changes when what a person was told of it is no longer so."""
        met = "met" if self.is_met else "asked" if self.is_asked else "missing"
        return f"{self.slug or self.name}:{self.required}:{met}:{self.listing.pk if self.listing else ''}"


def prerequisites_of(*, listing: Listing, organisation: Organisation, on: date) -> list[Prerequisite]:
    """Those of a listing as its operator approved it, in the sheet's order, and what the organisation has of
    them that day. Three queries, none without any."""
    items = listing.shown.prerequisites
    slugs = {item["sheet"] for item in items if item.get("sheet")}
    if not slugs:
        return [Prerequisite(item["text"], "", False, None, None) for item in items]
    shelf = {
        one.sheet.slug: one
        for one in Listing.objects.on_shelf_of(listing.operator)
        .for_cards()
        .filter(offer__product__sheet__slug__in=slugs)
    }
    opened = (
        Subscription.objects.open()
        .paid()  # what is tried may be gone next month
        .filter(tenant=organisation, listing__offer__product__sheet__slug__in=slugs)
        .select_related("listing__offer__product__sheet")
    )
    # Of several operators' it is the one that is surest.
    having = {one.listing.sheet.slug: one for one in sorted(opened, key=lambda one: one.state in SURE)}
    covers = {
        one.listing.sheet.slug: one
        for one in Cover.objects.in_force(on=on)
        .filter(tenant=organisation, listing__offer__product__sheet__slug__in=slugs)
        .select_related("covering", "listing__offer__product__sheet")
    }
    return [_prerequisite(item, shelf, having, covers) for item in items]


def _prerequisite(
    item: dict, shelf: dict[str, Listing], having: dict[str, Subscription], covers: dict[str, Cover]
) -> Prerequisite:
    slug = item.get("sheet", "")
    listing, subscription, cover = shelf.get(slug), having.get(slug), covers.get(slug)
    name = item.get("text") or slug
    if listing is not None:
        name = listing.shown.name
    elif subscription is not None:
        name = subscription.service_name
    elif cover is not None:
        name = cover.service_name
    may_ask = subscription is None or subscription.state == State.REQUESTED
    found = Prerequisite(
        name=name,
        slug=slug,
        required=bool(slug) and bool(item.get("required")),
        having=subscription,
        listing=listing if may_ask else None,
        covered_by=cover,
    )
    return replace(found, listing=None) if found.is_met else found


def check_prerequisites(
    *, listing: Listing, organisation: Organisation, on: date, together: Collection[Listing] = ()
) -> None:
    """Raises PrerequisiteMissing for what the sheet calls indispensable, and that is not there that day. What
    is only requested counts when it was asked for in the same go (`together`)."""
    found = prerequisites_of(listing=listing, organisation=organisation, on=on)
    asked = {one.sheet.slug for one in together}
    if missing := [one.name for one in found if one.is_missing and not (one.is_asked and one.slug in asked)]:
        raise PrerequisiteMissing(missing)
