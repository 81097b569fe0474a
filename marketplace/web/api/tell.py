"""From what the rooms found to what the API says: plain dicts, as `schemas.py` describes them."""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse

from catalog.models import Claim, Listing, Vendor
from catalog.opendata.services import PublicService, ServiceDetail
from catalog.prices import ListingPrice
from tenants.models import Operator


def absolute(path: str) -> str:
    return f"{settings.BASE_URL.rstrip('/')}{path}"


def service_url(operator: str, slug: str) -> str:
    return absolute(reverse("service", args=[operator, slug]))


def operator(found: Operator) -> dict:
    body = found.organisation
    return {
        "id": found.slug,
        "name": body.name,
        "short_name": found.short_name,
        "siren": body.siren,
        "siret": body.siret or None,
        "legal_kind": found.legal_kind,
        "departement": departement(found),
        "services": found.services,
        "url": absolute(reverse("storefront", args=[found.slug])),
    }


def departement(found: Operator) -> str | None:
    """That of its seat: who its members are is not public."""
    body = found.organisation
    if body.territory and body.territory.departement:
        return body.territory.departement
    postcode = body.postcode
    return (postcode[:3] if postcode.startswith(("97", "98")) else postcode[:2]) or None


def vendor_ref(found: Vendor) -> dict:
    return {"siren": found.organisation.siren, "name": found.organisation.name}


def vendor(found: Vendor) -> dict:
    return {
        **vendor_ref(found),
        "kind": found.organisation.kind,
        "presentation": found.presentation,
        "website": found.website or None,
        "postcode": found.organisation.postcode or None,
        "city": found.organisation.city or None,
    }


def services(found: Iterable[PublicService]) -> list[dict]:
    # The addresses are made by hand: a hundred times `reverse` is half of the time of a page.
    pattern = service_url("OPERATOR", "SERVICE")
    return [_service(one, pattern) for one in found]


def _service(found: PublicService, pattern: str) -> dict:
    return {
        "id": found.id,
        "name": found.name,
        "summary": found.summary,
        "family": found.family,
        "connector": found.connector,
        "licence": found.licence or None,
        "vendor": {"siren": found.vendor_siren, "name": found.vendor_name},
        "body_types": found.body_types,
        "population_min": found.population_min,
        "population_max": found.population_max,
        "claims": found.claims,
        "rating": {"average": found.rating_average, "count": found.rating_count},
        "listed_on": found.listed_on.isoformat() if found.listed_on else None,
        "updated_at": found.updated_at.isoformat() if found.updated_at else None,
        "operators": found.operators,
        "url": pattern.replace("OPERATOR", found.operators[0]).replace("SERVICE", found.id),
    }


def claim(found: Claim) -> dict:
    return {
        "topic": found.topic,
        "label": found.get_topic_display(),
        "level": found.level,
        "valid_until": found.valid_until,
        "made_on": found.made_at.date(),
        "checked_on": found.checked_on,
        "checked_for": found.checked_for.slug if found.checked_for else None,
        "evidence_url": found.evidence_url or None,
    }


def service_in_full(found: ServiceDetail) -> dict:
    sheet, first = found.sheet, found.listings[0]
    return {
        "id": first.sheet.slug,
        "name": sheet.name,
        "summary": sheet.summary,
        "description": sheet.description,
        "family": sheet.family,
        "audience": sheet.audience,
        "body_types": sheet.body_types,
        "population_min": sheet.population_min,
        "population_max": sheet.population_max,
        "personal_data": sheet.personal_data,
        "hosting": sheet.hosting,
        "connector": sheet.connector,
        "licence": sheet.licence_spdx or None,
        "website": sheet.website or None,
        "repository_url": sheet.repository_url or None,
        "publiccode_url": sheet.publiccode_url or None,
        "contractors": [
            {"name": one.get("name", ""), "until": one.get("until"), "website": one.get("website")}
            for one in sheet.contractors
        ],
        "options": [
            {"code": one.get("code", ""), "name": one.get("name", ""), "summary": one.get("summary", "")}
            for one in sheet.options
        ],
        "vendor": vendor_ref(first.vendor),
        "claims": [claim(one) for one in found.claims],
        "shelves": [
            {
                "operator": listing.operator.slug,
                "url": service_url(listing.operator.slug, first.sheet.slug),
                "listed_on": listing.approved_at.date() if listing.approved_at else None,
            }
            for listing in found.listings
        ],
        "url": service_url(first.operator.slug, first.sheet.slug),
    }


def listing(found: Listing, *, price: ListingPrice | None, list_price: ListingPrice | None) -> dict:
    """`price` is the negotiated one: None unless its operator publishes it."""
    shown = price or list_price
    return {
        "service": found.sheet.slug,
        "name": found.shown.name,
        "family": found.shown.family,
        "vendor": vendor_ref(found.vendor),
        "url": service_url(found.operator.slug, found.sheet.slug),
        "price": _amounts(price),
        "price_published": found.price_is_public,
        "list_price": _amounts(list_price),
        "population": _counted(shown),
        "problem": (shown.problem or None) if shown else None,
    }


def _amounts(price: ListingPrice | None) -> dict | None:
    if price is None or price.quote is None:
        return None
    return {
        "net_cents": price.net_cents,
        "vat_cents": price.vat_cents,
        "gross_cents": price.gross_cents,
        "following_net_cents": price.following_cents,
    }


def _counted(price: ListingPrice | None) -> dict | None:
    if price is None or price.population is None:
        return None
    counted = price.population
    return {"value": counted.value, "kind": counted.kind, "reference_year": counted.reference_year}
