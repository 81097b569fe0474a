"""A vendor's directory is read once before it is used; then the agents of all who subscribe already are told.

Asked for on a page, carried out by a worker.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from catalog.models import ServiceSheet
from provisioning import tasks
from provisioning.agents import plan_for
from provisioning.connectors.outcomes import Done, NeedsPerson
from provisioning.directories import directory_at, note
from provisioning.engine.asking import Outcome, try_directory
from provisioning.models import AgentDirectory, Event, Run
from subscriptions.models import RUNNING, Subscription
from tenants import jobs
from tenants.models import User
from tenants.refusals import Refused

# Begun that often without an end: each worker died of it.
MAX_ATTEMPTS = 3
# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(minutes=1)
AT_ONCE = 500  # subscriptions whose agents are told in one transaction
CUT_SHORT = (
    "L’essai s’est interrompu plusieurs fois sans explication. Recommencez, ou écrivez à la plateforme."
)


@transaction.atomic
def ask_trial(*, sheet: ServiceSheet, by: User, now: datetime) -> None:
    """Has a worker try the directory of this service; nothing more while a trial is under way. Raises
    Refused without a directory."""
    found = directory_at(sheet)
    locked = AgentDirectory.objects.select_for_update(of=("self",), no_key=True)
    found = found and locked.filter(pk=found.pk).first()
    if found is None:
        raise Refused("Écrivez d’abord l’adresse de votre annuaire.", "url")
    if found.asked_at is not None:
        return
    AgentDirectory.objects.filter(pk=found.pk).update(asked_at=now, asked_by=by, attempts=0)
    note(sheet, by, now, "tried", "a lancé l’essai de l’annuaire des agents")
    tasks.try_directory.defer(directory_id=found.pk)


def carry_out(*, directory_id: int, now: datetime) -> None:
    """Tries the directory and keeps what came of it. Killed anywhere and called again, it begins again; with
    no trial under way it does nothing. Must run outside a transaction: it calls the vendor."""
    found = _begin(directory_id)
    if found is None:
        return
    outcome = NeedsPerson(CUT_SHORT) if found.attempts > MAX_ATTEMPTS else try_directory(found.config)
    last = _record(found, outcome, now=max(now, timezone.now()))
    while last:
        last = _tell(directory_id, after=last, now=max(now, timezone.now()))


def tell_subscribers(*, directory_id: int, now: datetime) -> None:
    """Writes the plans of a directory that has passed, for each subscription that has none since. May be
    called again."""
    last = _tell(directory_id, after=0, now=now)
    while last:
        last = _tell(directory_id, after=last, now=now)


def sweep(*, now: datetime) -> None:
    """Enqueues again what a dead worker or a lost job left behind."""
    left = AgentDirectory.objects.filter(asked_at__lt=now - PATIENCE)
    for pk in set(left.values_list("pk", flat=True)) - jobs.waiting(tasks.try_directory, "directory_id"):
        tasks.try_directory.defer(directory_id=pk)
    untold = AgentDirectory.objects.filter(passed_at__lt=now - PATIENCE, told_at__isnull=True)
    for pk in set(untold.values_list("pk", flat=True)) - jobs.waiting(tasks.tell_subscribers, "directory_id"):
        tasks.tell_subscribers.defer(directory_id=pk)


@transaction.atomic
def _begin(directory_id: int) -> AgentDirectory | None:
    """The directory, its attempt committed before the vendor is called; None when no trial is under way."""
    locked = AgentDirectory.objects.select_for_update(of=("self",), no_key=True)
    found = locked.filter(pk=directory_id, asked_at__isnull=False).first()
    if found is not None:
        found.attempts += 1
        found.save(update_fields=["attempts"])
    return found


@transaction.atomic
def _record(tried: AgentDirectory, outcome: Outcome, *, now: datetime) -> int:
    """What came of the trial, if it is still that one which is under way. The first that passes tells of the
    agents of those who subscribe already, in the same transaction; as `_tell`."""
    locked = AgentDirectory.objects.select_for_update(of=("self",), no_key=True)
    found = locked.filter(pk=tried.pk, asked_at=tried.asked_at).first()
    if found is None:
        return 0
    passed = isinstance(outcome, Done)
    found.asked_at, found.tried_at = None, now
    found.problem = "" if passed else (outcome.reason if isinstance(outcome, NeedsPerson) else str(outcome))
    first = passed and found.passed_at is None
    if first:
        found.passed_at = now
    found.save(update_fields=["asked_at", "tried_at", "problem", "passed_at"])
    return _tell(found.pk, after=0, now=now) if first else 0


@transaction.atomic
def _tell(directory_id: int, *, after: int, now: datetime) -> int:
    """The plans of the next AT_ONCE subscriptions; the last one's number, 0 once all are told."""
    locked = AgentDirectory.objects.select_for_update(of=("self",), no_key=True)
    found = locked.filter(pk=directory_id, passed_at__isnull=False, told_at__isnull=True).first()
    if found is None:
        return 0
    told = Run.objects.filter(
        subscription=OuterRef("pk"), event=Event.AGENTS, created_at__gte=found.passed_at
    )
    left = Subscription.objects.filter(
        ~Exists(told), state__in=RUNNING, listing__offer=found.offer_id, pk__gt=after
    ).select_related("listing__offer__product__sheet__vendor")
    batch = list(left.order_by("pk")[:AT_ONCE])
    plan_for(subscriptions=batch, now=now)
    if len(batch) == AT_ONCE:
        return batch[-1].pk
    AgentDirectory.objects.filter(pk=found.pk).update(told_at=now)
    return 0
