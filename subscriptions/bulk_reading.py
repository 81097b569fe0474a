"""The list of a request for many: read from a file, or chosen among those one may ask for."""

from collections.abc import Iterable

from subscriptions.bulk import MAX_LINES, Wanted
from tenants.models import Organisation
from tenants.spreadsheets.reading import Column, read_csv

COLUMNS = (
    Column("code", "Code INSEE ou SIREN", ("code", "insee", "code insee", "siren", "numéro siren")),
    Column("commitment", "Numéro d’engagement", ("engagement", "numero engagement"), required=False),
)


def read_list(content: bytes, *, among: Iterable[Organisation]) -> list[Wanted]:
    """One line a row of the file, by INSEE code or SIREN; a row that names nobody of `among` is kept, to be
    reported. Raises CsvProblem for a file that cannot be read."""
    by_code: dict[str, Organisation] = {}
    for organisation in among:
        by_code[organisation.siren] = organisation
        if organisation.territory_id:
            by_code.setdefault(organisation.territory.code, organisation)
    file = read_csv(content, columns=COLUMNS, max_rows=MAX_LINES)
    rows = [(row.line, row.values["code"], row.values["commitment"]) for row in file.rows]
    rows += [(row.line, " ".join(row.cells), "") for row in file.rejected]
    return [Wanted(code, by_code.get(_plain(code)), commitment) for _, code, commitment in sorted(rows)]


def _plain(code: str) -> str:
    """A spreadsheet drops the zero of "01004" and puts spaces in a SIREN."""
    compact = "".join(code.split()).upper()
    return compact.zfill(5) if compact.isdigit() and len(compact) == 4 else compact
