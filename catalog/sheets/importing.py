"""Fill a draft from a publiccode.yml: what it would change first, then what the person ticks."""

from dataclasses import dataclass
from typing import Any

from catalog.models import ServiceSheet
from catalog.publiccode import PublicCode
from catalog.revisions import compared_fields, label_of, words_of


@dataclass(frozen=True)
class Proposal:
    """One field that the file would fill: `before` and `after` in words."""

    field: str
    label: str
    before: str
    after: str


def values_from(code: PublicCode, *, publiccode_url: str = "") -> dict[str, Any]:
    """The fields of a sheet that the file says something about."""
    fields = code.for_sheet(publiccode_url=publiccode_url)
    functions = "\n".join(f"– {feature}" for feature in fields.features)
    values = {
        "name": fields.name,
        "summary": fields.summary,
        "description": "\n\n".join(
            part for part in (fields.description, functions and f"Fonctions :\n{functions}") if part
        )[:10_000],
        "licence_spdx": fields.licence,
        "repository_url": fields.repository_url,
        "publiccode_url": fields.publiccode_url,
        "website": code.landing_url or "",
        "contractors": [
            {"name": one.name, "until": one.until.isoformat(), "website": one.website or ""}
            for one in fields.contractors
        ],
    }
    return {name: value for name, value in values.items() if value}


def proposals(sheet: ServiceSheet, values: dict[str, Any]) -> list[Proposal]:
    """What these values would change in this version, in the order of the sheet."""
    return [
        Proposal(
            field.name,
            label_of(field),
            words_of(field, getattr(sheet, field.name)),
            words_of(field, values[field.name]),
        )
        for field in compared_fields()
        if field.name in values and getattr(sheet, field.name) != values[field.name]
    ]
