"""Drafts under review drawn again, when what they were made of has changed.

The ledger only grows: an entry whose line leaves its draft is written off by its contrary, and what is still
owed is written again, under a code that says why.
"""

import logging
from collections.abc import Iterable
from datetime import date, datetime
from hashlib import sha256

from billing.drafting import CODE_LENGTH, problem_of, write_invoices
from billing.entries import copied
from billing.models import BillingRun, Invoice, InvoiceState, InvoiceType, LedgerEntry
from catalog.pricing import PricingError
from subscriptions.models import Subscription

logger = logging.getLogger(__name__)

WRITTEN_OFF = "~annulé"


def lock_runs(*, operator_id: int, beyond: date) -> list[BillingRun] | None:
    """An operator's runs that bill days from `beyond` on, locked: nobody approves nor issues them meanwhile.
    None while one is being drafted or issued. One whose drafts are all to be made will see things as they now
    are."""
    runs = list(
        BillingRun.objects.select_for_update(of=("self",), no_key=True)
        .filter(operator=operator_id, period_end__gt=beyond)
        .order_by("period_start")
    )
    return None if any(run.is_under_way for run in runs) else runs


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
    run.problems = [*run.problems, problem_of(subscription, error)]
    run.save(update_fields=["problems"])


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


def draw_payers_again(run: BillingRun, *, gone: Iterable[LedgerEntry], added: list[LedgerEntry]) -> None:
    """The drafts of whoever paid what is gone, or pays what is added."""
    without: dict[int, set[int]] = {entry.tenant_id: set() for entry in [*gone, *added]}
    for entry in gone:
        without[entry.tenant_id].add(entry.pk)
    for tenant_id, those in sorted(without.items()):
        added_here = [entry for entry in added if entry.tenant_id == tenant_id]
        draw_again(run, tenant_id, without=those, added=added_here)


def draw_again(
    run: BillingRun, tenant_id: int | None, *, without: set[int], added: list[LedgerEntry]
) -> None:
    """A member's drafts of this run, made again of the entries they had and of those added."""
    if not without and not added:
        return
    drafts = Invoice.objects.filter(
        run=run, tenant=tenant_id, state=InvoiceState.DRAFT, type_code=InvoiceType.INVOICE
    )
    entries = LedgerEntry.objects.filter(line__invoice__in=drafts).order_by("subscription_id", "pk")
    kept = [entry for entry in entries if entry.pk not in without]
    drafts.delete()
    write_invoices(run, [*kept, *added])
