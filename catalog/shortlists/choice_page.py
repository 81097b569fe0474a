"""What the file of a choice says: every text already in French, ready for the template.

It names nobody: whoever signs writes her name and quality on it.
"""

from collections.abc import Sequence

from django.utils.timezone import localdate

from catalog.models import Criterion, Shortlist, ShortlistItem
from catalog.shortlists.deciding import considers_environment
from catalog.shortlists.table import Calculation, Row, calculation, population_words, price_label, rows
from tenants.days import in_words
from tenants.documents.fonts import FAMILY, printable
from tenants.identifiers import grouped
from tenants.models import Organisation

MOST_SIDE_BY_SIDE = 4
NOT_AN_AWARD = "Ce document aide au choix\u00a0; il ne vaut pas décision d’attribution."
RULES = (
    "Cette présélection aide à choisir. Elle ne remplace ni la procédure applicable au montant de votre "
    "besoin, ni l’acte qui engage la collectivité.",
    "Même sans publicité ni mise en concurrence préalables, l’acheteur choisit une offre pertinente, utilise "
    "bien les deniers publics et ne contracte pas systématiquement avec le même fournisseur (code de la "
    "commande publique, article R2122-8).",
    "Le prix n’est jamais le seul critère, et l’environnement est l’un d’eux (articles L2152-7 et R2152-7).",
)
NO_ENVIRONMENT = (
    "L’environnement ne figure pas parmi les critères considérés ici. Un marché doit en tenir compte."
)


def page(shortlist: Shortlist, items: Sequence[ShortlistItem]) -> dict:
    """The content of choice.typ, as plain values of JSON. Holds only signs the typeface can draw."""
    found = [item.snapshot for item in items]
    chosen = next((item.snapshot for item in items if item.listing_id == shortlist.chosen_id), None)
    return printable(
        {
            "family": FAMILY,
            "title": f"Choix motivé : {shortlist.title}",
            "buyer": _body(shortlist.tenant),
            "operator": shortlist.operator.organisation.name,
            "subject": shortlist.title,
            "need": _paragraphs(shortlist.need),
            "facts": _facts(shortlist, found),
            "chosen": _chosen(chosen),
            "criteria": [Criterion(criterion).label for criterion in shortlist.criteria],
            "remark": "" if considers_environment(shortlist.criteria) else NO_ENVIRONMENT,
            "reasons": _paragraphs(shortlist.reasons),
            "tables": [_table(part, shortlist.chosen_id) for part in _parts(items, most=MOST_SIDE_BY_SIDE)],
            "calculations": [_calculation(one) for one in map(calculation, found) if one],
            "rules": list(RULES),
            "footer": NOT_AN_AWARD,
        }
    )


def _body(organisation: Organisation) -> dict:
    return {
        "name": organisation.name,
        "siren": grouped(organisation.siren),
        "address": [organisation.address, f"{organisation.postcode} {organisation.city}".strip()],
    }


def _facts(shortlist: Shortlist, found: Sequence[dict]) -> list[list[str]]:
    services = f"{len(found)} service{'s' if len(found) > 1 else ''}"
    facts = [
        ["Présélection figée le", in_words(localdate(shortlist.frozen_at))],
        ["Choix motivé le", in_words(localdate(shortlist.decided_at))],
        ["Services comparés", services],
    ]
    # Each price counts the population that its own grid names.
    if counted := list(dict.fromkeys(filter(None, map(population_words, found)))):
        facts.append(["Prix calculés pour", " ; ".join(counted)])
    if shortlist.search:
        facts.append(["Recherche", shortlist.search])
    return facts


def _chosen(snapshot: dict | None) -> dict | None:
    if snapshot is None:
        return None
    label, price = price_label([snapshot]), rows([snapshot])[0].cells[0]
    return {
        "name": snapshot["name"],
        "vendor": snapshot["vendor"],
        "summary": snapshot["summary"],
        "price": price.text,
        "note": price.note,
        "period": label.removeprefix("Prix ").removeprefix("de "),
    }


def _table(items: Sequence[ShortlistItem], chosen_id: int | None) -> dict:
    table = rows([item.snapshot for item in items], [item.note for item in items])
    return {
        "heads": [{"name": item.snapshot["name"], "chosen": item.listing_id == chosen_id} for item in items],
        "rows": [_row(row) for row in table],
    }


def _row(row: Row) -> dict:
    return {
        "label": row.label,
        "cells": [{"text": cell.text, "note": cell.note, "level": cell.level_label} for cell in row.cells],
    }


def _calculation(one: Calculation) -> dict:
    return {
        "name": one.name,
        "lines": [{"label": label, "steps": steps, "amount": amount} for label, steps, amount in one.lines],
        "totals": [list(total) for total in one.totals],
    }


def _parts(items: Sequence[ShortlistItem], *, most: int) -> list[Sequence[ShortlistItem]]:
    """As few parts as they fit in, as even as they can be."""
    count = max(1, -(-len(items) // most))
    size, more = divmod(len(items), count)
    parts, start = [], 0
    for rank in range(count):
        end = start + size + (rank < more)
        parts.append(items[start:end])
        start = end
    return parts


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.splitlines() if part.strip()]
