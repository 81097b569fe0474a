"""The PDF: the page people read, the XML inside, and what it declares itself to be."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
from facturx import get_facturx_xml_from_pdf
from lxml import etree
from pypdf import PdfReader

from billing.documents import render_cii, render_factur_x
from tests.billing.documents import samples


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    """The words of the page, every kind of space made one."""
    return " ".join(" ".join(page.extract_text() for page in read(pdf).pages).split())


def xmp_of(pdf: bytes) -> dict[str, str]:
    packet = read(pdf).trailer["/Root"]["/Metadata"].get_object().get_data()
    tree = etree.fromstring(packet[packet.index(b"?>") + 2 : packet.rindex(b"<?xpacket")])
    return {etree.QName(node).namespace + etree.QName(node).localname: node.text for node in tree.iter()}


@pytest.fixture(scope="module")
def invoice_pdf() -> bytes:
    return render_factur_x(samples.invoice())


def test_xml_inside_is_the_one_given_byte_for_byte():
    xml = render_cii(samples.invoice())

    pdf = render_factur_x(samples.invoice(), xml=xml)

    assert read(pdf).attachments["factur-x.xml"] == [xml]


def test_xml_inside_is_the_document_s_own_when_none_is_given(invoice_pdf):
    name, xml = get_facturx_xml_from_pdf(invoice_pdf, check_xsd=True, check_schematron=False)

    assert name == "factur-x.xml"
    assert xml == render_cii(samples.invoice())


def test_declares_archive_accessibility_and_factur_x_profiles(invoice_pdf):
    xmp = xmp_of(invoice_pdf)

    assert xmp["http://www.aiim.org/pdfa/ns/id/part"] == "3"
    assert xmp["http://www.aiim.org/pdfa/ns/id/conformance"] == "A"
    assert xmp["http://www.aiim.org/pdfua/ns/id/part"] == "1"
    factur_x = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
    assert xmp[factur_x + "ConformanceLevel"] == "EN 16931"
    assert xmp[factur_x + "DocumentFileName"] == "factur-x.xml"
    assert xmp[factur_x + "DocumentType"] == "INVOICE"


def test_is_tagged_in_french_and_titled(invoice_pdf):
    reader = read(invoice_pdf)

    root = reader.trailer["/Root"]
    assert root["/Lang"].startswith("fr")
    assert root["/MarkInfo"]["/Marked"]
    assert reader.metadata.title == "Facture n°\u00a0F2026-0042"
    assert invoice_pdf.startswith(b"%PDF-1.7")


def test_relation_of_the_xml_to_the_page_is_declared(invoice_pdf):
    (attached,) = read(invoice_pdf).trailer["/Root"]["/AF"]

    assert attached.get_object()["/AFRelationship"] == "/Alternative"


def test_every_font_is_the_house_s_and_embedded(invoice_pdf):
    names = set()
    for page in read(invoice_pdf).pages:
        for font in page["/Resources"]["/Font"].values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)
            names.add(str(descriptor["/FontName"]).split("+")[1])
    assert names
    assert all(name.startswith("SourceSansPro") for name in names)


def test_page_says_what_the_accountant_looks_for(invoice_pdf):
    text = text_of(invoice_pdf)

    for expected in (
        "Facture",
        "n° F2026-0042",
        "21 novembre 2026",
        "du 1er janvier 2026 au 31 décembre 2026",
        "À payer au plus tard le 21 décembre 2026",
        "SIRET 213 800 014 00010",
        "Code service FINANCES",
        "N° d’engagement ENG-2026-118",
        "860 habitants (population totale 2023, en vigueur au 1er janvier 2026) × 0,75 € = 645,00 €",
        "Total TTC à payer 774,00 €",
        "FR76 3000 1007 9412 3456 7890 185",
        "Pas d’escompte pour paiement anticipé.",
        "Page 1 / 1",
    ):
        assert expected in text
    assert "B2B" not in text


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (samples.exempt_line(), "Exonération de TVA, article 261 B du CGI"),
        (samples.out_of_scope_line(), "Hors champ de la TVA, article 256 B du CGI"),
    ],
)
def test_absence_of_vat_is_explained(line, reason):
    assert reason in text_of(render_factur_x(samples.invoice(line)))


def test_out_of_scope_page_shows_no_vat_number():
    document = samples.invoice(samples.out_of_scope_line())

    assert document.seller.vat_number not in text_of(render_factur_x(document))


def test_credit_note_names_its_invoice_and_asks_for_no_payment():
    text = text_of(render_factur_x(samples.credit_note()))

    assert "Avoir n° A2026-0003" in text
    assert "n° F2026-0042 du 21 novembre 2026" in text
    assert "Total TTC en votre faveur" in text
    assert "À payer" not in text
    assert "IBAN" not in text


def test_long_invoice_repeats_the_table_head_and_numbers_its_pages():
    reader = read(render_factur_x(samples.long_invoice(60)))

    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert len(pages) > 2
    assert all("Désignation" in page for page in pages[:-1])
    assert all(f"Page {n} / {len(pages)}" in page for n, page in enumerate(pages, 1))
    assert "Total TTC à payer" in pages[-1]


def test_signs_of_markup_are_only_signs():
    hostile = '#panic() *gras* _souligné_ <étiquette> $x$ @ref `code` [bloc] \\ // "guillemets" & = titre'
    document = samples.invoice(samples.line(name=hostile), title=hostile, buyer=samples.buyer(name=hostile))

    text = text_of(render_factur_x(document))

    assert text.count("#panic() *gras* _souligné_ <étiquette> $x$ @ref `code` [bloc] \\ //") == 3


@pytest.mark.parametrize(
    "name", ["Fête 🎉 des écoles", "Ville de 東京", "a\u0301 b", "x" * 200, "𝔸\u200d ✅"]
)
def test_name_the_typeface_cannot_draw_still_makes_a_page(name):
    document = samples.invoice(samples.line(name=name), seller=samples.seller(name=name))

    assert len(read(render_factur_x(document)).pages) == 1


def test_emoji_is_left_out_of_the_page_and_kept_in_the_xml():
    document = samples.invoice(samples.line(name="Fête 🎉 des écoles"))

    pdf = render_factur_x(document)

    assert "Fête des écoles" in text_of(pdf)
    assert "🎉" in read(pdf).attachments["factur-x.xml"][0].decode()


def test_same_document_gives_same_bytes():
    assert render_factur_x(samples.long_invoice(3)) == render_factur_x(samples.long_invoice(3))


def test_two_threads_draw_at_the_same_time_without_mixing_their_invoices():
    documents = [samples.invoice(number=f"F2026-{number:04}") for number in range(8)]

    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(render_factur_x, documents))

    assert drawn == [render_factur_x(document) for document in documents]


def test_file_is_dated_from_the_issue_date():
    pdf = render_factur_x(samples.invoice(issue_date=date(2026, 3, 1)))

    assert read(pdf).metadata.creation_date.date() == date(2026, 3, 1)


def test_price_is_shown_with_all_its_decimals():
    document = samples.invoice(samples.line(unit_price=Decimal("0.12345678")))

    assert "0,12345678 €" in text_of(render_factur_x(document))
