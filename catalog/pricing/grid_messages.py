"""Validation errors of a grid, turned into French sentences that say what to mend and where."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .money import COLON, format_number

# The patterns a grid may have, by the name a reader knows.
PATTERNS = {
    "flat_by_stratum": "forfait par strate",
    "per_inhabitant": "prix par habitant",
    "marginal_tranches": "tranches",
    "fixed_plus_variable": "part fixe et part variable",
    "per_unit": "prix par unité",
    "epci_by_communes": "EPCI selon ses communes membres",
    "pooled_volume": "volume de tout le groupe",
    "solidarity_key": "clé de solidarité",
    "not_published": "prix non publié",
    "sum_of": "somme de plusieurs barèmes",
    "first_year_and_following": "première année, puis années suivantes",
    "adhesion_and_recurring": "adhésion, puis prix annuel",
    "covered_by_epci": "compris dans l’abonnement de l’EPCI",
    "by_college": "selon le collège",
    "by_member_type": "selon le type d’adhérent",
}

_FIELDS = {
    "pattern": "modèle de barème",
    "population_kind": "sorte de population",
    "period": "période",
    "measure": "unité de mesure des strates",
    "strata": "strates",
    "lower": "borne basse",
    "upper": "borne haute",
    "lower_inclusive": "borne basse comprise",
    "upper_inclusive": "borne haute comprise",
    "amount": "montant",
    "first_year_amount": "montant de première année",
    "rate": "prix par habitant",
    "minimum": "minimum",
    "cap": "plafond",
    "tranches": "tranches",
    "up_to": "borne haute de la tranche",
    "fixed": "part fixe",
    "included": "nombre d’habitants compris",
    "unit": "sorte d’unité",
    "unit_name": "nom de l’unité",
    "unit_name_plural": "nom de l’unité au pluriel",
    "unit_price": "prix par unité",
    "counting": "façon de compter les paliers",
    "bands": "paliers",
    "coefficient": "coefficient",
    "tiers": "paliers du groupe",
    "per_commune": "prix par commune membre",
    "total": "total à partager",
    "points": "somme des points",
    "note": "précision",
    "parts": "parties",
    "name": "nom",
    "grid": "barème",
    "first_year": "première année",
    "following": "années suivantes",
    "adhesion": "adhésion",
    "recurring": "prix annuel",
    "colleges": "barèmes par collège",
    "grids": "barèmes par type d’adhérent",
    "otherwise": "barème des autres adhérents",
    "usage": "prix à l’usage",
    "plural": "nom au pluriel",
    "due": "échéance",
    "anchor": "départ des périodes",
    "proration": "prorata",
}

_ITEMS = {
    "strata": "strate",
    "tranches": "tranche",
    "bands": "palier",
    "tiers": "palier",
    "usage": "prix à l’usage",
    "parts": "partie",
    "colleges": "collège",
    "grids": "adhérent",
}


def in_french(errors: Iterable[Mapping[str, Any]]) -> list[str]:
    """One or more sentences for each pydantic error, in the order of the grid."""
    sentences = []
    for error in errors:
        where = _place(error["loc"])
        for reason in _reasons(error):
            # A rule of the whole grid is a sentence of its own.
            sentences.append(f"{where}{COLON}{reason}" if where else reason)
    return [sentence[:1].upper() + sentence[1:] for sentence in sentences]


def _place(loc: tuple[str | int, ...]) -> str:
    words: list[str] = []
    parent: str | int | None = None
    for part in loc:
        if parent in _ITEMS and words:
            number = format_number(part + 1) if isinstance(part, int) else f"« {part} »"
            words[-1] = f"{_ITEMS[str(parent)]} {number}"
        elif part not in PATTERNS:
            words.append(_FIELDS.get(str(part), f"« {part} »"))
        else:
            continue
        parent = None if parent in _ITEMS else part
    return ", ".join(words)


def _reasons(error: Mapping[str, Any]) -> list[str]:
    context = error.get("ctx", {})
    match error["type"]:
        case "grid_rules":
            return list(context["sentences"])
        case "amount":
            return [error["msg"]]
        case "missing":
            return ["à renseigner."]
        case "extra_forbidden":
            return ["champ inconnu, retirez-le."]
        case "union_tag_not_found":
            return [f"indiquez le modèle du barème (pattern) parmi {_choices(PATTERNS)}."]
        case "union_tag_invalid":
            return [
                f"le modèle « {context['tag']} » n’existe pas ici, choisissez parmi "
                f"{_choices(context['expected_tags'].replace(chr(39), '').split(', '))}."
            ]
        case "literal_error":
            return [f"valeur non reconnue, choisissez parmi {_quoted(context['expected'])}."]
        case "int_type" | "int_from_float" | "int_parsing":
            return ["écrivez un nombre entier, sans guillemets."]
        case "greater_than_equal":
            return [f"le nombre doit être au moins {format_number(context['ge'])}."]
        case "less_than_equal":
            return [f"le nombre doit être au plus {format_number(context['le'])}."]
        case "bool_type":
            return ["répondez par true ou false."]
        case "string_type":
            return ["écrivez un texte."]
        case "string_too_short":
            return ["à renseigner."]
        case "string_too_long":
            return [f"écrivez {format_number(context['max_length'])} caractères au plus."]
        case "string_pattern_mismatch":
            return ["retirez les espaces au début et à la fin, et les retours à la ligne."]
        case "tuple_type" | "list_type":
            return ["une liste est attendue."]
        case "dict_type" | "model_type" | "model_attributes_type" | "dict_attributes_type":
            return ["un objet avec des champs nommés est attendu."]
        case kind:
            return [f"valeur refusée ({kind})."]


def _choices(patterns: Iterable[str]) -> str:
    return ", ".join(f"{pattern} ({PATTERNS[pattern]})" for pattern in patterns)


def _quoted(expected: str) -> str:
    """pydantic writes ``'a', 'b' or 'c'``."""
    return re.sub(r"'([^']*)'", r"« \1 »", expected).replace(" or ", " ou ")
