"""The verbs of an import of titres: read a file, confirm or abandon it, take it over.

Rows are taken over by a job, batch by batch: each batch is one transaction that takes the import's row, then
the settlements in the order of their keys, and judges again. A worker may be killed anywhere and another one
go on: a row that is done says so in the same transaction, and makes one payment at most (its key).
"""

from collections.abc import Iterable
from datetime import date, datetime, time

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.timezone import get_default_timezone, localdate

from billing import tasks
from billing.collecting.judging import Judgement
from billing.collecting.known import judged, known_of
from billing.collecting.queries import counts_of_rows
from billing.collecting.rows import TitreRow, read_titres
from billing.models import (
    Payment,
    Settlement,
    SettlementState,
    TitreImport,
    TitreImportRow,
    TitreImportState,
    TitreNumber,
    TitreRowState,
)
from billing.models.titre_import import TITRE_IMPORT_MOVES
from billing.settlement.operations import move
from tenants import audit
from tenants.constraints import violated
from tenants.models import Operator, User
from tenants.models.operator import IssuerKind
from tenants.moves import moved
from tenants.refusals import Refused
from tenants.spreadsheets.imports import cut, notes_of, shown_name
from tenants.spreadsheets.reading import CsvProblem

BATCH = 200
OPEN_ALREADY = "Un import attend déjà : confirmez-le ou abandonnez-le avant d’envoyer un autre fichier."
NOTHING = "Aucune ligne de ce fichier ne peut être reprise."
MOVED = "Cet import vient d’être confirmé ou abandonné. Rechargez la page."
NO_TITRES = "Seul un émetteur public a des titres de recettes."


class ImportOpen(Refused):
    """One file at a time."""

    def __init__(self):
        super().__init__(OPEN_ALREADY)


@transaction.atomic
def read_file(*, operator: Operator, name: str, content: bytes, by: User, now: datetime) -> TitreImport:
    """Keeps the rows of a file, each to be taken over, to be looked at, or set aside with its reasons;
    nothing else changes. Raises Refused for a file that cannot be read as a whole, ImportOpen while another
    one waits."""
    if operator.issuer_kind != IssuerKind.PUBLIC:
        raise Refused(NO_TITRES, "file")
    try:
        found = read_titres(content)
    except CsvProblem as problem:
        raise Refused(problem.message, "file") from None
    titre_import = TitreImport(
        tenant_id=operator.organisation_id,
        operator=operator,
        file_name=shown_name(name),
        sent_by=by,
        sent_at=now,
        notes=notes_of(found.file),
    )
    try:
        with transaction.atomic():
            titre_import.save(force_insert=True)
    except IntegrityError as error:
        if violated(error) != "titre_import_one_open":
            raise
        raise ImportOpen from None
    cells = {row.line: row.cells for row in found.file.rows}
    known = known_of(operator=operator, rows=found.rows)
    rows = [
        _row(titre_import, row.line, cells[row.line], row.as_json(), judgement.reasons, judgement.doubt)
        for row, judgement in judged(found.rows, known=known, today=localdate(now))
    ]
    rows += [_row(titre_import, row.line, row.cells, {}, row.reasons, "") for row in found.rejected]
    TitreImportRow.objects.bulk_create(rows, batch_size=1000)
    _record(titre_import, by, now, "read", "{actor} a envoyé un fichier de titres et de paiements.")
    return titre_import


@transaction.atomic
def confirm(*, titre_import: TitreImport, with_doubtful: bool, by: User, now: datetime) -> None:
    """Has the rows taken over, by a job; `with_doubtful`: the partial payments too, which whoever confirms
    has seen. Raises Refused when there is nothing to take over or somebody was faster."""
    wanted = _rows_to_take(titre_import, with_doubtful=with_doubtful).count()
    if titre_import.state == TitreImportState.READY and not wanted:
        raise Refused(NOTHING)
    _move(
        titre_import,
        TitreImportState.TAKING,
        with_doubtful=with_doubtful,
        total=wanted,
        confirmed_by=by,
        confirmed_at=now,
    )
    _record(titre_import, by, now, "confirmed", "{actor} a confirmé un fichier de titres et de paiements.")
    tasks.take_titre_import.defer(import_id=titre_import.pk)


