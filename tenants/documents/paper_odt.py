"""A paper as an OpenDocument text (ODF 1.3): what a secretary opens in her word processor, and changes.

A package is a ZIP whose first entry, stored and not compressed, is its media type (ODF 1.3, part 2, 3.3).
Headings, lists and table headers are real ones: a screen reader and a table of contents find them.
"""

import re
from datetime import date
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from lxml.builder import ElementMaker
from lxml.etree import tostring

from tenants.documents.fonts import spaced
from tenants.documents.paper import Articles, Blanks, Block, Bullets, Heading, Paper, Paragraph, Table

MEDIA_TYPE = "application/vnd.oasis.opendocument.text"
_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
_SPACES = {
    "office": f"{_ODF}office:1.0",
    "text": f"{_ODF}text:1.0",
    "table": f"{_ODF}table:1.0",
    "style": f"{_ODF}style:1.0",
    "fo": f"{_ODF}xsl-fo-compatible:1.0",
    "svg": f"{_ODF}svg-compatible:1.0",
    "meta": f"{_ODF}meta:1.0",
    "manifest": f"{_ODF}manifest:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
}
_VERSION = "1.3"
# Signs that XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE = "16.2cm"  # the width of the text of an A4 page with margins of 2.4 cm


def as_odt(paper: Paper, *, dated: date) -> bytes:
    """The same paper and day give the same bytes."""
    parts = {
        "content.xml": _content(paper),
        "styles.xml": _styles(paper),
        "meta.xml": _meta(paper, dated),
    }
    held = BytesIO()
    with ZipFile(held, "w") as package:

        def write(name: str, data: str | bytes, how: int) -> None:
            entry = ZipInfo(name, date_time=(max(dated.year, 1980), dated.month, dated.day, 0, 0, 0))
            package.writestr(entry, data, compress_type=how)

        write("mimetype", MEDIA_TYPE, ZIP_STORED)
        for name, root in parts.items():
            write(name, _xml(root), ZIP_DEFLATED)
        write("META-INF/manifest.xml", _xml(_manifest(parts)), ZIP_DEFLATED)
    return held.getvalue()


def _maker(space: str):
    """Makes elements of one name space: its attributes are given as "space:name"."""
    maker = ElementMaker(namespace=_SPACES[space], nsmap=_SPACES)

    def make(name: str, *children, **attributes: str):
        named = {}
        for key, value in attributes.items():
            prefix, _, local = key.partition("__")
            named[f"{{{_SPACES[prefix]}}}{local.replace('_', '-')}"] = value
        return maker(name, named, *children)

    return make


_office, _text, _table, _style = _maker("office"), _maker("text"), _maker("table"), _maker("style")
_dc, _meta_element, _manifest_element = _maker("dc"), _maker("meta"), _maker("manifest")


def _words(text: str) -> str:
    return _FORBIDDEN.sub("", spaced(text))


def _p(text: str, style: str = "Standard", *children):
    return _text("p", _words(text), *children, text__style_name=style)


def _content(paper: Paper):
    body = [
        _p(paper.body, "Body"),
        _p(f"SIREN {paper.siren}", "Small"),
        _text("h", _words(paper.kind), text__style_name="Heading_20_1", text__outline_level="1"),
        _p(paper.subject, "Subject"),
    ]
    for number, block in enumerate(paper.blocks):
        body += _block(block, number)
    return _office(
        "document-content",
        _office("automatic-styles", *_column_styles(paper)),
        _office("body", _office("text", *body)),
        office__version=_VERSION,
    )


def _block(block: Block, number: int) -> list:
    match block:
        case Heading(text):
            return [_text("h", _words(text), text__style_name="Heading_20_2", text__outline_level="2")]
        case Paragraph(text, strong):
            return [_p(text, "Strong" if strong else "Standard")]
        case Blanks(names):
            return [_p(f"{name} :", "Blank", _text("tab")) for name in names]
        case Bullets(items):
            return [_list(items, "Bullets")]
        case Articles(items):
            return [_list(items, "Articles")]
        case Table():
            return _rows(block, f"Table{number}")


