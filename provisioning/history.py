"""What was asked at a vendor's for one subscription: each plan, each call, how it ended."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Prefetch

from provisioning.connectors import way_of
from provisioning.connectors.outcomes import Way
from provisioning.models import Call, Errand, Event, Step, StepState
from subscriptions.models import Subscription

CALLS_SHOWN = 20


@dataclass(frozen=True)
class Asked:
    """One call. `outcome`: the name of what came back in lower case, "" while its end is unknown;
    `reference`: how the vendor was told of it, "" if it was not."""

    at: datetime
    outcome: str
    detail: str
    doubtful: bool
    reference: str = ""


@dataclass(frozen=True)
class PlannedStep:
    """One step, as the operator's staff read it, with its last calls, the last one first. `then`: when it is
    tried next, None where nothing goes on by itself."""

    event: Event
    label: str
    state: StepState
    planned_at: datetime
    then: datetime | None
    done_at: datetime | None
    problem: str
    calls: list[Asked] = field(default_factory=list)
    errands: list[Errand] = field(default_factory=list)


def history_of(subscription: Subscription) -> list[PlannedStep]:
    """Every step of a subscription's plans, the last first. Three queries."""
    calls = Call.objects.order_by("-started_at", "-pk")
    steps = (
        Step.objects.filter(run__subscription=subscription)
        .select_related("run")
        .prefetch_related(
            Prefetch("calls", queryset=calls, to_attr="last_calls"),
            Prefetch(
                "errands",
                queryset=Errand.objects.select_related("assigned_to", "settled_by").order_by("pk"),
                to_attr="all_errands",
            ),
        )
        .order_by("-run__starts_at", "-run", "-position")
    )
    return [_planned(step) for step in steps]


def _planned(step: Step) -> PlannedStep:
    return PlannedStep(
        event=Event(step.run.event),
        label=step.label,
        state=StepState(step.state),
        planned_at=step.run.created_at,
        then=step.run_after if step.state in (StepState.PENDING, StepState.WAITING) else None,
        done_at=step.done_at,
        problem=step.problem,
        calls=asked_of(step.last_calls),
        errands=step.all_errands,
    )


def asked_of(calls: list[Call]) -> list[Asked]:
    """The first of these calls, in words' stead."""
    return [
        Asked(
            call.started_at,
            call.outcome,
            call.detail,
            call.doubtful,
            reference=str(call.identity or ""),
        )
        for call in calls[:CALLS_SHOWN]
    ]


def way_for(subscription: Subscription, event: Event) -> Way:
    """How an event of its life would be carried out at its vendor's. No more than one query."""
    return way_of(getattr(subscription.listing.offer, "endpoint", None), event)
