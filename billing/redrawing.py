"""Drafts under review drawn again, when what they were made of has changed.

The ledger only grows: an entry whose line leaves its draft is written off by its contrary, and what is still
owed is written again, under a code that says why.
"""

import logging
from collections.abc import Iterable
from datetime import date, datetime
from hashlib import sha256

from django.db.models import Q

from billing.anomalies.carrying import carried_over
from billing.approving import withdraw_when_drawn_again
from billing.drafting import CODE_LENGTH, problem_of
from billing.drafts import write_invoices
from billing.entries import copied
from billing.models import BillingRun, Invoice, InvoiceState, InvoiceType, LedgerEntry, RunState
from billing.rhythms import rhythm_in
from catalog.pricing import PricingError
from subscriptions.models import Subscription

logger = logging.getLogger(__name__)

WRITTEN_OFF = "~annulé"


def lock_runs(
    *, operator_id: int, beyond: date, subscription: Subscription | None = None
) -> list[BillingRun]:
    """An operator's runs that bill days from `beyond` on, locked: nobody approves nor issues them meanwhile.
    One whose drafts are all to be made will see things as they now are.

    Where the tariff of a `subscription` has a rhythm, those that billed it such days in advance too, and the
    one of the day before, in which an end makes a period fall due."""
    which = Q(period_end__gt=beyond)
    if subscription is not None and rhythm_in(subscription):
        billed = LedgerEntry.objects.filter(subscription=subscription, period_end__gt=beyond)
        which = Q(period_end__gte=beyond) | Q(pk__in=billed.values("run"))
    return list(
        BillingRun.objects.select_for_update(of=("self",), no_key=True)
        .filter(which, operator=operator_id)
        .order_by("period_start")
    )


def standing(run: BillingRun, subscription: Subscription) -> RunState | None:
    """How a subscription stands in a run: REVIEW while what it bills for it is drafts, ISSUED once invoices,
    as where an issued run bills nothing for it; DRAFTING as the run. None while nothing can be done: the run
    is being drafted or issued, or one payer has an invoice when another's draft is set aside."""
    if run.is_under_way:
        return None
    if run.state in (RunState.DRAFTING, RunState.REVIEW, RunState.ISSUED):
        return RunState(run.state)
    lines = Invoice.objects.invoices().filter(run=run, lines__entry__subscription=subscription)
    states = set(lines.order_by().values_list("state", flat=True).distinct())
    if InvoiceState.DRAFT not in states:
        partly = Invoice.objects.issued().filter(run=run).exists()
        return RunState.ISSUED if partly else RunState.REVIEW
    return None if InvoiceState.ISSUED in states else RunState.REVIEW


def drafted(run: BillingRun, subscription: Subscription) -> list[LedgerEntry]:
    """What the drafts of a run bill of its own period for a subscription; adjustments of another are left
    out."""
    entries = LedgerEntry.objects.filter(
        run=run, subscription=subscription, adjustment__isnull=True, line__invoice__state=InvoiceState.DRAFT
    )
    return list(entries.filter(corrects__isnull=True).order_by("pk"))


def tell_problem(run: BillingRun, subscription: Subscription, error: PricingError) -> None:
    """A person must look at what cannot be priced again, as at what could not be priced at first."""
    logger.error("subscription %s cannot be priced again in run %s", subscription.pk, run.pk)
    told = problem_of(subscription, error)
    others = [one for one in run.problems if one["subscription"] != told["subscription"]]
    run.problems = [*others, told]
    run.save(update_fields=["problems"])


def could_not_price(run: BillingRun, subscription: Subscription) -> bool:
    """Whether a run left it out for a reason that a person reads there."""
    return any(problem["subscription"] == str(subscription.public_id) for problem in run.problems)


def coded(code: str, ending: str) -> str:
    """The code of an entry that replaces or corrects another of the same run. One too long is cut and told
    apart by its digest."""
    room = CODE_LENGTH - len(ending)
    if len(code) > room:
        code = f"{code[: room - 8]}{sha256(code.encode()).hexdigest()[:8]}"
    return f"{code}{ending}"


def written_off(entry: LedgerEntry, *, why: str, now: datetime) -> LedgerEntry:
    """The contrary of an entry whose line leaves its draft; `why`, in French. Not saved."""
    return copied(
        entry,
        code=coded(entry.code, WRITTEN_OFF),
        unit_price=-entry.unit_price,
        amount_cents=-entry.amount_cents,
        steps=[why],
        recorded_at=now,
    )


def draw_payers_again(
    run: BillingRun, *, gone: Iterable[LedgerEntry], added: list[LedgerEntry], now: datetime
) -> None:
    """The drafts of whoever paid what is gone, or pays what is added."""
    without: dict[int, set[int]] = {entry.tenant_id: set() for entry in [*gone, *added]}
    for entry in gone:
        without[entry.tenant_id].add(entry.pk)
    for tenant_id, those in sorted(without.items()):
        added_here = [entry for entry in added if entry.tenant_id == tenant_id]
        draw_again(run, tenant_id, without=those, added=added_here, now=now)


def draw_again(
    run: BillingRun, tenant_id: int | None, *, without: set[int], added: list[LedgerEntry], now: datetime
) -> None:
    """A member's drafts of this run, made again of the entries they had and of those added, and looked
    through again. One that was approved and waits to be confirmed goes back to whoever reads it."""
    if not without and not added:
        return
    withdraw_when_drawn_again(run, now=now)
    drafts = Invoice.objects.filter(
        run=run, tenant=tenant_id, state=InvoiceState.DRAFT, type_code=InvoiceType.INVOICE
    )
    entries = LedgerEntry.objects.filter(line__invoice__in=drafts).order_by("subscription_id", "pk")
    kept = [entry for entry in entries if entry.pk not in without]
    with carried_over(run, tenant_id, now=now):
        drafts.delete()
        write_invoices(run, [*kept, *added])