@transaction.atomic
def abandon(*, titre_import: TitreImport, by: User, now: datetime) -> None:
    """Nothing is taken over. Raises Refused when somebody was faster."""
    _move(titre_import, TitreImportState.ABANDONED, finished_at=now)
    _record(titre_import, by, now, "abandoned", "{actor} a abandonné un fichier de titres et de paiements.")


def take(*, import_id: int, now: datetime) -> None:
    """Takes over the rows that are left. Killed anywhere and called again, it goes on with the next batch;
    called too often, does nothing. For a worker, which sees every tenant."""
    while _take_batch(import_id, now):
        pass


@transaction.atomic
def _take_batch(import_id: int, now: datetime) -> bool:
    """False when there is nothing more to do."""
    titre_import = (
        TitreImport.objects.select_for_update(of=("self",), no_key=True)
        .select_related("confirmed_by", "tenant", "operator")
        .filter(pk=import_id, state=TitreImportState.TAKING)
        .first()
    )
    if titre_import is None:
        return False
    waiting = _rows_to_take(titre_import, with_doubtful=titre_import.with_doubtful)
    rows = list(waiting.order_by("line")[:BATCH])
    if not rows:
        _move(titre_import, TitreImportState.DONE, finished_at=now)
        _record(titre_import, titre_import.confirmed_by, now, "done",
                "{actor} a repris un fichier de titres et de paiements.")  # fmt: skip
        return False
    _take_rows(titre_import, rows, now)
    TitreImportRow.objects.bulk_update(rows, ["state", "problems"])
    TitreImport.objects.filter(pk=import_id).update(done=F("done") + len(rows))
    return True


def _take_rows(titre_import: TitreImport, rows: list[TitreImportRow], now: datetime) -> None:
    """Judges each again, and writes what the good ones say: numbers, payments, invoices that are now paid."""
    by_line = {row.line: row for row in rows}
    said = [TitreRow.of_json(row.data) for row in rows]
    settlements = _locked(titre_import.operator, said)
    known = known_of(operator=titre_import.operator, rows=said)
    numbered = {reference for reference, invoice in known.invoices.items() if invoice.titre}
    numbers: list[TitreNumber] = []
    payments: list[Payment] = []
    paid: dict[str, datetime] = {}
    for row, judgement in judged(
        said, known=known, today=localdate(now), with_doubtful=titre_import.with_doubtful
    ):
        kept = by_line[row.line]
        kept.state, kept.problems = _outcome(judgement, titre_import.with_doubtful)
        if kept.state != TitreRowState.TAKEN:
            continue
        settlement = settlements[row.reference]
        if row.number and row.reference not in numbered:
            numbers.append(_number(settlement, row, now))
            numbered.add(row.reference)
        if row.paid_cents:
            payments.append(_payment(settlement, kept, row, now))
        if known.invoices[row.reference].is_paid:
            paid.setdefault(row.reference, _noon(row.paid_on) if row.paid_on else now)
    TitreNumber.objects.bulk_create(numbers)
    Payment.objects.bulk_create(payments)
    for reference, when in paid.items():
        if settlements[reference].state != SettlementState.PAID:
            move(settlements[reference], to=SettlementState.PAID, now=now, paid_at=when)
    audit.record_together([*map(_numbered_event, numbers), *(_paid_event(settlements[r], now) for r in paid)])


