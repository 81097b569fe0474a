"""What is wrong with a request to the API, in French, for whoever wrote the program that asks."""

import re


def in_french(errors: list[dict]) -> list[dict]:
    """From ninja's validation errors to {field, detail}."""
    found: dict[str, str] = {}
    for error in errors:
        field = str(next((part for part in error["loc"][1:] if isinstance(part, str)), error["loc"][-1]))
        # A union tells of each of its branches: the first is enough.
        found.setdefault(field, f"{field}\u202f: {_reason(error)}")
    return [{"field": field, "detail": detail} for field, detail in found.items()]


def _reason(error: dict) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "int_parsing" | "int_from_float" | "int_parsing_size" | "int_type":
            return "écrivez un nombre entier."
        case "greater_than_equal":
            return f"le nombre doit être au moins {context['ge']}."
        case "less_than_equal":
            return f"le nombre doit être au plus {context['le']}."
        case "literal_error":
            return f"valeur inconnue, choisissez parmi {_listed(context['expected'])}."
        case "string_pattern_mismatch":
            return "valeur mal formée."
        case "string_too_long":
            return f"au plus {context['max_length']} caractères."
        case _:
            return "valeur refusée."


def _listed(expected: str) -> str:
    """pydantic writes ``'a', 'b' or 'c'``."""
    return ", ".join(f"«\u00a0{name}\u00a0»" for name in re.findall(r"'([^']*)'", expected))
