"""The files of many invoices in one ZIP, written file by file as it is sent: one file is held at a time."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, QuerySet
from django.utils.text import get_valid_filename
from django.utils.timezone import localtime

from billing.custody import FileUnsound, read_sound
from billing.models import BillingRun, Invoice, InvoiceType
from catalog.pricing.money import from_cents
from tenants.models import Organisation
from tenants.spreadsheets.writing import csv_bytes, safe_cell

PART_SIZE = 500
MANIFEST = "manifeste.csv"
COLUMNS = (
    "Numéro",
    "Nature",
    "Émetteur",
    "Destinataire",
    "Date",
    "Montant TTC",
    "Fichier",
    "SHA-256",
    "Taille (octets)",
    "Remarque",
)
NOT_MADE = "Le fichier est en préparation : téléchargez-le plus tard."


@dataclass(frozen=True)
class Kept:
    """An issued invoice or credit note, and its file as it was kept: `path` is "" while it is being made."""

    number: str
    kind: str
    seller: str
    buyer: str
    issue_date: date
    gross_cents: int
    name: str
    path: str
    sha256: str
    size: int
    made_at: datetime | None


def issued_of_run(*, run: BillingRun) -> QuerySet[Invoice]:
    """The invoices of a run, and the credit notes on them."""
    return Invoice.objects.issued().filter(run=run)


def received_in(*, organisation: Organisation, year: int) -> QuerySet[Invoice]:
    """The invoices and credit notes that an organisation received in a year, whoever issued them."""
    return Invoice.objects.issued().filter(tenant=organisation, year=year)


def years_received(*, organisation: Organisation) -> list[tuple[int, int]]:
    """The years in which an organisation received invoices, the last one first, and how many. One query."""
    received = Invoice.objects.issued().filter(tenant=organisation).order_by("-year")
    return list(received.values("year").annotate(count=Count("pk")).values_list("year", "count"))


def part_of(invoices: QuerySet[Invoice], *, part: int, by_operator: bool = False) -> list[Kept]:
    """Those of one archive, the first of which is 1: by number, credit notes after the invoices. Empty beyond
    the last one. `by_operator` has a folder for each issuer, as two may give the same number. One query."""
    first = (part - 1) * PART_SIZE
    columns = ("number", "type_code", "seller__name", "buyer__name", "issue_date", "gross_cents")
    file = ("operator__slug", "file__path", "file__sha256", "file__size", "file__made_at")
    rows = invoices.order_by("type_code", "year", "operator_id", "sequence", "pk").values(*columns, *file)
    return [_kept(row, by_operator=by_operator) for row in rows[first : first + PART_SIZE]]


def _kept(row: dict, *, by_operator: bool) -> Kept:
    name = get_valid_filename(f"{row['number']}.pdf")
    kind = InvoiceType(row["type_code"])
    return Kept(
        number=row["number"],
        kind=kind.label,
        seller=row["seller__name"] or "",
        buyer=row["buyer__name"] or "",
        issue_date=row["issue_date"],
        gross_cents=-row["gross_cents"] if kind == InvoiceType.CREDIT_NOTE else row["gross_cents"],
        name=f"{row['operator__slug']}/{name}" if by_operator else name,
        path=row["file__path"] or "",
        sha256=row["file__sha256"] or "",
        size=row["file__size"] or 0,
        made_at=row["file__made_at"],
    )


def written(kept: Iterable[Kept]) -> Iterator[bytes]:
    """The archive, bit by bit, with a manifest at its end. Asks the storage alone: no tenant scope is needed.

    What has no file, or not the one that was made, is in the manifest with the reason, never left out.
    """
    tail, lines = _Tail(), []
    with zipfile.ZipFile(tail, "w", zipfile.ZIP_STORED) as archive:
        for one in kept:
            remark = ""
            try:
                _add(archive, one)
            except FileUnsound as refusal:
                remark = str(refusal)
            lines.append(_line(one, remark if one.path else NOT_MADE))
            yield tail.taken()
        archive.writestr(MANIFEST, csv_bytes(COLUMNS, lines))
    yield tail.taken()


def _add(archive: zipfile.ZipFile, one: Kept) -> None:
    """Raises FileUnsound."""
    if one.path:
        content = read_sound(path=one.path, sha256=one.sha256)
        archive.writestr(zipfile.ZipInfo(one.name, localtime(one.made_at).timetuple()[:6]), content)


def _line(one: Kept, remark: str) -> list[str]:
    return [
        safe_cell(one.number),
        one.kind,
        safe_cell(one.seller),
        safe_cell(one.buyer),
        f"{one.issue_date:%d/%m/%Y}",
        f"{from_cents(one.gross_cents)}".replace(".", ","),
        "" if remark else safe_cell(one.name),
        one.sha256,
        str(one.size) if one.path else "",
        remark,
    ]


class _Tail(io.BytesIO):
    """The end of an archive that is sent as it is written. zipfile goes back to the head of the file that it
    has just added, to write its size there: some readers open no stored file that tells its size behind."""

    def __init__(self):
        super().__init__()
        self.gone = 0

    def tell(self) -> int:
        return self.gone + super().tell()

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation
        return self.gone + super().seek(position - self.gone)

    def taken(self) -> bytes:
        """What was written since the last time, which is then forgotten."""
        content = self.getvalue()
        super().seek(0)
        self.truncate()
        self.gone += len(content)
        return content
