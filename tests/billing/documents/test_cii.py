"""The CII file: right for the official rules, and faithful to the document."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from billing.documents import content_problems, render_cii, render_ubl, written_problems
from billing.documents.document import NOTE_DEBITS
from tests.billing.documents import samples
from tests.tools.einvoice_rules import judge

RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"


def texts(xml: bytes, *path: str) -> list[str]:
    return [
        node.text for node in etree.fromstring(xml).iterfind(".//" + "/".join(RAM + step for step in path))
    ]


def three_thirds():
    return samples.invoice(
        *(
            samples.line(number, quantity=Decimal(1), unit_price=Decimal("0.33"), steps=())
            for number in (1, 2, 3)
        )
    )


VALID = {
    "taxed": samples.invoice,
    "several rates": lambda: samples.invoice(
        samples.line(1), samples.line(2, vat_rate=Decimal("5.5")), samples.exempt_line(3)
    ),
    "exempt": lambda: samples.invoice(samples.exempt_line()),
    "exempt, no VAT number": lambda: samples.invoice(
        samples.exempt_line(), seller=samples.seller(vat_number=None)
    ),
    "out of scope": lambda: samples.invoice(samples.out_of_scope_line()),
    "article 261 B": lambda: samples.invoice(samples.shared_line(), vat=samples.shared_vat()),
    "on debits": lambda: samples.invoice(notes=samples.NOTES | {"AAI": NOTE_DEBITS}),
    "overseas rate": lambda: samples.invoice(samples.line(vat_rate=Decimal("8.5"))),
    "credit note": samples.credit_note,
    "credit note out of scope": lambda: samples.credit_note(
        lines=(samples.out_of_scope_line(),), vat=samples.subtotals((samples.out_of_scope_line(),)),
        vat_cents=0, net_cents=64500, gross_cents=64500,
    ),
    "corrective": lambda: samples.credit_note(type_code="384"),
    "three thirds": three_thirds,
    "price of eight decimals": lambda: samples.invoice(samples.line(unit_price=Decimal("0.12345678"))),
    "decimals as the database gives them": lambda: samples.invoice(
        samples.line(quantity=Decimal("860.00000000"), unit_price=Decimal("0.75000000"))
    ),
    "negative quantity": lambda: samples.invoice(samples.line(1), samples.line(2, quantity=Decimal(-10))),
    "no reference of the buyer": lambda: samples.invoice(
        buyer_reference=None, order_reference=None, contract_reference=None
    ),
    "sixty lines, hostile names": samples.long_invoice,
}  # fmt: skip


@pytest.mark.parametrize("case", VALID)
def test_right_invoice_passes_schema_european_and_french_rules(case):
    document = VALID[case]()

    for xml in (render_cii(document), render_ubl(document)):
        verdict = judge(xml)
        assert verdict.judged
        assert verdict.failures == ()
    assert content_problems(document) == []
    assert written_problems(render_cii(document)) == []


def test_vat_is_counted_once_on_the_sum_of_the_lines():
    xml = render_cii(three_thirds())

    assert texts(xml, "ApplicableTradeTax", "CalculatedAmount") == ["0.20"]
    assert texts(xml, "GrandTotalAmount") == ["1.19"]


def test_period_is_written_with_its_last_day_included():
    xml = render_cii(samples.invoice(period_start=date(2026, 1, 1), period_end=date(2026, 7, 1)))

    period = etree.fromstring(xml).find(
        f".//{RAM}ApplicableHeaderTradeSettlement/{RAM}BillingSpecifiedPeriod"
    )
    assert [text.strip() for text in period.itertext() if text.strip()] == ["20260101", "20260630"]


def test_chorus_pro_references_and_siret_are_written_where_the_portal_reads_them():
    document = samples.invoice()

    xml = render_cii(document)

    assert texts(xml, "BuyerReference") == ["FINANCES"]
    assert texts(xml, "BuyerOrderReferencedDocument", "IssuerAssignedID") == ["ENG-2026-118"]
    assert texts(xml, "ContractReferencedDocument", "IssuerAssignedID") == ["CONV-2024-07"]
    assert texts(xml, "BuyerTradeParty", "GlobalID") == [document.buyer.siret]


def test_service_code_of_the_buyer_is_used_when_the_document_names_none():
    document = samples.invoice(buyer_reference=None, buyer=samples.buyer(service_code="DSI"))

    assert texts(render_cii(document), "BuyerReference") == ["DSI"]


def test_out_of_scope_invoice_carries_no_vat_number():
    xml = render_cii(samples.invoice(samples.out_of_scope_line()))

    assert texts(xml, "SpecifiedTaxRegistration", "ID") == []


def test_exempt_seller_without_vat_number_is_known_by_its_siren():
    seller = samples.seller(vat_number=None)

    xml = render_cii(samples.invoice(samples.exempt_line(), seller=seller))

    assert texts(xml, "SellerTradeParty", "SpecifiedTaxRegistration", "ID") == [seller.legal_id]


def test_price_of_eight_decimals_is_written_for_a_hundred_units():
    xml = render_cii(samples.invoice(samples.line(unit_price=Decimal("0.12345678"))))

    assert texts(xml, "NetPriceProductTradePrice", "ChargeAmount") == ["12.345678"]
    assert texts(xml, "NetPriceProductTradePrice", "BasisQuantity") == ["100"]


def test_calculation_sentences_are_the_note_of_their_line():
    xml = render_cii(samples.invoice(samples.line(steps=("860 × 0,75 €", "= 645,00 €"))))

    assert texts(xml, "AssociatedDocumentLineDocument", "IncludedNote", "Content") == [
        "860 × 0,75 €\n= 645,00 €"
    ]


def test_names_come_back_whole_whatever_they_hold():
    name = "Régie <b>& Fils</b> #1 *x* _y_ \"z\" 'w' 🎉 ]]> &amp;"

    xml = render_cii(samples.invoice(samples.line(name=name), buyer=samples.buyer(name=name)))

    assert texts(xml, "SpecifiedTradeProduct", "Name") == [name]
    assert texts(xml, "BuyerTradeParty", "Name") == [name]


def test_long_address_keeps_every_line():
    buyer = samples.buyer(address_lines=("Mairie", "Bâtiment B", "1 place", "BP 12"))

    xml = render_cii(samples.invoice(buyer=buyer))

    assert texts(xml, "BuyerTradeParty", "PostalTradeAddress", "LineThree") == ["1 place, BP 12"]


def test_control_character_is_refused():
    with pytest.raises(ValueError, match="XML"):
        render_cii(samples.invoice(title="ok", seller=samples.seller(name="a\x00b")))


def test_same_document_gives_same_bytes():
    document = samples.invoice()

    assert render_cii(document) == render_cii(replace(document))
