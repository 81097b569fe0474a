"""A price that changes reaches what was drafted or invoiced for the days from then on.

A draft is drawn again, from the facts it was made with. An issued invoice is never touched: see `levelling`.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from billing import tasks
from billing.drafting import owed_for
from billing.exceptions import NothingChosen, WrongRunState
from billing.facts import facts_as_billed, facts_for_period
from billing.levelling import bill_waiting, level
from billing.models import BillingRun, LedgerEntry, Repricing, RunState
from billing.models.run import READ_BY_A_PERSON
from billing.moves import locked
from billing.periods import Period
from billing.redrawing import (
    coded,
    could_not_price,
    drafted,
    draw_payers_again,
    lock_runs,
    standing,
    tell_problem,
    written_off,
)
from catalog.pricing import PricingError
from catalog.pricing.facts import count_in_words
from subscriptions.models import Subscription
from tenants import audit
from tenants.models import User

CHANGED = "Écriture annulée : le prix a changé, ce qui est dû est calculé de nouveau."


@transaction.atomic
def note_repricing(*, subscription: Subscription, on: date, now: datetime) -> None:
    """Takes note that a subscription is priced otherwise from `on`, and has a worker see to what was billed
    beyond. In the transaction that changes the price, under the subscriber's own scope; twice is once."""
    repricing, noted = Repricing.objects.get_or_create(
        subscription=subscription,
        since=on,
        settled_at=None,
        defaults={"tenant_id": subscription.tenant_id, "noted_at": now},
    )
    if noted:
        tasks.settle_repricing.defer(repricing_id=repricing.pk)


def note_openings(*, subscriptions: Iterable[Subscription], now: datetime) -> None:
    """Takes note that these are billed from their first day on, whatever was drafted or invoiced of it before
    they opened; trials are not. The sweep of every minute has a worker see to it. In the transaction that
    opens them, under the subscribers' own scope, in which no run can be seen. One query."""
    _note(((one, one.active_from) for one in subscriptions if not one.is_trial), now=now)


def _note(those: Iterable[tuple[Subscription, date]], *, now: datetime) -> None:
    """Of many, each from its day."""
    Repricing.objects.bulk_create(
        [Repricing(tenant_id=one.tenant_id, subscription=one, since=on, noted_at=now) for one, on in those],
        ignore_conflicts=True,
    )


@transaction.atomic
def price_again(*, run: BillingRun, by: User, now: datetime) -> int:
    """Has a worker price again what a run could not, once a person has put right what lacked: it is drawn
    into the drafts, or told as a problem again. Returns how many. Raises NothingChosen, WrongRunState."""
    run = locked(run)
    if run.state not in READ_BY_A_PERSON:
        raise WrongRunState("Cette campagne a changé d’état. Rechargez la page.")
    names = [problem["subscription"] for problem in run.problems]
    found = list(Subscription.objects.filter(operator=run.operator_id, public_id__in=names))
    if not found:
        raise NothingChosen
    _note(((one, run.period_start) for one in found), now=now)
    asked = {str(one.public_id) for one in found}
    run.problems = [problem for problem in run.problems if problem["subscription"] not in asked]
    run.save(update_fields=["problems"])
    audit.record(
        tenant=run.operator.organisation,
        actor=by,
        what="billing.priced_again",
        sentence=f"{{actor}} a fait recalculer {count_in_words(len(found), 'abonnement')}.",
        subject_id=run.public_id,
        now=now,
    )
    return len(found)


@transaction.atomic
def settle_repricing(*, repricing_id: int, now: datetime) -> None:
    """Draws drafts under review again and levels issued invoices, in the runs that bill days from the change.

    One transaction; called again, does nothing. While one of those runs is being issued it stays to settle:
    the end of the issue takes it up.
    """
    repricing = (
        Repricing.objects.select_for_update(of=("self",), no_key=True)
        .select_related("subscription__tenant__territory", "subscription__operator", "subscription__follows")
        .get(pk=repricing_id)
    )
    if repricing.settled_at:
        return
    subscription = repricing.subscription
    runs = lock_runs(operator_id=subscription.operator_id, beyond=repricing.since, subscription=subscription)
    standings = [standing(run, subscription) for run in runs]
    if None in standings:
        return
    found = dict(zip(runs, standings, strict=True))
    bill_anew(found, subscription, ending=f"~p{repricing.pk}", why=CHANGED, now=now)
    repricing.settled_at = now
    repricing.save(update_fields=["settled_at"])


def bill_anew(
    runs: dict[BillingRun, RunState], subscription: Subscription, *, ending: str, why: str, now: datetime
) -> None:
    """Draws drafts again and levels what is issued, in these runs, locked; `ending` tells the new entries
    apart, `why` is said of those written off. In the caller's transaction."""
    waiting: set[int] = set()
    for run, how in runs.items():
        try:
            if how == RunState.REVIEW:
                _draw_again(run, subscription, ending, why, now)
            elif how == RunState.ISSUED:
                waiting |= {one.tenant_id for one in level(run=run, subscription=subscription, now=now)}
        except PricingError as error:
            tell_problem(run, subscription, error)
    if waiting and (under_review := next((run for run in runs if run.state == RunState.REVIEW), None)):
        bill_waiting(under_review, tenants=waiting, now=now)


def _draw_again(run: BillingRun, subscription: Subscription, ending: str, why: str, now: datetime) -> None:
    """What the drafts bill of the run's period, by the terms now in force."""
    written = drafted(run, subscription)
    if not written and could_not_price(run, subscription):
        return
    period = Period(run.period_start, run.period_end)
    known = facts_for_period([subscription], period).get(subscription.pk)
    owed = owed_for(run, subscription, facts_as_billed(written[0], known) if written else known, now)
    if _said(written) == _said(owed):
        return
    for entry in owed:
        entry.code = coded(entry.code, ending)
    LedgerEntry.objects.bulk_create([*(written_off(entry, why=why, now=now) for entry in written), *owed])
    draw_payers_again(run, gone=written, added=owed, now=now)


def _said(entries: list[LedgerEntry]) -> list[tuple]:
    """What their lines say."""
    return sorted(
        (
            entry.tenant_id,
            entry.label,
            entry.amount_cents,
            entry.vat_category,
            entry.vat_rate,
            entry.vat_reason,
            str(entry.facts.get("vat")),
        )
        for entry in entries
    )
