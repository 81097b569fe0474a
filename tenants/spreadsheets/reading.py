"""A CSV file that somebody uploads, read into rows by named columns.

Nothing is guessed in silence: the encoding and the separator found are said, columns that nobody asked for
are listed, and a row that does not fit is set aside with its line and the reason. A file that cannot be
read as a whole raises CsvProblem with a message in French.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tenants.numbers import thousands
from tenants.register.names import normalise
from tenants.spreadsheets.encodings import EMPTY, CsvProblem, Decoded, decode

__all__ = ["Column", "CsvFile", "CsvProblem", "RejectedRow", "Row", "names_of", "read_csv"]

# In order of preference when a file has a single column: what a French spreadsheet writes first.
SEPARATORS = {";": "point-virgule", ",": "virgule", "\t": "tabulation", "|": "barre verticale"}
MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 40_000
_SHOWN_COLUMNS = 20
_SHOWN_LETTERS = 40


@dataclass(frozen=True, slots=True)
class Column:
    """A column that the caller wants.

    `field` is its key in a row, `label` its name for people, `aliases` other names that a file may give it.
    Names are compared whatever their case, accents, spaces and punctuation.
    """

    field: str
    label: str
    aliases: tuple[str, ...] = ()
    required: bool = True

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(_key(name) for name in (self.label, *self.aliases))


@dataclass(frozen=True, slots=True)
class Row:
    """`line` is the row number that a spreadsheet shows. `values`: by field, stripped, "" when empty or when
    the file has no such column. `cells`: the row as it was read, for writing it back."""

    line: int
    values: dict[str, str]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row set aside, with every reason, in French."""

    line: int
    cells: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvFile:
    """What was read. `encoding` and `separator` are words for people; `fields` are those the file has;
    `ignored` are its columns that nobody asked for, as they are written in it."""

    header: tuple[str, ...]
    encoding: str
    separator: str
    fields: frozenset[str]
    ignored: tuple[str, ...]
    rows: tuple[Row, ...]
    rejected: tuple[RejectedRow, ...]


def read_csv(
    content: bytes, *, columns: Sequence[Column], max_bytes: int = MAX_BYTES, max_rows: int = MAX_ROWS
) -> CsvFile:
    """Read the whole file: rows that fit, and rows with too few or too many cells set aside.

    Accepts UTF-8 (with or without a byte order mark), UTF-16 with one and Windows-1252; `;`, `,`, tab or `|`
    between cells; cells with line breaks between quotes. Empty rows are skipped but counted, as in a
    spreadsheet. Raises CsvProblem for a file that is too large, no CSV, empty, without a row under its
    header, badly quoted, or that lacks a required column or has a wanted one twice.
    """
    if len(content) > max_bytes:
        raise CsvProblem(
            f"Le fichier est trop lourd ({_megabytes(len(content))}, le maximum est de "
            f"{_megabytes(max_bytes)}). Découpez-le en plusieurs fichiers."
        )
    decoded = decode(content)
    text, separator = _separator(decoded, columns)
    records = _records(text, separator)
    header_line, header = next(records)
    places = _places(header, columns)
    ignored = [name for index, name in enumerate(header) if name and index not in places.values()]
    rows: list[Row] = []
    rejected: list[RejectedRow] = []
    for line, cells in records:
        if len(rows) + len(rejected) == max_rows:
            raise CsvProblem(
                f"Le fichier compte plus de {thousands(max_rows)} lignes, le maximum. Découpez-le en "
                "plusieurs fichiers."
            )
        reason = _misfit(cells, len(header))
        if reason:
            rejected.append(RejectedRow(line, cells, (reason,)))
            continue
        found = {field: cells[place].strip() for field, place in places.items()}
        rows.append(Row(line, {column.field: found.get(column.field, "") for column in columns}, cells))
    if not rows and not rejected:
        raise CsvProblem(
            f"Le fichier n’a que sa ligne d’en-têtes (ligne {header_line}) : aucune ligne à lire en dessous."
        )
    return CsvFile(
        header=header,
        encoding=decoded.encoding,
        separator=SEPARATORS[separator],
        fields=frozenset(places),
        ignored=tuple(ignored),
        rows=tuple(rows),
        rejected=tuple(rejected),
    )


