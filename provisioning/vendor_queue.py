"""A vendor's queue: what waits at its door, what is under way, what failed, and what was done lately."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q

from catalog.models import Vendor
from provisioning.models import Event, Lane, Step, StepState
from provisioning.models.run import UNFINISHED

PAGE_SIZE = 25
DONE_SHOWN = 25
LATELY = timedelta(days=30)
# How long what was done took, by ranges: each up to its end, the last one without end.
ENDS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=4),
    timedelta(days=1),
)
_TOOK = F("done_at") - F("first_tried_at")
_OPEN = (*UNFINISHED, StepState.NEEDS_PERSON)


@dataclass(frozen=True)
class Queued:
    """One step as its vendor reads it: the organisation that subscribed, never a person. `next_try`: when it
    is asked again by itself; `took`: from the first attempt to its end."""

    organisation: str
    operator: str
    service: str
    event: Event
    label: str
    state: StepState
    planned_at: datetime
    problem: str
    cause: str
    next_try: datetime | None
    done_at: datetime | None
    took: timedelta | None


@dataclass(frozen=True)
class Queue:
    """`counts`: how many steps are in each state, of those that are not over. `delays`: how many of those
    done LATELY took up to each of ENDS, then longer. `cut_until`: the vendor is left alone until then."""

    page: Page
    counts: dict[StepState, int]
    done: list[Queued]
    delays: list[int]
    cut_until: datetime | None
    failures: int


def queue_of(*, vendor: Vendor, page: str | None, now: datetime) -> Queue:
    """What goes to this vendor's systems. The scope holds its subscribers. Six queries."""
    steps = Step.objects.filter(lane__vendor=vendor)
    open_steps = steps.filter(state__in=_OPEN, run__finished_at__isnull=True)
    counted = open_steps.aggregate(
        **{state.value: Count("pk", filter=Q(state=state)) for state in map(StepState, _OPEN)}
    )
    shown = Paginator(_with_words(open_steps).order_by("run_after", "pk"), PAGE_SIZE).get_page(page)
    shown.object_list = [_queued(step) for step in shown.object_list]
    done = steps.filter(
        state=StepState.DONE, done_at__gte=now - LATELY, done_at__lte=now, first_tried_at__isnull=False
    )
    lane = Lane.objects.filter(vendor=vendor).first()
    return Queue(
        page=shown,
        counts={StepState(state): count for state, count in counted.items()},
        done=[_queued(step) for step in _with_words(done).order_by("-done_at", "-pk")[:DONE_SHOWN]],
        delays=_delays(done),
        cut_until=lane.cut_until if lane and lane.cut_until and lane.cut_until > now else None,
        failures=lane.failures if lane else 0,
    )


def _delays(done) -> list[int]:
    found = done.annotate(took=_TOOK).aggregate(
        **{f"under_{number}": Count("pk", filter=Q(took__lt=end)) for number, end in enumerate(ENDS)},
        whole=Count("pk"),
    )
    under = [found[f"under_{number}"] for number in range(len(ENDS))] + [found["whole"]]
    return [upper - lower for lower, upper in zip([0, *under], under, strict=False)]


def _with_words(steps):
    return steps.select_related("run__subscription__tenant", "run__subscription__operator")


def _queued(step: Step) -> Queued:
    subscription = step.run.subscription
    tries = step.state in (StepState.PENDING, StepState.WAITING)
    return Queued(
        organisation=subscription.tenant.name,
        operator=subscription.operator.short_name,
        service=subscription.service_name,
        event=Event(step.run.event),
        label=step.label,
        state=StepState(step.state),
        planned_at=step.run.created_at,
        problem=step.problem,
        cause=step.get_cause_display() if step.cause else "",
        next_try=step.run_after if tries else None,
        done_at=step.done_at,
        took=step.done_at - step.first_tried_at if step.done_at and step.first_tried_at else None,
    )