def _list(items, style: str):
    return _text(
        "list", *(_text("list-item", _p(item, "List_20_Item")) for item in items), text__style_name=style
    )


def _rows(block: Table, name: str) -> list:
    figures = len(block.columns) - block.figures

    def row(cells, head: bool = False):
        side = ["Cell" if place < figures else "Figure" for place in range(len(cells))]
        return _table(
            "table-row",
            *(
                _table(
                    "table-cell",
                    _p(cell, f"{style}_20_Head" if head else style),
                    office__value_type="string",
                    table__style_name="Ruled",
                )
                for cell, style in zip(cells, side, strict=True)
            ),
        )

    columns = [
        _table("table-column", table__style_name=f"{name}.{place}") for place in range(len(block.columns))
    ]
    return [
        _p(block.caption, "Strong"),
        _table(
            "table",
            *columns,
            _table("table-header-rows", row(block.columns, head=True)),
            *(row(cells) for cells in block.rows),
            table__name=name,
            table__style_name="Wide",
        ),
        _p("", "Small"),
    ]


def _column_styles(paper: Paper) -> list:
    """The first column takes the room that the others, of one width, leave."""
    found = [
        _style(
            "style",
            _style("table-properties", style__width=_LINE, table__align="margins"),
            style__name="Wide",
            style__family="table",
        ),
        _style(
            "style",
            _style("table-cell-properties", fo__padding="0.12cm", fo__border_bottom="0.5pt solid #b8c2cc"),
            style__name="Ruled",
            style__family="table-cell",
        ),
    ]
    for number, block in enumerate(paper.blocks):
        if not isinstance(block, Table):
            continue
        others = len(block.columns) - 1
        width = min(3.6, 10.0 / others) if others else 0.0
        for place in range(len(block.columns)):
            room = width if place else 16.2 - width * others
            found.append(
                _style(
                    "style",
                    _style("table-column-properties", style__column_width=f"{room:.2f}cm"),
                    style__name=f"Table{number}.{place}",
                    style__family="table-column",
                )
            )
    return found


def _styles(paper: Paper):
    return _office(
        "document-styles",
        _office(
            "font-face-decls",
            _style(
                "font-face",
                style__name="Sans",
                svg__font_family="'Source Sans Pro', 'Liberation Sans', Arial",
                style__font_family_generic="swiss",
            ),
        ),
        _office(
            "styles",
            _style(
                "default-style",
                _style("paragraph-properties", style__tab_stop_distance="1.25cm"),
                _style(
                    "text-properties",
                    style__font_name="Sans",
                    fo__font_size="10.5pt",
                    fo__language="fr",
                    fo__country="FR",
                ),
                style__family="paragraph",
            ),
            *_paragraph_styles(),
            _list_style("Bullets", bullet=True),
            _list_style("Articles", bullet=False),
        ),
        _office(
            "automatic-styles",
            _style(
                "page-layout",
                _style(
                    "page-layout-properties",
                    fo__page_width="21cm",
                    fo__page_height="29.7cm",
                    fo__margin_top="2cm",
                    fo__margin_bottom="1.5cm",
                    fo__margin_left="2.4cm",
                    fo__margin_right="2.4cm",
                    style__print_orientation="portrait",
                ),
                _style("footer-style", _style("header-footer-properties", fo__margin_top="0.5cm")),
                style__name="A4",
            ),
        ),
        _office(
            "master-styles",
            _style(
                "master-page",
                _style("footer", _footer(paper.footer)),
                style__name="Standard",
                style__page_layout_name="A4",
            ),
        ),
        office__version=_VERSION,
    )


def _footer(words: str):
    line = _p(words, "Footer", _text("tab"))
    page = _text("page-number", "1", text__select_page="current")
    count = _text("page-count", "1")
    line[-1].tail, page.tail = "Page ", " / "
    line.extend([page, count])
    return line


