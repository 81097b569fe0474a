"""A paper as a PDF (PDF/A-3a, PDF/UA-1)."""

from dataclasses import asdict
from datetime import date
from functools import cache
from importlib.resources import files

from tenants.documents.fonts import FAMILY, printable
from tenants.documents.paper import Paper
from tenants.documents.typesetting import typeset

MEDIA_TYPE = "application/pdf"


def as_pdf(paper: Paper, *, dated: date) -> bytes:
    """The same paper and day give the same bytes."""
    blocks = [{"is": type(block).__name__.lower(), **asdict(block)} for block in paper.blocks]
    words = _listed({**asdict(paper), "blocks": blocks, "family": FAMILY})
    return typeset(template=_template(), content=printable(words), dated=dated)


def _listed(value):
    """JSON has no tuples, and `printable` reads lists."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    return value


@cache
def _template() -> bytes:
    return files("tenants.documents").joinpath("paper.typ").read_bytes()
