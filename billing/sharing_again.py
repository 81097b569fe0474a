"""Drafts under review shared out again, when somebody else pays a part from now on, or pays it no longer.

An issued invoice is never touched: the database refuses a share that would reach what is invoiced.
"""

from datetime import datetime

from django.db import transaction

from billing import tasks
from billing.models import BillingRun, LedgerEntry, RunState
from billing.models.run import UNDER_REVIEW
from billing.payers import by_line, shared_out, shares_within, whole_of
from billing.periods import Period
from billing.redrawing import coded, drafted, draw_payers_again, written_off
from billing.rhythms import days_due
from subscriptions.models import Subscription

AGAIN = "~réparti"
LATER = {"seconds": 5}  # a batch of drafts takes less than one
CHANGED = "Écriture annulée : ceux qui paient cet abonnement ont changé, les parts sont calculées de nouveau."


def note_payers_changed(*, subscription: Subscription) -> None:
    """Has a worker share the drafts out again, in the transaction that changes who pays."""
    tasks.share_again.defer(subscription_id=subscription.pk)


@transaction.atomic
def share_again(*, subscription_id: int, now: datetime) -> None:
    """Draws again the drafts of everybody who paid a part, or pays one now. Called again, does nothing. While
    drafts are being made, comes again later."""
    subscription = Subscription.objects.select_related("tenant").get(pk=subscription_id)
    # Nobody approves them meanwhile. One whose drafts are all to be made will see.
    runs = (
        BillingRun.objects.select_for_update(of=("self",), no_key=True)
        .filter(operator=subscription.operator_id, state__in=[RunState.DRAFTING, *UNDER_REVIEW])
        .order_by("pk")
    )
    found = list(runs)
    if any(run.is_under_way for run in found):
        tasks.share_again.configure(schedule_in=LATER).defer(subscription_id=subscription.pk)
        return
    for run in found:
        _share_again(run, subscription, now)


def _share_again(run: BillingRun, subscription: Subscription, now: datetime) -> None:
    before = drafted(run, subscription)
    days = days_due([subscription], Period(run.period_start, run.period_end))
    shares = shares_within([subscription], start=days.start, end=days.end)
    wholes = [whole_of(subscription, parts) for parts in by_line(before)]
    owed = shared_out(subscription, wholes, shares.get(subscription.pk, ()))
    if _amounts(owed) == _amounts(before):
        return
    for entry in owed:
        entry.code, entry.recorded_at = coded(entry.code, AGAIN), now
    off = [written_off(entry, why=CHANGED, now=now) for entry in before]
    LedgerEntry.objects.bulk_create([*off, *owed])
    draw_payers_again(run, gone=before, added=owed, now=now)


def _amounts(entries: list[LedgerEntry]) -> set[tuple]:
    return {(entry.tenant_id, entry.code, entry.amount_cents, entry.label) for entry in entries}
