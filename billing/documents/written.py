"""What is wrong in an invoice as it is written, whoever wrote it, where the official rules look at the shape
only (domain §4.6): a SIREN or a VAT number with a wrong key, an empty mention; and days that do not exist,
which the French rules see since 1.4.
"""

from collections.abc import Iterator
from datetime import datetime

from lxml import etree
from stdnum.eu import vat as eu_vat

from billing.documents.identifiers import is_siren, is_siret

_RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
_UDT = "{urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100}"
_QDT = "{urn:un:unece:uncefact:data:standard:QualifiedDataType:100}"
_MENTIONS = ("PMT", "PMD", "AAB")  # BR-FR-05
_DAY = "102"  # UNTDID 2379: CCYYMMDD


def written_problems(xml: bytes) -> list[str]:
    """The faults of a CII file, one French sentence each; none when there is none. Raises ValueError on what
    is no XML."""
    try:
        tree = etree.fromstring(xml)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"no XML: {error}") from error
    return [*_dates(tree), *_identifiers(tree), *_mentions(tree)]


def _dates(tree: etree._Element) -> Iterator[str]:
    for node in tree.iter(f"{_UDT}DateTimeString", f"{_UDT}DateString", f"{_QDT}DateTimeString"):
        text = (node.text or "").strip()
        try:
            if node.get("format") != _DAY or len(text) != 8:
                raise ValueError(text)
            datetime.strptime(text, "%Y%m%d")
        except ValueError:
            yield f"La date « {text} » n’existe pas."


def _identifiers(tree: etree._Element) -> Iterator[str]:
    for node in tree.iter(f"{_RAM}ID", f"{_RAM}GlobalID"):
        text, scheme = (node.text or "").strip(), node.get("schemeID")
        if scheme == "0002" and not is_siren(text):
            yield f"Le SIREN « {text} » est faux (clé de contrôle)."
        elif scheme == "0009" and not is_siret(text):
            yield f"Le SIRET « {text} » est faux (clé de contrôle)."
        elif scheme == "VA" and not eu_vat.is_valid(text):
            yield f"Le numéro de TVA « {text} » est faux (clé de contrôle)."


def _mentions(tree: etree._Element) -> Iterator[str]:
    said = {
        note.findtext(f"{_RAM}SubjectCode"): (note.findtext(f"{_RAM}Content") or "").strip()
        for note in tree.iter(f"{_RAM}IncludedNote")
    }
    for code in _MENTIONS:
        if not said.get(code):
            yield f"La mention obligatoire {code} manque ou est vide."
