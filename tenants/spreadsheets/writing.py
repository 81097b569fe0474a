"""CSV files that a French spreadsheet opens well, and that cannot make it run anything."""

import csv
import io
from collections.abc import Iterable, Sequence

from tenants.spreadsheets.reading import RejectedRow

REASON = "motif"
# What a spreadsheet would take for the beginning of a formula (OWASP, "CSV injection"). Some drop the
# spaces before it.
_FORMULA_STARTS = ("=", "+", "-", "@")
_FIRST_ANYWAY = ("\t", "\r", "\n")


def safe_cell(text: str) -> str:
    """`text`, behind an apostrophe when a spreadsheet would take it for a formula. Not for amounts."""
    risky = text.startswith(_FIRST_ANYWAY) or text.lstrip().startswith(_FORMULA_STARTS)
    return f"'{text}" if risky else text


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with a byte order mark, semicolons, lines ended by CRLF. Texts go through `safe_cell` first."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def rejected_as_csv(header: Sequence[str], rejected: Iterable[RejectedRow]) -> bytes:
    """The rows set aside, as they were in the file, then a column "motif" with the line and every reason.

    Made to be corrected and sent again: a "motif" at the end of `header` is that of the last time and is
    replaced. A row may be longer than the header: nameless columns are added so that nothing of it is lost.
    """
    rejected = list(rejected)
    kept = header[:-1] if header and header[-1] == REASON else header
    rows = [(row.cells[: len(kept)] if len(row.cells) == len(header) else row.cells, row) for row in rejected]
    width = max([len(kept), *(len(cells) for cells, _ in rows)])

    def padded(cells: Sequence[str]) -> list[str]:
        return [*(safe_cell(cell) for cell in cells), *[""] * (width - len(cells))]

    return csv_bytes(
        [*padded(kept), REASON],
        ([*padded(cells), f"Ligne {row.line} : {' '.join(row.reasons)}"] for cells, row in rows),
    )
