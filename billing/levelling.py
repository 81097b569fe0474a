"""A period that is invoiced already, brought level with what is owed for it by the terms now in force.

An issued invoice is never touched. What is owed and not billed is a line of the next invoice; what was billed
and is not owed is on a credit note. Whatever came in between, and however often it is told, what was billed
in the end is what one invoice would have billed that knew everything.
"""

import logging
from collections import defaultdict
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from billing.credit_drafts import draft_credit_note
from billing.drafting import owed_for
from billing.entries import FLAT_UNIT, copied, said_of_share
from billing.facts import facts_as_billed, facts_for_period
from billing.models import (
    Adjustment,
    AdjustmentKind,
    BillingRun,
    Invoice,
    InvoiceState,
    LedgerEntry,
)
from billing.periods import Period
from billing.redrawing import coded, could_not_price, draw_again, written_off
from billing.waiting import lines_waiting
from catalog.pricing import format_cents, format_date
from subscriptions.in_force import changes_within
from subscriptions.models import Subscription

logger = logging.getLogger(__name__)

FOUND_AGAIN = "Écriture annulée : la régularisation est calculée de nouveau."


def level(*, run: BillingRun, subscription: Subscription, now: datetime) -> list[Adjustment]:
    """Finds the difference for the period of an issued run, and puts it right; by payer. In the caller's
    transaction, the run locked. Called again, finds none.

    One that the run could not price is left to whoever reads the problems of the run; another that it did not
    bill, as it was not open yet, owes it all. Raises PricingError.
    """
    own = own_entries(run, subscription)
    first = own.filter(corrects__isnull=True).order_by("pk").first()
    if first is None and could_not_price(run, subscription):
        return []
    _forget_unissued(run, subscription, now)
    period = Period(run.period_start, run.period_end)
    facts = facts_for_period([subscription], period).get(subscription.pk)
    owed: dict[int, list[LedgerEntry]] = defaultdict(list)
    for entry in owed_for(run, subscription, facts_as_billed(first, facts) if first else facts, now):
        owed[entry.tenant_id].append(entry)
    billed = _billed(run, subscription)
    made = []
    for tenant_id in sorted({*owed, *billed}):
        found = _difference(
            run, subscription, tenant_id, owed[tenant_id], *billed.get(tenant_id, (0, 0)), now
        )
        if found.amount_cents:
            found.save(force_insert=True)
            made.append(found)
            if found.amount_cents < 0:
                give_back(found, among=Q(run=run) | Q(adjustment__run=run), now=now)
    return made


def own_entries(run: BillingRun, subscription: Subscription) -> QuerySet[LedgerEntry]:
    """What a run billed of its own period, and gave back at an end; adjustments are left out."""
    return LedgerEntry.objects.filter(run=run, subscription=subscription, adjustment__isnull=True)


def is_adjusted(run: BillingRun, subscription: Subscription) -> bool:
    """Whether something of what the run billed was put right since, or is to be."""
    by_entries = LedgerEntry.objects.filter(run=run, subscription=subscription, adjustment__isnull=False)
    return by_entries.exists() or Adjustment.objects.filter(run=run, subscription=subscription).exists()


def _billed(run: BillingRun, subscription: Subscription) -> dict[int, tuple[int, int]]:
    """By payer: what was invoiced, then what accepted contests gave back of it (zero or less)."""
    own = Q(run=run, adjustment__isnull=True)
    invoiced = own | Q(adjustment__run=run, adjustment__kind=AdjustmentKind.REPRICED)
    contested = Q(adjustment__run=run, adjustment__kind=AdjustmentKind.CONTESTED)
    entries = LedgerEntry.objects.filter(invoiced | contested, subscription=subscription)
    sums = (
        entries.order_by()
        .values_list("tenant")
        .annotate(
            cents=Sum("amount_cents", filter=invoiced, default=0),
            less=Sum("amount_cents", filter=contested, default=0),
        )
    )
    return {tenant_id: (int(cents), int(less)) for tenant_id, cents, less in sums}


def _forget_unissued(run: BillingRun, subscription: Subscription, now: datetime) -> None:
    """What was found before and is on no issued invoice."""
    before = Adjustment.objects.filter(run=run, subscription=subscription, kind=AdjustmentKind.REPRICED)
    before.to_bill().delete()
    drafted = LedgerEntry.objects.filter(
        adjustment__in=before, corrects__isnull=True, line__invoice__state=InvoiceState.DRAFT
    )
    for entry in drafted.select_related("run"):
        written_off(entry, why=FOUND_AGAIN, now=now).save(force_insert=True)
        draw_again(entry.run, entry.tenant_id, without={entry.pk}, added=[], now=now)


