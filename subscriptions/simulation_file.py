"""The file of a simulation: a PDF made when it is asked for, and not kept."""

from datetime import date
from functools import cache
from importlib.resources import files

from tenants.documents.fonts import FAMILY, printable
from tenants.documents.typesetting import typeset

BINDS_NOBODY = (
    "Simulation sans engagement\u00a0: elle ne vaut ni devis, ni commande, ni décision d’attribution."
)


def render(*, content: dict, dated: date) -> bytes:
    """The PDF (PDF/A-3a, PDF/UA-1), dated. `content`: title, lead, operator, figures (label, value, note),
    savings, warning, columns, rows (name, problem, cells (gross, net), steps), notes; all texts in French."""
    words = printable({**content, "family": FAMILY, "footer": BINDS_NOBODY})
    return typeset(template=_template(), content=words, dated=dated)


@cache
def _template() -> bytes:
    return files("subscriptions").joinpath("simulation.typ").read_bytes()
