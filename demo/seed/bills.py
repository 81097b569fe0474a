"""Closed billing periods, one in review, and how the issued invoices were settled."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from random import Random

from procrastinate.contrib.django import app
from procrastinate.testing import InMemoryConnector

from billing import approving, files, operations, tasks
from billing.anomalies import settling
from billing.models import Anomaly, BillingRun, Channel, Invoice, InvoiceState, Settlement, SettlementState
from billing.periods import Period
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.people import holders
from tenants.models import AuditEvent, Operator, Role

FIRST_QUARTER = Period(date(2026, 1, 1), date(2026, 4, 1))
SECOND_QUARTER = Period(date(2026, 4, 1), date(2026, 7, 1))
THIRD_QUARTER = Period(date(2026, 7, 1), date(2026, 10, 1))
FIRST_HALF = Period(date(2026, 1, 1), date(2026, 7, 1))
# Operator → (period, day of the run); what is not issued stays in review.
ISSUED = {
    "brumelle": ((FIRST_QUARTER, date(2026, 4, 2)), (SECOND_QUARTER, date(2026, 7, 2))),
    "etabli-communal": ((FIRST_QUARTER, date(2026, 4, 7)), (SECOND_QUARTER, date(2026, 7, 6))),
    "cantonade": ((FIRST_HALF, date(2026, 7, 8)),),
}
IN_REVIEW = {"cantonade": (THIRD_QUARTER, date(2026, 10, 5))}
FILES_AT_ONCE = 20
LATEST_ISSUE = date(2026, 7, 1)  # what was issued since is not all paid
PAID_SHARE = 0.9
TO_PUSH = 2


def make_bills(*, operators: dict[str, Operator], rng: Random) -> None:
    """Runs through the real operations, at the days they would have been run."""
    finance = holders(Role.OPERATOR_FINANCE)
    with jobs_forgotten():
        for slug, runs in ISSUED.items():
            for period, day in runs:
                run = _draft(operators[slug], period, day, finance)
                _look_through(run, at(day, 11))
                approving.approve_run(run=run, approved_by=run.started_by, now=at(day, 14))
                operations.issue_run(run_id=run.pk, now=at(day, 14, 5))
        for slug, (period, day) in IN_REVIEW.items():
            _draft(operators[slug], period, day, finance)
    _settle(rng)


@contextmanager
def jobs_forgotten() -> Iterator[None]:
    """Jobs enqueued inside go nowhere: what they would do is done here, or enqueued afterwards."""
    with app.replace_connector(InMemoryConnector()):
        yield


def _draft(operator: Operator, period: Period, day: date, finance) -> BillingRun:
    run = operations.start_run(
        operator=operator, period=period, started_by=finance[operator.organisation_id], now=at(day, 9)
    )
    operations.draft_run(run_id=run.pk, now=at(day, 9, 1))
    run.refresh_from_db()
    return run


def _look_through(run: BillingRun, now: datetime) -> None:
    """Whoever started the run has seen its remarks; nothing blocks the runs of the past."""
    kinds = Anomaly.objects.filter(run=run, blocking=False).order_by().values_list("kind", flat=True)
    for kind in sorted(set(kinds)):
        settling.see(run=run, kind=kind, ids=None, note="Relu.", by=run.started_by, now=now)


def _settle(rng: Random) -> None:
    """Most invoices are paid within their thirty days.

    The payment provider never heard of those of the past: they carry no number of its own. The last two of
    the association are still to be transmitted, and their job is left for the worker.
    """
    settlements = list(Settlement.objects.select_related("invoice__tenant__territory").order_by("pk"))
    unpaid = [s for s in settlements if s.channel == Channel.STRIPE and _of_main(s)][-1:]
    unpaid += [s for s in settlements if s.channel == Channel.STRIPE and s not in unpaid][-TO_PUSH + 1 :]
    paid, events = [], []
    for settlement in settlements:
        recent = settlement.invoice.issue_date >= LATEST_ISSUE
        if settlement in unpaid or (
            settlement.channel == Channel.TITRE and recent and rng.random() >= PAID_SHARE
        ):
            continue
        when = at(settlement.invoice.issue_date + timedelta(days=rng.randrange(8, 34)), 11)
        settlement.state, settlement.paid_at, settlement.changed_at = SettlementState.PAID, when, when
        paid.append(settlement)
        events.append(_paid_event(settlement, when))
    Settlement.objects.bulk_update(paid, ["state", "paid_at", "changed_at"], batch_size=1000)
    AuditEvent.objects.bulk_create(events)
    tasks.push_settlement.batch_defer(*({"settlement_id": s.pk} for s in unpaid))


def _of_main(settlement: Settlement) -> bool:
    return settlement.invoice.tenant.territory.code == MAIN


def _paid_event(settlement: Settlement, when: datetime) -> AuditEvent:
    invoice = settlement.invoice
    return AuditEvent(
        tenant=invoice.tenant,
        actor=None,
        what="invoice.paid",
        sentence=f"La facture {invoice.number} est payée.",
        subject_id=str(invoice.public_id),
        at=when,
    )


def enqueue_files() -> None:
    """Leaves every file to the worker, those of the main commune first."""
    missing = Invoice.objects.filter(state=InvoiceState.ISSUED, file__isnull=True).select_related(
        "tenant__territory"
    )
    ordered = sorted(missing, key=lambda i: (i.tenant.territory.code != MAIN, i.issue_date, i.pk))
    tasks.make_file.batch_defer(*({"invoice_id": invoice.pk} for invoice in ordered))


def make_first_files(*, now: datetime) -> int:
    """Makes the first files at once, so that there is something to open. Returns how many were made.

    Their jobs find them made and do nothing.
    """
    if Invoice.objects.filter(file__isnull=False).count() >= FILES_AT_ONCE:
        return 0
    issued = Invoice.objects.filter(state=InvoiceState.ISSUED).select_related("tenant__territory", "file")
    ordered = sorted(issued, key=lambda i: (i.tenant.territory.code != MAIN, i.issue_date, i.pk))
    missing = [invoice for invoice in ordered[:FILES_AT_ONCE] if not hasattr(invoice, "file")]
    for invoice in missing:
        files.make_file(invoice_id=invoice.pk, now=now)
    return len(missing)
