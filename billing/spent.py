"""What was invoiced for one subscription, for whoever compares it with what she expected."""

from collections import defaultdict
from datetime import date

from billing.models import InvoiceLine, InvoiceState
from catalog.pricing import vat_breakdown
from subscriptions.models import Subscription


def invoiced_for(*, subscription: Subscription, start: date, end: date) -> int | None:
    """The cents, tax included, of issued invoices and credit notes for periods that begin on a day of
    [start, end); None when nothing was invoiced. One query. The tenant scope holds the subscriber."""
    rows = InvoiceLine.objects.filter(
        tenant=subscription.tenant_id,
        invoice__state=InvoiceState.ISSUED,
        entry__subscription=subscription,
        entry__period_start__gte=start,
        entry__period_start__lt=end,
    ).values_list("invoice_id", "entry__amount_cents", "vat_category", "vat_rate")
    by_invoice = defaultdict(list)
    for invoice, *line in rows:
        by_invoice[invoice].append(tuple(line))
    if not by_invoice:
        return None
    return sum(
        net + sum(subtotal.vat_cents for subtotal in vat_breakdown(lines))
        for lines in by_invoice.values()
        for net in [sum(line[0] for line in lines)]
    )
