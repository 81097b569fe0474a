"""Provisioning: how close a worker comes to what a vendor allows, at what cost, and who waits for whom."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import psutil

from devstack.paths import ROOT
from tests.bench import Figure
from tests.bench.entitlements import entitlements
from tests.bench.site import site
from tests.bench.spine import detail
from tests.tools.ports import free_port

SERVICES, AT_ONCE, SECONDS = 1_000, 50, 2
HUNG, PROMPT = 30, 30


def activations() -> Iterator[Figure]:
    """A thousand services opened by one worker process, at a vendor that takes two seconds for each."""
    with site(), slow_broker(SECONDS) as url:
        from django.db import connection

        from tests.tools.database import as_worker

        plan(url, SERVICES, at_once=AT_ONCE)
        with as_worker(), worker(connection.settings_dict["NAME"]) as process:
            wait_until(lambda: calls().exists(), process)
            before = cpu_seconds(process)
            wait_until(lambda: not unfinished().exists(), process)
            spent = cpu_seconds(process) - before
            took = elapsed()
    least = SERVICES / AT_ONCE * SECONDS
    what = f"{SERVICES:,} activations, asynchronous, {SECONDS} s each, {AT_ONCE} at once, in {took:.1f} s"
    yield Figure(
        "provisioning.activate1000_ratio", round(took / least, 2), "×",
        detail(f"{what}; of the {least:.0f} s that the limit makes necessary; limit 1.2"),
    )  # fmt: skip
    yield Figure(
        "provisioning.worker_cpu_percent", round(spent / took * 100, 1), "%",
        detail(f"{what}; of one core, {spent:.1f} s in all; limit 25 %"),
    )  # fmt: skip


def isolation() -> Iterator[Figure]:
    """What a vendor that never answers costs the services of another one."""
    taken = []
    for hung in (0, HUNG):
        with site(), slow_broker(-1) as silent, slow_broker(0) as prompt:
            from django.db import connection

            from provisioning.models import Step
            from tests.tools.database import as_worker

            plan(silent, hung, at_once=AT_ONCE)
            ids = plan(prompt, PROMPT, at_once=AT_ONCE)
            with as_worker(), worker(connection.settings_dict["NAME"]) as process:
                mine = Step.objects.filter(pk__in=ids)
                wait_until(lambda mine=mine: not mine.exclude(state="done").exists(), process)
                first = calls().order_by("started_at").values_list("started_at", flat=True).first()
                last = mine.order_by("-done_at").values_list("done_at", flat=True).first()
                taken.append((last - first).total_seconds())
    alone, beside = taken
    yield Figure(
        "provisioning.isolation_delay_s", round(max(0.0, beside - alone), 2), "s",
        detail(f"{PROMPT} services in {alone:.2f} s, beside {HUNG} that hang {beside:.2f} s; limit 1 s"),
    )  # fmt: skip


def plan(url: str, count: int, *, at_once: int) -> list[int]:
    """That many services to be opened at one vendor; the ids of their steps."""
    from django.utils import timezone

    from provisioning import operations
    from provisioning.models import Lane, Step
    from subscriptions.models import State
    from tests.factories import EndpointFactory, ListingFactory, SubscriptionFactory
    from tests.tools.database import as_worker

    if not count:
        return []
    listing = ListingFactory()
    EndpointFactory(offer=listing.offer, osb=True, url=url)
    asked = SubscriptionFactory.create_batch(count, listing=listing, state=State.APPROVED)
    with as_worker():
        runs = [operations.plan_activation(subscription=one, now=timezone.now()).pk for one in asked]
        Lane.objects.filter(vendor=listing.vendor).update(at_once=at_once)
        return list(Step.objects.filter(run__in=runs).values_list("pk", flat=True))


def calls():
    from provisioning.models import Call

    return Call.objects.all()


def unfinished():
    from provisioning.models import Step

    return Step.objects.exclude(state="done")


def elapsed() -> float:
    """Seconds from the first call to the last service open."""
    from provisioning.models import Step

    first = calls().order_by("started_at").values_list("started_at", flat=True).first()
    return (Step.objects.order_by("-done_at").values_list("done_at", flat=True)[0] - first) / timedelta(
        seconds=1
    )


def wait_until(moment, process: subprocess.Popen, *, give_up: float = 300) -> None:
    deadline = time.monotonic() + give_up
    while not moment():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the worker did not come to an end")
        time.sleep(0.2)


def cpu_seconds(process: subprocess.Popen) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system


@contextlib.contextmanager
def slow_broker(seconds: float) -> Iterator[str]:
    """The address of a broker in a process of its own."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.slow_broker", str(port), str(seconds)], cwd=ROOT
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@contextlib.contextmanager
def worker(database_name: str, command: str = "provision") -> Iterator[subprocess.Popen]:
    """`manage.py provision`, or another, on that database."""
    from devstack import database

    environment = {
        **{name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")},
        "DJANGO_SETTINGS_MODULE": "marketplace.settings.development",
        "HALLE_DB_ROLE": "worker",
        "WORKER_DATABASE_URL": database.urls(database_name)["worker"],
        "TEST_BROKER_PASSWORD": "secret",
        "HALLE_DEBUG": "false",  # as in production: no query is kept
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", command, "--skip-checks"], cwd=ROOT, env=environment
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


MEASURES = [activations, isolation, entitlements]
