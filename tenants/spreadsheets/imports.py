"""What is common to the imports of files, each of which keeps its rows: what is read, noted and set aside."""

from django.db.models import QuerySet

from tenants.spreadsheets.reading import CsvFile, CsvProblem, RejectedRow, Row

REMARK = "#"  # begins a row that is not read, like the example of a model file
MAX_FILE_NAME, LONGEST_REASON = 200, 300


def shown_name(name: str) -> str:
    """What people see of a file's name: printable, and its end, which says what it is."""
    return "".join(char for char in name if char.isprintable())[-MAX_FILE_NAME:]


def notes_of(file: CsvFile) -> dict:
    """How the file was read, for the report and for the file of rows set aside."""
    return {
        "encoding": file.encoding,
        "separator": file.separator,
        "ignored": list(file.ignored),
        "header": list(file.header),
    }


def without_remarks(file: CsvFile, *, wanted: str) -> tuple[list[Row], list[RejectedRow]]:
    """The rows to be read, and those set aside already. Raises CsvProblem when there are remarks only;
    `wanted` then says what to add ("vos agents")."""
    rows = [row for row in file.rows if not _is_remark(row)]
    rejected = [row for row in file.rejected if not _is_remark(row)]
    if not rows and not rejected:
        raise CsvProblem(
            f"Le fichier ne contient que des exemples (lignes qui commencent par {REMARK}) : ajoutez "
            f"{wanted} en dessous."
        )
    return rows, rejected


def cut(reason: str) -> str:
    """As the rows that are kept hold a reason."""
    return reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 1]}…"


def kept_aside(rows: QuerySet) -> list[RejectedRow]:
    """Kept rows in the order of the file, as `spreadsheets.writing.rejected_as_csv` takes them."""
    return [
        RejectedRow(line, tuple(raw), tuple(problems))
        for line, raw, problems in rows.order_by("line").values_list("line", "raw", "problems")
    ]


def _is_remark(row: Row | RejectedRow) -> bool:
    return row.cells[0].lstrip().startswith(REMARK)