def names_of(names: Sequence[str]) -> str:
    """ "« siret », « nom »", cut short when there are many or they are long."""
    shown = ", ".join(f"« {_short(name)} »" for name in names[:_SHOWN_COLUMNS])
    more = len(names) - _SHOWN_COLUMNS
    return f"{shown} et {more} autres" if more > 0 else shown


def _separator(decoded: Decoded, columns: Sequence[Column]) -> tuple[str, str]:
    """The text without Excel's "sep=" line, and the separator under which the header knows most columns."""
    first, _, rest = decoded.text.partition("\n")
    hint = first.strip().strip('"')
    # Excel shows neither this line nor counts it.
    if hint[:4].lower() == "sep=" and hint[4:] in (*SEPARATORS, ""):
        return rest, hint[4:] or "\t"
    wanted = frozenset().union(*(column.keys for column in columns))

    def fitness(separator: str) -> tuple[int, int]:
        try:
            _, header = next(_records(decoded.text, separator))
        except CsvProblem:
            # Better than a header without a column that is known: what is wrong then is the quote.
            return 0, len(decoded.text)
        return sum(_key(name) in wanted for name in header), len(header)

    return decoded.text, max(SEPARATORS, key=fitness)


def _records(text: str, separator: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The header, without the empty cells at its end, then the rows that are not empty, numbered."""
    # Strict: an unclosed quote would silently swallow all the rows that follow it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 0
    width = None
    while True:
        line += 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise CsvProblem(
                f'Ligne {line} : un guillemet (") est ouvert sans être refermé, ou mal placé. Corrigez cette '
                "ligne, ou enregistrez de nouveau le fichier au format CSV depuis votre tableur."
            ) from None
        if cells is None:
            break
        if not any(cell.strip() for cell in cells):
            continue
        if width is None:
            cells = [cell.strip() for cell in _without_empty_end(cells, 0)]
            width = len(cells)
        yield line, tuple(_without_empty_end(cells, width))
    if width is None:
        raise CsvProblem(EMPTY)


def _without_empty_end(cells: list[str], least: int) -> list[str]:
    """Spreadsheets write empty cells after the last column whenever something was once typed there."""
    length = len(cells)
    while length > least and not cells[length - 1].strip():
        length -= 1
    return cells[:length]


def _places(header: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    """Where each wanted field is in a row."""
    places: dict[str, int] = {}
    missing = []
    for column in columns:
        found = [index for index, name in enumerate(header) if _key(name) in column.keys]
        if len(found) > 1:
            raise CsvProblem(
                f"La colonne « {column.label} » figure {len(found)} fois : "
                f"{names_of([header[index] for index in found])}. Gardez-en une seule."
            )
        if found:
            places[column.field] = found[0]
        elif column.required:
            missing.append(column.label)
    if not places:
        raise CsvProblem(
            "La première ligne doit porter les noms des colonnes, par exemple "
            f"{names_of([column.label for column in columns])}. Elle contient : {names_of(header)}."
        )
    if missing:
        what = "Il manque la colonne" if len(missing) == 1 else "Il manque les colonnes"
        raise CsvProblem(f"{what} {names_of(missing)}. Colonnes trouvées : {names_of(header)}.")
    return places


def _misfit(cells: Sequence[str], width: int) -> str:
    if len(cells) == width:
        return ""
    what = "a trop de cellules" if len(cells) > width else "n’a pas assez de cellules"
    return f"Cette ligne {what} : {len(cells)} au lieu de {width}."


def _key(name: str) -> str:
    return normalise(name).replace(" ", "")


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= _SHOWN_LETTERS else f"{name[:_SHOWN_LETTERS]}…"


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}".replace(".", ",").removesuffix(",0") + "\u00a0Mo"
