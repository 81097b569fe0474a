"""What an organisation is, in words: for its own pages and for those of its operator."""

from collections.abc import Iterable
from datetime import timedelta

from marketplace.web.formats import day, format_number
from marketplace.web.operator.forms import capitalised
from marketplace.web.public.territory_words import source_words
from tenants.identifiers import grouped
from tenants.models import Establishment, Organisation, Population


def identity_facts(organisation: Organisation) -> list[dict]:
    """For components/facts.html. Select `territory` and `successor`."""
    facts = [
        {"label": "SIREN", "value": grouped(organisation.siren)},
        {"label": "Nature", "value": capitalised(organisation.get_kind_display())},
    ]
    if organisation.legal_category:
        facts.append({"label": "Catégorie juridique", "value": organisation.legal_category})
    town = f"{organisation.postcode} {organisation.city}".strip()
    address = ", ".join(filter(None, (organisation.address, town)))
    if address:
        facts.append({"label": "Adresse", "value": address})
    if organisation.vat_number:
        facts.append({"label": "Numéro de TVA", "value": organisation.vat_number})
    if organisation.territory:
        facts.append({"label": "Territoire", "value": organisation.territory.full_name})
    if organisation.closed_on:
        heir = f", remplacée par {organisation.successor.name}" if organisation.successor else ""
        facts.append({"label": "Disparue", "value": f"le {day(organisation.closed_on)}{heir}"})
    return facts


def establishment_facts(place: Establishment) -> dict:
    """An establishment and what Chorus Pro asks of invoices sent there. Prefetch `services`."""
    services = sorted(place.services.all(), key=lambda service: (not service.is_default, service.code))
    asked = [
        words
        for required, words in (
            (place.service_code_required, "un code service"),
            (place.commitment_required, "un numéro d’engagement"),
        )
        if required
    ]
    return {
        "siret": place.siret,
        "title": f"SIRET {grouped(place.siret)}",
        "note": " – ".join(filter(None, (_seat_note(place), place.name))),
        "asked": " et ".join(asked),
        "services": [
            f"{service.code}{f' – {service.name}' if service.name else ''}"
            f"{' (par défaut)' if service.is_default else ''}"
            for service in services
        ],
        "code_missing": place.service_code_required and not any(one.is_default for one in services),
    }


def _seat_note(place: Establishment) -> str:
    if place.is_seat:
        return "siège"
    if place.seat_from:
        return f"siège à partir du {day(place.seat_from)}"
    return f"ancien siège, jusqu’au {day(place.seat_until - timedelta(days=1))}" if place.seat_until else ""


def population_rows(populations: Iterable[Population]) -> list[dict]:
    """Populations in force, each with its kind, year and source."""
    return [
        {
            "kind": row.get_kind_display(),
            "value": "inconnue" if row.value is None else format_number(row.value),
            "year": str(row.reference_year),
            "since": day(row.in_force_from),
            "source": source_words(row.source),
        }
        for row in populations
    ]
