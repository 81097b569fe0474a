"""What a killed worker left behind: found by the state of the rows, never by the jobs."""

from datetime import datetime, timedelta

from billing import tasks
from billing.models import (
    BillingRun,
    Closing,
    DrawingState,
    Invoice,
    InvoiceState,
    Repricing,
    RunState,
    Settlement,
    SettlementState,
    StatementRun,
    TitreImport,
    TitreImportState,
)
from billing.sending.depositing import to_send
from tenants import jobs

# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(seconds=30)


def sweep(*, now: datetime) -> None:
    """Enqueues again every unfinished run, closing and change of price to settle, missing file, settlement
    not sent, import of titres not taken over, statement not drawn up and deposit not made.

    All of these are safe to run twice; what still waits in the queue is not put there again, so that a long
    queue does not grow by itself every minute. A settlement found "started" is reconciled, never sent again
    blindly (billing.settlement.operations.push).
    """
    before = now - PATIENCE
    drafting = BillingRun.objects.filter(state=RunState.DRAFTING, started_at__lt=before)
    issuing = BillingRun.objects.filter(state=RunState.ISSUING, approved_at__lt=before)
    closings = Closing.objects.filter(settled_at__isnull=True, noted_at__lt=before)
    repricings = Repricing.objects.filter(settled_at__isnull=True, noted_at__lt=before)
    without_file = Invoice.objects.filter(
        settlement__changed_at__lt=before, state=InvoiceState.ISSUED, file__isnull=True
    )
    unsent = Settlement.objects.filter(
        state__in=[SettlementState.PENDING, SettlementState.STARTED], changed_at__lt=before
    )
    taking = TitreImport.objects.filter(state=TitreImportState.TAKING, confirmed_at__lt=before)
    drawing = StatementRun.objects.filter(state=DrawingState.DRAWING, asked_at__lt=before)
    _enqueue(tasks.draft_run, "run_id", drafting)
    _enqueue(tasks.issue_run, "run_id", issuing)
    _enqueue(tasks.settle_closing, "closing_id", closings)
    _enqueue(tasks.settle_repricing, "repricing_id", repricings)
    _enqueue(tasks.make_file, "invoice_id", without_file)
    _enqueue(tasks.push_settlement, "settlement_id", unsent)
    _enqueue(tasks.take_titre_import, "import_id", taking)
    _enqueue(tasks.draw_statements, "run_id", drawing)
    _enqueue(tasks.deposit, "deposit_id", to_send(now=before))


def _enqueue(task, argument: str, rows) -> None:
    waiting = jobs.waiting(task, argument)
    for pk in rows.order_by("pk").values_list("pk", flat=True):
        if pk not in waiting:
            task.defer(**{argument: pk})
