"""A full round: Keycloak is told of all organisations, one batch after the other, no faster than the settings
say, so that nobody who signs in waits for it.

Where it is, is kept after each batch: killed anywhere, it goes on there, and an organisation that it told
already is not told again. A second round finds everything as told, and changes nothing.
"""

import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from provisioning import tasks
from provisioning.at_keycloak.telling import PATIENCE, mark, tell_all
from provisioning.at_keycloak.wanted import all_organisations
from provisioning.models import OrganisationTold, RoundKind, SyncRound
from sso.keycloak.broker import is_broker
from sso.keycloak.pace import Pace
from sso.keycloak.server import KeycloakProblem, Server, server
from tenants import jobs
from tenants.constraints import violated
from tenants.refusals import Refused

BATCH = 50
# A job does so many, then another takes over: leavers' sign-outs do not wait behind a round.
BATCHES_A_JOB = 20
# A worker that was killed in the middle of a batch held the round for that long.
HELD = timedelta(minutes=5)
PAUSES = [timedelta(seconds=seconds) for seconds in (10, 60, 300, 900)]
SILENT = "Keycloak ne répond pas : la synchronisation reprendra d’elle-même, là où elle en est."
NO_KEYCLOAK = "Halle ne connecte personne par un Keycloak à elle : il n’y a rien à synchroniser."


class NothingToDo(Refused):
    """Halle does not sign people in by a Keycloak of its own."""


@transaction.atomic
def ask_round(*, now: datetime) -> SyncRound:
    """Has Keycloak told of all organisations; the round under way, if there is one. Raises NothingToDo."""
    if not is_broker():
        raise NothingToDo(NO_KEYCLOAK)
    try:
        with transaction.atomic():
            found = SyncRound.objects.create(kind=RoundKind.TELL, asked_at=now)
    except IntegrityError as error:
        if violated(error) != "sync_round_one_at_a_time":
            raise
        return SyncRound.objects.get(kind=RoundKind.TELL, finished_at__isnull=True)
    tasks.go_on_telling.defer(round_id=found.pk)
    return found


def go_on(*, round_id: int, now: datetime, batches: int = BATCHES_A_JOB) -> None:
    """Some more of a round. With nothing to do, or while another worker is at it, it does nothing. Must run
    outside a transaction: it calls Keycloak."""
    if not is_broker() or not _hold(round_id, now):
        return
    try:
        keycloaks = paced_servers()
    except KeycloakProblem as problem:  # its address or secret is not set
        _wait(round_id, str(problem), PAUSES[-1])
        return
    for _ in range(batches):
        if not _batch(round_id, keycloaks):
            return
    _let_go(round_id)
    tasks.go_on_telling.defer(round_id=round_id)


def sweep(*, now: datetime) -> None:
    """Enqueues again the round that waited for Keycloak, or that a dead worker or a lost job left behind."""
    left = SyncRound.objects.filter(
        Q(held_until__isnull=True) | Q(held_until__lt=now),
        Q(go_on_after__isnull=True) | Q(go_on_after__lte=now),
        kind=RoundKind.TELL,
        finished_at__isnull=True,
        asked_at__lt=now - PATIENCE,
    )
    for pk in set(left.values_list("pk", flat=True)) - jobs.waiting(tasks.go_on_telling, "round_id"):
        tasks.go_on_telling.defer(round_id=pk)


def paced_servers() -> list[Server]:
    """As many as may ask at once, which share one pace. Raises KeycloakProblem where none is set."""
    pace = Pace(settings.KEYCLOAK["asked_per_second"])
    return [server(patient=True, pace=pace) for _ in range(settings.KEYCLOAK["asked_at_once"])]


def _hold(round_id: int, now: datetime) -> bool:
    """Whether it is this worker's to go on with."""
    free = SyncRound.objects.filter(
        Q(held_until__isnull=True) | Q(held_until__lt=now), pk=round_id, finished_at__isnull=True
    )
    held = free.update(held_until=timezone.now() + HELD, go_on_after=None)
    first = SyncRound.objects.filter(pk=round_id, started_at__isnull=True)
    if held and first.exists():
        first.update(started_at=now, in_all=all_organisations().count())
    return bool(held)


def _wait(round_id: int, problem: str, pause: timedelta) -> None:
    SyncRound.objects.filter(pk=round_id).update(
        failures=F("failures") + 1,
        problem=problem[:300],
        held_until=None,
        go_on_after=timezone.now() + pause,
    )


def _let_go(round_id: int) -> None:
    SyncRound.objects.filter(pk=round_id).update(held_until=None)


def _batch(round_id: int, keycloaks: list[Server]) -> bool:
    """Tells the next organisations; whether there may be more to tell just now."""
    found = SyncRound.objects.get(pk=round_id)
    ids = list(all_organisations().filter(pk__gt=found.cursor).values_list("pk", flat=True)[:BATCH])
    if not ids:
        now = timezone.now()
        SyncRound.objects.filter(pk=round_id).update(finished_at=now, held_until=None, problem="")
        return False
    before, start = sum(one.changes for one in keycloaks), time.monotonic()
    now = timezone.now()
    told = OrganisationTold.objects.filter(tenant__in=ids, told_at__gte=found.started_at)
    left = set(ids) - set(told.values_list("tenant", flat=True))
    with transaction.atomic():
        mark(left, now=now)
    came = tell_all(left, keycloaks=keycloaks, now=now)
    rows = SyncRound.objects.filter(pk=round_id)
    rows.update(
        agents=F("agents") + came.agents,
        changes=F("changes") + sum(one.changes for one in keycloaks) - before,
        seconds=F("seconds") + time.monotonic() - start,
    )
    if came.silent:
        _wait(round_id, SILENT, PAUSES[min(found.failures, len(PAUSES) - 1)])
        return False
    done = F("organisations") + len(ids)
    rows.update(cursor=ids[-1], organisations=done, failures=0, problem="", held_until=timezone.now() + HELD)
    return True
