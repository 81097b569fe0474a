"""Validation errors of a publiccode.yml, turned into French sentences that say what to mend and where.

A place is named as in the file, for whoever opens it: ``maintenance/contractors (2)/until, ligne 31``.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MAX_ERRORS = 30


def in_french(errors: Iterable[Mapping[str, Any]], lines: Mapping[tuple, int]) -> list[str]:
    """One sentence for each pydantic error, in the order of the model; the first MAX_ERRORS of them."""
    sentences = []
    for error in errors:
        if len(sentences) == MAX_ERRORS:
            sentences.append("D’autres erreurs suivent, corrigez d’abord celles-ci.")
            break
        sentences.append(f"{_place(error['loc'], lines)}\u202f: {_reason(error)}")
    return sentences


def _place(loc: tuple[str | int, ...], lines: Mapping[tuple, int]) -> str:
    words = ""
    for part in loc:
        words += f" ({part + 1})" if isinstance(part, int) else f"{'/' if words else ''}{part[:60]}"
    known = next((lines[loc[:size]] for size in range(len(loc), 0, -1) if loc[:size] in lines), None)
    return f"{words}, ligne {known}" if known else words


def _reason(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    missing = error.get("input") is None
    match error["type"]:
        case "publiccode" if not missing:
            return context["sentence"]
        case "missing":
            return "à renseigner."
        case "literal_error" if not missing:
            return f"valeur non reconnue, choisissez parmi {_quoted(context['expected'])}."
        case "string_too_long":
            return f"au plus {_number(context['max_length'])} caractères."
        case "string_too_short":
            least = context["min_length"]
            return "à renseigner." if least == 1 else f"au moins {least} caractères."
        case "too_long":
            return f"au plus {context['max_length']} valeurs."
        case "too_short":
            return "indiquez au moins une valeur."
        case _ if missing:
            return "à renseigner."
        case "string_type":
            return "écrivez un texte."
        case "tuple_type" | "list_type":
            return "une liste est attendue."
        case "dict_type" | "model_type" | "model_attributes_type":
            return "des champs nommés sont attendus."
        case kind:
            return f"valeur refusée ({kind})."


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f")


def _quoted(expected: str) -> str:
    """pydantic writes ``'a', 'b' or 'c'``."""
    return re.sub(r"'([^']*)'", "«\u00a0\\1\u00a0»", expected).replace(" or ", " ou ")
