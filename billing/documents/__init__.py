"""Invoice documents: from a frozen plain invoice to EN 16931 CII or UBL and to a Factur-X PDF.

No Django, no database, no clock: the same document always gives the same bytes.
"""

from billing.documents.cii import render_cii
from billing.documents.document import DocumentLine, InvoiceDocument, Party, PaymentTerms, VatSubtotal
from billing.documents.factur_x import render_factur_x
from billing.documents.problems import content_problems
from billing.documents.ubl import render_ubl
from billing.documents.written import written_problems

__all__ = [
    "DocumentLine",
    "InvoiceDocument",
    "Party",
    "PaymentTerms",
    "VatSubtotal",
    "content_problems",
    "render_cii",
    "render_factur_x",
    "render_ubl",
    "written_problems",
]
