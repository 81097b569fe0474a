"""A VAT decision reaches the drafts under review: those whose regime is now another are drawn again.

An issued invoice is never touched: what it said of VAT stays, as it was frozen.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime

from django.db.models import QuerySet

from billing import tasks
from billing.batches import BATCH
from billing.facts import KnownFacts, RhythmFacts, facts_for_period
from billing.models import BillingRun, InvoiceState, LedgerEntry, RunState
from billing.models.run import UNDER_REVIEW
from billing.periods import Period
from billing.repricing import note_repricing
from billing.sharing_again import LATER
from billing.vat import FACT, change_days_of_vat, frozen, frozen_facts, regime_on
from subscriptions.in_force import approved_amendments
from subscriptions.models import Subscription
from subscriptions.vat import with_terms
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
    return sum(_note_changed(run, batch, since, now) for run in runs for batch in _batches(run))


def _batches(run: BillingRun) -> Iterator[list[int]]:
    """The subscriptions that its drafts bill, by id."""
    billed = _entries(run).order_by("subscription_id").values_list("subscription_id", flat=True).distinct()
    after = 0
    while batch := list(billed.filter(subscription_id__gt=after)[:BATCH]):
        yield batch
        after = batch[-1]


def _note_changed(run: BillingRun, batch: list[int], since: date, now: datetime) -> int:
    borne: dict[int, set[tuple]] = defaultdict(set)
    for entry in _entries(run).filter(subscription__in=batch):
        said = (entry.period_start, entry.vat_category, entry.vat_rate, entry.vat_reason)
        borne[entry.subscription_id].add((*said, str(entry.facts.get(FACT))))
    subscriptions = list(
        with_terms(Subscription.objects.filter(pk__in=batch))
        .defer("quote")
        .select_related("tenant__territory", "operator", "follows")
        .prefetch_related(approved_amendments())
        .order_by("pk")
    )
    period = Period(run.period_start, run.period_end)
    facts = facts_for_period(subscriptions, period)
    changed = 0
    for subscription in subscriptions:
        known, said = facts.get(subscription.pk), borne[subscription.pk]
        if _bears_another(subscription, known, said, period):
            note_repricing(subscription=subscription, on=max(since, run.period_start), now=now)
            changed += 1
    return changed


def _bears_another(
    subscription: Subscription, facts: KnownFacts | None, said: set[tuple], period: Period
) -> bool:
    """Whether its drafts say another regime than the one in force, or change it on other days. Those of a
    rhythm are looked at when they are priced again."""
    if isinstance(facts, RhythmFacts):
        return True
    days = {start for start, *_ in said}
    if facts is not None and set(change_days_of_vat(subscription, facts, period)) - days:
        return True
    regimes = ((day, regime_on(subscription, facts, day)) for day in days)
    return said != {(day, *frozen(vat).values(), str(frozen_facts(vat)[FACT])) for day, vat in regimes}


def _entries(run: BillingRun) -> QuerySet[LedgerEntry]:
    """What its drafts bill of its own period."""
    return LedgerEntry.objects.filter(
        run=run, adjustment__isnull=True, corrects__isnull=True, line__invoice__state=InvoiceState.DRAFT
    )


def _drafted(operator_id: int, since: date) -> QuerySet[BillingRun]:
    """The runs with drafts that bill days from then on, those that are being made included."""
    states = [RunState.DRAFTING, *UNDER_REVIEW]
    return BillingRun.objects.filter(operator=operator_id, state__in=states, period_end__gt=since)
