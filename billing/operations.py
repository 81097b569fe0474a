"""The verbs of billing: start a run, draft it, issue it. Exactly once, whatever is killed.

A person approves in between: `billing.approving`.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from billing import batches, issuing, tasks
from billing.anomalies.finding import (
    CHECKED_AT_ONCE,
    drafts_to_issue,
    drafts_unblocked,
    find_unsound,
)
from billing.exceptions import PeriodAlreadyBilled
from billing.levelling import bill_waiting
from billing.models import BillingRun, Closing, Invoice, InvoiceState, Repricing, RunState
from billing.moves import locked, move
from billing.periods import Period
from tenants import audit
from tenants.models import Operator, User


@transaction.atomic
def start_run(*, operator: Operator, period: Period, started_by: User, now: datetime) -> BillingRun:
    """Opens the billing of a period; the drafts are made by a worker.

    Raises PeriodAlreadyBilled when a run of this operator covers any day of the period.
    """
    overlapping = BillingRun.objects.filter(
        operator=operator, period_start__lt=period.end, period_end__gt=period.start
    ).first()
    if overlapping:
        raise PeriodAlreadyBilled(overlapping)
    try:
        with transaction.atomic():
            run = BillingRun.objects.create(
                tenant_id=operator.organisation_id,
                operator=operator,
                period_start=period.start,
                period_end=period.end,
                started_by=started_by,
                started_at=now,
            )
    except IntegrityError:
        raise PeriodAlreadyBilled(None) from None
    audit.record(
        tenant=operator.organisation,
        actor=started_by,
        what="billing.run_started",
        sentence=f"{{actor}} a lancé la facturation : {period.label}.",
        subject_id=run.public_id,
        now=now,
    )
    tasks.draft_run.defer(run_id=run.pk)
    return run


def draft_run(*, run_id: int, now: datetime) -> None:
    """Makes every draft of a run, batch by batch, each in its own transaction, with whichever other workers
    are at it; the last of them ends it.

    Killed anywhere and called again, it goes on with the next batch. Called once more, does nothing.
    """
    if not batches.draft_members(run_id=run_id, now=now):
        return
    batches.draft_payers(run_id=run_id, now=now)
    with transaction.atomic():
        if run := batches.still_drafting(run_id):
            bill_waiting(run, now=now)  # of members who owe nothing else for this period
            made = {"problems": batches.gather(run), "progress_done": run.progress_total}
            move(run, to=RunState.REVIEW, by=None, now=now, **made)
            _take_up_changes(run)


def issue_run(*, run_id: int, now: datetime) -> None:
    """Issues every draft of an approved run that nobody set aside, each in its own transaction with its
    number. Of a run too large for it to be done at the approval, those that would be refused are found first:
    they stay drafts, to be put right.

    Killed anywhere and called again, it goes on with what is left: each invoice is issued exactly once
    and the numbers have no gap.
    """
    run = BillingRun.objects.select_related("operator__organisation").get(pk=run_id)
    if run.state != RunState.ISSUING:
        return
    for invoice_id in _to_issue(run, now):
        with transaction.atomic():
            if issuing.issue(invoice_id=invoice_id, operator=run.operator, now=now):
                BillingRun.objects.filter(pk=run.pk).update(progress_done=F("progress_done") + 1)
    with transaction.atomic():
        run = locked(run)
        if run.state == RunState.ISSUING and not drafts_unblocked(run).exists():
            _end_issue(run, now)


def _to_issue(run: BillingRun, now: datetime) -> Iterator[int]:
    """The ids of its drafts in the order of their numbers, once they are known to be sound."""
    ids = list(drafts_unblocked(run).order_by("tenant__name", "pk").values_list("pk", flat=True))
    for start in range(0, len(ids), CHECKED_AT_ONCE):
        some = ids[start : start + CHECKED_AT_ONCE]
        if run.progress_total > CHECKED_AT_ONCE:
            with transaction.atomic():
                find_unsound(run=run, among=Invoice.objects.filter(pk__in=some), now=now)
            sound = set(drafts_unblocked(run).filter(pk__in=some).values_list("pk", flat=True))
            some = [pk for pk in some if pk in sound]
        yield from some


def _end_issue(run: BillingRun, now: datetime) -> None:
    """The run is issued, or in part while drafts are set aside or would be refused: those are issued later in
    the same run."""
    left = Invoice.objects.invoices().filter(run=run, state=InvoiceState.DRAFT).count()
    label = Period(run.period_start, run.period_end).label
    if left:
        move(run, to=RunState.PARTLY, by=None, now=now)
        unsound = drafts_to_issue(run).count()
        words = (
            f"Les factures de la période {label} sont émises, sauf {_not_issued(left - unsound, unsound)}."
        )
    else:
        move(run, to=RunState.ISSUED, by=None, now=now, issued_at=now)
        words = f"Les factures de la période {label} sont émises."
    audit.record(
        tenant=run.operator.organisation,
        actor=None,
        what="billing.run_issued",
        sentence=words,
        subject_id=run.public_id,
        now=now,
    )
    _take_up_changes(run)


def _not_issued(aside: int, unsound: int) -> str:
    """ "une mise de côté et 3 qui seraient refusées"."""
    parts = []
    if aside:
        parts.append("une mise de côté" if aside == 1 else f"{aside} mises de côté")
    if unsound:
        parts.append("une qui serait refusée" if unsound == 1 else f"{unsound} qui seraient refusées")
    return " et ".join(parts)


def _take_up_changes(run: BillingRun) -> None:
    """Subscriptions that ended, or whose price changed, while the run was being drafted or issued: what it
    billed beyond is now put right."""
    waiting = Closing.objects.filter(subscription__operator=run.operator_id, settled_at__isnull=True)
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        tasks.settle_closing.defer(closing_id=pk)
    repriced = Repricing.objects.filter(subscription__operator=run.operator_id, settled_at__isnull=True)
    for pk in repriced.order_by("pk").values_list("pk", flat=True):
        tasks.settle_repricing.defer(repricing_id=pk)