def _paragraph_styles() -> list:
    blank = _style(
        "tab-stops",
        _style(
            "tab-stop",
            style__position=_LINE,
            style__type="right",
            style__leader_style="solid",
            style__leader_text="_",
        ),
    )
    right = _style("tab-stops", _style("tab-stop", style__position=_LINE, style__type="right"))
    return [
        _named("Standard", "Standard", fo__margin_bottom="0.25cm"),
        _named("Body", "Collectivité", bold=True, size="12pt"),
        _named("Small", "Petit", size="8.5pt", colour="#5a6475"),
        _named("Heading_20_1", "Heading 1", 1, bold=True, size="17pt", fo__margin_top="0.6cm", **_KEPT),
        _named("Heading_20_2", "Heading 2", 2, bold=True, size="12pt", fo__margin_top="0.5cm", **_KEPT),
        _named("Subject", "Objet", size="12pt", fo__margin_bottom="0.4cm"),
        _named("Strong", "Appuyé", bold=True, fo__margin_bottom="0.2cm", **_KEPT),
        _named("List_20_Item", "Élément de liste", fo__margin_bottom="0.12cm"),
        _named("Blank", "À compléter", children=[blank], fo__margin_bottom="0.25cm"),
        _named("Cell", "Cellule", **_CLOSE),
        _named("Figure", "Montant", fo__text_align="end", **_CLOSE),
        _named("Cell_20_Head", "En-tête de colonne", bold=True, size="9pt", **_CLOSE),
        _named(
            "Figure_20_Head", "En-tête de montants", bold=True, size="9pt", fo__text_align="end", **_CLOSE
        ),
        _named("Footer", "Pied de page", size="7.5pt", colour="#5a6475", children=[right]),
    ]


_KEPT = {"fo__keep_with_next": "always"}
# A cell has its own padding: the space below a paragraph would come on top of it.
_CLOSE = {"fo__margin_bottom": "0cm"}


def _named(
    name: str, shown: str, level: int = 0, *, bold=False, size="", colour="", children=(), **properties
):
    """A paragraph style; `level` makes it a heading's."""
    letters = {
        **({"fo__font_weight": "bold"} if bold else {}),
        **({"fo__font_size": size} if size else {}),
        **({"fo__color": colour} if colour else {}),
    }
    about = {
        "style__name": name,
        "style__display_name": shown,
        "style__family": "paragraph",
        **({"style__parent_style_name": "Standard"} if name != "Standard" else {}),
        **({"style__default_outline_level": str(level)} if level else {}),
    }
    return _style(
        "style",
        _style("paragraph-properties", *children, **properties),
        _style("text-properties", **letters),
        **about,
    )


def _list_style(name: str, *, bullet: bool):
    about = {"text__level": "1"}
    indent = "0.6cm" if bullet else "2cm"
    place = _style(
        "list-level-properties",
        _style(
            "list-level-label-alignment",
            text__label_followed_by="listtab",
            fo__text_indent=f"-{indent}",
            fo__margin_left=indent,
        ),
        text__list_level_position_and_space_mode="label-alignment",
    )
    if bullet:
        level = _text("list-level-style-bullet", place, text__bullet_char="–", **about)
    else:
        level = _text(
            "list-level-style-number",
            place,
            style__num_prefix="Article ",
            style__num_suffix=" –",
            style__num_format="1",
            **about,
        )
    return _text("list-style", level, style__name=name)


def _meta(paper: Paper, dated: date):
    return _office(
        "document-meta",
        _office(
            "meta",
            _meta_element("generator", "Halle"),
            _dc("title", _words(paper.title)),
            _dc("subject", _words(paper.subject)),
            _dc("creator", _words(paper.body)),
            _meta_element("creation-date", f"{dated.isoformat()}T00:00:00"),
            _dc("date", f"{dated.isoformat()}T00:00:00"),
            _dc("language", "fr-FR"),
        ),
        office__version=_VERSION,
    )


def _manifest(parts):
    def entry(path: str, media_type: str, **others):
        return _manifest_element(
            "file-entry", manifest__full_path=path, manifest__media_type=media_type, **others
        )

    return _manifest_element(
        "manifest",
        entry("/", MEDIA_TYPE, manifest__version=_VERSION),
        *(entry(name, "text/xml") for name in parts),
        manifest__version=_VERSION,
    )


def _xml(root) -> bytes:
    return tostring(root, xml_declaration=True, encoding="UTF-8")
