"""The filters beside a shelf, what was made of the words, and the way out when nothing answers."""

from catalog.finding.addresses import ShelfQuery, band_value
from catalog.finding.asked import Asked, Local, Visitor
from catalog.finding.find import Found
from catalog.finding.search import MAX_LENGTH
from catalog.models import Family
from marketplace.web.formats import format_number
from marketplace.web.moulds import Fixed
from marketplace.web.public.shelf_words import (
    CONNECTORS,
    FOR_ME,
    LEVELS,
    LICENCES,
    LOCAL,
    TOPICS,
    USED_ALIKE,
    band_words,
    shortened,
)

# What Asked becomes without a facet, by the facet's name in catalog.finding.facets.
WITHOUT = {
    "family": ("la famille", {"families": frozenset()}),
    "connector": ("la façon d’ouvrir le service", {"connectors": frozenset()}),
    "licence": ("la licence", {"licences": frozenset()}),
    "price": ("le prix", {"prices": frozenset()}),
    "local": ("« service local »", {"local": Local.ANYWHERE}),
    "used": ("« communes comme la mienne »", {"used_alike": False}),
    "for_me": ("« seulement pour ma commune »", {"for_me": False}),
}


def groups(query: ShelfQuery, visitor: Visitor | None, found: Found) -> list[dict]:
    """For components/filters.html. A choice that nobody would answer to is left out, unless it is made."""
    asked, facets = query.asked, found.facets
    families = {name: Family(name).label for name in facets.families}
    licences = {name: LICENCES.get(name, name) for name in facets.licences}
    found_groups = [_boxes("Famille", "famille", families, facets.families, asked.families)]
    if visitor:
        labels = {band_value(band): band_words(band) for band in facets.prices}
        counts = {band_value(band): count for band, count in facets.prices.items()}
        chosen = {band_value(band) for band in asked.prices}
        found_groups.append(_boxes("Prix TTC par an pour ma commune", "prix", labels, counts, chosen))
        found_groups.append(_for_my_commune(asked, found))
    levels = [
        {"value": Fixed(level), "label": label, "checked": asked.level == level}
        for level, label in LEVELS.items()
    ]
    found_groups += [
        _boxes("Preuves apportées", "preuve", TOPICS, facets.claims, asked.claims),
        {"legend": "Niveau des preuves", "name": "niveau", "kind": "radio", "options": levels},
        _boxes("Licence", "licence", licences, facets.licences, asked.licences),
        _boxes("Ouverture du service", "ouverture", CONNECTORS, facets.connectors, asked.connectors),
    ]
    return [group for group in found_groups if group["options"]]


def reading_notes(query: ShelfQuery, path: str, found: Found) -> list[dict]:
    """What was made of the words: read as others, cut, or none at all. For components/alert.html."""
    asked, read = query.asked, found.read
    notes = []
    if read.corrected:
        notes.append(
            {
                "text": f"Résultats pour « {read.corrected} ».",
                "link_url": query.address(path, exact=True),
                "link_label": f"Chercher exactement « {shortened(asked.words)} »",
            }
        )
    if read.cut:
        notes.append(
            {"text": f"Votre recherche est longue : seuls ses {MAX_LENGTH} premiers caractères ont été lus."}
        )
    if asked.words and not read.searched:
        notes.append(
            {"text": "Votre recherche ne contient aucun mot à chercher : tous les services sont montrés."}
        )
    return [{"link_url": "", "link_label": "", **note} for note in notes]


def empty_state(query: ShelfQuery, path: str, found: Found) -> dict:
    """Why nothing answers, and which filter to drop. For public/_shelf.html."""
    if not found.whole:
        return {
            "title": "Rien sur cette étagère pour l’instant",
            "text": "Aucun service n’est encore proposé ici. Écrivez à votre opérateur.",
            "ways": [],
        }
    ways = []
    for facet, count in sorted(found.drop.items(), key=lambda item: -item[1]):
        if not count:
            continue
        if isinstance(facet, tuple):
            label, changes = f"la preuve « {TOPICS[facet[1]]} »", {"claims": query.asked.claims - {facet[1]}}
        else:
            label, changes = WITHOUT[facet]
        plural = "s" if count > 1 else ""
        ways.append(
            {
                "label": f"Retirer {label} : {format_number(count)} service{plural}",
                "url": query.address(path, **changes),
            }
        )
    if query.asked.words:
        ways.append(
            {"label": "Voir les services sans ces mots", "url": query.address(path, words="", exact=False)}
        )
    unknown = " et ".join(f"« {shortened(word)} »" for word in found.read.unknown[:3])
    text = "Aucun service de cette halle ne répond à tous vos choix à la fois."
    if unknown:
        text = (
            f"Aucun service de cette halle ne parle de {unknown}. Essayez un mot plus court ou plus courant."
        )
    elif found.read.searched and not found.drop:
        text = "Aucun service de cette halle ne réunit tous ces mots. Essayez-en moins."
    return {"title": "Aucun service ne correspond", "text": text, "ways": ways}


def _for_my_commune(asked: Asked, found: Found) -> dict:
    facets = found.facets
    options = [_option("pourmoi", "1", FOR_ME, facets.for_me, asked.for_me)]
    options += [
        _option("local", str(local), LOCAL[local], count, asked.local == local)
        for local, count in facets.local.items()
        if count or asked.local == local
    ]
    if facets.used_alike or asked.used_alike:
        options.append(_option("semblables", "1", USED_ALIKE, facets.used_alike, asked.used_alike))
    return {"legend": "Pour ma commune", "name": "", "kind": "checkbox", "options": options}


def _option(name: str, value: str, label: str, count: int | None, checked: bool) -> dict:
    return {
        "name": name,
        "value": Fixed(value),
        "label": label,
        "count": format_number(count or 0),
        "checked": checked,
    }


def _boxes(legend: str, name: str, labels: dict[str, str], counts: dict[str, int], chosen) -> dict:
    options = [
        _option(name, value, label, counts.get(value), value in chosen)
        for value, label in labels.items()
        if counts.get(value) or value in chosen
    ]
    return {"legend": legend, "name": name, "kind": "checkbox", "options": options}
