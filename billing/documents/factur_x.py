"""The Factur-X file: a tagged PDF/A-3 page for people with the EN 16931 XML inside for machines.

typst draws the page and attaches the XML; `xmp.py` adds the Factur-X declaration.
"""

from functools import cache
from importlib.resources import files

from billing.documents.cii import render_cii
from billing.documents.document import InvoiceDocument
from billing.documents.page import page
from billing.documents.xmp import declare_factur_x
from tenants.documents.fonts import FAMILY
from tenants.documents.typesetting import typeset


def render_factur_x(document: InvoiceDocument, *, xml: bytes | None = None) -> bytes:
    """The invoice as a Factur-X PDF (profile EN 16931, PDF/A-3a, PDF/UA-1).

    `xml` is the CII to embed as it is, in UTF-8; made with `render_cii` when not given. The same document
    gives the same bytes: the file is dated from the issue date. Raises ValueError as `render_cii` does.
    """
    attached = render_cii(document) if xml is None else xml
    pdf = typeset(
        template=_template(),
        content={"family": FAMILY, "xml_name": "factur-x.xml", **page(document)},
        dated=document.issue_date,
        others={"xml": attached.decode("utf-8")},
    )
    return declare_factur_x(pdf)


@cache
def _template() -> bytes:
    return files("billing.documents").joinpath("invoice.typ").read_bytes()
