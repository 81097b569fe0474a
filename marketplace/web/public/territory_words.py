"""How a territory, its populations and a search without an answer are said in French."""

import re
from collections.abc import Iterable
from datetime import date

from marketplace.web.formats import day, format_number
from tenants.identifiers import BadIdentifier, clean_siren, clean_siret
from tenants.models import Population, Territory
from tenants.models.territory import PopulationKind, TerritoryKind
from tenants.register.vintage import SOURCES
from tenants.territories.vintages import ADDED_UP

NATURES = {
    "CC": "communauté de communes",
    "CA": "communauté d’agglomération",
    "CU": "communauté urbaine",
    "METRO": "métropole",
    "MET69": "métropole à statut particulier",
}
OVERSEAS = {
    **dict.fromkeys(("975", "977", "978", "986", "987", "988"), "collectivité d’outre-mer"),
    **dict.fromkeys(("984", "989"), "territoire d’outre-mer"),
}


def kind_of(place: Territory) -> str:
    """ "communauté de communes", "collectivité d’outre-mer"…"""
    if place.kind in (TerritoryKind.DEPARTEMENT, TerritoryKind.REGION) and place.code in OVERSEAS:
        return OVERSEAS[place.code]
    if place.kind == TerritoryKind.COMMUNE and place.current_id:
        return "ancienne commune"
    return NATURES.get(place.nature) or place.get_kind_display()


def people(count: int) -> str:
    """ "1 habitant", "3 452 habitants"."""
    return f"{format_number(count)}\u00a0habitant{'s' if count > 1 else ''}"


def inhabitants(counted: Population | None) -> str:
    """ "3 452 habitants (population municipale 2023)"; nobody and unknown are told apart."""
    if counted is None or counted.value is None:
        return "population inconnue"
    return f"{people(counted.value)} ({counted.get_kind_display()} {counted.reference_year})"


def via(text: str) -> str:
    """What led to a commune, beside its name: a part is only named, a code or a seat says what it is."""
    return text if not text or text.startswith(("ancien code", "siège de")) else f"comprend {text}"


def newest_in_force(populations: Iterable[Population], *, on: date) -> dict[str, Population]:
    """By kind. `populations` are newest first."""
    found: dict[str, Population] = {}
    for row in populations:
        if row.in_force_from <= on:
            found.setdefault(row.kind, row)
    return found


def population_rows(populations: list[Population], *, on: date) -> list[dict]:
    """For the table: which row counts today is said in words."""
    in_force = newest_in_force(populations, on=on).values()
    return [
        {
            "kind": row.get_kind_display(),
            "value": "inconnue" if row.value is None else format_number(row.value),
            "year": row.reference_year,
            "since": day(row.in_force_from),
            "state": _state(row, in_force, on),
            "is_in_force": row in in_force,
            "source": source_words(row.source),
        }
        for row in populations
    ]


def _state(row: Population, in_force: Iterable[Population], on: date) -> str:
    if row in in_force:
        return "en vigueur"
    return "à venir" if row.in_force_from > on else "remplacée"


def source_words(key: str) -> str:
    """Where a count of inhabitants comes from: a register's source has a key and a label, which Halle's own
    sums over merged communes keep; any other says itself what it is."""
    if key.endswith(ADDED_UP):
        return f"{source_words(key.removesuffix(ADDED_UP))}, somme des communes réunies"
    source = SOURCES.get(key)
    if source is None:
        return key
    return str(source["label"]) if source["in_force_certain"] else f"{source['label']} ; date d’effet déduite"


def bars(populations: list[Population]) -> list[dict]:
    """The municipal population, year by year and oldest first, when there are several; widths in per cent."""
    by_year: dict[int, Population] = {}
    for row in populations:
        if row.kind == PopulationKind.MUNICIPALE and row.value is not None:
            by_year.setdefault(row.reference_year, row)
    if len(by_year) < 2:
        return []
    largest = max(row.value or 0 for row in by_year.values()) or 1
    return [
        {
            "year": year,
            "source": source_words(row.source),
            "text": people(row.value or 0),
            "width": round(100 * (row.value or 0) / largest),
        }
        for year, row in sorted(by_year.items())
    ]


def advice(query: str) -> str:
    """What to try when nothing answers: what is wrong with a number, or how else to ask."""
    digits = re.sub(r"[\s.\-]", "", query)
    if digits.isascii() and digits.isdigit() and len(digits) > 5:
        try:
            clean_siret(query) if len(digits) > 11 else clean_siren(query)
        except BadIdentifier as bad:
            return bad.message
        return "Ce numéro n’est celui d’aucune commune ni d’aucune organisation connue de Halle."
    if digits.isascii() and digits.isdigit():
        return "Aucune commune n’a ce code INSEE ni ce code postal. Cherchez-la par son nom."
    return "Vérifiez l’orthographe, ou essayez le code postal de la mairie."
