"""The rows of a file of the finance software. Pure: nothing is looked up or written here.

A row is taken as it is or set aside with all its reasons; nothing in it is repaired. A row that begins with
"#" is a remark, like the example of the model file.
"""

import re
from dataclasses import asdict, dataclass
from datetime import date, datetime

from tenants.spreadsheets.imports import without_remarks
from tenants.spreadsheets.reading import Column, CsvFile, RejectedRow, Row, read_csv

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 20_000
COLUMNS = (
    Column("exercice", "Exercice", ("Année", "Exer", "Exercice budgétaire"), required=False),
    Column("bordereau", "Bordereau", ("Numéro de bordereau", "N° bordereau", "N° de bordereau", "IdBord"),
           required=False),
    Column("number", "Titre", ("Numéro de titre", "N° titre", "N° de titre", "Numéro du titre", "IdPce"),
           required=False),
    Column("reference", "Référence", ("Référence de la facture", "Facture", "Numéro de facture", "N° facture",
                                      "N° de facture", "Notre référence")),
    Column("amount", "Montant", ("Montant du titre", "Montant TTC", "Montant titre")),
    Column("paid_on", "Payé le", ("Date de paiement", "Date d’encaissement", "Encaissé le"), required=False),
    Column("paid", "Montant payé", ("Payé", "Montant encaissé", "Encaissé"), required=False),
)  # fmt: skip
_LARGEST = 99_999_999  # numbers of bordereaux and titres have 7 and 8 digits in PES V2
_AMOUNT = re.compile(r"(?P<minus>-?)(?P<euros>\d{1,12})(?:[.,](?P<cents>\d{1,2}))?")
_DATES = ("%d/%m/%Y", "%Y-%m-%d")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class TitreRow:
    """What one line says. Amounts in cents, without their sign; 0 and None where the cell is empty."""

    line: int
    reference: str
    exercice: int
    bordereau: int
    number: int
    amount_cents: int
    paid_cents: int
    paid_on: date | None

    def as_json(self) -> dict:
        """As the row is kept."""
        return asdict(self) | {"paid_on": self.paid_on.isoformat() if self.paid_on else ""}

    @classmethod
    def of_json(cls, data: dict) -> "TitreRow":
        """A row that was kept."""
        day = data["paid_on"]
        return cls(**data | {"paid_on": date.fromisoformat(day) if day else None})


@dataclass(frozen=True, slots=True)
class TitreFile:
    """`file` says how it was read; `rejected` has its own rejected rows too."""

    file: CsvFile
    rows: tuple[TitreRow, ...]
    rejected: tuple[RejectedRow, ...]


class _Bad(Exception):
    """A cell is not acceptable; the text is the reason."""


def read_titres(content: bytes) -> TitreFile:
    """Read a file of titres and payments. Raises CsvProblem when the file as a whole cannot be used."""
    file = read_csv(content, columns=COLUMNS, max_bytes=MAX_BYTES, max_rows=MAX_ROWS)
    read, rejected = without_remarks(file, wanted="vos titres")
    rows = []
    for row in read:
        found, reasons = _read(row)
        if reasons:
            rejected.append(RejectedRow(row.line, row.cells, tuple(reasons)))
        else:
            rows.append(found)
    return TitreFile(file, tuple(rows), tuple(sorted(rejected, key=lambda row: row.line)))


def _read(row: Row) -> tuple[TitreRow | None, list[str]]:
    reasons: list[str] = []

    def take(read, *given, instead):
        try:
            return read(*given)
        except _Bad as problem:
            reasons.append(str(problem))
            return instead

    values = row.values
    # A spreadsheet's guard against formulas, written by ourselves in the file of rows set aside.
    reference = values["reference"].removeprefix("'")
    if not reference:
        reasons.append("Référence : la cellule est vide, indiquez le numéro de notre facture.")
    exercice = take(_year, values["exercice"], instead=0)
    bordereau = take(_number, "Bordereau", values["bordereau"], instead=0)
    number = take(_number, "Titre", values["number"], instead=0)
    amount = take(_amount, "Montant", values["amount"], instead=0)
    paid = take(_received, values["paid"], instead=0)
    paid_on = take(_day, values["paid_on"], instead=None)
    if reasons:
        return None, reasons
    if not values["amount"] or amount == 0:
        reasons.append("Montant : indiquez le montant du titre, en euros.")
    named = (exercice, bordereau, number)
    if any(named) and not all(named):
        reasons.append("Exercice, bordereau et titre vont ensemble : remplissez les trois, ou aucun.")
    if bool(paid) != bool(paid_on):
        reasons.append("Payé le et montant payé vont ensemble : remplissez les deux, ou aucun.")
    if not any(named) and not paid:
        reasons.append("Cette ligne ne dit ni numéro de titre, ni paiement : il n’y a rien à reprendre.")
    if reasons:
        return None, reasons
    return TitreRow(row.line, reference, exercice, bordereau, number, amount, paid, paid_on), []


def _year(text: str) -> int:
    if not text:
        return 0
    if not re.fullmatch(r"20\d\d", text):
        raise _Bad(f"Exercice : « {_short(text)} » n’est pas une année, écrivez-la ainsi : 2026.")
    return int(text)


def _number(label: str, text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= _LARGEST:
        raise _Bad(f"{label} : « {_short(text)} » n’est pas un numéro, écrivez-le en chiffres.")
    return int(text)


def _amount(label: str, text: str) -> int:
    """In cents, without its sign: a reduction is written with or without one."""
    plain = "".join(text.replace("€", "").split())
    if not plain:
        return 0
    found = _AMOUNT.fullmatch(plain)
    if not found:
        raise _Bad(f"{label} : « {_short(text)} » n’est pas un montant, écrivez-le ainsi : 1234,50.")
    return int(found["euros"]) * 100 + int((found["cents"] or "0").ljust(2, "0"))


def _received(text: str) -> int:
    if text.startswith("-"):
        raise _Bad("Montant payé : un paiement annulé ne se reprend pas ici, retirez la ligne.")
    return _amount("Montant payé", text)


def _day(text: str) -> date | None:
    if not text:
        return None
    for written in _DATES:
        try:
            return datetime.strptime(text, written).date()
        except ValueError:
            continue
    raise _Bad(f"Payé le : « {_short(text)} » n’est pas une date, écrivez-la ainsi : 31/12/2026.")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
