"""What was invoiced for one subscription, for whoever compares it with what she expected."""

from collections import defaultdict
from datetime import date

from billing.models import InvoiceState, LedgerEntry
from catalog.pricing import vat_breakdown
from catalog.pricing.money import round_ratio
from subscriptions.models import Subscription


def invoiced_for(*, subscription: Subscription, start: date, end: date) -> int | None:
    """The cents, tax included, of issued invoices and credit notes for the days of service in [start, end):
    of a line that bills more days than those, the part of these. What is paid once (an adhesion) counts on
    its first day. None when nothing was invoiced to its subscriber. One query, in its scope."""
    entries = LedgerEntry.objects.filter(
        tenant=subscription.tenant_id,
        subscription=subscription,
        line__invoice__state=InvoiceState.ISSUED,
        period_start__lt=end,
        period_end__gt=start,
    ).select_related("line")
    by_invoice: dict[int, list[tuple]] = defaultdict(list)
    for entry in entries:
        if days := _days(entry, subscription, start, end):
            cents = round_ratio(entry.amount_cents * days[0], days[1])
            by_invoice[entry.line.invoice_id].append((cents, entry.vat_category, entry.vat_rate))
    if not by_invoice:
        return None
    return sum(
        net + sum(subtotal.vat_cents for subtotal in vat_breakdown(lines))
        for lines in by_invoice.values()
        for net in [sum(line[0] for line in lines)]
    )


def _days(entry: LedgerEntry, subscription: Subscription, start: date, end: date) -> tuple[int, int] | None:
    """(days of service of the entry in [start, end), all of them), None when there are none of the first."""
    first = max(entry.period_start, subscription.active_from or entry.period_start)
    if first >= entry.period_end:  # a month that was begun, and owed whole
        first = entry.period_start
    if entry.facts.get("year", {}).get("one_off"):
        return (1, 1) if start <= first < end else None
    days = (min(entry.period_end, end) - max(first, start)).days
    return (days, (entry.period_end - first).days) if days > 0 else None
