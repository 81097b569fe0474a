"""What the page shows: every figure already written in French, ready for the template."""

from billing.documents import french
from billing.documents.document import (
    CORRECTIVE,
    CREDIT_NOTE,
    INVOICE,
    DocumentLine,
    InvoiceDocument,
    Party,
    VatSubtotal,
)
from tenants.documents.fonts import printable

_KINDS = {INVOICE: "Facture", CREDIT_NOTE: "Avoir", CORRECTIVE: "Facture rectificative"}
_UNITS = {"LS": "forfait", "MON": "mois", "ANN": "an", "HUR": "h", "DAY": "j"}
_WITHOUT_VAT = {"E": "Exonéré", "O": "Hors champ"}
# The first letter of the business process (BT-23): CGI annexe II, article 242 nonies A.
_OPERATIONS = {
    "S": "Prestations de services",
    "B": "Livraisons de biens",
    "M": "Biens et services",
}
_MEANS = {"30": "Virement", "58": "Virement SEPA", "49": "Prélèvement", "59": "Prélèvement SEPA"}


def heading(document: InvoiceDocument) -> str:
    """The name of the document: "Facture n° F2026-0001"."""
    return f"{_KINDS[document.type_code]} n°\u00a0{document.number}"


def page(document: InvoiceDocument) -> dict:
    """The content of the template, as plain values of JSON. Holds only signs the typeface can draw."""
    return printable(
        {
            "heading": heading(document),
            "kind": _KINDS[document.type_code],
            "number": document.number,
            "credit": document.type_code == CREDIT_NOTE,
            "subject": document.title,
            "facts": _facts(document),
            "seller": _party(document.seller, with_vat=not document.out_of_scope),
            "buyer": _party(document.buyer, with_vat=not document.out_of_scope),
            "buyer_references": _buyer_references(document),
            "lines": [_line(line) for line in document.lines],
            "vat": [_subtotal(subtotal) for subtotal in document.vat],
            "net": french.euros(document.net_cents),
            "vat_total": french.euros(document.vat_cents),
            "gross": french.euros(document.gross_cents),
            "payment": _payment(document),
            "notes": [text for code, text in document.notes.items() if code != "BAR" and text],
        }
    )


def _facts(document: InvoiceDocument) -> list[list[str]]:
    facts = [
        ["Date d’émission", french.long_date(document.issue_date)],
        [
            "Période facturée",
            f"du {french.long_date(document.period_start)} au {french.long_date(document.last_day)}",
        ],
    ]
    if document.type_code != CREDIT_NOTE:
        facts.append(["Date d’échéance", french.long_date(document.due_date)])
    if operation := _OPERATIONS.get(document.business_process[:1]):
        facts.append(["Nature de l’opération", operation])
    if document.preceding_number and document.preceding_date:
        day = french.long_date(document.preceding_date)
        facts.append(["Facture d’origine", f"n°\u00a0{document.preceding_number} du {day}"])
    return facts


def _party(party: Party, *, with_vat: bool) -> dict:
    place = f"{party.postcode} {party.city}"
    identifiers = [["SIRET", french.siret(party.siret)]]
    if with_vat and party.vat_number:
        identifiers.append(["TVA", party.vat_number])
    return {
        "name": party.name,
        "kind": party.legal_kind,
        "address": [*(line for line in party.address_lines if line), place],
        "siren": french.siren(party.legal_id),
        "identifiers": identifiers,
        "contact": [contact for contact in (party.contact_email, party.contact_phone) if contact],
    }


def _buyer_references(document: InvoiceDocument) -> list[list[str]]:
    named = (
        ("Code service", document.service_code),
        ("N° d’engagement", document.order_reference),
        ("Marché ou convention", document.contract_reference),
    )
    return [[name, value] for name, value in named if value]


def _line(line: DocumentLine) -> dict:
    return {
        "name": line.name,
        "description": line.description,
        "steps": list(line.steps),
        "quantity": french.number(line.quantity),
        "unit": line.unit_label or _UNITS.get(line.unit_code, ""),
        "price": french.unit_price(line.unit_price),
        "vat": _WITHOUT_VAT.get(line.vat_category) or french.percent(line.vat_rate),
        "net": french.euros(line.net_cents),
    }


def _subtotal(subtotal: VatSubtotal) -> dict:
    return {
        "label": _WITHOUT_VAT.get(subtotal.category) or f"Taux {french.percent(subtotal.rate)}",
        "reason": subtotal.reason,
        "base": french.euros(subtotal.base_cents),
        "vat": french.euros(subtotal.vat_cents),
    }


def _payment(document: InvoiceDocument) -> dict:
    payment = document.payment
    rows = [
        ["Mode de règlement", _MEANS.get(payment.means, "")],
        ["Titulaire du compte", payment.account_name],
        ["IBAN", french.iban(payment.iban or "")],
        ["BIC", payment.bic or ""],
        ["Référence à rappeler", payment.reference],
    ]
    return {
        "due": french.long_date(document.due_date),
        "rows": [] if document.type_code == CREDIT_NOTE else [row for row in rows if row[1]],
        "instructions": payment.instructions,
    }
