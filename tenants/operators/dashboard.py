"""Reads for an operator's dashboard."""

from datetime import date

from tenants.members.adhesions import members_of
from tenants.models import AuditEvent, Operator, Organisation


def member_count(*, operator: Operator, on: date) -> int:
    """How many organisations adhere to this operator on that day."""
    return members_of(operator=operator, on=on).count()


def latest_events(*, organisation: Organisation, count: int = 8) -> list[AuditEvent]:
    """The last events of the organisation's own log, last first."""
    return list(
        AuditEvent.objects.filter(tenant=organisation)
        .select_related("actor", "person")
        .order_by("-at", "-pk")[:count]
    )
