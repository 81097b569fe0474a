"""The engine: plan, claim, commit, call, record.

Nothing outside is called inside a transaction, nor from a web request. A step is claimed with
SKIP LOCKED under a lease and committed as running, with a Call row, *before* the vendor is asked; a
worker that dies leaves both behind, and the next one asks again with the same key.
"""

import logging
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.timezone import make_aware
from pydantic import ValidationError

from provisioning import tasks
from provisioning.connectors import ServiceRequest, connector_for
from provisioning.connectors.addresses import PrivateAddress
from provisioning.connectors.outcomes import Done, InProgress, NeedsPerson, Retry
from provisioning.models import Call, Endpoint, Event, Run, Step, StepState
from subscriptions import leaving
from subscriptions import operations as subscriptions
from subscriptions.in_force import terms_on
from subscriptions.models import RUNNING, State, Subscription
from tenants import audit, jobs
from tenants.models import User

logger = logging.getLogger(__name__)

# Longer than any call may last (connectors time out well before).
LEASE = timedelta(seconds=45)
MAX_ATTEMPTS = 8
FIRST_RETRY_SECONDS = 5
MAX_POLLING = timedelta(hours=24)
_DONE = {Event.ACTIVATE: "ouvert", Event.CHANGE: "modifié", Event.CLOSE: "fermé et effacé"}
_BY_HAND = {Event.ACTIVATE: "s’ouvre", Event.CHANGE: "se modifie", Event.CLOSE: "se ferme"}
NO_WORD = "-"  # under way, and the vendor gave no word for it


@transaction.atomic
def plan_activation(*, subscription: Subscription, now: datetime) -> Run:
    """Writes the plan that opens a subscription's service and enqueues its first step, in the caller's
    transaction: either both the approval and the plan exist, or neither. The vendor is not asked before the
    day that the service is wanted."""
    run = _plan(
        subscription,
        Event.ACTIVATE,
        name="open",
        label="Ouverture du service chez l’éditeur",
        now=now,
        on=subscription.wanted_from,
    )
    subscriptions.start_provisioning(subscription=subscription, now=now)
    return run


@transaction.atomic
def plan_change(*, subscription: Subscription, on: date, in_words: str, now: datetime) -> Run:
    """Writes the plan that tells the vendor, on the day `on`, what a subscription counts and which options it
    has from then on; `in_words` says it to a person. As `plan_activation`."""
    return _plan(
        subscription,
        Event.CHANGE,
        name="change",
        label=f"Modification chez l’éditeur : {in_words}"[:200],
        now=now,
        on=on,
    )


@transaction.atomic
def plan_closing(*, subscription: Subscription, now: datetime) -> Run:
    """Writes the plan that closes a service and erases its data at the vendor's, as `plan_activation`."""
    return _plan(
        subscription, Event.CLOSE, name="close", label="Fermeture et effacement chez l’éditeur", now=now
    )


def _plan(
    subscription: Subscription, event: Event, *, name: str, label: str, now: datetime, on: date | None = None
) -> Run:
    start = max(now, make_aware(datetime.combine(on, time.min))) if on else now
    run = Run.objects.create(
        tenant_id=subscription.tenant_id, subscription=subscription, event=event, created_at=now
    )
    Step.objects.create(
        tenant_id=subscription.tenant_id, run=run, position=1, name=name, label=label, run_after=start
    )
    job = tasks.run_next_step.configure(schedule_at=start) if start > now else tasks.run_next_step
    job.defer(run_id=run.pk)
    return run


def run_next_step(*, run_id: int, now: datetime) -> None:
    """Takes the run's next step as far as it goes now. May be called any number of times.

    Must run outside a transaction: what is claimed is committed before the vendor is called.
    """
    claimed = _claim(run_id=run_id, now=now)
    if claimed is None:
        return
    step, call = claimed
    try:
        outcome = _ask_vendor(step)
    except Retry as problem:
        outcome = problem
    # The vendor took its time: what comes next is counted from its answer.
    _record(step=step, call=call, outcome=outcome, now=max(now, timezone.now()))


