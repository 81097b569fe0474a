"""Reads for an operator's dashboard."""

from datetime import date

from django.db.models import Q

from tenants.models import Adhesion, AuditEvent, Operator, Organisation


def member_count(*, operator: Operator, on: date) -> int:
    """How many organisations adhere to this operator on that day."""
    open_then = Q(until__isnull=True) | Q(until__gt=on)
    return Adhesion.objects.filter(open_then, operator=operator, since__lte=on).count()


def latest_events(*, organisation: Organisation, count: int = 8) -> list[AuditEvent]:
    """The last events of the organisation's own log, last first."""
    return list(AuditEvent.objects.filter(tenant=organisation).order_by("-at", "-pk")[:count])
