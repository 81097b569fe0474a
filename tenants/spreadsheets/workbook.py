"""XLSX workbooks that cannot make a spreadsheet run anything."""

import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

AMOUNT, DAY = "#,##0.00", "DD/MM/YYYY"
Value = str | int | Decimal | date | None
_WIDEST = 60


def xlsx_bytes(*, title: str, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """One sheet, its header in bold and frozen. Numbers and days stay such; a text is always a text,
    whatever sign it begins with. Rows are written as they come: memory does not grow with them."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for place, name in enumerate(header):
        sheet.column_dimensions[chr(ord("A") + place)].width = min(max(len(name) + 4, 14), _WIDEST)
    sheet.append([_cell(sheet, name, bold=True) for name in header])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _cell(sheet, value: Value, *, bold: bool = False) -> WriteOnlyCell:
    if isinstance(value, str):
        # What XML cannot carry is left out, as openpyxl refuses it.
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        cell.data_type = "s"  # openpyxl would take "=" for a formula
    else:
        cell = WriteOnlyCell(sheet, value)
        if isinstance(value, Decimal):
            cell.number_format = AMOUNT
        elif isinstance(value, date):
            cell.number_format = DAY
    if bold:
        cell.font = Font(bold=True)
    return cell
