"""What a service says and costs one organisation on one day, copied: no later change is seen in it.

A snapshot is JSON: texts in French as they were read, amounts in cents, days in ISO. Whoever reads one takes
`table.py`.
"""

from collections.abc import Sequence
from datetime import date

from catalog.claims.reading import headline, stored
from catalog.models import Claim, ClaimTopic, Connector, Family, Listing, ServiceSheet, ShelfEntry
from catalog.prices import ListingPrice, TerritoryFacts, list_price, listing_price, territory_facts
from catalog.sheets.eligibility import whom
from tenants.models import Organisation

NO_TERRITORY = "Votre organisation n’est rattachée à aucun territoire : sa population est inconnue."
TOPICS = tuple(ClaimTopic.values)


def snapshots(*, listings: Sequence[Listing], organisation: Organisation, on: date) -> dict[int, dict]:
    """By listing id. The listings come with their sheet, vendor, approved revision and grids; three queries
    more (four for an EPCI)."""
    facts = None
    if organisation.territory is not None:
        facts = territory_facts(territories=[organisation.territory], on=on)[organisation.territory_id]
    sheets = {listing.sheet.pk: listing.pk for listing in listings}
    entries = ShelfEntry.objects.in_bulk([listing.pk for listing in listings])
    claims: dict[int, list[Claim]] = {}
    in_force = Claim.objects.in_force(on=on).filter(sheet__in=sheets)
    for claim in sorted(in_force, key=lambda claim: TOPICS.index(claim.topic)):
        claims.setdefault(claim.sheet_id, []).append(claim)
    return {
        listing.pk: {
            "on": on.isoformat(),
            **_service(listing),
            **_prices(listing, facts),
            "claims": [_claim(claim) for claim in claims.get(listing.sheet.pk, [])],
            "rating": _rating(entries.get(listing.pk)),
        }
        for listing in listings
    }


def _service(listing: Listing) -> dict:
    sheet: ServiceSheet = listing.shown
    body = listing.vendor.organisation
    return {
        "slug": listing.sheet.slug,
        "name": sheet.name,
        "summary": sheet.summary,
        "vendor": body.name,
        "vendor_siren": body.siren,
        "operator": listing.operator.short_name,
        "family": Family(sheet.family).label,
        "audience": sheet.audience,
        "eligibility": whom(
            body_types=sheet.body_types, least=sheet.population_min, most=sheet.population_max
        ),
        "hosting": sheet.hosting,
        "licence": sheet.licence,
        "licence_spdx": sheet.licence_spdx,
        "connector": Connector(sheet.connector).label,
        "prerequisites": [item["text"] for item in sheet.prerequisites if item.get("text")],
        "personal_data": sheet.personal_data,
        "terms": listing.terms,
        "approved_at": listing.approved_at.isoformat() if listing.approved_at else None,
    }


def _prices(listing: Listing, facts: TerritoryFacts | None) -> dict:
    if facts is None:
        return {"price": {"problem": NO_TERRITORY}, "list_price": None}
    outside = list_price(listing=listing, facts=facts)
    return {
        "price": _price(listing_price(listing=listing, facts=facts)),
        "list_price": _price(outside) if outside else None,
    }


def _price(price: ListingPrice) -> dict:
    if price.quote is None:
        return {"problem": price.problem}
    population = price.population
    return {
        "net_cents": price.net_cents,
        "vat_cents": price.vat_cents,
        "gross_cents": price.gross_cents,
        "vat_category": price.vat.category,
        "vat_rate": f"{price.vat.rate:f}",
        "vat_reason": price.vat_reason,
        "following_net_cents": price.following_cents,
        "following_vat_cents": price.following_vat_cents,
        "quote": price.quote.to_dict(),
        "population": {
            "value": population.value,
            "kind": population.kind,
            "reference_year": population.reference_year,
        }
        if population
        else None,
    }


def _claim(claim: Claim) -> dict:
    return {
        "topic": claim.topic,
        "label": claim.get_topic_display(),
        "text": headline(claim.topic, stored(claim.topic, claim.value)),
        "value": claim.value,
        "level": claim.level,
        "level_label": claim.get_level_display(),
        "made_on": claim.made_at.date().isoformat(),
        "checked_on": claim.checked_on.isoformat() if claim.checked_on else None,
        "valid_until": claim.valid_until.isoformat() if claim.valid_until else None,
        "evidence_url": claim.evidence_url,
        "evidence_file": claim.evidence_file_id,
    }


def _rating(entry: ShelfEntry | None) -> dict:
    return {"sum": entry.rating_sum, "count": entry.rating_count} if entry else {"sum": 0, "count": 0}
