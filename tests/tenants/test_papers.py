"""A paper as a text for the word processor: an ODF package that every reader opens, and accessible."""

from datetime import date
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pypdf import PdfReader

from tenants.documents.paper import Articles, Blanks, Bullets, Heading, Paper, Paragraph, Table
from tenants.documents.paper_odt import MEDIA_TYPE, as_odt
from tenants.documents.paper_pdf import as_pdf

DAY = date(2026, 10, 1)
ODF = "{urn:oasis:names:tc:opendocument:xmlns:"
TEXT, TABLE, STYLE = f"{ODF}text:1.0}}", f"{ODF}table:1.0}}", f"{ODF}style:1.0}}"
MANIFEST, FO = f"{ODF}manifest:1.0}}", f"{ODF}xsl-fo-compatible:1.0}}"


def paper(*blocks, title="Délibération", subject="Un service") -> Paper:
    return Paper(
        title=title, kind="Projet de délibération", body="Commune de Brissac", siren="123 456 789",
        subject=subject, blocks=blocks, footer="À relire.",
    )  # fmt: skip


ALL = paper(
    Heading("Décide"),
    Paragraph("Le conseil,", strong=True),
    Blanks(("Numéro", "Séance du")),
    Bullets(("un", "deux")),
    Articles(("d’adhérer ;", "de payer.")),
    Table("Prix", ("Désignation", "Montant"), (("Cantine", "258,00 €"), ("", ""))),
)


def parts(one: Paper) -> dict[str, etree._Element]:
    with ZipFile(BytesIO(as_odt(one, dated=DAY))) as package:
        return {
            name: etree.fromstring(package.read(name)) for name in package.namelist() if name.endswith("xml")
        }


def test_the_package_is_one_of_opendocument():
    with ZipFile(BytesIO(as_odt(ALL, dated=DAY))) as package:
        assert package.testzip() is None
        first = package.infolist()[0]
        assert (first.filename, first.compress_type, first.extra) == ("mimetype", ZIP_STORED, b"")
        assert package.read("mimetype").decode() == MEDIA_TYPE
        named = {
            entry.get(f"{MANIFEST}full-path")
            for entry in etree.fromstring(package.read("META-INF/manifest.xml"))
        }
        assert named == {"/", *package.namelist()} - {"mimetype", "META-INF/manifest.xml"}


def test_headings_lists_and_table_headers_are_real():
    body = parts(ALL)["content.xml"]
    headings = [(one.get(f"{TEXT}outline-level"), one.text) for one in body.iter(f"{TEXT}h")]
    assert headings == [("1", "Projet de délibération"), ("2", "Décide")]
    lists = {one.get(f"{TEXT}style-name"): len(one) for one in body.iter(f"{TEXT}list")}
    assert lists == {"Bullets": 2, "Articles": 2}
    [head] = body.iter(f"{TABLE}table-header-rows")
    assert "".join(head.itertext()) == "DésignationMontant"


def test_language_title_and_numbering():
    found = parts(ALL)
    [default] = found["styles.xml"].iter(f"{STYLE}default-style")
    letters = default.find(f"{STYLE}text-properties")
    assert (letters.get(f"{FO}language"), letters.get(f"{FO}country")) == ("fr", "FR")
    assert found["meta.xml"].findtext(".//{http://purl.org/dc/elements/1.1/}title") == "Délibération"
    [numbers] = found["styles.xml"].iter(f"{TEXT}list-level-style-number")
    assert numbers.get(f"{STYLE}num-prefix") == "Article "


def test_every_style_that_is_used_is_defined():
    found = parts(ALL)
    defined = {
        style.get(f"{STYLE}name")
        for name in ("styles.xml", "content.xml")
        for style in found[name].iter(f"{STYLE}style", f"{TEXT}list-style")
    }
    used = {
        one.get(key)
        for name in ("styles.xml", "content.xml")
        for one in found[name].iter()
        for key in (f"{TEXT}style-name", f"{TABLE}style-name", f"{STYLE}parent-style-name")
        if one.get(key)
    }
    assert used - defined == set()


@given(st.text(min_size=1, max_size=60))
def test_what_is_typed_is_never_markup(text):
    """Whatever was typed, the parts are well-formed, have the same elements, and lose only what XML cannot
    hold."""
    found = parts(paper(Paragraph(text), Table("T", ("A",), ((text,),)), title=text, subject=text))
    plain = parts(paper(Paragraph("x"), Table("T", ("A",), (("x",),)), title="x", subject="x"))
    for name, root in plain.items():
        assert [one.tag for one in found[name].iter()] == [one.tag for one in root.iter()]


def test_markup_is_shown_as_it_was_typed():
    found = parts(paper(Paragraph("<text:p>a</text:p> & b\x00")))["content.xml"]
    assert "<text:p>a</text:p> & b" in "".join(found.itertext())


def test_a_long_text_squeezes_no_other_column_of_the_pdf():
    how = (
        "5 quand les risques, une fois traités, sont faibles et rares ; 0 quand ils sont graves et probables"
    )
    table = Table("Les axes", ("Axe", "Comment il est noté", "Note"), (("Maîtrise des risques", how, "4"),))
    [page] = PdfReader(BytesIO(as_pdf(paper(table), dated=DAY))).pages
    assert "Maîtrise des risques" in page.extract_text()


def test_a_table_has_a_cell_for_each_column():
    with pytest.raises(ValueError, match="as many cells"):
        Table("Prix", ("a", "b"), (("seul",),))
