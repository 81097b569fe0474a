"""The spine: how long a newcomer waits, what a page asks of the database, how fast a year is invoiced."""

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import httpx

from devstack.paths import ROOT
from tests.bench import Figure
from tests.bench.site import site
from tests.tools.ports import free_port, helpers_from


def starts() -> Iterator[Figure]:
    """`make run` in an empty data folder, until the first page; then the same again."""
    folder = Path(tempfile.mkdtemp(prefix="halle-bench-", dir="/var/tmp"))
    folder.chmod(0o755)  # as root, the embedded server's own user must enter it
    try:
        first = seconds_to_first_page(folder)
        yield Figure("spine.first_page_s", first, "s", detail("empty data folder, packages installed"))
        second = statistics.median(seconds_to_first_page(folder) for _ in range(3))
        yield Figure("spine.second_start_s", second, "s", detail("data folder of the first; median of 3"))
    finally:
        shutil.rmtree(folder)


def seconds_to_first_page(folder: Path, *, give_up: float = 600) -> float:
    """From `make run` to the first page answered with 200; everything is stopped again afterwards."""
    port = free_port()
    start = time.monotonic()
    run = subprocess.Popen(
        [sys.executable, "-m", "devstack", "--port", str(port)],
        cwd=ROOT, stdin=subprocess.DEVNULL,
        env={**os.environ, "HALLE_DATA_DIR": str(folder), "HALLE_PORTS_FROM": helpers_from("bench")},
    )  # fmt: skip
    try:
        while not is_served(f"http://127.0.0.1:{port}/"):
            if run.poll() is not None:
                raise RuntimeError(f"make run ended with code {run.returncode}: see above")
            if time.monotonic() - start > give_up:
                raise TimeoutError(f"no page after {give_up} s")
            time.sleep(0.02)
        return round(time.monotonic() - start, 2)
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(60)


def is_served(url: str) -> bool:
    """Whether the page answers 200."""
    try:
        return httpx.get(url, timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def detail(what: str) -> str:
    """The conditions of a figure, with those of the machine."""
    return f"{what}; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"


def card_queries() -> Iterator[Figure]:
    """The page of one service, priced for a commune: to a visitor, and to that commune's secretary."""
    with site():
        from django.test import Client
        from django.urls import reverse

        from tests.factories import AdhesionFactory, ListingFactory, MembershipFactory

        listing = ListingFactory()
        adhesion = AdhesionFactory(operator=listing.operator)
        commune = adhesion.organisation
        page = reverse("service", args=[listing.operator.slug, listing.sheet.slug])
        page += f"?insee={commune.territory.code}"
        visitor, secretary = Client(), Client()
        secretary.force_login(MembershipFactory(organisation=commune).user)
        counts = {
            who: queries_of(client, page) for who, client in (("visitor", visitor), ("secretary", secretary))
        }
    words = ", ".join(f"{who} {count}" for who, count in counts.items())
    yield Figure("spine.card_queries", max(counts.values()), "queries", f"{words}; limit 12")


def queries_of(client, page: str) -> int:
    """How many statements the page sends to the database, transaction's own ones included."""
    from django.db import connection

    client.get(page)  # what is kept in memory from the first page on
    sent = []

    def count(execute, sql, params, many, context):
        sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        answer = client.get(page)
    if answer.status_code != 200 or "€" not in answer.content.decode():
        raise RuntimeError(f"{page} shows no price")
    return len(sent)


def drafts() -> Iterator[Figure]:
    """A year's drafts: 250 members, 800 subscriptions of two lines each, made by the worker's operation."""
    years = range(2026, 2031)
    with site():
        from tests.factories import OperatorFactory
        from tests.tools.database import as_worker

        operator = OperatorFactory()
        with as_worker():
            subscribe(operator, members=250, subscriptions=800)
            seconds = [seconds_to_draft(operator, year, lines=1600) for year in years]
    median = statistics.median(seconds)
    conditions = (
        f"1,600 lines of 800 subscriptions of 250 members in {median:.3f} s; median of {len(seconds)}"
    )
    yield Figure("spine.drafts_per_s", round(1600 / median), "lines/s", detail(conditions))


def subscribe(operator, *, members: int, subscriptions: int) -> None:
    """Active subscriptions to a fixed price and a part by inhabitant, spread over the members."""
    from subscriptions.models import State
    from tests.factories import ListingFactory, OrganisationFactory, SubscriptionFactory, UserFactory

    listings = ListingFactory.create_batch(
        -(-subscriptions // members), operator=operator, grid__fixed_plus=True
    )
    communes = [OrganisationFactory(territory__population=600 + number) for number in range(members)]
    asker, approver = UserFactory(), UserFactory()
    for number in range(subscriptions):
        SubscriptionFactory(
            tenant=communes[number % members], listing=listings[number // members], state=State.ACTIVE,
            requested_by=asker, approved_by=approver, transitions=False, decision=False,
        )  # fmt: skip


def seconds_to_draft(operator, year: int, *, lines: int) -> float:
    """One run of that year, from the start of the job to its end."""
    from billing import operations
    from billing.models import InvoiceLine
    from tests.factories import BillingRunFactory

    run = BillingRunFactory(operator=operator, period_start=date(year, 1, 1), period_end=date(year + 1, 1, 1))
    now = datetime(year, 12, 1, 9, tzinfo=UTC)
    start = time.perf_counter()
    operations.draft_run(run_id=run.pk, now=now)
    seconds = time.perf_counter() - start
    if (made := InvoiceLine.objects.filter(invoice__run=run).count()) != lines:
        raise RuntimeError(f"{made} lines, not {lines}")
    return seconds


MEASURES = [starts, card_queries, drafts]
