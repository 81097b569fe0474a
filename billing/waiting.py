"""What waits for the next invoice, as entries of the run that bills it."""

from datetime import datetime
from decimal import Decimal

from billing.entries import FLAT_UNIT
from billing.models import Adjustment, BillingRun, LedgerEntry


def lines_waiting(run: BillingRun, *, tenants: set[int] | None, now: datetime) -> list[LedgerEntry]:
    """The entries that bill what waits for the next invoice of these members, of all if None: not saved, and
    waiting no more. In the caller's transaction. Two queries, one without any."""
    waiting = Adjustment.objects.to_bill().filter(operator=run.operator_id)
    if tenants is not None:
        waiting = waiting.filter(tenant__in=tenants)
    found = list(
        waiting.select_for_update(of=("self",), no_key=True)
        .select_related("subscription")
        .order_by("tenant", "pk")
    )
    if found:
        Adjustment.objects.filter(pk__in=[one.pk for one in found]).update(settled_at=now)
    return [_line(run, one, now) for one in found]


def _line(run: BillingRun, adjustment: Adjustment, now: datetime) -> LedgerEntry:
    subscription = adjustment.subscription
    return LedgerEntry(
        tenant_id=adjustment.tenant_id,
        operator_id=run.operator_id,
        run=run,
        subscription=subscription,
        adjustment=adjustment,
        period_start=adjustment.period_start,
        period_end=adjustment.period_end,
        code=f"regul~{adjustment.pk}",
        label=adjustment.label,
        quantity=Decimal(1),
        unit=FLAT_UNIT,
        unit_price=Decimal(adjustment.amount_cents) / 100,
        amount_cents=adjustment.amount_cents,
        vat_category=subscription.vat_category,
        vat_rate=subscription.vat_rate,
        vat_reason=subscription.vat_reason,
        steps=adjustment.steps,
        facts={},
        recorded_at=now,
    )
