"""One service in one hall: the version that this operator approved, never what the vendor wrote since."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from catalog.experience.queries import opinions_on
from catalog.models import Connector, Listing, ServiceSheet, Vendor
from catalog.prices import TerritoryFacts, counted_by, goes_by_college, listing_price, territory_facts
from catalog.queries import listing_on_shelf, names_on_shelf
from catalog.sheets.eligibility import eligibility
from catalog.sheets.files import pictures
from marketplace.web.claim_words import claims_section
from marketplace.web.counts import CountsForm, counts_in_address
from marketplace.web.formats import day
from marketplace.web.openings import opening_record
from marketplace.web.opinion_views import opinions_section
from marketplace.web.price_views import breakdown, price_card, tariff
from marketplace.web.public.commune_choice import CommuneChoice, chosen_commune
from marketplace.web.public.keeping import keep_service
from marketplace.web.public.member_state import member_action
from marketplace.web.public.views import operator_or_404
from provisioning.track_records import track_record_of
from subscriptions.pooling import pooled_facts
from tenants.identifiers import phone
from tenants.models import Operator

OPENINGS = {
    Connector.OSB: "Le service s’ouvre par lui-même, quelques minutes après l’accord de votre collectivité.",
    Connector.WEBHOOK: "Le service s’ouvre par lui-même après l’accord de votre collectivité.",
    Connector.TERRAFORM: "Le service est installé par lui-même après l’accord de votre collectivité.",
    Connector.MANUAL: "L’opérateur ou l’éditeur ouvre le service après l’accord de votre collectivité.",
}


@login_not_required
@require_safe
def service(request, operator, service):
    """One service: what it is, who makes it, and its price explained for the visitor's commune."""
    operator = operator_or_404(request, operator, with_organisation=True)
    listing = listing_on_shelf(operator=operator, slug=service)
    if listing is None:
        raise Http404
    said = counts_in_address(request.GET)
    choice = chosen_commune(request, on=localdate(timezone.now()), keep=[name for name, _ in said])
    if choice.redirect_to:
        return redirect(choice.redirect_to)
    context = service_context(
        operator=operator,
        listing=listing,
        sheet=listing.shown,
        vendor=listing.vendor,
        choice=choice,
        typed=request.GET,
    )
    context["action"] = member_action(request, listing=listing, commune=choice.commune)
    if said and context["action"]["kind"] == "subscribe":
        context["action"]["url"] += f"?{urlencode(said)}"
    pairs = [("service", listing.sheet.slug), *([("insee", choice.commune.code)] if choice.commune else [])]
    pairs += said
    context["simulate_url"] = f"{reverse('simulation', args=[operator.slug])}?{urlencode(pairs)}"
    context["keep"] = keep_service(request, listing, commune=choice.commune)
    return render(request, "public/service.html", context)


def service_context(
    *,
    operator: Operator,
    listing: Listing | None,
    sheet: ServiceSheet,
    vendor: Vendor,
    choice: CommuneChoice,
    typed: Mapping[str, str] | None = None,
) -> dict:
    """What public/service.html shows of this version of a sheet at this operator; `listing` is None while it
    was never proposed there. `typed`: what the visitor says of the commune, where the price depends on it."""
    today = localdate(timezone.now())
    commune = choice.commune
    facts = _facts(commune, listing, today)
    grid = listing.grid_on(today) if listing else None
    counted = counted_by(grid.definition, facts=facts) if facts and grid else ()
    counting = CountsForm(typed or {}, counted=counted) if counted else None
    if facts and counting:
        facts = replace(facts, counts=counting.counts)
    if facts and listing:
        facts = pooled_facts(listing=listing, facts=facts, on=today)
    price = listing_price(listing=listing, facts=facts) if facts and listing else None
    card = price_card(price=price, commune=commune, choose_url="#commune")
    if counting and price and price.problem:
        card |= {"url": "#compter", "url_label": "Indiquez-le."}
    suffix = f"?insee={commune.code}" if commune else ""
    return {
        "operator": operator,
        "listing": listing,
        "sheet": sheet,
        "vendor": vendor,
        "choice": choice,
        "price": card,
        "counting": counting,
        "breakdown": _breakdown(price, commune),
        "tariff": tariff(listing=listing, options=sheet.options, on=today) if listing else None,
        "gallery": _gallery(sheet),
        "documents": _documents(sheet),
        "contacts": [{**contact, "phone": phone(contact.get("phone", ""))} for contact in sheet.contacts],
        "prerequisites": _prerequisites(sheet, operator, suffix),
        "claims": claims_section(sheet=sheet, on=today),
        "opinions": opinions_section(opinions_on(sheet=sheet)),
        "eligibility": eligibility(sheet=sheet, territory=commune, facts=facts),
        "opening": OPENINGS.get(sheet.connector, ""),
        "opening_record": opening_record(track_record_of(vendor)),
        "contractors": [{**one, "until": _last_day(one.get("until", ""))} for one in sheet.contractors],
        "own_text": listing.own_text if listing else "",
        "terms": listing.terms if listing else "",
        "approved_on": day(listing.approved_at) if listing else "",
        "back_url": reverse("storefront", args=[operator.slug]) + suffix,
        "action": {"kind": "none"},
        "simulate_url": "",
        "keep": None,
        "preview": None,
        "picker_hidden": [],
    }


def _facts(commune, listing: Listing | None, today: date) -> TerritoryFacts | None:
    """Those of the commune, with its college at this operator if the price depends on it."""
    if commune is None:
        return None
    grid = listing.grid_on(today) if listing else None
    operator = listing.operator if grid and goes_by_college(grid.definition) else None
    return territory_facts(territories=[commune], on=today, college_at=operator)[commune.pk]


def _gallery(sheet: ServiceSheet) -> list[dict]:
    """The pictures with their sizes, so that the page does not jump when they come."""
    files = pictures(one["file"] for one in sheet.screenshots)
    return [
        {
            "url": reverse("sheet_file", args=[one["file"]]),
            "alt": one["alt"],
            "width": files[one["file"]].width,
            "height": files[one["file"]].height,
        }
        for one in sheet.screenshots
        if one["file"] in files
    ]


def _documents(sheet: ServiceSheet) -> list[dict]:
    return [
        {"title": one["title"], "url": reverse("sheet_file", args=[one["file"]])} for one in sheet.documents
    ]


def _prerequisites(sheet: ServiceSheet, operator: Operator, suffix: str) -> list[dict]:
    """Each with a link when it stands on this shelf."""
    names = names_on_shelf(
        operator=operator, slugs={one["sheet"] for one in sheet.prerequisites if one.get("sheet")}
    )
    found = []
    for one in sheet.prerequisites:
        slug = one.get("sheet", "")
        on_shelf = slug in names
        found.append(
            {
                "text": one.get("text") or names.get(slug, slug),
                "name": names[slug] if on_shelf and one.get("text") else "",
                "url": reverse("service", args=[operator.slug, slug]) + suffix if on_shelf else "",
            }
        )
    return found


def _last_day(text: str) -> str:
    try:
        return day(date.fromisoformat(text)) if text else ""
    except ValueError:
        return text


def _breakdown(price, commune) -> dict | None:
    if price is None or price.quote is None:
        return None
    return breakdown(
        quote=price.quote,
        vat=price.vat,
        vat_cents=price.vat_cents,
        caption=f"Le calcul pour {commune.name}, par an",
    )
