"""Writing to the audit log."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from tenants.assistance.letters import tell_of_action
from tenants.models import AuditEvent, Operator, Organisation, User

_via: ContextVar[Operator | None] = ContextVar("audit_via", default=None)


@contextmanager
def acting_for(operator: Operator | None) -> Iterator[None]:
    """Inside, every event says that an agent of this operator acted for the organisation, at its request, and
    the organisation is told: one letter a day, in the same transaction."""
    token = _via.set(operator)
    try:
        yield
    finally:
        _via.reset(token)


def record(
    *,
    tenant: Organisation,
    actor: User | None,
    what: str,
    sentence: str,
    subject_id: object,
    now: datetime,
    person: User | None = None,
    changes: dict[str, list] | None = None,
    details: dict | None = None,
) -> AuditEvent:
    """Adds one event to `tenant`'s log, in the transaction that makes it true.

    `actor` None means Halle itself (a worker). `sentence` is in French and names nobody: it says `{actor}`
    and, for somebody else it is about, `{person}`. `changes` holds {field: [before, after]} and `details`
    the rest, JSON-safe. No personal data in any of them: the log can never be changed.
    """
    event = _event(
        tenant=tenant,
        actor=actor,
        what=what,
        sentence=sentence,
        subject_id=subject_id,
        now=now,
        person=person,
        changes=changes,
        details=details,
    )
    event.save()
    return event


def record_together(facts: Iterable[dict]) -> None:
    """Adds an event for each of these, in one query: the arguments that `record` is given."""
    AuditEvent.objects.bulk_create([_event(**fact) for fact in facts])


def _event(
    *,
    tenant: Organisation,
    actor: User | None,
    what: str,
    sentence: str,
    subject_id: object,
    now: datetime,
    person: User | None = None,
    changes: dict[str, list] | None = None,
    details: dict | None = None,
) -> AuditEvent:
    """Not written yet."""
    via = _via.get()
    if via is not None:
        tell_of_action(organisation=tenant, operator=via, now=now)
    return AuditEvent(
        tenant=tenant,
        actor=actor,
        via=via,
        person=person,
        what=what,
        sentence=sentence,
        subject_id=str(subject_id),
        at=now,
        changes=changes or {},
        details=details or {},
    )
