"""From a publiccode.yml to the fields of a service sheet."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .plain_text import one_line, plain_text

if TYPE_CHECKING:
    from .model import Contractor, Description, PublicCode

MAX_NAME = 120
MAX_SUMMARY = 220


@dataclass(frozen=True)
class SheetFields:
    """Plain texts in French, else in English, else in the first language of the file (``language``)."""

    name: str  # at most MAX_NAME characters
    summary: str  # at most MAX_SUMMARY characters
    description: str  # paragraphs separated by an empty line
    features: tuple[str, ...]
    licence: str  # SPDX expression
    repository_url: str
    publiccode_url: str
    maintenance: str  # internal, contract, community or none
    contractors: "tuple[Contractor, ...]"
    organisation: str
    language: str


def sheet_fields(code: "PublicCode", *, publiccode_url: str) -> SheetFields:
    languages = _preferred(code)
    first = languages[0][1]
    name = first.localised_name or code.name
    owner = code.organisation
    return SheetFields(
        name=_shortened(one_line(name) or code.name, MAX_NAME),
        summary=_shortened(one_line(first.short), MAX_SUMMARY),
        description=plain_text(next(words.long for _, words in languages if words.long)),
        features=tuple(
            feature
            for feature in map(one_line, next(words.features for _, words in languages if words.features))
            if feature
        ),
        licence=code.legal.license,
        repository_url=code.url,
        publiccode_url=publiccode_url,
        maintenance=code.maintenance.type,
        contractors=code.maintenance.contractors,
        organisation=one_line(owner.name) if owner and owner.name else "",
        language=languages[0][0],
    )


def _preferred(code: "PublicCode") -> "list[tuple[str, Description]]":
    """French first, then English, then the others in the order of the file."""
    wanted = ("fr", "en")

    def rank(tag: str) -> int:
        primary = tag.split("-")[0].lower()
        return wanted.index(primary) if primary in wanted else len(wanted)

    return sorted(code.description.items(), key=lambda item: rank(item[0]))


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