def _locked(operator: Operator, rows: Iterable[TitreRow]) -> dict[str, Settlement]:
    """By the number of the invoice. In the order of their keys, so that two workers never wait for each
    other."""
    found = Settlement.objects.filter(
        invoice__operator=operator, invoice__number__in={row.reference for row in rows}
    )
    found = found.select_related("invoice__tenant").select_for_update(of=("self",), no_key=True)
    return {settlement.invoice.number: settlement for settlement in found.order_by("pk")}


def _outcome(judgement: Judgement, with_doubtful: bool) -> tuple[TitreRowState, list[str]]:
    if judgement.reasons:
        return TitreRowState.REFUSED, [cut(reason) for reason in judgement.reasons]
    if judgement.doubt and not with_doubtful:
        return TitreRowState.DOUBTFUL, [cut(judgement.doubt)]
    return TitreRowState.TAKEN, []


def _number(settlement: Settlement, row: TitreRow, now: datetime) -> TitreNumber:
    return TitreNumber(
        tenant_id=settlement.tenant_id,
        settlement=settlement,
        operator_id=settlement.invoice.operator_id,
        exercice=row.exercice,
        bordereau=row.bordereau,
        number=row.number,
        reduces=settlement.invoice.is_credit_note,
        recorded_at=now,
    )


def _payment(settlement: Settlement, kept: TitreImportRow, row: TitreRow, now: datetime) -> Payment:
    return Payment(
        tenant_id=settlement.tenant_id,
        settlement=settlement,
        row=kept,
        amount_cents=row.paid_cents,
        paid_on=row.paid_on,
        recorded_at=now,
    )


def _noon(day: date) -> datetime:
    """The file says no hour."""
    return datetime.combine(day, time(12), tzinfo=get_default_timezone())


def _numbered_event(number: TitreNumber) -> dict:
    invoice = number.settlement.invoice
    what = "L’avoir" if invoice.is_credit_note else "La facture"
    return {
        "tenant": invoice.tenant,
        "actor": None,
        "what": "titre.numbered",
        "sentence": f"{what} {invoice.number} est chez le comptable public : {number}.",
        "subject_id": invoice.public_id,
        "now": number.recorded_at,
    }


def _paid_event(settlement: Settlement, now: datetime) -> dict:
    invoice = settlement.invoice
    sentence = (
        f"Le titre de la facture que corrige l’avoir {invoice.number} est réduit."
        if invoice.is_credit_note
        else f"La facture {invoice.number} est payée."
    )
    return {
        "tenant": invoice.tenant,
        "actor": None,
        "what": "invoice.paid",
        "sentence": sentence,
        "subject_id": invoice.public_id,
        "now": now,
    }


def _rows_to_take(titre_import: TitreImport, *, with_doubtful: bool):
    states = [TitreRowState.WAITING, *([TitreRowState.DOUBTFUL] if with_doubtful else [])]
    return TitreImportRow.objects.filter(titre_import=titre_import, state__in=states)


def _row(titre_import, line: int, raw, data: dict, reasons, doubt: str) -> TitreImportRow:
    state = TitreRowState.REFUSED if reasons else TitreRowState.WAITING
    if doubt:
        state = TitreRowState.DOUBTFUL
    return TitreImportRow(
        tenant_id=titre_import.tenant_id,
        titre_import=titre_import,
        line=line,
        raw=list(raw),
        data=data,
        state=state,
        problems=[cut(reason) for reason in [*reasons, *filter(None, [doubt])]],
    )


def _move(titre_import: TitreImport, to: TitreImportState, **fields) -> None:
    if not moved(titre_import, to=to, moves=TITRE_IMPORT_MOVES, **fields):
        raise Refused(MOVED)


def _record(titre_import: TitreImport, by: User | None, now: datetime, what: str, sentence: str) -> None:
    audit.record(
        tenant=titre_import.tenant,
        actor=by,
        what=f"titre_import.{what}",
        sentence=sentence,
        subject_id=titre_import.public_id,
        now=now,
        details={"rows": counts_of_rows(titre_import)},
    )
