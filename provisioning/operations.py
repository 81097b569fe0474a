"""The verbs: what is to be done at a vendor's, and what a person says of it."""

from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.timezone import make_aware

from provisioning import clients, errands
from provisioning.bindings import expect_binding, live_bindings, record_binding
from provisioning.connectors import way_of
from provisioning.connectors.outcomes import Way
from provisioning.engine.asking import ask
from provisioning.engine.claiming import WHILE_OPEN, claim_due
from provisioning.engine.finishing import finish
from provisioning.engine.inbox import settle_callbacks
from provisioning.engine.recording import record
from provisioning.models import Binding, Event, Lane, Run, Settled, Step, StepState
from provisioning.models.run import UNFINISHED
from subscriptions import giving_up
from subscriptions import operations as subscriptions
from subscriptions.exceptions import EvidenceInvalid, WrongState
from subscriptions.models import RUNNING, Subscription
from tenants import audit
from tenants.models import User
from tenants.uploads import problem_with_pdf

GRACE = timedelta(days=1)  # old credentials work that long beside new ones

_DONE = {
    Event.ACTIVATE: "ouvert",
    Event.CHANGE: "modifié",
    Event.SUSPEND: "suspendu",
    Event.RESUME: "rouvert",
    Event.CLOSE: "fermé et effacé",
    Event.UNDO: "effacé",
}
_DONE_BY_HAND = {
    "bind": "remis les identifiants du service",
    "unbind": "retirés les identifiants du service",
    "agents": "à jour les comptes des agents du service",
    "client": "réglée hors de Halle la connexion au service",
}
_CALLED_OFF = {Event.SUSPEND: "La suspension a été décidée", Event.RESUME: "La réouverture a été décidée"}
_CLOSES = "Le service se ferme."
_TAKE_BACK = "Retrait d’identifiants chez l’éditeur"


@transaction.atomic
def plan_activation(*, subscription: Subscription, now: datetime) -> Run:
    """Writes the plan that opens a subscription's service, in the caller's transaction: either both the
    approval and the plan exist, or neither. The vendor is not asked before the day that the service is
    wanted."""
    run = _plan(
        subscription,
        Event.ACTIVATE,
        name="open",
        label="Ouverture du service chez l’éditeur",
        now=now,
        on=subscription.wanted_from,
    )
    endpoint = getattr(subscription.listing.offer, "endpoint", None)
    if endpoint is not None and endpoint.binds:
        expect_binding(step=_then(run, name="bind", label="Identifiants d’accès au service"))
    subscriptions.start_provisioning(subscription=subscription, now=now)
    clients.plan_client(subscription=subscription, label=clients.OPENS, now=now)
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
    """Writes the plan that takes back the credentials of a service, closes it and erases its data at the
    vendor's, as `plan_activation`. What was planned before and is not under way there has no purpose any
    more."""
    waiting = Step.objects.filter(
        run__subscription=subscription,
        run__event__in=WHILE_OPEN,
        state__in=[StepState.PENDING, StepState.NEEDS_PERSON],
    )
    _call_off(waiting, why=_CLOSES, now=now)
    _end_rotation(subscription, now=now)
    clients.plan_client(subscription=subscription, label=clients.ENDS, now=now, ends=True)
    return _plan_ending(
        subscription, Event.CLOSE, name="close", label="Fermeture et effacement chez l’éditeur", now=now
    )


@transaction.atomic
def plan_rotation(*, subscription: Subscription, by: User, leaked: bool, now: datetime) -> Run:
    """Writes the plan that asks for new credentials, then takes the old ones back: at once if they are
    `leaked`, else a day later, so that whoever uses them has the time to change them.

    Raises WrongState for a service that is not open, that needs no credentials, or whose credentials are
    being renewed already.
    """
    locked = Subscription.objects.select_for_update(of=("self",), no_key=True)
    subscription = locked.select_related("listing__offer__endpoint", "tenant").get(pk=subscription.pk)
    endpoint = getattr(subscription.listing.offer, "endpoint", None)
    if subscription.state not in RUNNING or endpoint is None or not endpoint.binds:
        raise WrongState("Ce service n’est pas ouvert, ou n’a pas d’identifiants à renouveler.")
    if Run.objects.filter(subscription=subscription, event=Event.ROTATE, finished_at=None).exists():
        raise WrongState("De nouveaux identifiants sont déjà demandés. Ils arriveront sur cette page.")
    old = list(live_bindings(subscription).filter(bound_at__isnull=False))
    run = _plan(subscription, Event.ROTATE, name="bind", label="Nouveaux identifiants d’accès", now=now)
    expect_binding(step=run.steps.get(), replaces=old[-1] if old else None)
    for rank, binding in enumerate(old, start=1):
        name = "unbind" if rank == 1 else f"unbind-{rank}"
        pause = timedelta(0) if leaked or rank > 1 else GRACE
        binding.ended_by = _then(run, name=name, label=_TAKE_BACK, pause=pause)
        binding.save(update_fields=["ended_by"])
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what="provisioning.rotation_asked",
        sentence=f"{{actor}} a demandé de nouveaux identifiants pour le service {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )
    return run


