"""The verbs of billing: start a run, draft it, approve it, issue it. Exactly once, whatever is killed."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from billing import batches, issuing, tasks
from billing.exceptions import DraftsUnsound, IssuerIncomplete, PeriodAlreadyBilled, WrongRunState
from billing.levelling import bill_waiting
from billing.models import BillingRun, Closing, Invoice, InvoiceState, Repricing, RunState
from billing.models.run import RUN_TRANSITIONS
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
    """Makes every draft of a run, batch by batch, each in its own transaction.

    Killed anywhere and called again, it goes on with the next batch. Called once more, does nothing.
    """
    batches.draft_members(run_id=run_id, now=now)
    batches.draft_payers(run_id=run_id, now=now)
    with transaction.atomic():
        if run := batches.still_drafting(run_id):
            bill_waiting(run, now=now)  # of members who owe nothing else for this period
            _move(run, to=RunState.REVIEW)
            _take_up_changes(run)


@transaction.atomic
def approve_run(*, run: BillingRun, approved_by: User, now: datetime) -> None:
    """Accepts the drafts; a worker then issues them one by one.

    Raises IssuerIncomplete when the operator lacks a legal mention, DraftsUnsound when a draft would be
    refused by its reader, WrongRunState otherwise.
    """
    if missing := issuing.missing_mentions(run.operator):
        raise IssuerIncomplete(missing)
    drafts = Invoice.objects.filter(run=run, state=InvoiceState.DRAFT)
    if problems := issuing.unsound_drafts(drafts=drafts, operator=run.operator, now=now):
        raise DraftsUnsound(problems)
    total = drafts.count()
    _move(
        run,
        to=RunState.ISSUING,
        approved_by=approved_by,
        approved_at=now,
        progress_total=total,
        progress_done=0,
    )
    audit.record(
        tenant=run.operator.organisation,
        actor=approved_by,
        what="billing.run_approved",
        sentence=f"{{actor}} a approuvé {total} projets de factures.",
        subject_id=run.public_id,
        now=now,
    )
    tasks.issue_run.defer(run_id=run.pk)


def issue_run(*, run_id: int, now: datetime) -> None:
    """Issues every draft of an approved run, each in its own transaction with its number.

    Killed anywhere and called again, it goes on with what is left: each invoice is issued exactly once
    and the numbers have no gap.
    """
    run = BillingRun.objects.select_related("operator__organisation").get(pk=run_id)
    if run.state != RunState.ISSUING:
        return
    drafts = (
        Invoice.objects.invoices().filter(run=run, state=InvoiceState.DRAFT).order_by("tenant__name", "pk")
    )
    for invoice_id in list(drafts.values_list("pk", flat=True)):
        with transaction.atomic():
            if issuing.issue(invoice_id=invoice_id, operator=run.operator, now=now):
                BillingRun.objects.filter(pk=run.pk).update(progress_done=F("progress_done") + 1)
    with transaction.atomic():
        changed = (
            BillingRun.objects.filter(pk=run.pk, state=RunState.ISSUING)
            .exclude(invoices__state=InvoiceState.DRAFT)
            .update(state=RunState.ISSUED, issued_at=now)
        )
        if changed:
            audit.record(
                tenant=run.operator.organisation,
                actor=None,
                what="billing.run_issued",
                sentence=f"Les factures de la période {Period(run.period_start, run.period_end).label} "
                "sont émises.",
                subject_id=run.public_id,
                now=now,
            )
            _take_up_changes(run)


def _take_up_changes(run: BillingRun) -> None:
    """Subscriptions that ended, or whose price changed, while the run was being drafted or issued: what it
    billed beyond is now put right."""
    waiting = Closing.objects.filter(subscription__operator=run.operator_id, settled_at__isnull=True)
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        tasks.settle_closing.defer(closing_id=pk)
    repriced = Repricing.objects.filter(subscription__operator=run.operator_id, settled_at__isnull=True)
    for pk in repriced.order_by("pk").values_list("pk", flat=True):
        tasks.settle_repricing.defer(repricing_id=pk)


def _move(run: BillingRun, *, to: RunState, **fields) -> None:
    """Conditional update along the table of transitions. Raises WrongRunState."""
    if (run.state, to) not in RUN_TRANSITIONS or (
        BillingRun.objects.filter(pk=run.pk, state=run.state).update(state=to, **fields) != 1
    ):
        raise WrongRunState("Cette campagne a changé d’état. Rechargez la page.")
    run.state = to