@transaction.atomic
def _claim(*, run_id: int, now: datetime) -> tuple[Step, Call] | None:
    """The step to take, marked running under a lease, with its Call row; None when there is nothing due
    or another worker holds it."""
    step = (
        Step.objects.due(now=now)
        .filter(run_id=run_id)
        .order_by("position")
        .select_for_update(of=("self",), no_key=True, skip_locked=True)
        .select_related("run__subscription__tenant__territory", "run__subscription__operator")
        .first()
    )
    if step is None:
        return None
    if step.attempts >= MAX_ATTEMPTS:
        # Claimed so often and never recorded: each worker died of it, or failed in a way nobody foresaw.
        step.state, step.lease_until = StepState.NEEDS_PERSON, None
        step.problem = "La demande s’est interrompue plusieurs fois sans explication."
        step.save(update_fields=["state", "lease_until", "problem"])
        return None
    step.state = StepState.RUNNING
    step.attempts += 1
    step.lease_until = now + LEASE
    step.first_tried_at = step.first_tried_at or now
    step.save(update_fields=["state", "attempts", "lease_until", "first_tried_at"])
    # If the worker dies now, the periodic sweep finds the expired lease.
    return step, Call.objects.create(tenant_id=step.tenant_id, step=step, started_at=now)


def _ask_vendor(step: Step) -> Done | InProgress | NeedsPerson:
    """The only place where the outside is called. Raises Retry."""
    subscription = step.run.subscription
    endpoint = Endpoint.objects.filter(offer=subscription.listing.offer_id).first()
    if endpoint is None:
        return NeedsPerson("Aucun raccordement n’est enregistré pour cette offre.")
    try:
        connector = connector_for(endpoint)
        event = Event(step.run.event)
        if event == Event.CHANGE and not _goes_on(subscription):
            return Done()  # it stopped before the day of the change: there is nothing to tell
        request = _service_request(step)
        if request is None:
            return NeedsPerson(f"Halle n’a pas ouvert ce service : il {_BY_HAND[event]} à la main.")
        ensure, poll = {
            Event.ACTIVATE: (connector.ensure_open, connector.poll),
            Event.CHANGE: (connector.ensure_changed, connector.poll_changing),
            Event.CLOSE: (connector.ensure_closed, connector.poll_closing),
        }[event]
        if not step.operation:
            return ensure(request)
        # What the vendor did not say must not be said back to it.
        return poll(request, "" if step.operation == NO_WORD else step.operation)
    except ValidationError:
        return NeedsPerson("Le raccordement de cette offre est mal configuré.")
    except PrivateAddress as error:
        return NeedsPerson(str(error))


def _service_request(step: Step) -> ServiceRequest | None:
    """What the vendor is told; None when a service is to be changed or closed that no run has opened."""
    subscription = step.run.subscription
    if step.run.event == Event.CHANGE:
        subscription = _last_of(subscription)
        terms = terms_on(subscription, timezone.localdate(step.run_after))
        options, counts = terms.options, terms.counts
    else:
        options, counts = subscription.options, subscription.counts
    organisation = subscription.tenant
    opened = step if step.run.event == Event.ACTIVATE else _opening(subscription)
    if opened is None:
        return None
    return ServiceRequest(
        key=opened.key,
        subscription_id=str(subscription.public_id),
        organisation_name=organisation.name,
        siren=organisation.siren,
        insee_code=organisation.territory.code if organisation.territory else "",
        operator_name=subscription.operator.short_name,
        options=tuple(option["code"] for option in options),
        counts=counts,
    )


def _last_of(subscription: Subscription) -> Subscription:
    """Itself, or the one that has taken it over since: their service at the vendor's is the same."""
    while found := Subscription.objects.filter(follows=subscription).first():
        subscription = found
    return subscription


def _goes_on(subscription: Subscription) -> bool:
    return _last_of(subscription).state in (*RUNNING, State.TERMINATING)


def _opening(subscription: Subscription) -> Step | None:
    """The step that opened the service: its key names the vendor's instance, taken over or not."""
    opened = Step.objects.filter(
        run__subscription=subscription.opened_as, run__event=Event.ACTIVATE, state=StepState.DONE
    )
    return opened.select_related("run").order_by("-pk").first()


