"""A VAT decision reaches the drafts under review: those whose regime is now another are drawn again.

An issued invoice is never touched: what it said of VAT stays, as it was frozen.
"""

from datetime import date, datetime

from billing import tasks
from billing.drafting import facts_for_period
from billing.models import BillingRun, InvoiceState, LedgerEntry, RunState
from billing.models.run import UNDER_REVIEW
from billing.periods import Period
from billing.repricing import note_repricing
from billing.sharing_again import LATER
from billing.vat import change_days_of_vat, frozen, frozen_facts, regime_on
from subscriptions.models import Subscription
from tenants.models import Operator


def note_decision(*, operator: Operator, since: date, now: datetime) -> None:
    """Has a worker look at the operator's drafts. In the transaction that decides; nothing without drafts."""
    if _drafted(operator.pk, since).exists():
        tasks.draw_vat_again.defer(operator_id=operator.pk, since=since.isoformat())


def draw_again(*, operator_id: int, since: date, now: datetime) -> int:
    """Notes a change for each subscription whose drafts bear another regime than the one now in force; how
    many. Called again, notes those that are still to settle once. While drafts are being made, comes again
    later."""
    runs = list(_drafted(operator_id, since))
    if any(run.state == RunState.DRAFTING for run in runs):
        task = tasks.draw_vat_again.configure(schedule_in=LATER)
        task.defer(operator_id=operator_id, since=since.isoformat())
        return 0
    changed = 0
    for run in runs:
        drafted = LedgerEntry.objects.filter(
            run=run, adjustment__isnull=True, corrects__isnull=True, line__invoice__state=InvoiceState.DRAFT
        )
        borne: dict[int, set[tuple]] = {}
        for entry in drafted.order_by("pk").iterator():
            said = (entry.period_start, entry.vat_category, entry.vat_rate, entry.vat_reason)
            borne.setdefault(entry.subscription_id, set()).add((*said, str(entry.facts.get("vat"))))
        subscriptions = list(
            Subscription.objects.filter(pk__in=borne)
            .select_related("tenant__territory", "operator", "follows")
            .order_by("pk")
        )
        period = Period(run.period_start, run.period_end)
        facts = facts_for_period(subscriptions, period)
        for subscription in subscriptions:
            known = facts.get(subscription.pk)
            days = {start for start, *_ in borne[subscription.pk]}
            splits = known is not None and set(change_days_of_vat(subscription, known, period)) - days
            due = {
                (day, *frozen(vat).values(), str(frozen_facts(vat)["vat"]))
                for day in days
                for vat in [regime_on(subscription, known, day)]
            }
            if splits or due != borne[subscription.pk]:
                note_repricing(subscription=subscription, on=max(since, run.period_start), now=now)
                changed += 1
    return changed


def _drafted(operator_id: int, since: date):
    """The runs with drafts that bill days from then on, those that are being made included."""
    states = [RunState.DRAFTING, *UNDER_REVIEW]
    return BillingRun.objects.filter(operator=operator_id, state__in=states, period_end__gt=since)
