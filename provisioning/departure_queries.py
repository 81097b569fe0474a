"""Reads about departures, for an organisation's pages."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from provisioning.models import Departure, LeaverClosing, StepState
from provisioning.models.run import UNFINISHED
from tenants.models import Organisation

_WAITS = Q(closed_at__isnull=True) & (
    Q(run__isnull=True, problem="") | Q(run__steps__state__in=(*UNFINISHED, StepState.LATER))
)
_DONE = Q(closed_at__isnull=False) | Q(run__steps__state__in=(StepState.DONE, StepState.MOOT))


@dataclass(frozen=True)
class Closed:
    """One thing that is closed: `at` when it was, None if not yet. `waits`: it is being done by itself.
    `service`: its name, "" for what is no service."""

    what: str
    service: str
    at: datetime | None
    waits: bool
    problem: str


def departures_of(*, organisation: Organisation) -> QuerySet[Departure]:
    """The last first; `waits` says whether something is still being closed, `to_do` whether something is left
    to a person."""
    closings = LeaverClosing.objects.filter(departure=OuterRef("pk"))
    found = Departure.objects.filter(tenant=organisation).select_related("user", "said_by")
    return found.annotate(
        waits=Exists(closings.filter(_WAITS)), to_do=Exists(closings.exclude(_WAITS | _DONE))
    ).order_by("-left_at", "-pk")


def closings_of(*, departure: Departure) -> list[Closed]:
    """All that is closed behind her, services last and by name. Two queries."""
    found = LeaverClosing.objects.filter(departure=departure).select_related("sheet", "run")
    closings = list(found.prefetch_related("run__steps"))
    closings.sort(key=lambda one: (one.sheet.name.casefold() if one.sheet else "", one.pk))
    return [_closed(one) for one in closings]


def _closed(closing: LeaverClosing) -> Closed:
    name = closing.sheet.name if closing.sheet else ""
    if closing.run is None:
        waits = closing.closed_at is None and not closing.problem
        return Closed(closing.what, name, closing.closed_at, waits, closing.problem)
    [step] = closing.run.steps.all()
    over = step.state in (StepState.DONE, StepState.MOOT)
    at = (step.done_at or closing.run.finished_at) if over else None
    waits = step.state in (*UNFINISHED, StepState.LATER)
    return Closed(closing.what, name, at, waits, "" if over else step.problem)
