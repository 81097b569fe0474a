"""The JSON Schema of what a service asks when it opens (Draft 2020-12), written by a stranger."""

import json
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

MAX_LENGTH = 20_000
MAX_DEPTH = 20


def read_schema(text: str) -> dict:
    """The schema written as JSON text, {} for none. Raises ValueError with a French sentence."""
    if not text.strip():
        return {}
    if len(text) > MAX_LENGTH:
        raise ValueError(f"C’est trop long : {MAX_LENGTH} caractères au plus.")
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"Ce n’est pas du JSON : voyez la ligne {error.lineno}, caractère {error.colno}."
        ) from error
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    return checked_schema(found)


def checked_schema(schema: Any) -> dict:
    """A schema that describes an object, or {}. Raises ValueError with a French sentence."""
    if not isinstance(schema, dict):
        raise ValueError("Le schéma doit être un objet JSON, entre accolades.")
    if not schema:
        return {}
    _check_tree(schema, 1)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(_in_french(error)) from error
    if schema.get("type") != "object":
        raise ValueError(
            'Le schéma doit décrire un objet : ajoutez « "type": "object" » et la liste « properties ».'
        )
    return schema


_TOO_DEEP = f"Ce schéma est trop profond : {MAX_DEPTH} niveaux au plus."


def _no_constant(name: str):
    raise ValueError(f"Ce n’est pas du JSON : « {name} » n’est pas un nombre.")


def _check_tree(node: Any, depth: int) -> None:
    """Not too deep, nothing that PostgreSQL cannot keep, and no address to fetch something from."""
    if depth > MAX_DEPTH:
        raise ValueError(_TOO_DEEP)
    if isinstance(node, str) and "\0" in node:
        raise ValueError("Le schéma contient un caractère nul : retirez-le.")
    if isinstance(node, list):
        for item in node:
            _check_tree(item, depth + 1)
    if isinstance(node, dict):
        for key, value in node.items():
            _check_tree(key, depth)
            if key in ("$ref", "$dynamicRef") and isinstance(value, str) and not value.startswith("#"):
                raise ValueError(
                    f"« {key} » ne peut désigner qu’une partie de ce schéma (#/…) : rien n’est lu ailleurs."
                )
            _check_tree(value, depth + 1)


def _in_french(error: SchemaError) -> str:
    where = " → ".join(str(step) for step in error.absolute_path)
    place = f"à l’endroit « {where[:200]} »" if where else "au premier niveau"
    return (
        f"Ce n’est pas un schéma JSON (Draft 2020-12) : {place}, la valeur {_short(error.instance)} "
        f"n’est pas permise{_wanted(error)}."
    )


def _wanted(error: SchemaError) -> str:
    if error.validator == "type":
        return f" : il faut « {error.validator_value} »"
    if error.validator == "enum":
        return f" : choisissez parmi {', '.join(str(one) for one in error.validator_value)}"
    if error.validator == "anyOf":
        return " : vérifiez le nom du type (object, string, integer, number, boolean, array, null)"
    return ""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
