"""A body written in Wagtail, as the list of pieces that public/_body.html shows."""

from django.db.models import Q
from django.urls import reverse
from wagtail.fields import StreamValue
from wagtail.images import get_image_model

from catalog.models import Listing
from marketplace.web.price_views import price_card
from tenants.models import Operator

WIDTH = "max-1200x1200"


def pieces(body: StreamValue, *, operator: Operator) -> list[dict]:
    """One {kind, …} a block. A service is shown only while it stands on this operator's shelf; a picture only
    while it exists. At most one query for all the services and two for all the pictures."""
    cards, pictures = _cards(_ids(body, "service"), operator), _pictures(_ids(body, "image"), operator)
    shown = []
    for block in body:
        value, kind = block.value, block.block_type
        if kind == "service":
            if value and value.pk in cards:
                shown.append({"kind": kind, "card": cards[value.pk]})
        elif kind == "image":
            if value and value.pk in pictures:
                alt = "" if value.decorative else value.contextual_alt_text
                shown.append({"kind": kind, "picture": pictures[value.pk], "alt": alt or ""})
        else:
            shown.append({"kind": kind, "value": value})
    return shown


def _ids(body: StreamValue, kind: str) -> list[int]:
    return [block.value.pk for block in body if block.block_type == kind and block.value]


def _cards(ids: list[int], operator: Operator) -> dict[int, dict]:
    """For components/service_card.html, by listing. The price is on the service's own page."""
    if not ids:
        return {}
    listings = Listing.objects.on_shelf_of(operator).for_cards().filter(pk__in=ids)
    return {listing.pk: _card(listing, operator) for listing in listings}


def _card(listing: Listing, operator: Operator) -> dict:
    url, sheet = reverse("service", args=[operator.slug, listing.sheet.slug]), listing.shown
    return {
        "name": sheet.name,
        "url": url,
        "vendor": listing.vendor.organisation.name,
        "family": sheet.get_family_display(),
        "family_icon": sheet.family,
        "summary": sheet.summary,
        "price": price_card(price=None, commune=None, choose_url=url),
    }


def _pictures(ids: list[int], operator: Operator) -> dict[int, object]:
    """The picture of each image, drawn once at the width of a page and kept. Not those of another operator's
    editors, whatever number was sent."""
    if not ids:
        return {}
    allowed = Q(collection__desk__operator=operator) | Q(collection__desk__isnull=True)
    images = get_image_model().objects.filter(allowed, pk__in=ids).prefetch_renditions(WIDTH)
    return {image.pk: image.get_rendition(WIDTH) for image in images}
