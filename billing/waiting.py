"""What waits for the next invoice, as entries of the run that bills it."""

from datetime import datetime
from decimal import Decimal

from billing.entries import FLAT_UNIT, said_of_share
from billing.models import Adjustment, BillingRun, LedgerEntry
from billing.vat import frozen, frozen_as
from subscriptions.vat import vat_asked


def lines_waiting(run: BillingRun, *, tenants: set[int] | None, now: datetime) -> list[LedgerEntry]:
    """The entries that bill what waits for the next invoice of these members, of all if None: not saved, and
    waiting no more. In the caller's transaction. Four queries at most, one without any."""
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
    parts = _parts(found)
    taxed = _vat(found)
    return [
        _line(run, one, parts.get((one.tenant_id, one.subscription_id), {}), taxed[one.pk], now)
        for one in found
    ]


def _parts(adjustments: list[Adjustment]) -> dict[tuple[int, int], dict]:
    """By payer and subscription, what their entries say of the part that somebody pays for another: the same
    is said of what puts them right. One query, none where everybody pays for herself."""
    others = [one for one in adjustments if one.tenant_id != one.subscription.tenant_id]
    if not others:
        return {}
    entries = LedgerEntry.objects.filter(
        tenant__in={one.tenant_id for one in others},
        subscription__in={one.subscription_id for one in others},
        facts__has_key="share",
    )
    return {(one.tenant_id, one.subscription_id): said_of_share(one) for one in entries.order_by("pk")}


def _vat(adjustments: list[Adjustment]) -> dict[int, tuple[dict, dict]]:
    """By adjustment, the VAT of what it puts right, as it was billed, in fields and facts: what completes a
    price bears its tax. Where nothing was billed yet, what was told when it was asked for. One query, none
    without adjustments."""
    if not adjustments:
        return {}
    entries = LedgerEntry.objects.filter(
        run__in={one.run_id for one in adjustments},
        subscription__in={one.subscription_id for one in adjustments},
        adjustment__isnull=True,
    )
    billed = {(one.run_id, one.subscription_id): one for one in entries.order_by("-pk")}
    found = {}
    for one in adjustments:
        entry = billed.get((one.run_id, one.subscription_id))
        found[one.pk] = frozen_as(entry) if entry else (frozen(vat_asked(one.subscription)), {})
    return found


def _line(
    run: BillingRun, adjustment: Adjustment, facts: dict, vat: tuple[dict, dict], now: datetime
) -> LedgerEntry:
    fields, why = vat
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
        **fields,
        steps=adjustment.steps,
        facts=facts | why,
        recorded_at=now,
    )
