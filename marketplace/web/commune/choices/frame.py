"""What the pages of "Mes choix" have in common."""

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import localdate

from catalog.models import Listing
from tenants.members.adhesions import operators_of
from tenants.models import Operator, Organisation, Role

LISTS = {
    "member_favourites": "Favoris",
    "member_searches": "Recherches",
    "member_shortlists": "Présélections",
}
# Names in the addresses that lead here from a shelf.
SEARCH, SERVICE = "recherche", "service"
# Who prepares a shortlist, and who says which service is chosen.
PREPARING = (Role.SECRETARY,)
DECIDING = (Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN)
MOST_SERVICES = 20  # named by one address


def crumbs(organisation: Organisation, section: str, here: str = "") -> list[dict]:
    """From the organisation to one of the three lists, or from there to the page shown."""
    url = reverse(section, args=[organisation.siren]) if here else ""
    found = [
        {"label": organisation.name, "url": reverse("member_home", args=[organisation.siren])},
        {"label": LISTS[section], "url": url},
    ]
    return [*found, {"label": here, "url": ""}] if here else found


def hall_of(organisation: Organisation, slug: str) -> Operator:
    """The operator of that name, if the organisation may use its services today; 404 otherwise."""
    operators = operators_of(organisation=organisation, on=localdate(timezone.now()))
    return get_object_or_404(operators, slug=slug)


def listings_of(operator: Operator, slugs: list[str]) -> list[Listing]:
    """The services of the operator's shelf with these names in addresses, in that order."""
    asked = [slug for slug in dict.fromkeys(slugs) if "\0" not in slug][:MOST_SERVICES]
    found = (
        Listing.objects.on_shelf_of(operator)
        .select_related("offer__product__sheet__vendor__organisation", "approved_revision", "operator")
        .filter(offer__product__sheet__slug__in=asked)
    )
    return sorted(found, key=lambda listing: asked.index(listing.sheet.slug))


def back(request: HttpRequest, otherwise: str, *, place: str = "") -> HttpResponseRedirect:
    """To the page the form was on, at `place` in it; to `otherwise` when it does not say."""
    url = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if not safe:
        return redirect(otherwise)
    return redirect(f"{url}#{place}" if place else url)