@transaction.atomic
def plan_suspending(*, subscription: Subscription, now: datetime) -> Run:
    """Writes the plan that closes the access to a service, its data kept, as `plan_activation`. A reopening
    that was planned and not asked yet is called off, and nothing is asked at all; nor where the vendor cannot
    do it."""
    clients.plan_client(subscription=subscription, label=clients.STOPS, now=now)
    return _plan_either(
        subscription, Event.SUSPEND, name="suspend", label="Suspension chez l’éditeur", now=now
    )


@transaction.atomic
def plan_resuming(*, subscription: Subscription, now: datetime) -> Run:
    """Writes the plan that reopens the access to a service, as `plan_suspending`."""
    clients.plan_client(subscription=subscription, label=clients.RESUMES, now=now)
    return _plan_either(
        subscription, Event.RESUME, name="resume", label="Réouverture chez l’éditeur", now=now
    )


def _plan_either(subscription: Subscription, event: Event, *, name: str, label: str, now: datetime) -> Run:
    opposite = {Event.SUSPEND: Event.RESUME, Event.RESUME: Event.SUSPEND}[event]
    # A worker that has taken it holds its row, or has marked it running.
    unasked = Step.objects.filter(
        run__subscription=subscription, run__event=opposite, state=StepState.PENDING, first_tried_at=None
    )
    endpoint = getattr(subscription.listing.offer, "endpoint", None)
    if _call_off(unasked, why=f"{_CALLED_OFF[event]} avant que l’éditeur n’ait rien fait.", now=now):
        moot = "L’éditeur n’avait encore rien fait : il n’y a rien à lui demander."
    elif way_of(endpoint, event) == Way.NEVER:
        moot = "L’éditeur ne sait pas suspendre : le service reste ouvert."
    else:
        moot = ""
    return _plan(subscription, event, name=name, label=label, now=now, moot=moot)


def _call_off(steps: QuerySet[Step], *, why: str, now: datetime) -> int:
    """Ends plans that have no purpose any more, of one step each; how many."""
    runs = list(steps.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("run", "pk"))
    ended = Step.objects.filter(pk__in=[step for _, step in runs])
    ended.update(state=StepState.MOOT, done_at=now, problem=why, doubtful=False, gives_up=False)
    Run.objects.filter(pk__in=[run for run, _ in runs]).update(finished_at=now)
    return len(runs)


def _plan_ending(subscription: Subscription, event: Event, *, name: str, label: str, now: datetime) -> Run:
    """Takes back whatever credentials the vendor was asked for, then does what is named."""
    live = list(live_bindings(subscription).filter(made_by__calls__isnull=False).distinct())
    if not live:
        return _plan(subscription, event, name=name, label=label, now=now)
    run = _plan(subscription, event, name="unbind", label=_TAKE_BACK, now=now)
    steps = [run.steps.get()]
    steps += [_then(run, name=f"unbind-{n}", label=_TAKE_BACK) for n in range(2, len(live) + 1)]
    for binding, step in zip(live, steps, strict=True):
        Binding.objects.filter(pk=binding.pk).update(ended_by=step)
    _then(run, name=name, label=label)
    return run


def _end_rotation(subscription: Subscription, *, now: datetime) -> None:
    """Whatever has come of it: all that the vendor may hold is taken back by who calls this."""
    runs = Run.objects.filter(subscription=subscription, event=Event.ROTATE, finished_at__isnull=True)
    left = Step.objects.filter(run__in=runs, state__in=[StepState.LATER, StepState.NEEDS_PERSON, *UNFINISHED])
    left.exclude(state=StepState.RUNNING).update(
        state=StepState.MOOT, done_at=now, problem=_CLOSES, doubtful=False, gives_up=False
    )
    runs.update(finished_at=now)


def _plan(
    subscription: Subscription,
    event: Event,
    *,
    name: str,
    label: str,
    now: datetime,
    on: date | None = None,
    moot: str = "",
) -> Run:
    """`moot`: why there is nothing to do after all."""
    start = max(now, make_aware(datetime.combine(on, time.min))) if on else now
    run = Run.objects.create(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        event=event,
        created_at=now,
        starts_at=start,
        finished_at=now if moot else None,
    )
    lane, _ = Lane.objects.get_or_create(vendor=subscription.listing.vendor)
    Step.objects.create(
        tenant_id=subscription.tenant_id,
        run=run,
        lane=lane,
        position=1,
        name=name,
        label=label,
        run_after=start,
        problem=moot,
        **({"state": StepState.MOOT, "done_at": now} if moot else {}),
    )
    return run


