"""What a service needs beside it: what the organisation has already, and what it may ask for with it."""

from dataclasses import dataclass

from catalog.models import Listing
from subscriptions.exceptions import PrerequisiteMissing
from subscriptions.models import Subscription
from tenants.models import Organisation


@dataclass(frozen=True)
class Prerequisite:
    """One of a sheet's, for one organisation.

    `slug` is "" for words that only a person can check. `having`: its open request or subscription, at any
    operator's; `listing`: where it may be asked for, on the same shelf.
    """

    name: str
    slug: str
    required: bool
    having: Subscription | None
    listing: Listing | None

    @property
    def is_met(self) -> bool:
        """Whether the organisation has it, or has asked for it."""
        return self.having is not None

    @property
    def is_missing(self) -> bool:
        """Whether it is surely not there, and the service cannot be asked for without it."""
        return self.required and bool(self.slug) and not self.is_met

    @property
    def state(self) -> str:
        """Changes when what a person was told of it is no longer so."""
        met = "met" if self.is_met else "missing"
        return f"{self.slug or self.name}:{self.required}:{met}:{self.listing.pk if self.listing else ''}"


def prerequisites_of(*, listing: Listing, organisation: Organisation) -> list[Prerequisite]:
    """Those of a listing as its operator approved it, in the sheet's order. Two queries, none without any."""
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
    having = {
        one.listing.sheet.slug: one
        for one in Subscription.objects.open()
        .filter(tenant=organisation, listing__offer__product__sheet__slug__in=slugs)
        .select_related("listing__offer__product__sheet")
    }
    return [_prerequisite(item, shelf, having) for item in items]


def _prerequisite(item: dict, shelf: dict[str, Listing], having: dict[str, Subscription]) -> Prerequisite:
    slug = item.get("sheet", "")
    listing, subscription = shelf.get(slug), having.get(slug)
    name = item.get("text") or slug
    if listing is not None:
        name = listing.shown.name
    elif subscription is not None:
        name = subscription.service_name
    return Prerequisite(
        name=name,
        slug=slug,
        required=bool(slug) and bool(item.get("required")),
        having=subscription,
        listing=listing if subscription is None else None,
    )


def check_prerequisites(*, listing: Listing, organisation: Organisation) -> None:
    """Raises PrerequisiteMissing for what the sheet calls indispensable."""
    found = prerequisites_of(listing=listing, organisation=organisation)
    if missing := [one.name for one in found if one.is_missing]:
        raise PrerequisiteMissing(missing)
