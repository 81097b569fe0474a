"""One series, many workers: every number once, and none left out."""

import contextlib
import threading

import pytest
from django.db import transaction

from billing import approving, batches, issuing, operations
from billing.exceptions import PeriodAlreadyBilled
from billing.models import BillingRun, Invoice, LedgerEntry, NumberCounter, RunState
from billing.periods import Period
from subscriptions.models import State
from tenants.tenancy import tenant_scope
from tests.factories import (
    BillingRunFactory,
    ListingFactory,
    OperatorFactory,
    SubscriptionFactory,
    UserFactory,
    drafted_run,
)
from tests.factories.base import NOW
from tests.factories.billing import YEAR
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

MEMBERS = 16
ISSUERS = 20


class Killed(Exception):
    """What ends a transaction as the death of its worker would."""


@pytest.fixture
def run():
    return approved(drafted_run(members=MEMBERS))


def approved(run):
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
    return run


def sequences():
    with as_worker():
        return sorted(Invoice.objects.filter(sequence__isnull=False).values_list("sequence", flat=True))


def test_twenty_issuers_number_one_series_without_gap_or_double():
    """Half of them lose their first transaction after its number was given, as killed workers do. Each reads
    the drafts from another end, so that two meet on most: one issues it, the other finds it issued."""
    operator = OperatorFactory()
    listing = ListingFactory(operator=operator)
    SubscriptionFactory.create_batch(ISSUERS * 2, listing=listing, state=State.ACTIVE)
    run = approved(drafted_run(operator=operator, members=0))
    with as_worker():
        ids = list(run.invoices.order_by("pk").values_list("pk", flat=True))

    def worker(number):
        def issue():
            mine = ids[2 * number :] + ids[: 2 * number]
            for position, invoice_id in enumerate(mine[:6]):
                with as_worker(), contextlib.suppress(Killed), transaction.atomic():
                    issuing.issue(invoice_id=invoice_id, operator=run.operator, now=NOW)
                    if number % 2 and position == 0:
                        raise Killed
                with as_worker(), transaction.atomic():
                    issuing.issue(invoice_id=invoice_id, operator=run.operator, now=NOW)

        return issue

    assert at_once(*[worker(number) for number in range(ISSUERS)]) == [None] * ISSUERS
    assert sequences() == list(range(1, ISSUERS * 2 + 1))
    with as_worker():
        assert NumberCounter.objects.get().last == ISSUERS * 2


def test_the_same_run_issued_by_three_workers_at_once(run):
    def issue():
        with as_worker():
            operations.issue_run(run_id=run.pk, now=NOW)

    assert at_once(issue, issue, issue) == [None] * 3
    assert sequences() == list(range(1, MEMBERS + 1))
    with as_worker():
        run.refresh_from_db()
    assert (run.state, run.progress_done) == (RunState.ISSUED, MEMBERS)


def test_the_same_run_drafted_by_three_workers_at_once(drafting):
    def draft():
        with as_worker():
            operations.draft_run(run_id=drafting.pk, now=NOW)

    assert at_once(draft, draft, draft) == [None] * 3
    assert_drafted_once(drafting)


def test_a_worker_that_finds_nothing_left_leaves_the_end_to_whoever_has_the_last_batch(drafting, monkeypatch):
    write, held, go_on = batches.write_lines, threading.Event(), threading.Event()

    def slow():
        def held_up(drafts):
            held.set()
            assert go_on.wait(20)
            monkeypatch.setattr(batches, "write_lines", write)
            write(drafts)

        monkeypatch.setattr(batches, "write_lines", held_up)
        with as_worker():
            operations.draft_run(run_id=drafting.pk, now=NOW)

    def quick():
        assert held.wait(20)
        monkeypatch.setattr(batches, "write_lines", write)
        with as_worker():
            operations.draft_run(run_id=drafting.pk, now=NOW)
            drafting.refresh_from_db()
            left = (drafting.state, drafting.progress_done, drafting.batches.filter(done_at=None).count())
        go_on.set()
        return left

    assert at_once(slow, quick) == [None, (RunState.DRAFTING, MEMBERS - 1, 1)]
    assert_drafted_once(drafting)


@pytest.fixture
def drafting(monkeypatch):
    """A run of as many batches as members."""
    monkeypatch.setattr(batches, "BATCH", 1)
    run = BillingRunFactory()
    listing = ListingFactory(operator=run.operator)
    SubscriptionFactory.create_batch(MEMBERS, listing=listing, state=State.ACTIVE)
    return run


def assert_drafted_once(run):
    with as_worker():
        run.refresh_from_db()
        assert (run.state, run.progress_done, run.progress_total) == (RunState.REVIEW, MEMBERS, MEMBERS)
        assert (LedgerEntry.objects.count(), Invoice.objects.count()) == (MEMBERS, MEMBERS)
        assert not run.batches.exists()


def test_one_period_started_by_three_people_at_once():
    operator = OperatorFactory()
    people = [UserFactory() for _ in range(3)]

    def start(person):
        def call():
            with transaction.atomic(), tenant_scope([operator.organisation_id]):
                return operations.start_run(
                    operator=operator, period=Period(*YEAR), started_by=person, now=NOW
                )

        return call

    results = at_once(*[start(person) for person in people])
    assert sum(isinstance(result, BillingRun) for result in results) == 1
    assert sum(isinstance(result, PeriodAlreadyBilled) for result in results) == 2
