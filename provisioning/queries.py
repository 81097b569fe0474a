"""Reads for the pages that follow an opening. All need a tenant scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from provisioning.models import Event, Run, Step, StepState
from subscriptions.models import Subscription


@dataclass(frozen=True)
class OpeningStep:
    """One step at the vendor, as the subscriber reads it: the vendor's own words are not for her."""

    label: str
    state: StepState
    tried_at: datetime | None
    done_at: datetime | None
    retrying: bool  # it failed at least once and will be tried again by itself


@dataclass(frozen=True)
class Opening:
    """How far the opening of a service is."""

    started_at: datetime
    finished_at: datetime | None
    steps: list[OpeningStep]

    @property
    def needs_person(self) -> bool:
        """Nothing goes on by itself any more: somebody at the operator must act."""
        return any(step.state == StepState.NEEDS_PERSON for step in self.steps)

    @property
    def given_up(self) -> bool:
        """A person gave it up: what the vendor began is being deleted."""
        return any(step.state == StepState.MOOT for step in self.steps)


def opening_of(subscription: Subscription) -> Opening | None:
    """The latest plan that opens a subscription's service; None before it is approved. Two queries."""
    run = (
        Run.objects.filter(subscription=subscription, tenant_id=subscription.tenant_id, event=Event.ACTIVATE)
        .order_by("-created_at", "-pk")
        .first()
    )
    if run is None:
        return None
    return Opening(
        started_at=run.created_at,
        finished_at=run.finished_at,
        steps=[
            OpeningStep(
                label=step.label,
                state=StepState(step.state),
                tried_at=step.first_tried_at,
                done_at=step.done_at,
                retrying=step.state == StepState.PENDING and bool(step.problem),
            )
            for step in run.steps.order_by("position")
        ],
    )


def blocked_openings(subscriptions: Iterable[Subscription]) -> set[int]:
    """Of these subscriptions, the ids of those whose opening waits for a person at the operator. One query,
    none when there is nothing to ask."""
    ids = [subscription.pk for subscription in subscriptions]
    if not ids:
        return set()
    blocked = Step.objects.filter(
        run__subscription__in=ids,
        run__event=Event.ACTIVATE,
        run__finished_at__isnull=True,
        state=StepState.NEEDS_PERSON,
    )
    return set(blocked.values_list("run__subscription_id", flat=True))
