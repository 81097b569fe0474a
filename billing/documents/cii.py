"""EN 16931 in UN/CEFACT CII, written by the `factur-x` library (business terms BT-… are EN 16931's)."""

from decimal import Decimal

from facturx import generate_cii_xml

from billing.documents.document import DocumentLine, InvoiceDocument, Party, VatSubtotal

SIREN_SCHEME = "0002"
SIRET_SCHEME = "0009"
_PRICE_DECIMALS = 6  # BR-FR-DEC-03: a price has at most six


def render_cii(document: InvoiceDocument) -> bytes:
    """The invoice as EN 16931 CII, UTF-8. The same document gives the same bytes.

    Promises a well-formed file, not a right one: ask `content_problems` first.
    Raises ValueError on text that XML cannot carry (control characters) and on a period that ends before
    it starts.
    """
    return generate_cii_xml(terms(document), level="en16931", check_xsd=False, check_schematron=False)


def terms(document: InvoiceDocument) -> dict:
    """Its business terms by their numbers in EN 16931, as the `factur-x` library reads them."""
    payment = document.payment
    return {
        "BT-1": document.number,
        "BT-2": document.issue_date,
        "BT-3": document.type_code,
        "BT-5": document.currency,
        "BT-8": "invoice" if document.on_debits else None,
        "BT-9": document.due_date,
        "BT-10": document.service_code,
        "BT-12": document.contract_reference,
        "BT-13": document.order_reference,
        "BT-20": payment.instructions,
        "BT-23": document.business_process,
        "BT-73": document.period_start,
        "BT-74": document.last_day,
        "BT-81": payment.means,
        "BT-83": payment.reference,
        "BT-84": (payment.iban or "").replace(" ", ""),
        "BT-85": payment.account_name,
        "BT-86": payment.bic,
        "BT-106": amount(document.net_cents),
        "BT-109": amount(document.net_cents),
        "BT-110": amount(document.vat_cents),
        "BT-112": amount(document.gross_cents),
        "BT-115": amount(document.gross_cents),
        "BG-1": [{"BT-21": code, "BT-22": text} for code, text in document.notes.items()],
        "BG-3": _preceding(document),
        "BG-4": _seller(document),
        "BG-7": _party(document.buyer, with_vat=not document.out_of_scope),
        "BG-13": _delivered_to(document.buyer),
        "BG-23": [_subtotal(subtotal) for subtotal in document.vat],
        "BG-25": [_line(line) for line in document.lines],
    }


def amount(value_cents: int) -> str:
    """Integer cents as EN 16931 writes amounts: "12.30"."""
    return f"{Decimal(value_cents) / 100:.2f}"


def plain(value: Decimal) -> str:
    """A decimal without exponent nor useless zeros: "0.75", "860"."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _preceding(document: InvoiceDocument) -> list[dict]:
    if not document.preceding_number:
        return []
    return [{"BT-25": document.preceding_number, "BT-26": document.preceding_date}]


def _seller(document: InvoiceDocument) -> dict:
    party = _party(document.seller, with_vat=not document.out_of_scope)
    party["legal_info"] = document.seller.legal_kind
    # BR-E-02 wants a VAT or a tax number of the seller, and a body whose every service is exempt may have
    # no VAT number: its SIREN is then how the tax office knows it (BT-32). BR-O-02 forbids VAT numbers on O.
    if not document.out_of_scope and not document.seller.vat_number:
        party["tax_identifier"] = document.seller.legal_id
    return party


def _delivered_to(buyer: Party) -> dict:
    # The schema wants a delivery and forbids an empty one. A delivery date would say that a service billed
    # for a whole year was done on one day, so it holds the place.
    return {"name": buyer.name, **_address(buyer)}


def _party(party: Party, *, with_vat: bool) -> dict:
    contact = {"name": party.name, "email": party.contact_email, "phone": party.contact_phone}
    return {
        "name": party.name,
        "identifiers": {SIRET_SCHEME: party.siret} if party.siret else {},
        "legal_identifier": party.legal_id,
        "legal_identifier_schemeid": SIREN_SCHEME,
        "vat_identifier": party.vat_number if with_vat else None,
        **_address(party),
        "einvoicing_addr": party.electronic_address,
        "einvoicing_addr_schemeid": party.electronic_scheme,
        "contacts": [contact] if party.contact_email or party.contact_phone else [],
    }


def _address(party: Party) -> dict:
    lines = [line for line in party.address_lines if line]
    first, second, third = (*lines[:2], ", ".join(lines[2:]), "", "")[:3]
    return {
        "addr_l1": first,
        "addr_l2": second,
        "addr_l3": third,
        "postcode": party.postcode,
        "city": party.city,
        "country_code": party.country,
    }


def _subtotal(subtotal: VatSubtotal) -> dict:
    return {
        "BT-116": amount(subtotal.base_cents),
        "BT-117": amount(subtotal.vat_cents),
        "BT-118": subtotal.category,
        "BT-119": None if subtotal.category == "O" else plain(subtotal.rate),
        "BT-120": subtotal.reason,
        "BT-121": subtotal.reason_code,
    }


def _line(line: DocumentLine) -> dict:
    price, basis = _price(line.unit_price)
    return {
        "BT-126": line.id,
        "BT-127-00": [{"BT-127": step} for step in line.steps],
        "BT-129": plain(line.quantity),
        "BT-130": line.unit_code,
        "BT-131": amount(line.net_cents),
        "BT-146": price,
        "BT-149": basis,
        "BT-151": line.vat_category,
        "BT-152": None if line.vat_category == "O" else plain(line.vat_rate),
        "BT-153": line.name,
        "BT-154": line.description,
    }


def _price(unit_price: Decimal) -> tuple[str, str | None]:
    """A price of seven or eight decimals is written for a hundred units, so that nothing is rounded."""
    decimals = len(plain(unit_price).partition(".")[2])
    if decimals <= _PRICE_DECIMALS:
        return plain(unit_price), None
    return plain(unit_price * 100), "100"
