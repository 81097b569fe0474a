"""Which steps a worker takes now: those due, lane by lane, within what each vendor bears at once."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, F, Model, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog.models import Listing, ListingMove, ListingState
from provisioning.agents import directory_of
from provisioning.client_people import people_of
from provisioning.clients import told_of
from provisioning.connectors import ServiceRequest
from provisioning.connectors.keycloak.client import ClientTold
from provisioning.connectors.scim.directory import Directory
from provisioning.engine import due
from provisioning.engine.patience import BREAK_AFTER, MAX_CLAIMS
from provisioning.models import Binding, Call, Endpoint, Event, Lane, Run, Step, StepState
from provisioning.proposals import agreed_plans
from subscriptions.in_force import terms_on
from subscriptions.models import RUNNING, State, Subscription
from tenants.models import Operator, Organisation, Territory

# A worker renews what it holds three times in that time: when it is over, the worker is dead.
LEASE = timedelta(seconds=45)
# What is told of a service that is open, with all that is in force on its day.
WHILE_OPEN = (Event.CHANGE, Event.SUSPEND, Event.RESUME)


@dataclass(frozen=True)
class AgentsTold:
    """The people whom the vendor's directory is to hold, and how it is reached. `passed`: a trial of it."""

    directory: Directory
    config: dict
    passed: bool


@dataclass(frozen=True)
class Claim:
    """A step that this worker alone may carry out for now, with all that asking its vendor needs. `request`
    is None when a service is to be changed or closed that no run opened. `moot`: there is nothing to ask.
    `proved`: a machine may be asked to open it (`Endpoint.opens_by_itself`)."""

    step: Step
    call: Call
    endpoint: Endpoint | None
    request: ServiceRequest | None
    moot: bool = False
    proved: bool = True
    agents: AgentsTold | None = None  # of a step that tells of agents, unless the vendor has no directory
    client: ClientTold | None = None  # of a step about its client at Keycloak, unless there is nothing to do


def claim_due(
    *, now: datetime, within: timedelta = timedelta(0), lease: timedelta = LEASE, run_id: int | None = None
) -> list[Claim]:
    """Every step that may be carried out within that time (of one run only, when it is named), each marked
    running and committed with its Call row. Who claims ahead waits until the step's `run_after` to ask.

    A lane that another worker is claiming from is left to it. Must run outside a transaction.
    """
    until = now + within
    return [
        claim
        for lane_id in due.lanes_with_work(now=now, until=until, run_id=run_id)
        for claim in _claim_from(lane_id, now=now, until=until, lease=lease, run_id=run_id)
    ]


@transaction.atomic
def _claim_from(
    lane_id: int, *, now: datetime, until: datetime, lease: timedelta, run_id: int | None
) -> list[Claim]:
    lanes = Lane.objects.select_for_update(no_key=True, skip_locked=True)
    lane = lanes.filter(pk=lane_id).first()
    if lane is None or (lane.cut_until and lane.cut_until > now):
        return []
    running, under_way = due.busy(lane_id, now=now)
    # Cut before, and not proved since: a single call tries whether the vendor answers again.
    at_once = 1 if lane.failures >= BREAK_AFTER else lane.at_once
    if running >= at_once:
        return []
    found = due.taken(lane_id, now=now, until=until, run_id=run_id, limit=at_once - running)
    begun = [step for step, has_begun in found if has_begun]
    fresh = [step for step, has_begun in found if not has_begun]
    return _take(_read(begun + fresh[: max(0, at_once - under_way)]), lane=lane, now=now, lease=lease)


def _others(path: str, model: type[Model], *read: str) -> list[str]:
    names = (field.name for field in model._meta.concrete_fields if not field.primary_key)
    return [f"{path}__{name}" for name in names if name not in read]


# Of no use here: a worker reads thousands of rows.
_UNREAD = (
    "run__subscription__quote",
    *_others("run__subscription__tenant", Organisation, "name", "siren", "siret", "kind", "territory"),
    *_others("run__subscription__tenant__territory", Territory, "code"),
    *_others("run__subscription__operator", Operator, "short_name"),
)


def _read(ids: list[int]) -> list[Step]:
    """These steps, in that order, with all that asking their vendor needs. Two queries: what is for sale is
    read once, however many subscribe to it."""
    if not ids:
        return []
    listed = ListingMove.objects.filter(listing=OuterRef("pk"), after=ListingState.LISTED).order_by("-at")
    listings = (
        Listing.objects.select_related("offer__endpoint__proof", "offer__agent_directory")
        .defer("own_text", "terms", "offer__endpoint__proof__checks", "offer__endpoint__proof__left")
        .annotate(published_at=Subquery(listed.values("at")[:1]))
    )
    steps = (
        Step.objects.filter(pk__in=ids)
        .select_related("run__subscription__tenant__territory", "run__subscription__operator")
        .prefetch_related(Prefetch("run__subscription__listing", queryset=listings))
        .defer(*_UNREAD)
    )
    found = {step.pk: step for step in steps}
    return [found[step_id] for step_id in ids]


