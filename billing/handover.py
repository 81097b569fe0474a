"""A merged commune's drafts, shared with the commune nouvelle: each is billed the months that were its own.

An issued invoice is never touched. The ledger only grows: what was written for the merged commune is written
off by a contrary entry, and what it still owes is written again.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import OperationalError, transaction
from django.db.models import Count
from psycopg.errors import LockNotAvailable

from billing.drafting import entries_by_payer, price_of_period
from billing.exceptions import BillingRefused
from billing.facts import KnownFacts, facts_as_billed, facts_for_period
from billing.models import BillingRun, InvoiceLine, InvoiceState, LedgerEntry, RunState
from billing.months import owes_in
from billing.parts import PeriodPrice
from billing.periods import Period
from billing.redrawing import coded, drafted, draw_payers_again, standing, written_off
from catalog.pricing import PricingError
from subscriptions.models import Subscription
from tenants.models import Operator, Organisation

SHARED = "~partagé"
MERGED = "Écriture annulée : la commune a fusionné, sa part est calculée de nouveau."


class DraftsInUse(BillingRefused):
    """A worker is making or issuing the drafts."""

    def __init__(self):
        super().__init__(
            "Une facturation de cette période est en cours de calcul ou d’émission. "
            "Réessayez dans quelques minutes."
        )


class ShareNotPriced(BillingRefused):
    """What one of the two owes cannot be computed; the reason is the price engine's, in French."""


def draft_lines_waiting(*, operator: Operator, merged: Iterable[tuple[Organisation, date]]) -> dict[int, int]:
    """By organisation id, how many draft lines bill a merged commune for days after its merger. One query."""
    days = {organisation.pk: day for organisation, day in merged}
    lines = InvoiceLine.objects.filter(
        tenant__in=days, invoice__operator=operator, invoice__state=InvoiceState.DRAFT
    )
    counts = dict.fromkeys(days, 0)
    for pk, end, number in (
        lines.values_list("tenant", "invoice__period_end").annotate(Count("pk")).order_by()
    ):
        if end > days[pk]:
            counts[pk] += number
    return counts


@transaction.atomic
def share_drafts(*, old: Subscription, new: Subscription | None, on: date, now: datetime) -> None:
    """Draws the drafts of the periods that go beyond `on` again: `old` owes until that day, `new` from it
    (None when the commune nouvelle is billed already by a subscription of its own).

    Raises DraftsInUse or ShareNotPriced.
    """
    for run in _runs(old, on):
        written = drafted(run, old)
        period = Period(run.period_start, run.period_end)
        entries = [written_off(entry, why=MERGED, now=now) for entry in written]
        owed_by_old = _owed_by_old(run, old, written, period, now) if written else []
        owed_by_new = _owed_by_new(run, new, period, now) if new else []
        LedgerEntry.objects.bulk_create([*entries, *owed_by_old, *owed_by_new])
        draw_payers_again(run, gone=written, added=[*owed_by_old, *owed_by_new], now=now)


def _runs(old: Subscription, on: date) -> list[BillingRun]:
    """The runs under review that bill days from `on`, locked: nobody approves them meanwhile."""
    runs = BillingRun.objects.filter(operator=old.operator_id, period_end__gt=on).exclude(
        state=RunState.ISSUED
    )
    try:
        with transaction.atomic():
            found = list(runs.select_for_update(of=("self",), no_key=True, nowait=True).order_by("pk"))
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise DraftsInUse from None
        raise
    standings = [standing(run, old) for run in found]
    if None in standings:
        raise DraftsInUse
    # One whose drafts are all to be made will find both subscriptions as they now are.
    return [run for run, how in zip(found, standings, strict=True) if how == RunState.REVIEW]


def _owed_by_old(
    run, old: Subscription, written: list[LedgerEntry], period: Period, now
) -> list[LedgerEntry]:
    """What the merged commune owes until its merger, from the very facts its draft was made with."""
    if not owes_in(old, period):
        return []
    known = facts_for_period([old], period).get(old.pk)
    priced = _priced(old, facts_as_billed(written[0], known), period)
    entries = entries_by_payer(run, old, priced, now)
    for entry in entries:
        entry.code = coded(entry.code, SHARED)
        entry.period_end = min(entry.period_end, old.ended_on)
    return entries


def _owed_by_new(run, new: Subscription, period: Period, now) -> list[LedgerEntry]:
    if not owes_in(new, period):
        return []
    facts = facts_for_period([new], period).get(new.pk)
    entries = entries_by_payer(run, new, _priced(new, facts, period), now)
    for entry in entries:
        entry.period_start = max(entry.period_start, new.active_from)
    return entries


def _priced(subscription: Subscription, facts: KnownFacts | None, period: Period) -> PeriodPrice:
    try:
        return price_of_period(subscription, facts, period)
    except PricingError as error:
        raise ShareNotPriced(
            f"{subscription.service_name} pour {subscription.tenant.name} : {error}"
        ) from error
