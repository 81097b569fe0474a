"""The drafts of a run, batch by batch: a batch is one transaction, and its row says that it is made.

Several workers take the batches one after the other; one killed anywhere loses the batch at hand, which
another takes again. What changes meanwhile (an end, a price, a payer) waits for the last batch: see
`redrawing.lock_runs`.
"""

from collections.abc import Set
from datetime import datetime
from operator import attrgetter

from django.db import transaction
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Greatest

from billing import tasks
from billing.alike import OWN, Prices, not_plain, read_plain
from billing.anomalies.finding import find
from billing.copying import copy_copied, copy_rows
from billing.drafting import owed_for, problem_of
from billing.drafts import drafts_of, write_invoices, write_lines
from billing.facts import facts_for_period
from billing.models import BillingRun, DraftBatch, Invoice, LedgerEntry, RunState
from billing.months import owes_in
from billing.payers import paying_within, shares_within
from billing.periods import Period
from billing.redrawing import draw_again
from billing.rhythms import days_due
from billing.usage import read_usage
from billing.waiting import lines_waiting
from catalog.pricing import PricingError
from subscriptions.in_force import approved_amendments
from subscriptions.models import Subscription
from subscriptions.vat import with_terms

BATCH = 4_000  # subscriptions, or entries: what a worker holds in memory
TOGETHER = 2  # workers asked to draft one run
# What those that are not plain are priced from: a subscription is long.
_READ = (
    "public_id", "tenant_id", "operator_id", "listing_id", "follows_id", "service_name", "active_from",
    "ended_on", "grid", "options", "counts", "vat_category", "vat_rate", "vat_reason",
)  # fmt: skip

Members = list[tuple[int, int]]
"""Organisations by id, in order, each with how many rows are to be read for it."""


def draft_members(*, run_id: int, now: datetime) -> bool:
    """Drafts the invoices of all members that owe something for a run, in batches that no other worker has.
    False while another has still one at hand: whoever ends the last goes on.

    Those who pay for others are left to `draft_payers`.
    """
    run = _shared_out(run_id, now)
    if run is None:
        return False
    prices = Prices(run, now)
    while _draft_next(prices, now):
        _say_progress(run)
    return not _to_make(run).exists()


def draft_payers(*, run_id: int, now: datetime) -> None:
    """Drafts the invoices of those who pay a part of somebody else's subscription, once those of all members
    are made: each gathers its lines of all batches. Called again, goes on with what is left."""
    for members in _chunks(_members(_without_line(run_id))):
        with transaction.atomic():
            if run := still_drafting(run_id):
                _invoice_payers(run, [member for member, _ in members], now)


def _billable(run: BillingRun) -> QuerySet[Subscription]:
    subscriptions = Subscription.objects.filter(operator=run.operator_id)
    return subscriptions.billable_in(start=run.period_start, end=run.period_end)


def _without_line(run_id: int) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(run=run_id, line__isnull=True)


def _members(rows: QuerySet) -> Members:
    return list(rows.order_by("tenant_id").values_list("tenant_id").annotate(Count("pk")))


def _chunks(members: Members) -> list[Members]:
    """In the same order, of some `BATCH` rows each; no member is cut in two."""
    chunks: list[Members] = []
    held = BATCH
    for member, rows in members:
        if held >= BATCH:
            chunks.append([])
            held = 0
        chunks[-1].append((member, rows))
        held += rows
    return chunks


def still_drafting(run_id: int) -> BillingRun | None:
    """The run, locked until the commit; None when its drafts are all made."""
    runs = BillingRun.objects.select_for_update(of=("self",), no_key=True).select_related("operator")
    return runs.filter(pk=run_id, state=RunState.DRAFTING).first()


@transaction.atomic
def _shared_out(run_id: int, now: datetime) -> BillingRun | None:
    """The run, its members shared out in batches by the first who comes, who asks others to help; None when
    its drafts are all made."""
    run = still_drafting(run_id)
    if run is None or run.planned_at is not None:
        return run
    members = _members(_billable(run))
    chunks = _chunks(members)
    DraftBatch.objects.bulk_create(
        DraftBatch(
            tenant_id=run.tenant_id,
            run=run,
            first_member=chunk[0][0],
            last_member=chunk[-1][0],
            members=len(chunk),
        )
        for chunk in chunks
    )
    BillingRun.objects.filter(pk=run.pk).update(planned_at=now, progress_total=len(members))
    for _ in chunks[1:TOGETHER]:
        tasks.draft_run.defer(run_id=run.pk)
    return run


def _to_make(run: BillingRun) -> QuerySet[DraftBatch]:
    return DraftBatch.objects.filter(run=run, done_at__isnull=True)