def _take(steps: list[Step], *, lane: Lane, now: datetime, lease: timedelta) -> list[Claim]:
    worn_out = [step.pk for step in steps if step.attempts >= MAX_CLAIMS]
    if worn_out:
        Step.objects.filter(pk__in=worn_out).update(
            state=StepState.NEEDS_PERSON,
            lease_until=None,
            problem="La demande s’est interrompue plusieurs fois sans explication.",
        )
        steps = [step for step in steps if step.attempts < MAX_CLAIMS]
    if not steps:
        return []
    ids = [step.pk for step in steps]
    Step.objects.filter(pk__in=ids).update(
        state=StepState.RUNNING,
        attempts=F("attempts") + 1,
        turn=F("turn") + 1,
        lease_until=now + lease,
        first_tried_at=Coalesce("first_tried_at", now, output_field=DateTimeField()),
    )
    for step in steps:
        step.lane = lane
        step.state, step.attempts, step.turn = StepState.RUNNING, step.attempts + 1, step.turn + 1
        step.first_tried_at = step.first_tried_at or now
    # If the worker dies now, the next one finds the expired lease, and this row says that it had begun.
    calls = Call.objects.bulk_create(
        [Call(tenant_id=step.tenant_id, step=step, started_at=now) for step in steps]
    )
    openings = _openings([step.run for step in steps if step.name != "open"])
    bindings = _bindings(steps)
    closing = _closing(steps)
    plans = agreed_plans(steps)
    return [
        _claim(
            step,
            call,
            opened=openings.get(step.run.subscription.opened_as.pk),
            binding=bindings.get(step.pk),
            plan=plans.get(step.pk, ""),
            closing=step.run.subscription_id in closing,
        )
        for step, call in zip(steps, calls, strict=True)
    ]


def _claim(
    step: Step, call: Call, *, opened: Step | None, binding: Binding | None, plan: str, closing: bool
) -> Claim:
    subscription = step.run.subscription
    endpoint = getattr(subscription.listing.offer, "endpoint", None)
    if step.name == "open":
        opened = step
    event = Event(step.run.event)
    if event == Event.CLIENT:
        subscription = last_of(subscription)
        people = people_of(subscription, on=timezone.localdate(call.started_at))
        return Claim(step, call, None, None, client=told_of(step, subscription, people=people))
    if event == Event.AGENTS:
        told = _agents(subscription, on=timezone.localdate(call.started_at))
        # Closed since; or the vendor has another directory since: once it passes, everybody is told again.
        moot = subscription.state not in RUNNING or (told is not None and not told.passed)
        return Claim(step, call, endpoint, None, moot=moot, agents=told)
    if event not in WHILE_OPEN:
        options, counts, moot = subscription.options, subscription.counts, False
    else:
        subscription = last_of(subscription)
        terms = terms_on(subscription, timezone.localdate(step.run_after))
        options, counts = terms.options, terms.counts
        # It stopped before the day of the change, or is to be closed: there is nothing to tell.
        moot = subscription.state not in (*RUNNING, State.TERMINATING) or closing
    request = None
    if opened is not None:
        organisation = subscription.tenant
        request = ServiceRequest(
            key=opened.key,
            subscription_id=str(subscription.public_id),
            organisation_name=organisation.name,
            siren=organisation.siren,
            insee_code=organisation.territory.code if organisation.territory else "",
            operator_name=subscription.operator.short_name,
            options=tuple(option["code"] for option in options),
            counts=counts,
            url=step.url,
            suspended=event == Event.SUSPEND
            or (event == Event.CHANGE and subscription.state == State.SUSPENDED),
            delivery=step.key,
            binding=binding.made_by.key if binding else "",
            predecessor=binding.replaces.made_by.key if binding and binding.replaces else "",
            identity=str(call.identity),
            agreed_plan=plan,
        )
    proved = (
        endpoint is None
        or step.run.event != Event.ACTIVATE
        or endpoint.opens_by_itself(published_at=step.run.subscription.listing.published_at)
    )
    return Claim(step=step, call=call, endpoint=endpoint, request=request, moot=moot, proved=proved)


def _agents(subscription: Subscription, *, on: date) -> AgentsTold | None:
    found = getattr(subscription.listing.offer, "agent_directory", None)
    return found and AgentsTold(
        directory_of(subscription, on=on), found.config, passed=found.passed_at is not None
    )


def last_of(subscription: Subscription) -> Subscription:
    """Itself, or the one that has taken it over since: their service at the vendor's is the same."""
    while found := Subscription.objects.filter(follows=subscription).first():
        subscription = found
    return subscription


def _openings(runs: list[Run]) -> dict[int, Step]:
    """By subscription, the step that opened its service, or was to: its key names the vendor's instance,
    whoever took the subscription over since. One query, none when all are openings."""
    if not runs:
        return {}
    opened_as = {run.subscription.opened_as.pk for run in runs}
    undone = [run.subscription_id for run in runs if run.event == Event.UNDO]
    opened = Step.objects.filter(
        Q(state=StepState.DONE) | Q(run__subscription__in=undone),
        run__subscription__in=opened_as,
        run__event=Event.ACTIVATE,
        position=1,
    )
    return {step.run.subscription_id: step for step in opened.select_related("run").order_by("pk")}


def _bindings(steps: list[Step]) -> dict[int, Binding]:
    """By step, the credentials that it asks for or takes back. One query, none when no step is about any."""
    ids = {step.pk for step in steps if step.verb in ("bind", "unbind")}
    if not ids:
        return {}
    found = Binding.objects.filter(Q(made_by__in=ids) | Q(ended_by__in=ids))
    found = found.select_related("made_by__run", "replaces__made_by__run")
    return {
        step: binding
        for binding in found
        for step in (binding.made_by_id, binding.ended_by_id)
        if step in ids
    }


def _closing(steps: list[Step]) -> set[int]:
    """Of the subscriptions that are told of what changes, those with a plan to close them. One query, none
    when nothing changes."""
    told = {step.run.subscription_id for step in steps if step.run.event in WHILE_OPEN}
    if not told:
        return set()
    closing = Run.objects.filter(subscription__in=told, event=Event.CLOSE)
    return set(closing.values_list("subscription", flat=True))
