"""What a member may keep of a shelf: a service among her favourites, a search, a shortlist."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate

from catalog.finding.addresses import parameters
from catalog.models import Listing
from catalog.shortlists.favourites import kept_among
from catalog.shortlists.searches import LONGEST_QUERY
from marketplace.web.access import mandates
from marketplace.web.commune.choices.frame import PREPARING, SEARCH, SERVICE
from tenants.members.adhesions import members_of
from tenants.models import Operator, Organisation, Territory
from tenants.people.roles import MEMBER_ROLES
from tenants.tenancy import tenant_scope


@dataclass(frozen=True)
class Keeper:
    """The organisation for which this person keeps what she finds, and which of it is kept already."""

    organisation: Organisation
    may_prepare: bool
    kept: frozenset[int]

    def button(self, listing: int) -> dict:
        """For components/keep.html."""
        return {
            "id": f"garder-{listing}",
            "url": reverse("member_favourite", args=[self.organisation.siren, listing]),
            "kept": listing in self.kept,
        }


def keeper_of(
    request: HttpRequest, operator: Operator, *, commune: Territory | None, listings: Iterable[int] = ()
) -> Keeper | None:
    """None for a visitor and for whoever works for no member of this operator. Of several organisations, that
    of the commune shown. Two queries, for a member only."""
    if not request.user.is_authenticated:
        return None
    held = [mandate for mandate in mandates(request.user) if mandate.role in MEMBER_ROLES]
    if not held:
        return None
    members = members_of(operator=operator, on=localdate(timezone.now()))
    adhering = set(
        members.filter(pk__in={mandate.organisation_id for mandate in held}).values_list("pk", flat=True)
    )
    places = [mandate.organisation for mandate in held if mandate.organisation_id in adhering]
    if not places:
        return None
    here = next((one for one in places if commune and one.territory_id == commune.pk), places[0])
    roles = {mandate.role for mandate in held if mandate.organisation_id == here.pk}
    with tenant_scope([here.pk]):
        kept = kept_among(organisation=here, listings=listings)
    return Keeper(here, bool(roles & set(PREPARING)), frozenset(kept))


def keep_on_shelf(
    request: HttpRequest, operator: Operator, context: dict, *, commune: Territory | None, query
) -> None:
    """Adds to the context of a shelf what its cards and its bar offer to a member; nothing to others."""
    listings = [card["listing"] for card in context["cards"]]
    keeper = keeper_of(request, operator, commune=commune, listings=listings)
    context["keep"] = None
    if keeper is None:
        return
    for card in context["cards"]:
        card["keep"] = keeper.button(card["listing"])
    asked = urlencode(parameters(query.asked))
    hall = [keeper.organisation.siren, operator.slug]
    context["keep"] = {
        "next": request.get_full_path(),
        "save_url": f"{reverse('member_search_save', args=hall)}?{urlencode({SEARCH: asked})}",
        "prepare_url": reverse("member_shortlist_add", args=hall) if keeper.may_prepare else "",
        "search_name": SEARCH,
        "search": asked,
    }


def keep_service(request: HttpRequest, listing: Listing, *, commune: Territory | None) -> dict | None:
    """The same for the page of one service."""
    keeper = keeper_of(request, listing.operator, commune=commune, listings=[listing.pk])
    if keeper is None:
        return None
    slugs = [listing.sheet.slug]
    return {
        **keeper.button(listing.pk),
        "next": request.get_full_path(),
        "prepare_url": _prepare(keeper, listing.operator, slugs) if keeper.may_prepare else "",
    }


def prepare_url(
    request: HttpRequest, operator: Operator, slugs: Sequence[str], *, commune: Territory | None
) -> str:
    """Where these services are added to a shortlist, with the search they come from; "" for whoever prepares
    none."""
    keeper = keeper_of(request, operator, commune=commune) if slugs else None
    if keeper is None or not keeper.may_prepare:
        return ""
    return _prepare(keeper, operator, slugs, search=request.GET.get(SEARCH, "")[:LONGEST_QUERY])


def _prepare(keeper: Keeper, operator: Operator, slugs: Sequence[str], *, search: str = "") -> str:
    address = reverse("member_shortlist_add", args=[keeper.organisation.siren, operator.slug])
    pairs = [*((SERVICE, slug) for slug in slugs), *([(SEARCH, search)] if search else [])]
    return f"{address}?{urlencode(pairs)}"
