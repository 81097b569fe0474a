"""An operator's agents act for a commune that asks: for a time, on the record, and the commune is told."""

from collections.abc import Iterable
from datetime import datetime

from tenants.models import Assistance, Operator, Organisation


def assisting_operator(
    *, organisation: Organisation, operators: Iterable[int], now: datetime
) -> Operator | None:
    """Which of these operators (ids) the organisation has asked to act for it, now; None when none."""
    open_now = Assistance.objects.filter(
        tenant=organisation, operator__in=operators, closed_at__isnull=True, expires_at__gt=now
    )
    row = open_now.select_related("operator").order_by("pk").first()
    return row.operator if row else None
