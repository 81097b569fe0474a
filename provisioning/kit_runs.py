"""Runs of the kit against a vendor's endpoint: asked for on a page, played by a worker, kept for good."""

import os
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from provisioning import tasks
from provisioning.kit.checks import Result, State
from provisioning.kit.line import Target
from provisioning.kit.playing import play
from provisioning.kit.reports import Report
from provisioning.kit.table import CHECKS, VERSION
from provisioning.models import Endpoint, KitReport, KitRun
from provisioning.models.endpoint import ConnectorKind
from tenants import audit, jobs
from tenants.models import Organisation, User
from tenants.refusals import Refused

# Begun that often without a report: each worker died of it, or failed in a way nobody foresaw.
MAX_ATTEMPTS = 3
# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(minutes=1)
SHOWN = 10


class NoKit(Refused):
    """There is nothing to play: the service is opened another way than by a broker."""


@transaction.atomic
def ask_run(
    *, endpoint: Endpoint, service: str, by: User, on_behalf_of: Organisation, now: datetime
) -> KitRun:
    """Has a worker play the kit against this endpoint; the run under way if there is one. Raises NoKit."""
    endpoint = Endpoint.objects.select_for_update(of=("self",), no_key=True).get(pk=endpoint.pk)
    if endpoint.connector != ConnectorKind.OSB:
        raise NoKit("Aucun courtier n’est raccordé : écrivez d’abord son adresse.")
    if under_way := KitRun.objects.filter(endpoint=endpoint, finished_at__isnull=True).first():
        return under_way
    run = KitRun.objects.create(endpoint=endpoint, asked_by=by, asked_at=now)
    audit.record(
        tenant=on_behalf_of,
        actor=by,
        what="endpoint.kit_asked",
        sentence=f"{{actor}} a lancé le banc d’essai du service « {service} ».",
        subject_id=run.public_id,
        now=now,
    )
    _defer(run.pk)
    return run


def carry_out(*, run_id: int, now: datetime) -> None:
    """Plays the kit and keeps its report. Killed anywhere and called again, it begins again and deletes what
    it had left; called too often, it does nothing. Must run outside a transaction: it calls the vendor."""
    begun = _begin(run_id, now)
    if begun is None:
        return
    run, configuration, target = begun

    def told(done: int) -> None:
        KitRun.objects.filter(pk=run.pk, finished_at__isnull=True).update(done=done)

    if run.attempts > MAX_ATTEMPTS:
        report = _nothing("le banc d’essai s’est interrompu plusieurs fois sans explication.")
    elif target is None:
        report = _nothing("le raccordement est incomplet, ou son mot de passe n’est pas encore enregistré.")
    else:
        report = play(target, run=run.public_id, told=told)
    finish(run=run, configuration=configuration, report=report, now=max(now, timezone.now()))


@transaction.atomic
def finish(*, run: KitRun, configuration: str, report: Report, now: datetime) -> KitReport | None:
    """Keeps the report, for good, with the configuration that was tried; None when somebody was faster. One
    that passed is the endpoint's proof."""
    if not KitRun.objects.filter(pk=run.pk, finished_at__isnull=True).update(
        finished_at=now, done=len(CHECKS)
    ):
        return None
    kept = KitReport.objects.create(
        run=run,
        configuration=configuration,
        version=report.version,
        checks=[{"name": one.name, "state": one.state, "seen": one.seen} for one in report.results],
        problem=report.problem[:500],
        left=list(report.left),
        score=report.score,
        passed=report.passed,
        at=now,
    )
    if kept.passed:
        Endpoint.objects.filter(pk=run.endpoint_id).update(proof=kept)
    return kept


def sweep(*, now: datetime) -> None:
    """Enqueues again the runs that a dead worker or a lost job left behind."""
    waiting = jobs.waiting(tasks.run_kit, "run_id")
    left = KitRun.objects.filter(finished_at__isnull=True, asked_at__lt=now - PATIENCE)
    for pk in left.order_by("pk").values_list("pk", flat=True):
        if pk not in waiting:
            _defer(pk)


def runs_of(endpoint: Endpoint) -> list[KitRun]:
    """The last SHOWN, newest first, each with its report and who asked for it. One query."""
    runs = KitRun.objects.filter(endpoint=endpoint).select_related("report", "asked_by")
    return list(runs.order_by("-asked_at", "-pk")[:SHOWN])


def _defer(run_id: int) -> None:
    # One at a time for a run: the one that waits finds nothing to do.
    tasks.run_kit.configure(lock=f"provisioning.kit:{run_id}").defer(run_id=run_id)


@transaction.atomic
def _begin(run_id: int, now: datetime) -> tuple[KitRun, str, Target | None] | None:
    """The run, committed as begun before the vendor is called; None when it is over."""
    run = (
        KitRun.objects.select_for_update(of=("self",), no_key=True)
        .select_related("endpoint")
        .filter(pk=run_id, finished_at__isnull=True)
        .first()
    )
    if run is None:
        return None
    run.attempts, run.done = run.attempts + 1, 0
    run.save(update_fields=["attempts", "done"])
    return run, run.endpoint.configuration, _target(run.endpoint)


def _target(endpoint: Endpoint) -> Target | None:
    config = endpoint.config
    try:
        password = os.environ[config["password_variable"]]
        return Target(config["url"], config["username"], password, config["service_id"], config["plan_id"])
    except KeyError:
        return None


def _nothing(problem: str) -> Report:
    return Report(VERSION, tuple(Result(check.name, State.NOT_PLAYED) for check in CHECKS), problem=problem)
