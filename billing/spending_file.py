"""What a member spent, as a file for its council: a PDF made when it is asked for, and not kept."""

from datetime import date
from functools import cache
from importlib.resources import files

from tenants.documents.fonts import FAMILY, printable
from tenants.documents.typesetting import typeset


def render(*, content: dict, dated: date) -> bytes:
    """The PDF (PDF/A-3a, PDF/UA-1), dated. `content`: title, organisation, lead, figures (label, value,
    note), years (name, share, cells), services (title, rows (name, share, cells)), notes; all texts in
    French, a `share` between 0 and 1."""
    return typeset(template=_template(), content=printable({**content, "family": FAMILY}), dated=dated)


@cache
def _template() -> bytes:
    return files("billing").joinpath("spending.typ").read_bytes()
