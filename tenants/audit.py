"""Writing to the audit log."""

from datetime import datetime

from tenants.models import AuditEvent, Organisation, User


def record(
    *,
    tenant: Organisation,
    actor: User | None,
    what: str,
    sentence: str,
    subject_id: object,
    now: datetime,
    details: dict | None = None,
) -> AuditEvent:
    """Adds one event to `tenant`'s log, in the transaction that makes it true.

    `actor` None means Halle itself (a worker). `details` holds before and after, JSON-safe.
    """
    return AuditEvent.objects.create(
        tenant=tenant,
        actor=actor,
        what=what,
        sentence=sentence,
        subject_id=str(subject_id),
        at=now,
        details=details or {},
    )