@transaction.atomic
def _draft_next(prices: Prices, now: datetime) -> bool:
    """Drafts a batch that nobody has at hand; False when there is none."""
    run = prices.run
    batch = _to_make(run).select_for_update(skip_locked=True, no_key=True).order_by("pk").first()
    if batch is None:
        return False
    owing = _billable(run).filter(tenant__gte=batch.first_member, tenant__lte=batch.last_member)
    batch.problems = draft_batch(subscriptions=owing, prices=prices, payers=_payers(run), now=now)
    batch.done_at = now
    batch.save(update_fields=["problems", "done_at"])
    return True


def _say_progress(run: BillingRun) -> None:
    """How many members are done, in a transaction of its own: batches never wait for one another's."""
    done = DraftBatch.objects.filter(run=run, done_at__isnull=False).aggregate(members=Sum("members"))
    BillingRun.objects.filter(pk=run.pk, state=RunState.DRAFTING).update(
        progress_done=Greatest(F("progress_done"), done["members"])
    )


def gather(run: BillingRun) -> list[dict]:
    """The problems of all batches of a run, which are made and now go. In the caller's transaction."""
    batches = DraftBatch.objects.filter(run=run)
    problems = [problem for batch in batches.order_by("pk") for problem in batch.problems]
    batches.delete()
    return problems


def _payers(run: BillingRun) -> Set[int]:
    return paying_within(operator=run.operator, start=run.period_start, end=run.period_end)


def draft_batch(
    *, subscriptions: QuerySet[Subscription], prices: Prices, payers: Set[int], now: datetime
) -> list[dict]:
    """Writes ledger entries and draft invoices for whole members, with what waited for their next invoice,
    and looks through them: all subscriptions of a member must be in the same batch. Returns the problems:
    what could not be priced, and why. The entries of `payers` (ids of those who pay for others too), and of
    whoever is not in the batch, are on no invoice yet.

    A constant number of queries, whatever the size of the batch.
    """
    run, period = prices.run, prices.period
    plain = read_plain(subscriptions, period)
    entries, refused = prices.entries(plain)
    copy_copied(LedgerEntry, entries, first=OWN)
    others = with_terms(subscriptions.filter(not_plain(period)).only(*_READ)).order_by("tenant_id", "pk")
    others = list(others.prefetch_related("tenant__territory", "follows", approved_amendments()))
    priced, problems = _priced(run, others, payers, now)
    members = {one.tenant_id for one in [*plain, *others]}
    waiting = lines_waiting(run, tenants=members, now=now)
    copy_rows([*priced, *waiting])
    alone = members - payers
    billed = sorted([*entries, *priced], key=attrgetter("tenant_id", "subscription_id"))
    drafts = drafts_of(run, [entry for entry in [*billed, *waiting] if entry.tenant_id in alone])
    copy_rows([invoice for invoice, _ in drafts])
    write_lines(drafts)
    find(run=run, now=now, tenants=alone)
    return problems + _problems(refused)


def _priced(
    run: BillingRun, subscriptions: list[Subscription], payers: Set[int], now: datetime
) -> tuple[list[LedgerEntry], list[dict]]:
    """The entries of those that are not plain, not saved, and the problems."""
    period = Period(run.period_start, run.period_end)
    facts = facts_for_period(subscriptions, period)
    read_usage(subscriptions, period)
    days = days_due(subscriptions, period)
    shares = shares_within(subscriptions, start=days.start, end=days.end) if payers or days != period else {}
    entries, problems = [], []
    for subscription in subscriptions:
        if not owes_in(subscription, period):
            continue
        try:
            known, paid_by = facts.get(subscription.pk), shares.get(subscription.pk, [])
            entries += owed_for(run, subscription, known, now, shares=paid_by)
        except PricingError as error:
            problems.append(problem_of(subscription, error))
    return entries, problems


def _problems(refused: dict[int, PricingError]) -> list[dict]:
    """Of plain subscriptions, by id. One query, none where all could be priced."""
    if not refused:
        return []
    found = Subscription.objects.filter(pk__in=refused).select_related("tenant").order_by("pk")
    found = found.only("public_id", "service_name", "tenant__name")
    return [problem_of(one, refused[one.pk]) for one in found]


def _invoice_payers(run: BillingRun, members: list[int], now: datetime) -> None:
    by_payer: dict[int, list[LedgerEntry]] = {member: [] for member in members}
    for entry in _without_line(run.pk).filter(tenant__in=members).order_by("pk"):
        by_payer[entry.tenant_id].append(entry)
    drafts = Invoice.objects.filter(run=run, tenant__in=members)
    # She pays since her own draft was made.
    drafted = set(drafts.values_list("tenant", flat=True))
    for member in drafted:
        draw_again(run, member, without=set(), added=by_payer.pop(member), now=now)
    write_invoices(run, [entry for entries in by_payer.values() for entry in entries])
    find(run=run, now=now, tenants=by_payer)
