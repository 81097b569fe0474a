"""EN 16931 in OASIS UBL 2.1, the other syntax of the French reform, from the same terms as the CII."""

from facturx import generate_ubl_xml

from billing.documents.cii import terms
from billing.documents.document import InvoiceDocument


def render_ubl(document: InvoiceDocument) -> bytes:
    """The invoice, or the credit note, as UBL 2.1, UTF-8. The same document gives the same bytes.

    Promises and raises what `render_cii` does.
    """
    return generate_ubl_xml(terms(document), level="en16931", check_xsd=False, check_schematron=False)
