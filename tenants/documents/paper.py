"""A paper to be read, changed and signed: its content, said once, for the PDF and for the word processor.

Texts are plain French: what a person typed is never read as markup by either renderer.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """Under the title of the paper."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Blanks:
    """What is written in by hand, one name a line; `abreast` puts them side by side where there is room."""

    names: tuple[str, ...]
    abreast: bool = False


@dataclass(frozen=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True)
class Articles:
    """Numbered from 1: "Article 1 – …"."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """`figures` columns, counted from the end, hold amounts: they are aligned on the right. An empty cell is
    to be filled in."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: int = 1

    def __post_init__(self):
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("a row has not as many cells as there are columns")


Block = Heading | Paragraph | Blanks | Bullets | Articles | Table


@dataclass(frozen=True)
class Paper:
    """`title` names the file, `kind` is what is written on top, `body` and `siren` whose paper it is;
    `footer` is on every page."""

    title: str
    kind: str
    body: str
    siren: str
    subject: str
    blocks: tuple[Block, ...]
    footer: str

    def texts(self) -> Iterator[str]:
        """Every text of it, in the order of reading."""
        yield from (self.body, self.siren, self.kind, self.subject)
        for block in self.blocks:
            match block:
                case Heading(text) | Paragraph(text):
                    yield text
                case Blanks(names):
                    yield from names
                case Bullets(items) | Articles(items):
                    yield from items
                case Table(caption, columns, rows):
                    yield caption
                    yield from columns
                    for row in rows:
                        yield from row
        yield self.footer