@transaction.atomic
def _record(*, step: Step, call: Call, outcome, now: datetime) -> None:
    """Writes what came back and what happens next, in one transaction with the next job.

    The step is written only if this worker's claim still stands (same attempt): a worker that was
    thought dead and comes back late changes nothing.
    """
    match outcome:
        case Done(url=url):
            fields = {"state": StepState.DONE, "done_at": now, "problem": "", "operation": ""}
        case InProgress(operation=operation, poll_after=seconds):
            expired = now - step.first_tried_at > MAX_POLLING
            fields = {
                "state": StepState.NEEDS_PERSON if expired else StepState.WAITING,
                "operation": operation or NO_WORD,
                "run_after": now + timedelta(seconds=seconds),
                "attempts": 0,
                "problem": "L’éditeur n’a pas terminé au bout d’un jour." if expired else "",
            }
        case NeedsPerson(reason=reason):
            fields = {"state": StepState.NEEDS_PERSON, "problem": reason}
        case Retry() as problem:
            given_up = step.attempts >= MAX_ATTEMPTS
            fields = {
                "state": StepState.NEEDS_PERSON if given_up else StepState.PENDING,
                "problem": str(problem),
                "run_after": now + timedelta(seconds=FIRST_RETRY_SECONDS * 2 ** (step.attempts - 1)),
            }
    mine = Step.objects.filter(pk=step.pk, state=StepState.RUNNING, lease_until=step.lease_until)
    if mine.update(lease_until=None, **fields) != 1:
        logger.warning("step %s was taken over by another worker", step.pk)
        return
    Call.objects.filter(pk=call.pk).update(
        finished_at=now, outcome=type(outcome).__name__.lower(), detail=fields.get("problem", "")
    )
    if isinstance(outcome, Done):
        _finish(run=step.run, service_url=url, now=now)
    elif fields["state"] in (StepState.PENDING, StepState.WAITING):
        tasks.run_next_step.configure(schedule_at=fields["run_after"]).defer(run_id=step.run_id)


def _finish(*, run: Run, service_url: str, now: datetime) -> None:
    """The last step is done: the run is over, the subscription active or its departure one proof further;
    of a change, nothing else."""
    if run.steps.exclude(state=StepState.DONE).exists():
        tasks.run_next_step.defer(run_id=run.pk)
        return
    Run.objects.filter(pk=run.pk, finished_at__isnull=True).update(finished_at=now)
    if run.event == Event.CLOSE:
        leaving.closed_at_vendor(subscription=run.subscription, now=now)
    elif run.event == Event.ACTIVATE:
        subscriptions.activate(subscription=run.subscription, service_url=service_url, now=now)


@transaction.atomic
def mark_done(*, step: Step, by: User, service_url: str, now: datetime) -> None:
    """A person opened, changed or closed the service by hand (or saw that it is so) and says so.

    Raises subscriptions.exceptions.WrongState when the step no longer waits for a person.
    """
    changed = Step.objects.filter(pk=step.pk, state=StepState.NEEDS_PERSON).update(
        state=StepState.DONE, done_at=now, problem=""
    )
    if changed != 1:
        raise subscriptions.WrongState("Cette tâche n’attend plus personne. Rechargez la page.")
    subscription = step.run.subscription
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what="provisioning.marked_done",
        sentence=f"{{actor}} a déclaré {_DONE[step.run.event]} le service {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )
    _finish(run=step.run, service_url=service_url, now=now)


@transaction.atomic
def try_again(*, step: Step, by: User, now: datetime) -> None:
    """A person asks for another series of attempts. Raises WrongState."""
    changed = Step.objects.filter(pk=step.pk, state=StepState.NEEDS_PERSON).update(
        state=StepState.PENDING, attempts=0, run_after=now, problem="", operation="", first_tried_at=None
    )
    if changed != 1:
        raise subscriptions.WrongState("Cette tâche n’attend plus personne. Rechargez la page.")
    tasks.run_next_step.defer(run_id=step.run_id)


def sweep(*, now: datetime) -> int:
    """Enqueues every run with a due step: what a dead worker or a lost job left behind.

    Returns how many there are. Enqueuing one that runs already is harmless: its step is not due, or locked.
    One whose job still waits is not put in the queue again: a long queue must not grow every minute.
    """
    runs = Run.objects.filter(
        Q(event=Event.ACTIVATE, subscription__state=State.PROVISIONING)
        | Q(event=Event.CLOSE, subscription__state=State.TERMINATING)
        | Q(event=Event.CHANGE),
        finished_at__isnull=True,
        steps__in=Step.objects.due(now=now - timedelta(seconds=30)),
    ).distinct()
    ids = set(runs.values_list("pk", flat=True))
    for run_id in sorted(ids - jobs.waiting(tasks.run_next_step, "run_id")):
        tasks.run_next_step.defer(run_id=run_id)
    return len(ids)
