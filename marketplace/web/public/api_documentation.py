"""From the OpenAPI document to what its page shows: addresses, parameters and answers, in words."""

from collections.abc import Iterable

_KINDS = {
    "string": "texte",
    "integer": "nombre entier",
    "number": "nombre",
    "boolean": "vrai ou faux",
    "object": "objet",
    "null": "",
}


def documented(document: dict) -> dict:
    """`groups` of operations by tag, `objects` that the answers are made of."""
    groups: dict[str, list[dict]] = {}
    for path, methods in document["paths"].items():
        operation = methods["get"]
        groups.setdefault(operation["tags"][0], []).append(
            {
                "path": path,
                "summary": operation["summary"],
                "id": operation["operationId"],
                "parameters": [_parameter(one) for one in operation.get("parameters", [])],
                "answer": _reference(operation["responses"][200]),
            }
        )
    return {
        "description": document["info"]["description"],
        "groups": [{"label": label, "operations": found} for label, found in groups.items()],
        "objects": [
            {"name": name, "rows": list(_fields(schema))}
            for name, schema in sorted(document["components"]["schemas"].items())
        ],
    }


def _parameter(parameter: dict) -> dict:
    schema = parameter["schema"]
    return {
        "name": parameter["name"],
        "kind": _kind(schema),
        "required": parameter.get("required", False),
        "text": schema.get("description", parameter.get("description", "")),
        "default": "" if schema.get("default") is None else str(schema["default"]),
    }


def _fields(schema: dict) -> Iterable[list[dict]]:
    for name, field in schema.get("properties", {}).items():
        yield [{"text": name}, {"text": _kind(field)}, {"text": field.get("description", "")}]


def _reference(response: dict) -> str:
    content = next(iter(response["content"].values()))
    return content["schema"].get("$ref", "").rsplit("/", 1)[-1]


def _kind(schema: dict) -> str:
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1]
    if "anyOf" in schema:
        kinds = [_kind(one) for one in schema["anyOf"]]
        optional = any(one.get("type") == "null" for one in schema["anyOf"])
        named = ", ".join(kind for kind in kinds if kind)
        return f"{named} ou rien" if optional else named
    if "enum" in schema:
        return f"parmi : {', '.join(value for value in schema['enum'] if value)}"
    if schema.get("const") == "":
        return ""
    if schema.get("type") == "array":
        return f"liste de : {_kind(schema.get('items', {}))}"
    if schema.get("format") == "date":
        return "date (AAAA-MM-JJ)"
    return _KINDS.get(schema.get("type", ""), "")
