"""Who lets the drafts of a run be issued: one person, and a second one above the amount the operator said.

What blocks a draft is put right or the draft set aside first, and every remark has been seen: approving looks
again, so that nothing changed behind the person's back.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, Sum

from billing import tasks
from billing.anomalies.finding import CHECKED_AT_ONCE, drafts_to_issue, find, find_unsound
from billing.anomalies.words import sentence
from billing.exceptions import (
    BillingRefused,
    DraftsNotSeen,
    DraftsUnsound,
    IssuerIncomplete,
    NothingToIssue,
    SecondPersonMissing,
    WrongRunState,
)
from billing.issuing import missing_mentions
from billing.models import (
    Anomaly,
    BillingRun,
    Invoice,
    InvoiceState,
    RunApproval,
    RunState,
    SecondPersonRule,
)
from billing.models.run import READ_BY_A_PERSON
from billing.moves import locked, move, one_line
from catalog.pricing.facts import count_in_words
from tenants import audit
from tenants.models import Membership, Operator, Role, User

MOST_TOLD = 50  # what blocks, told when an approval is refused
CHANGED_MEANWHILE = "Des projets ont été calculés de nouveau."


def approve_run(*, run: BillingRun, approved_by: User, now: datetime) -> None:
    """Accepts the drafts that nobody set aside; a worker then issues them one by one. Where one of them is
    above the amount that the operator said, a second person confirms first.

    Raises IssuerIncomplete when the operator lacks a legal mention; DraftsUnsound while a draft is blocked,
    DraftsNotSeen while one is to be looked at; NothingToIssue; WrongRunState otherwise.
    """
    with transaction.atomic():
        found = locked(run)
        if found.state not in READ_BY_A_PERSON:
            raise WrongRunState("Cette campagne a changé d’état. Rechargez la page.")
        refusal = _look_again(found, now)
        if refusal is None:
            _approve(found, approved_by, now)
    if refusal is not None:
        raise refusal  # what was found is kept: the person looks at it, and puts it right
    run.refresh_from_db()


def _look_again(run: BillingRun, now: datetime) -> BillingRefused | None:
    """The drafts as they would be issued now. Returns why they cannot be. A large run is only approved: the
    worker looks for what would be refused, batch by batch, before it gives numbers."""
    if missing := missing_mentions(run.operator):
        return IssuerIncomplete(missing)
    find(run=run, now=now)
    if drafts_to_issue(run).count() <= CHECKED_AT_ONCE:
        find_unsound(run=run, now=now)
    left = Anomaly.objects.filter(run=run, invoice__in=drafts_to_issue(run), seen_at__isnull=True)
    blocked = left.filter(blocking=True).select_related("tenant").order_by("tenant__name", "pk")
    if problems := [f"{one.tenant.name} : {sentence(one)}" for one in blocked[:MOST_TOLD]]:
        return DraftsUnsound(problems)
    not_seen = left.values("invoice").distinct().count()
    return DraftsNotSeen(not_seen) if not_seen else None


def _approve(run: BillingRun, by: User, now: datetime) -> None:
    totals = drafts_to_issue(run).aggregate(
        drafts=Count("pk"), gross=Sum("gross_cents"), largest=Max("gross_cents")
    )
    if not totals["drafts"] and run.invoices.filter(state=InvoiceState.DRAFT).invoices().exists():
        raise NothingToIssue
    largest, gross = totals["largest"] or 0, int(totals["gross"] or 0)  # a period in which nothing was owed
    above = second_person_above(operator=run.operator)
    approval = RunApproval.objects.create(
        tenant_id=run.tenant_id,
        run=run,
        above_cents=above,
        needs_second=above is not None and largest > above,
        drafts=totals["drafts"],
        gross_cents=gross,
        largest_cents=largest,
        approved_by=by,
        approved_at=now,
    )
    kept = {"approved_by": by, "approved_at": now, "progress_total": approval.drafts, "progress_done": 0}
    to = RunState.CONFIRMING if approval.needs_second else RunState.ISSUING
    move(run, to=to, by=by, now=now, **kept)
    audit.record(
        tenant=run.operator.organisation,
        actor=by,
        what="billing.run_approved",
        sentence=(
            f"{{actor}} a approuvé {_drafts(approval)}."
            if approval.drafts
            else "{actor} a clos une campagne sans facture."
        )
        + (" Une deuxième personne doit confirmer." if approval.needs_second else ""),
        subject_id=run.public_id,
        now=now,
        details={"gross_cents": approval.gross_cents},
    )
    if not approval.needs_second:
        tasks.issue_run.defer(run_id=run.pk)


def confirm_run(*, run: BillingRun, confirmed_by: User, now: datetime) -> None:
    """The second person's accord: somebody of the operator's finance, other than the one who approved.

    Raises SecondPersonMissing for anybody else, and as `approve_run`.
    """
    with transaction.atomic():
        found = locked(run)
        approval = _waiting(found)
        if approval.approved_by_id == confirmed_by.pk or not _finance(found.operator).filter(
            user=confirmed_by
        ):
            raise SecondPersonMissing
        refusal = _look_again(found, now)
        if refusal is None:
            _confirm(found, approval, confirmed_by, now)
    if refusal is not None:
        raise refusal
    run.refresh_from_db()


def _confirm(run: BillingRun, approval: RunApproval, by: User, now: datetime) -> None:
    approval.confirmed_by, approval.confirmed_at = by, now
    approval.save(update_fields=["confirmed_by", "confirmed_at"])
    move(run, to=RunState.ISSUING, by=by, now=now)
    audit.record(
        tenant=run.operator.organisation,
        actor=by,
        what="billing.run_confirmed",
        sentence=f"{{actor}} a confirmé, en deuxième personne, {_drafts(approval)}.",
        subject_id=run.public_id,
        now=now,
        details={"gross_cents": approval.gross_cents},
    )
    tasks.issue_run.defer(run_id=run.pk)


def _drafts(approval: RunApproval) -> str:
    return f"{count_in_words(approval.drafts, 'projet')} de factures"


@transaction.atomic
def send_back(*, run: BillingRun, by: User, reason: str, now: datetime) -> None:
    """Takes the approval back: the drafts are read again. Raises WrongRunState."""
    found = locked(run)
    withdraw(found, _waiting(found), by=by, reason=one_line(reason), now=now)
    audit.record(
        tenant=found.operator.organisation,
        actor=by,
        what="billing.run_sent_back",
        sentence="{actor} a renvoyé les projets de factures à la relecture.",
        subject_id=found.public_id,
        now=now,
    )
    run.refresh_from_db()


def withdraw_when_drawn_again(run: BillingRun, *, now: datetime) -> None:
    """What was approved is not what would be issued any more: it is to be read again. The run is locked; this
    copy of it may be older than the last of its drafts drawn again."""
    approval = waiting_approval(run) if run.state == RunState.CONFIRMING else None
    if approval is not None:
        withdraw(run, approval, by=None, reason=CHANGED_MEANWHILE, now=now)


def withdraw(run: BillingRun, approval: RunApproval, *, by: User | None, reason: str, now: datetime) -> None:
    """Back to where the run was before it was approved, in the caller's transaction."""
    approval.withdrawn_by, approval.withdrawn_at, approval.reason = by, now, reason
    approval.save(update_fields=["withdrawn_by", "withdrawn_at", "reason"])
    if Invoice.objects.invoices().filter(run=run, state=InvoiceState.ISSUED).exists():
        move(run, to=RunState.PARTLY, by=by, now=now, reason=reason)
    else:
        move(run, to=RunState.REVIEW, by=by, now=now, reason=reason, approved_by=None, approved_at=None)


