"""What an operator's staff must open, change or close by hand, and what goes by itself meanwhile."""

from dataclasses import dataclass, field
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import OuterRef, Prefetch, Q, Subquery

from provisioning.history import Asked, asked_of
from provisioning.models import Call, Errand, Event, Proposal, Step, StepState
from provisioning.models.endpoint import ConnectorKind
from provisioning.models.run import UNFINISHED
from sso.keycloak.broker import is_configured
from tenants.models import Operator

PAGE_SIZE = 25


@dataclass(frozen=True)
class OpeningTask:
    """One step, with all its page shows. `automatic`: a machine can be asked again. `errand`: who is to act,
    by when, None until somebody is named; `calls`: what was asked last; `proposal`: what she is to agree to,
    if that is all."""

    step: Step
    member: str
    service: str
    vendor: str
    since: datetime
    automatic: bool
    event: Event
    errand: Errand | None = None
    calls: list[Asked] = field(default_factory=list)
    proposal: Proposal | None = None


def openings_for_person(*, operator: Operator, page: str | None) -> Page:
    """A page of the openings, changes and closings that wait for a person, longest wait first: OpeningTask
    each. Five queries."""
    steps = _steps(operator).filter(state=StepState.NEEDS_PERSON).order_by("run__created_at", "pk")
    steps = steps.prefetch_related(
        Prefetch("calls", queryset=Call.objects.order_by("-started_at", "-pk"), to_attr="last_calls"),
        Prefetch(
            "errands",
            queryset=Errand.objects.filter(settled_at__isnull=True).select_related("assigned_to"),
            to_attr="open_errands",
        ),
        Prefetch("proposals", queryset=Proposal.objects.order_by("-pk"), to_attr="last_proposals"),
    )
    shown = Paginator(steps, PAGE_SIZE).get_page(page)
    shown.object_list = [_task(step) for step in shown.object_list]
    return shown


def openings_under_way(*, operator: Operator, now: datetime) -> list[OpeningTask]:
    """The first of those that are running, waiting for the vendor or tried again later; what is planned for a
    later day has not begun. One query."""
    begun = Q(first_tried_at__isnull=False) | Q(run_after__lte=now)
    steps = _steps(operator).filter(begun, state__in=UNFINISHED, run__finished_at__isnull=True)
    return [_task(step) for step in steps.order_by("run__created_at", "pk")[:PAGE_SIZE]]


def count_for_person(*, operator: Operator) -> int:
    """How many openings, changes and closings wait for a person."""
    return operator_steps(operator).filter(state=StepState.NEEDS_PERSON).count()


def operator_steps(operator: Operator):
    """Steps of this operator's subscriptions, with what `provisioning.operations` reads of them."""
    return Step.objects.filter(run__subscription__operator=operator).select_related(
        "run__subscription__tenant"
    )


def _steps(operator: Operator):
    last_call = Call.objects.filter(step=OuterRef("pk")).order_by("-started_at").values("started_at")[:1]
    return (
        operator_steps(operator)
        .select_related(
            "run__subscription__listing__offer__endpoint",
            "run__subscription__listing__offer__product__sheet__vendor__organisation",
        )
        .annotate(last_called_at=Subquery(last_call))
    )


def _task(step: Step) -> OpeningTask:
    subscription = step.run.subscription
    offer = subscription.listing.offer
    endpoint = getattr(offer, "endpoint", None)
    return OpeningTask(
        step=step,
        member=subscription.tenant.name,
        service=subscription.service_name,
        vendor=offer.product.sheet.vendor.organisation.name,
        since=step.last_called_at or step.run.created_at,
        automatic=is_configured()
        if step.run.event == Event.CLIENT
        else endpoint is not None and endpoint.connector != ConnectorKind.MANUAL,
        event=Event(step.run.event),
        errand=next(iter(getattr(step, "open_errands", ())), None),
        calls=asked_of(getattr(step, "last_calls", [])),
        proposal=next((one for one in getattr(step, "last_proposals", [])[:1] if not one.agreed_at), None),
    )
