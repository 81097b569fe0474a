"""The Factur-X declaration, added to the metadata of a PDF that typst wrote.

The `factur-x` library words the declaration. Its one-call way is not used: it would write PDF/A-3b and
today's date over typst's PDF/A-3a, PDF/UA-1 and fixed date. The new metadata goes at the end of the file, as
an incremental update (ISO 32000-1, 7.5.6): copying every object of the page with pypdf takes longer than
drawing it.
"""

import io
from functools import cache
from typing import cast

from facturx import generate_xmp_bytes
from lxml import etree
from pypdf import PdfReader
from pypdf.generic import DictionaryObject, IndirectObject, NameObject, NumberObject, StreamObject

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_SCHEMAS = "{http://www.aiim.org/pdfa/ns/extension/}schemas"
_FACTURX = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"


def declare_factur_x(pdf: bytes) -> bytes:
    """`pdf`, as typst writes it, declared as Factur-X of profile EN 16931. Nothing else changes in it.

    Raises ValueError when its metadata is not where typst puts it.
    """
    trailer = PdfReader(io.BytesIO(pdf)).trailer
    root = cast(DictionaryObject, trailer["/Root"])
    metadata = root.raw_get("/Metadata")
    stream = metadata.get_object()
    if not (isinstance(metadata, IndirectObject) and isinstance(stream, StreamObject)):
        raise ValueError("this PDF has no XMP metadata of its own to complete")
    packet = _with_factur_x(stream.get_data())
    body = b"\n%d 0 obj\n<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%b\nendstream\nendobj\n" % (
        metadata.idnum,
        len(packet),
        packet,
    )
    table = b"xref\n%d 1\n%010d 00000 n\r\n" % (metadata.idnum, len(pdf) + 1)
    end = b"\nstartxref\n%d\n%%%%EOF\n" % (len(pdf) + len(body))
    return pdf + body + table + b"trailer\n" + _trailer(trailer, pdf) + end


def _trailer(trailer: DictionaryObject, pdf: bytes) -> bytes:
    kept = DictionaryObject({key: trailer.raw_get(key) for key in trailer})
    previous = int(pdf[pdf.rindex(b"startxref") :].split()[1])
    kept.update({NameObject("/Prev"): NumberObject(previous)})
    written = io.BytesIO()
    kept.write_to_stream(written)
    return written.getvalue()


def _with_factur_x(packet: bytes) -> bytes:
    """typst's XMP packet with the Factur-X properties and the schema that PDF/A asks for them."""
    tree = _tree(packet)
    properties, schema = _declaration()
    tree.find(f".//{_SCHEMAS}/{_RDF}Bag").append(etree.fromstring(schema))
    tree.find(f"{_RDF}RDF").append(etree.fromstring(properties))
    head = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return head + etree.tostring(tree, encoding="utf-8") + b'<?xpacket end="r"?>'


@cache
def _declaration() -> tuple[bytes, bytes]:
    """The properties and their schema, as the `factur-x` library writes them for its level "en16931"."""
    tree = _tree(generate_xmp_bytes("factur-x", "en16931", None, {}))
    properties = tree.find(f".//{_FACTURX}ConformanceLevel").getparent()
    properties.set(f"{_RDF}about", "")
    schema = tree.find(f".//{_SCHEMAS}/{_RDF}Bag/{_RDF}li")
    return etree.tostring(properties), etree.tostring(schema)


def _tree(packet: bytes) -> etree._Element:
    return etree.fromstring(packet[packet.index(b"?>") + 2 : packet.rindex(b"<?xpacket")])