def waiting_approval(run: BillingRun) -> RunApproval | None:
    """The approval of a run that a second person is to confirm."""
    waiting = RunApproval.objects.filter(
        run=run, needs_second=True, confirmed_at__isnull=True, withdrawn_at__isnull=True
    )
    return waiting.select_related("approved_by").first()


def _waiting(run: BillingRun) -> RunApproval:
    approval = waiting_approval(run) if run.state == RunState.CONFIRMING else None
    if approval is None:
        raise WrongRunState("Cette campagne n’attend plus de confirmation. Rechargez la page.")
    return approval


def _finance(operator: Operator):
    return Membership.objects.in_force().filter(
        organisation=operator.organisation_id, role=Role.OPERATOR_FINANCE
    )


def may_confirm(*, operator: Operator, approval: RunApproval) -> list[User]:
    """The people of the operator's finance who may confirm it: all but the one who approved. One query."""
    mandates = _finance(operator).exclude(user=approval.approved_by_id).select_related("user")
    return [one.user for one in mandates.order_by("user__last_name", "user__first_name", "user_id")]


def second_person_above(*, operator: Operator) -> int | None:
    """The amount, in cents, tax included, above which a second person confirms; None where nobody has to."""
    rules = SecondPersonRule.objects.filter(tenant=operator.organisation_id).order_by("-pk")
    return rules.values_list("above_cents", flat=True).first()


@transaction.atomic
def set_second_person(*, operator: Operator, above_cents: int | None, by: User, now: datetime) -> None:
    """Says from which amount a second person confirms, None for none; nothing is written when it says so
    already. It holds for what is approved from now on."""
    before = second_person_above(operator=operator)
    if before == above_cents:
        return
    SecondPersonRule.objects.create(
        tenant_id=operator.organisation_id, above_cents=above_cents, set_by=by, set_at=now
    )
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="operator.second_person_set",
        sentence=f"{{actor}} a modifié la règle des deux personnes de {operator.short_name}.",
        subject_id=operator.pk,
        now=now,
        changes={"above_cents": [before, above_cents]},
    )
