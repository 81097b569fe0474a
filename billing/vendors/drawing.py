"""Statements drawn up by a job, each vendor in its own transaction: once per operator, vendor and period.

A line is on the statement of whoever held the service on the first day that it bills. What no statement had
yet comes with it, whenever it was issued: nothing is left out, nothing is counted twice.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.timezone import localdate

from billing import tasks
from billing.copying import copy_rows
from billing.models import (
    CommissionTerms,
    ContestState,
    DrawingState,
    InvoiceLine,
    InvoiceState,
    InvoiceType,
    LineContest,
    StatementLine,
    StatementMove,
    StatementRun,
    VendorStatement,
)
from billing.models.vendor_statement import StatementState
from billing.periods import Period
from billing.vendors import letters, totals
from billing.vendors.terms import commission, in_force
from catalog.models import Vendor
from subscriptions.models import TransferredService, TransferState
from tenants import audit
from tenants.models import Operator, User
from tenants.moves import moved
from tenants.refusals import Refused

MOVES = frozenset({(DrawingState.DRAWING, DrawingState.DONE), (DrawingState.DONE, DrawingState.DRAWING)})
NO_TERMS = "Aucune commission n’est convenue au {day:%d/%m/%Y}, jour de la facture {number}."
UNDER_WAY = "Des relevés sont en cours d’établissement. Attendez qu’ils soient prêts."


@transaction.atomic
def ask(*, operator: Operator, period: Period, by: User, now: datetime) -> StatementRun:
    """Has a worker draw up the statements of a period that is over. Raises Refused: it is not over, comes
    before one that has statements, or others are being drawn up."""
    if period.end > localdate(now):
        raise Refused("Cette période n’est pas terminée : ses relevés s’établissent après.", "period")
    last = StatementRun.objects.filter(operator=operator).order_by("-period_end").first()
    if last and period.start < last.period_end:
        raise Refused(
            f"Les relevés sont établis jusqu’au {last.period_end:%d/%m/%Y} (exclu). "
            "Choisissez une période qui commence après.",
            "period",
        )
    try:
        with transaction.atomic():
            run = StatementRun.objects.create(
                tenant_id=operator.organisation_id,
                operator=operator,
                period_start=period.start,
                period_end=period.end,
                asked_by=by,
                asked_at=now,
            )
    except IntegrityError:
        raise Refused(UNDER_WAY, "period") from None
    _record(run, by, now)
    tasks.draw_statements.defer(run_id=run.pk)
    return run


@transaction.atomic
def ask_again(*, run: StatementRun, by: User, now: datetime) -> None:
    """Has the statements that could not be drawn up looked at again; those that are drawn up stay as they
    are. Raises Refused while others are being drawn up."""
    try:
        with transaction.atomic():
            again = moved(run, to=DrawingState.DRAWING, moves=MOVES, asked_by=by, asked_at=now)
    except IntegrityError:
        again = False
    if not again:
        raise Refused(UNDER_WAY)
    _record(run, by, now)
    tasks.draw_statements.defer(run_id=run.pk)


def draw(*, run_id: int, now: datetime) -> None:
    """Draws up every statement of a run. Killed anywhere and called again, it goes on with the next vendor;
    called once more, does nothing. Two workers at once wait for each other, vendor by vendor."""
    problems = []
    for vendor_id, lines in _found(run_id).items():
        with transaction.atomic():
            run = _held(run_id)
            if run is None:
                return
            if problem := _draw_one(run, vendor_id, lines, now):
                problems.append(problem)
    with transaction.atomic():
        if run := _held(run_id):
            moved(run, to=DrawingState.DONE, moves=MOVES, done_at=now, problems=problems)


def _held(run_id: int) -> StatementRun | None:
    runs = StatementRun.objects.select_for_update(of=("self",), no_key=True)
    return runs.select_related("operator__organisation").filter(pk=run_id, state=DrawingState.DRAWING).first()


def _found(run_id: int) -> dict[int, list[int]]:
    """By vendor, the lines (ids) that are to be on its statement, in the order of their invoices. An operator
    owes itself nothing."""
    run = StatementRun.objects.get(pk=run_id)
    own = set(Vendor.objects.filter(organisation=run.tenant_id).values_list("pk", flat=True))
    passed = _passed(run.operator_id)
    found: dict[int, list[int]] = defaultdict(list)
    for pk, listing, vendor, since in _unstated(run):
        taken_over = next((old for day, old in passed.get(listing, ()) if since < day), vendor)
        if taken_over not in own:
            found[taken_over].append(pk)
    return dict(sorted(found.items()))


def _unstated(run: StatementRun) -> Iterator[tuple[int, int, int, date]]:
    """(line, listing, vendor of today, first day billed) of each line that no statement owes yet."""
    listing = "entry__subscription__listing"
    lines = StatementLine.objects.filter(line=OuterRef("pk"))
    settled, withheld = Exists(lines.filter(withheld=False)), Exists(lines.filter(withheld=True))
    contested = Exists(LineContest.objects.filter(line=OuterRef("pk"), state=ContestState.OPEN))
    rows = (
        InvoiceLine.objects.filter(
            ~settled,
            invoice__operator=run.operator_id,
            invoice__state=InvoiceState.ISSUED,
            invoice__issue_date__lt=run.period_end,
        )
        .exclude(contested & withheld)
        .order_by("invoice__issue_date", "invoice_id", "position")
    )
    yield from rows.values_list(
        "pk",
        f"{listing}_id",
        f"{listing}__offer__product__sheet__vendor_id",
        # What a credit note gives back goes back to whom it was owed.
        Coalesce(F("entry__corrects__period_start"), F("entry__period_start")),
    ).iterator(chunk_size=2000)


def _passed(operator_id: int) -> dict[int, list[tuple[date, int]]]:
    """By listing, (the day on which it passed to another vendor, the vendor before), the first one first."""
    rows = TransferredService.objects.filter(
        transfer__operator=operator_id, transfer__state=TransferState.IN_FORCE
    ).order_by("transfer__settled_at")
    found: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for listing, at, old in rows.values_list(
        "listing_id", "transfer__settled_at", "transfer__from_vendor_id"
    ):
        found[listing].append((localdate(at), old))
    return found


def _draw_one(run: StatementRun, vendor_id: int, lines: list[int], now: datetime) -> dict | None:
    """Writes one statement, unless it is there. Returns why it cannot be drawn up: {vendor, reason}."""
    mine = VendorStatement.objects.filter(operator=run.operator_id, vendor=vendor_id)
    if mine.filter(run=run).exists():
        return None
    vendor = Vendor.objects.select_related("organisation").get(pk=vendor_id)
    agreed = list(
        CommissionTerms.objects.filter(operator=run.operator_id, vendor=vendor, agreed_at__isnull=False)
    )
    by_id = {one.pk: one for one in agreed}
    rows = []
    for line in _read(lines):
        # What a credit note gives back bore the commission of its invoice.
        invoice = line.invoice.corrects or line.invoice
        terms = by_id.get(line.counted_by) or in_force(agreed, invoice.issue_date)
        if terms is None:
            return {
                "vendor": vendor.organisation.name,
                "reason": NO_TERMS.format(day=invoice.issue_date, number=invoice.number),
            }
        rows.append(_row(vendor, line, terms))
    if not rows:
        return None
    last = mine.order_by("-period_end").first()
    statement = VendorStatement.objects.create(
        tenant_id=vendor.organisation_id,
        run=run,
        operator=run.operator,
        vendor=vendor,
        period_start=run.period_start,
        period_end=run.period_end,
        drawn_at=now,
        lines_count=len(rows),
        **totals.of(
            rows,
            carried_cents=min(last.net_cents, 0) if last else 0,
            terms=in_force(agreed, localdate(now)),
        ),
    )
    for row in rows:
        row.statement = statement
    copy_rows(rows)
    StatementMove.objects.create(
        tenant_id=statement.tenant_id, statement=statement, after=StatementState.DRAWN, at=now
    )
    letters.drawn(statement=statement, now=now)
    return None


def _read(lines: list[int]) -> Iterator[InvoiceLine]:
    """Those of the lines that no statement owes yet, now that the run is held. `counted_by`: the terms (their
    id) by which a statement counted what a credit note corrects."""
    of_the_line = StatementLine.objects.filter(line=OuterRef("pk"))
    corrected = StatementLine.objects.filter(line__entry=OuterRef("entry__corrects"), withheld=False)
    rows = (
        InvoiceLine.objects.filter(~Exists(of_the_line.filter(withheld=False)), pk__in=lines)
        .annotate(
            is_contested=Exists(LineContest.objects.filter(line=OuterRef("pk"), state=ContestState.OPEN)),
            was_withheld=Exists(of_the_line.filter(withheld=True)),
            counted_by=Subquery(corrected.values("terms")),
        )
        .select_related("invoice__tenant", "invoice__corrects", "entry__subscription")
        .only(
            "name", "net_cents", "invoice__number", "invoice__issue_date", "invoice__type_code",
            "invoice__tenant__name", "invoice__tenant__siren", "entry__period_start", "entry__period_end",
            "entry__subscription__service_name", "invoice__corrects__number", "invoice__corrects__issue_date",
        )
        .order_by("invoice__issue_date", "invoice_id", "position")
    )  # fmt: skip
    for line in rows.iterator(chunk_size=2000):
        if not (line.is_contested and line.was_withheld):
            yield line


def _row(vendor: Vendor, line: InvoiceLine, terms: CommissionTerms) -> StatementLine:
    invoice, entry = line.invoice, line.entry
    net = -line.net_cents if invoice.type_code == InvoiceType.CREDIT_NOTE else line.net_cents
    row = StatementLine(
        tenant_id=vendor.organisation_id,
        line=line,
        terms=terms,
        withheld=line.is_contested,
        member_name=invoice.tenant.name,
        member_siren=invoice.tenant.siren,
        service_name=entry.subscription.service_name,
        label=line.name,
        number=invoice.number,
        issue_date=invoice.issue_date,
        period_start=entry.period_start,
        period_end=entry.period_end,
        net_cents=net,
        commission_cents=0 if line.is_contested else commission(terms, net),
    )
    row.is_credit = invoice.type_code == InvoiceType.CREDIT_NOTE
    row.is_released = line.was_withheld
    return row


def _record(run: StatementRun, by: User, now: datetime) -> None:
    period = Period(run.period_start, run.period_end)
    audit.record(
        tenant=run.operator.organisation,
        actor=by,
        what="vendor.statements_asked",
        sentence=f"{{actor}} a demandé les relevés des éditeurs : {period.label}.",
        subject_id=run.public_id,
        now=now,
    )
