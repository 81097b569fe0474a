"""The services an organisation keeps at hand."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Favourite, Listing, ListingState
from catalog.prices import ListingPrice, listing_price, territory_facts
from catalog.shortlists.favourites import add_favourite, favourites_of, remove_favourite
from marketplace.web.access import member_view
from marketplace.web.commune.choices.frame import PREPARING, SERVICE, back, crumbs
from marketplace.web.commune.home import storefront_url
from marketplace.web.formats import day, format_cents
from tenants.members.adhesions import operators_of
from tenants.models import Organisation

PAGE_SIZE = 25


@member_view()
@require_safe
def favourite_list(request, organisation):
    """By operator's shelf, the last kept first, each with the organisation's own price of the day."""
    today = localdate(timezone.now())
    page = Paginator(favourites_of(organisation=organisation), PAGE_SIZE).get_page(request.GET.get("page"))
    facts = None
    if organisation.territory is not None:
        facts = territory_facts(territories=[organisation.territory], on=today)[organisation.territory_id]
    operators = list(operators_of(organisation=organisation, on=today).order_by("short_name", "pk"))
    rows = [_row(favourite, organisation, facts) for favourite in page]
    context = {
        "organisation": organisation,
        "crumbs": crumbs(organisation, "member_favourites"),
        "rows": rows,
        "page": page,
        "may_prepare": bool(request.roles & set(PREPARING)),
        "halls": _halls(rows, organisation),
        "shelves": [
            {"name": operator.short_name, "url": storefront_url(operator, organisation)}
            for operator in operators
        ],
    }
    return render(request, "commune/choices/favourites.html", context)


@member_view()
@require_POST
def keep(request, organisation, listing):
    """Keeps a service, or keeps it no longer; then back to where she was."""
    home = reverse("member_favourites", args=[organisation.siren])
    if request.POST.get("action") == "retirer":
        kept = Favourite.objects.filter(tenant=organisation, listing=listing)
        found = get_object_or_404(kept.select_related("listing")).listing
        remove_favourite(organisation=organisation, listing=found, by=request.user, now=timezone.now())
        messages.success(request, f"« {found.shown.name} » n’est plus dans vos favoris.")
        return back(request, home, place=f"garder-{listing}")
    today = localdate(timezone.now())
    offered = Listing.objects.filter(
        state=ListingState.LISTED, operator__in=operators_of(organisation=organisation, on=today)
    )
    found = get_object_or_404(offered, pk=listing)
    add_favourite(organisation=organisation, listing=found, by=request.user, now=timezone.now())
    messages.success(request, f"« {found.shown.name} » est dans vos favoris.")
    return back(request, home, place=f"garder-{listing}")


def _row(favourite: Favourite, organisation: Organisation, facts) -> dict:
    listing = favourite.listing
    sheet = listing.shown
    listed = listing.state == ListingState.LISTED
    price = listing_price(listing=listing, facts=facts) if facts else None
    insee = f"?insee={organisation.territory.code}" if facts and facts.member_type == "commune" else ""
    return {
        "pk": listing.pk,
        "name": sheet.name,
        "slug": listing.sheet.slug,
        "url": reverse("service", args=[listing.operator.slug, listing.sheet.slug]) + insee if listed else "",
        "summary": sheet.summary,
        "vendor": listing.vendor.organisation.name,
        "operator": listing.operator.short_name,
        "hall": listing.operator.slug,
        **_price(price),
        "listed": listed,
        "at": day(favourite.added_at),
        "by": str(favourite.added_by),
        "remove_url": reverse("member_favourite", args=[organisation.siren, listing.pk]),
    }


def _price(price: ListingPrice | None) -> dict:
    """What a year costs; "—" when it has no price."""
    if price is None or price.quote is None:
        return {"price": "—", "price_note": ""}
    text = format_cents(price.gross_cents)
    apart = price.following_cents != price.net_cents
    return {
        "price": f"{text} TTC" if price.vat_cents else text,
        "price_note": "la première année" if apart else "",
    }


def _halls(rows: list[dict], organisation: Organisation) -> list[dict]:
    """For each shelf with two favourites or more on this page: compare them."""
    halls: dict[str, list[dict]] = {}
    for row in rows:
        if row["listed"]:
            halls.setdefault(row["hall"], []).append(row)
    insee = ""
    if organisation.territory and organisation.territory.kind == "commune":
        insee = f"&insee={organisation.territory.code}"
    return [
        {
            "name": kept[0]["operator"],
            "url": f"{reverse('compare', args=[hall])}?"
            + "&".join(f"{SERVICE}={row['slug']}" for row in kept[:4])
            + insee,
            "prepare": f"{reverse('member_shortlist_add', args=[organisation.siren, hall])}?"
            + "&".join(f"{SERVICE}={row['slug']}" for row in kept[:10]),
        }
        for hall, kept in halls.items()
        if len(kept) > 1
    ]