def _difference(
    run, subscription, tenant_id: int, owed: list[LedgerEntry], billed: int, contested: int, now
) -> Adjustment:
    """What an accepted contest gave back is neither billed again, nor given back twice."""
    period = Period(run.period_start, run.period_end)
    due = sum(entry.amount_cents for entry in owed)
    if billed > due:
        billed = max(due, billed + contested)
    cents = due - billed
    return Adjustment(
        tenant_id=tenant_id,
        kind=AdjustmentKind.REPRICED,
        subscription=subscription,
        operator_id=run.operator_id,
        run=run,
        period_start=run.period_start,
        period_end=run.period_end,
        amount_cents=cents,
        label=f"{subscription.service_name} – Régularisation, {period.label}"[:200],
        steps=[
            *(
                f"{one} au {format_date(one.effective_on)} : {one.after or one.text}"
                for one in changes_within(subscription, start=period.start, end=period.end)
            ),
            *(f"{entry.label} : {entry.steps[-1]}" for entry in owed if entry.steps),
            balance(due, billed),
        ],
        noted_at=now,
        settled_at=now if cents < 0 else None,
    )


def balance(due: int, billed: int) -> str:
    """The last step of an adjustment, in French; both in cents."""
    if due < billed:
        return f"{format_cents(billed)} facturés − {format_cents(due)} dus = {format_cents(billed - due)}"
    return f"{format_cents(due)} dus − {format_cents(billed)} facturés = {format_cents(due - billed)}"


def give_back(adjustment: Adjustment, *, among: Q, now: datetime) -> None:
    """The contrary entries of a negative adjustment, on the credit notes of the invoices that billed too
    much: the newest first, adhesions last, none below zero."""
    left = -adjustment.amount_cents
    by_invoice: dict[Invoice, list[LedgerEntry]] = defaultdict(list)
    lines = (
        LedgerEntry.objects.filter(
            among,
            tenant=adjustment.tenant_id,
            subscription=adjustment.subscription_id,
            corrects__isnull=True,
            line__invoice__state=InvoiceState.ISSUED,
        )
        .annotate(remains=F("amount_cents") + Coalesce(Sum("corrections__amount_cents"), 0))
        .select_related("line__invoice")
    )
    for entry in sorted(lines, key=_rank):
        cents = min(left, entry.remains)
        if cents > 0:
            by_invoice[entry.line.invoice].append(taken_from(entry, cents, adjustment, now))
            left -= cents
    if left:
        logger.error("adjustment %s: %s cents are on no invoice to be given back", adjustment.pk, left)
    for invoice, entries in by_invoice.items():
        LedgerEntry.objects.bulk_create(entries)
        draft_credit_note(corrects=invoice, entries=entries)


def _rank(entry: LedgerEntry):
    one_off = bool(entry.facts.get("year", {}).get("one_off"))
    return one_off, -entry.period_end.toordinal(), -entry.remains, entry.pk


def taken_from(entry: LedgerEntry, cents: int, adjustment: Adjustment, now: datetime) -> LedgerEntry:
    """The contrary entry of `cents` of an invoiced one, for an adjustment. Not saved."""
    steps = list(adjustment.steps)
    if cents < -adjustment.amount_cents:
        steps.append(f"Dont {format_cents(cents)} sur la ligne « {entry.label} »")
    return copied(
        entry,
        corrects=entry,
        adjustment_id=adjustment.pk,  # as `copied` names it: a model takes one of the two names
        code=coded(entry.code, f"~r{adjustment.pk}"),
        label=adjustment.label,
        quantity=Decimal(1),
        unit=FLAT_UNIT,
        unit_price=-Decimal(cents) / 100,
        amount_cents=-cents,
        steps=steps,
        facts=said_of_share(entry),
        recorded_at=now,
    )


def bill_waiting(run: BillingRun, *, now: datetime, tenants: set[int] | None = None) -> None:
    """Adds what waits for the next invoice to the drafts of a run, which the caller has locked."""
    by_payer: dict[int, list[LedgerEntry]] = defaultdict(list)
    for entry in lines_waiting(run, tenants=tenants, now=now):
        by_payer[entry.tenant_id].append(entry)
    LedgerEntry.objects.bulk_create(entry for entries in by_payer.values() for entry in entries)
    for tenant_id, entries in by_payer.items():
        draw_again(run, tenant_id, without=set(), added=entries, now=now)