def _then(run: Run, *, name: str, label: str, pause: timedelta = timedelta(0)) -> Step:
    """One more step of a plan: due when the one before it is done, and `pause` is over."""
    last = run.steps.order_by("-position").first()
    return Step.objects.create(
        tenant_id=run.tenant_id,
        run=run,
        lane_id=last.lane_id,
        position=last.position + 1,
        name=name,
        label=label,
        state=StepState.LATER,
        run_after=last.run_after,
        pause=pause,
    )


def take_turn(*, now: datetime, run_id: int | None = None) -> None:
    """Carries out, one after the other, what is due now (of one run only, when it is named): what a worker
    does at one moment, without its threads. Must run outside a transaction."""
    for claim in claim_due(now=now, run_id=run_id):
        outcome = ask(claim)
        # The vendor took its time: what comes next is counted from its answer.
        at = max(now, timezone.now())
        record([(claim, outcome, at)], now=at)
    settle_callbacks(now=now, run_id=run_id)


@transaction.atomic
def mark_done(
    *, step: Step, by: User, service_url: str, now: datetime, evidence: str = "", file=None
) -> None:
    """A person opened or closed the service by hand (or saw that it is so) and says so; `evidence` says how
    she knows, `file` (a PDF of at most 10 MB) proves it.

    Raises subscriptions.exceptions.WrongState when the step no longer waits for a person, EvidenceInvalid.
    """
    if file is not None and (problem := problem_with_pdf(file, what="la preuve")):
        raise EvidenceInvalid(problem)
    changed = Step.objects.filter(pk=step.pk, state=StepState.NEEDS_PERSON).update(
        state=StepState.DONE, done_at=now, problem="", doubtful=False, gives_up=False, url=service_url
    )
    if changed != 1:
        raise WrongState("Cette tâche n’attend plus personne. Rechargez la page.")
    errands.settle(step=step, how=Settled.DONE, by=by, now=now, evidence=evidence, file=file)
    subscription = step.run.subscription
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what="provisioning.marked_done",
        sentence=f"{{actor}} a déclaré {_done(step)} {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )
    keep = clients.record_client if step.verb == "client" else record_binding
    keep(step=step, credentials=None, now=now)
    finish([step.run], now=now)


def _done(step: Step) -> str:
    return _DONE_BY_HAND.get(step.verb) or f"{_DONE[step.run.event]} le service"


@transaction.atomic
def try_again(*, step: Step, by: User, now: datetime) -> None:
    """A person asks for another series of attempts. Raises WrongState."""
    changed = Step.objects.filter(pk=step.pk, state=StepState.NEEDS_PERSON).update(
        state=StepState.PENDING,
        attempts=0,
        run_after=now,
        problem="",
        cause="",
        operation="",
        first_tried_at=None,
        gives_up=False,
    )
    if changed != 1:
        raise WrongState("Cette tâche n’attend plus personne. Rechargez la page.")
    errands.settle(step=step, how=Settled.RETRIED, by=by, now=now)


@transaction.atomic
def plan_undoing(*, subscription: Subscription, now: datetime) -> Run:
    """Writes the plan that deletes what a vendor may still hold of a service that is not, or no longer,
    subscribed to, as `plan_activation`."""
    clients.plan_client(subscription=subscription, label=clients.ENDS, now=now, ends=True)
    label = "Effacement de ce qui reste chez l’éditeur"
    return _plan_ending(subscription, Event.UNDO, name="undo", label=label, now=now)


@transaction.atomic
def give_up(*, step: Step, by: User, reason: str, now: datetime) -> Run:
    """A person gives an opening up: what the vendor may hold of it is deleted there, then the subscription is
    cancelled (`subscriptions.giving_up`). A change or a closing is owed: it is never given up, and a
    suspension is ended by reopening.

    Raises WrongState, or EvidenceInvalid without a reason.
    """
    if not reason.strip():
        raise EvidenceInvalid("Dites pourquoi en une phrase : l’adhérent la lira.")
    waiting = Step.objects.filter(pk=step.pk, state=StepState.NEEDS_PERSON, run__event=Event.ACTIVATE)
    if waiting.update(state=StepState.MOOT, done_at=now, doubtful=False, gives_up=False) != 1:
        raise WrongState("Cette ouverture n’attend plus personne. Rechargez la page.")
    rest = Step.objects.filter(run=step.run).exclude(state__in=[StepState.DONE, StepState.MOOT])
    rest.update(state=StepState.MOOT, done_at=now, problem="", doubtful=False, gives_up=False)
    Run.objects.filter(pk=step.run_id).update(finished_at=now)
    errands.settle(step=step, how=Settled.GIVEN_UP, by=by, now=now, evidence=reason)
    subscription = step.run.subscription
    run = plan_undoing(subscription=subscription, now=now)
    giving_up.give_up(subscription=subscription, by=by, reason=reason, now=now)
    return run
