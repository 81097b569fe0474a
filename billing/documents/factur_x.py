"""The Factur-X file: a tagged PDF/A-3 page for people with the EN 16931 XML inside for machines.

typst draws the page and attaches the XML; `xmp.py` adds the Factur-X declaration.
"""

import json
from datetime import UTC, datetime, time
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import cast

import typst

from billing.documents.cii import render_cii
from billing.documents.document import InvoiceDocument
from billing.documents.fonts import FAMILY, fonts
from billing.documents.page import page
from billing.documents.xmp import declare_factur_x

# One compiler for the process: it keeps its fonts and its parsed template. It is not made for two threads.
_compiling = Lock()


def render_factur_x(document: InvoiceDocument, *, xml: bytes | None = None) -> bytes:
    """The invoice as a Factur-X PDF (profile EN 16931, PDF/A-3a, PDF/UA-1).

    `xml` is the CII to embed as it is, in UTF-8; made with `render_cii` when not given. The same document
    gives the same bytes: the file is dated from the issue date. Raises ValueError as `render_cii` does.
    """
    attached = render_cii(document) if xml is None else xml
    content = {"family": FAMILY, "xml_name": "factur-x.xml", **page(document)}
    # Values, never markup: the template reads them as JSON.
    inputs = {"content": json.dumps(content, ensure_ascii=False), "xml": attached.decode("utf-8")}
    with _compiling:
        pdf = _compiler().compile(
            _template(),
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            sys_inputs=inputs,
            timestamp=datetime.combine(document.issue_date, time(), UTC),
        )
    return declare_factur_x(cast(bytes, pdf))  # one document in one format


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=fonts())


@cache
def _template() -> bytes:
    return files("billing.documents").joinpath("invoice.typ").read_bytes()
