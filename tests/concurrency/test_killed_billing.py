"""`kill -9` on real workers, two at once, at random points of runs and issues: nothing lost, nothing twice.

HALLE_KILLS=200 kills that often; the suite does fewer. Each round is a run of one more year: both workers die
while drafts are made, then twice while invoices are numbered, filed and told to the payment provider.
"""

import hashlib
import os
import random
import time
from datetime import date

import pytest
from django.utils import timezone
from django.utils.timezone import localdate
from procrastinate.contrib.django.models import ProcrastinateJob

from billing import approving, operations
from billing.models import (
    BillingRun,
    Invoice,
    InvoiceFile,
    InvoiceState,
    LedgerDifference,
    LedgerEntry,
    RunState,
    Settlement,
    SettlementState,
)
from billing.periods import Period
from billing.settlement import reconciling
from subscriptions.models import State
from tests.billing.payment_provider import at_the_provider
from tests.concurrency.worker_process import WorkerProcess, next_minute, time_passes
from tests.factories import ListingFactory, OperatorFactory, SubscriptionFactory, UserFactory
from tests.factories.billing import read
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = int(os.environ.get("HALLE_KILLS", "6"))
A_ROUND = 6  # both workers, once while drafting and twice while issuing
ROUNDS = -(-KILLS // A_ROUND)
MEMBERS = 10


def jobs_doing() -> int:
    return ProcrastinateJob.objects.filter(status="doing").count()


@pytest.fixture
def provider(monkeypatch):
    with at_the_provider(monkeypatch) as provider:
        monkeypatch.setenv("STRIPE_API_HOST", provider.url)
        monkeypatch.setenv("HALLE_TEST_BATCH", "2")
        yield provider


@pytest.fixture
def workers(provider, tmp_path):
    """Two, that keep their files together, as on one storage."""
    (tmp_path / "media").mkdir()
    started = []
    for number in range(2):
        (folder := tmp_path / str(number)).mkdir()
        (folder / "media").symlink_to(tmp_path / "media")
        started.append(WorkerProcess(folder))
    yield started
    for process in started:
        process.close()


def test_workers_killed_at_random_draft_number_file_and_tell_each_invoice_once(workers, provider, tmp_path):
    operator, person = OperatorFactory(private=True), UserFactory()
    SubscriptionFactory.create_batch(MEMBERS, listing=ListingFactory(operator=operator), state=State.ACTIVE)
    unfinished = 0
    with as_worker():
        for process in workers:
            process.start()
        for number in range(ROUNDS):
            run = operations.start_run(
                operator=operator,
                period=Period(date(2026 + number, 1, 1), date(2027 + number, 1, 1)),
                started_by=person,
                now=timezone.now(),
            )
            unfinished += kill_while(workers, lambda run=run: moved_on(run, RunState.REVIEW))
            workers[0].wait_until(lambda run=run: moved_on(run, RunState.REVIEW))
            assert drafted(run) == (MEMBERS, MEMBERS, MEMBERS)

            read(run, now=timezone.now())
            run.refresh_from_db()
            approving.approve_run(run=run, approved_by=person, now=timezone.now())
            for _ in range(2):
                unfinished += kill_while(workers, lambda run=run: all_told(run))
            workers[0].wait_until(lambda run=run: all_told(run))
        workers[0].wait_until(lambda: jobs_doing() == 0)

        invoices = MEMBERS * ROUNDS
        assert sum(process.kills for process in workers) == ROUNDS * A_ROUND
        assert {run.state for run in BillingRun.objects.all()} == {RunState.ISSUED}
        numbers = list(Invoice.objects.order_by("sequence").values_list("number", flat=True))
        assert numbers == [f"F{localdate().year}-{n:05d}" for n in range(1, invoices + 1)]
        assert len(set(Invoice.objects.values_list("run", "tenant", "gross_cents"))) == invoices

        mirrors = provider.invoices()
        assert sorted(one["number"] for one in mirrors) == numbers
        assert {one["status"] for one in mirrors} == {"open"}
        for one in mirrors[::3]:  # their messages go nowhere: the night finds them
            provider.pay(one["id"])
        reconciling.reconcile(now=timezone.now().replace(year=timezone.now().year + 1))
        assert not LedgerDifference.objects.filter(closed_at__isnull=True).exists()
        assert Settlement.objects.filter(state=SettlementState.PAID).count() == len(mirrors[::3])

        kept = {str(path.relative_to(tmp_path / "media")) for path in files_in(tmp_path / "media")}
        rows = InvoiceFile.objects.select_related("invoice")
        assert kept == {row.path for row in rows}
        assert sorted(row.invoice.number for row in rows) == numbers
        for row in rows:
            content = (tmp_path / "media" / row.path).read_bytes()
            assert (hashlib.sha256(content).hexdigest(), len(content)) == (row.sha256, row.size)
    print(f"{ROUNDS * A_ROUND} kills, {unfinished} of them with work left, {invoices} invoices")


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def kill_while(workers, over) -> int:
    """Kills one somewhere in the work, then the other, and starts both again: how many kills left work."""
    left = 0
    for process in random.sample(workers, len(workers)):
        process.wait_until(lambda: over() or jobs_doing())
        deadline = time.monotonic() + random.uniform(0, 0.4)
        process.wait_until(lambda deadline=deadline: over() or time.monotonic() > deadline)
        process.kill()
        left += not over()
    time_passes()
    for process in workers:
        process.start()
    next_minute()
    return left


def moved_on(run: BillingRun, state: RunState) -> bool:
    return BillingRun.objects.filter(pk=run.pk, state=state).exists()


def drafted(run: BillingRun) -> tuple[int, int, int]:
    """Its entries, its drafts, and how many members it says that it has done."""
    done = BillingRun.objects.get(pk=run.pk).progress_done
    return LedgerEntry.objects.filter(run=run).count(), Invoice.objects.filter(run=run).count(), done


def all_told(run: BillingRun) -> bool:
    """Every invoice of the run issued, with its file, and known to the provider."""
    issued = Invoice.objects.filter(run=run, state=InvoiceState.ISSUED)
    told = issued.filter(file__isnull=False, settlement__state=SettlementState.PUSHED)
    return moved_on(run, RunState.ISSUED) and told.count() == MEMBERS
