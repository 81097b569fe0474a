"""At the end of a year the group sets the tier of the whole year: the difference is put right, once."""

import uuid
from datetime import date, datetime
from itertools import pairwise

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils.timezone import get_default_timezone
from freezegun import freeze_time
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import approving, credits, operations, repricing, truing_up
from billing.anomalies import settling
from billing.models import (
    Adjustment,
    AdjustmentKind,
    Anomaly,
    Invoice,
    LedgerEntry,
    Repricing,
    TrueUp,
)
from billing.tasks import true_up
from subscriptions import amending
from subscriptions.acts import Act
from subscriptions.amending import Changes
from subscriptions.models import GroupPopulation, State, Subscription
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import (
    BillingRunFactory,
    ListingFactory,
    PayerShareFactory,
    SubscriptionFactory,
    TrueUpFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.billing import read
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

# 1 € an inhabitant up to 2 000 of them together, 0,50 € up to 10 000, 0,25 € beyond.
POOLED = {
    "pattern": "pooled_volume",
    "population_kind": "municipale",
    "tiers": [{"up_to": 2_000, "rate": "1.00"}, {"up_to": 10_000, "rate": "0.50"}, {"rate": "0.25"}],
}
RATES = [(2_000, 100), (10_000, 50), (10**9, 25)]
LAST_DAY = date(2026, 12, 31)
IN_JANUARY = datetime(2027, 1, 20, 4, 29, tzinfo=get_default_timezone())


@pytest.fixture
def subscription():
    """860 inhabitants, in a group of 1 500 when 2026 began."""
    made = buy()
    count(made.listing, date(2025, 12, 1), 1_500)
    return made


def buy(**values) -> Subscription:
    return SubscriptionFactory(state=State.ACTIVE, grid=POOLED, listing=ListingFactory(), **values)


def count(listing, on: date, inhabitants: int) -> None:
    with as_worker():
        GroupPopulation.objects.create(listing=listing, on=on, members=3, inhabitants=inhabitants)


def bill(subscription, start=date(2026, 1, 1), end=date(2027, 1, 1), *, issue=True):
    run = BillingRunFactory(operator=subscription.operator, period_start=start, period_end=end)
    with as_worker():
        operations.draft_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
        assert run.problems == []
        if issue:
            read(run)
            approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
            operations.issue_run(run_id=run.pk, now=NOW)
    return run


def every_night(times: int = 2) -> list[int]:
    with as_worker():
        return [truing_up.true_up_due(on=IN_JANUARY.date(), now=IN_JANUARY) for _ in range(times)]


def owed(subscription) -> int:
    with as_worker():
        return sum(entry.amount_cents for entry in LedgerEntry.objects.filter(subscription=subscription))


def adjustments(subscription) -> list[Adjustment]:
    with as_worker():
        return list(Adjustment.objects.filter(subscription=subscription).order_by("pk"))


def test_a_group_that_grew_gives_back_on_a_credit_note(subscription):
    bill(subscription)
    count(subscription.listing, LAST_DAY, 12_400)
    assert every_night() == [1, 0]
    with as_worker():
        [note] = Invoice.objects.credit_notes().prefetch_related("lines")
        [line] = note.lines.all()
    assert (note.net_cents, line.net_cents) == (86_000 - 21_500, 64_500)
    assert line.name.endswith("Régularisation 2026 du prix mutualisé")
    assert line.steps == [
        "Le 31 décembre 2026, le groupe compte 12\u202f400 habitants : ce nombre fixe le prix de toute "
        "l’année 2026",
        "Année 2026 : 215,00\u00a0€ à ce prix, 860,00\u00a0€ facturés",
        "860,00\u00a0€ facturés − 215,00\u00a0€ dus = 645,00\u00a0€",
    ]
    assert owed(subscription) == 21_500


def test_a_group_that_shrank_is_a_line_of_the_next_invoice(subscription):
    with as_worker():
        GroupPopulation.objects.update(inhabitants=3_000)
    bill(subscription)
    count(subscription.listing, LAST_DAY, 900)
    assert every_night() == [1, 0]
    with as_worker():
        assert not Invoice.objects.credit_notes().exists()
    following = bill(subscription, date(2027, 1, 1), date(2028, 1, 1))
    with as_worker():
        [invoice] = Invoice.objects.filter(run=following).prefetch_related("lines__entry")
        year, more = sorted(invoice.lines.all(), key=lambda line: -line.net_cents)
    assert (year.net_cents, more.net_cents) == (86_000, 43_000)
    assert more.name.endswith("Régularisation 2026 du prix mutualisé")
    assert (more.entry.period_start, more.entry.period_end) == (date(2026, 1, 1), date(2027, 1, 1))


def test_whoever_pays_a_part_is_given_back_its_part(subscription):
    region = PayerShareFactory(subscription=subscription).payer  # 40 %
    bill(subscription)
    count(subscription.listing, LAST_DAY, 12_400)
    assert every_night() == [1, 0]
    with as_worker():
        notes = {note.tenant_id: note.net_cents for note in Invoice.objects.credit_notes()}
        done = TrueUp.objects.get()
    assert notes == {subscription.tenant_id: 38_700, region.pk: 25_800}
    assert (done.billed_cents, done.due_cents) == (86_000, 21_500)


def test_the_same_tier_is_on_record_and_nothing_is_billed(subscription):
    bill(subscription)
    count(subscription.listing, LAST_DAY, 1_900)
    assert every_night() == [1, 0]
    assert adjustments(subscription) == []
    with as_worker():
        done = TrueUp.objects.get()
    assert (done.inhabitants, done.counted_on) == (1_900, LAST_DAY)
    assert (done.billed_cents, done.due_cents) == (86_000, 86_000)


def test_it_waits_until_the_whole_year_is_invoiced(subscription):
    bill(subscription, date(2026, 1, 1), date(2026, 7, 1))
    count(subscription.listing, LAST_DAY, 12_400)
    assert every_night() == [0, 0], "the second half is not billed"
    run = bill(subscription, date(2026, 7, 1), issue=False)
    assert every_night() == [0, 0], "it is under review"
    with as_worker():
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        assert truing_up.true_up_due(on=IN_JANUARY.date(), now=IN_JANUARY) == 0, "it is being issued"
        operations.issue_run(run_id=run.pk, now=NOW)
    assert every_night() == [1, 0]
    assert owed(subscription) == 21_500


def test_a_draft_set_aside_holds_back_its_own_subscription_and_no_other(subscription):
    other = SubscriptionFactory(state=State.ACTIVE, grid=POOLED, listing=subscription.listing)
    run = bill(subscription, issue=False)
    by = run.started_by
    count(subscription.listing, LAST_DAY, 12_400)
    read(run)
    with as_worker():
        [remark] = Anomaly.objects.filter(run=run, tenant=other.tenant, kind="first")
        settling.set_aside(run=run, ids=[remark.pk], reason="À revoir", by=by, now=NOW)
        approving.approve_run(run=run, approved_by=by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
    assert every_night() == [1, 0]
    assert (owed(subscription), owed(other)) == (21_500, 86_000)
    with as_worker():
        settling.take_back(run=run, ids=[remark.invoice_id], by=by, now=NOW)
        approving.approve_run(run=run, approved_by=by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
    assert every_night() == [1, 0]
    assert owed(other) == 21_500


def test_a_group_that_was_never_counted_is_left_to_somebody(subscription, caplog):
    bill(subscription)
    with as_worker():
        GroupPopulation.objects.all().delete()
    assert every_night() == [0, 0]
    assert "its group was never counted" in caplog.text


def test_what_is_not_pooled_is_left_alone():
    plain = SubscriptionFactory(state=State.ACTIVE)
    bill(plain)
    assert every_night() == [0, 0]


def test_the_operator_reads_in_its_log_what_was_trued_up(subscription):
    bill(subscription)
    count(subscription.listing, LAST_DAY, 12_400)
    every_night()
    with tenant_scope([subscription.operator.organisation_id]):
        event = AuditEvent.objects.get(what="billing.trued_up")
    assert event.sentence == "Le prix mutualisé de 2026 est régularisé pour 1 abonnement."
    assert (event.details["more_cents"], event.details["less_cents"]) == (0, 64_500)


def test_the_job_of_the_night_trues_up(subscription):
    bill(subscription)
    count(subscription.listing, LAST_DAY, 12_400)
    with as_worker(), freeze_time(IN_JANUARY):
        true_up(timestamp=0)
    assert owed(subscription) == 21_500


def test_once_a_year_whatever_the_code_does(subscription):
    TrueUpFactory(subscription=subscription)
    with pytest.raises(IntegrityError, match="true_up_once_a_year"), transaction.atomic():
        TrueUpFactory(subscription=subscription)
    with as_worker(), pytest.raises(IntegrityError), transaction.atomic():
        TrueUp.objects.update(due_cents=1)


def test_an_amended_price_is_trued_up_as_amended(subscription):
    """The option of an amendment is in the price of the year, before and after."""
    bill(subscription)
    option = {"code": "o", "name": "O", "grid": {"pattern": "per_unit", "unit": "agent", "unit_price": "12"}}
    act = Act("2026-7", date(2026, 9, 30), SimpleUploadedFile("acte.pdf", PDF))
    with tenant_scope([subscription.tenant_id]):
        proposed = amending.propose(
            subscription=subscription,
            changes=Changes(date(2026, 11, 1), "Option", {"agents": 10}, [option], "CCP R2194-5"),
            by=UserFactory(),
            request_key=uuid.uuid4(),
            now=NOW,
        )
        amending.approve(amendment=proposed, by=UserFactory(), act=act, now=NOW)
    with as_worker():
        repricing.settle_repricing(repricing_id=Repricing.objects.get().pk, now=NOW)
    count(subscription.listing, LAST_DAY, 12_400)
    every_night()
    bill(subscription, date(2027, 1, 1), date(2028, 1, 1))
    with as_worker():
        mine = LedgerEntry.objects.filter(subscription=subscription, period_start__lt=date(2027, 1, 1))
        assert sum(entry.amount_cents for entry in mine) == 21_500 + 2_000
    kinds = [(one.kind, one.amount_cents) for one in adjustments(subscription)]
    assert kinds == [(AdjustmentKind.REPRICED, 2_000), (AdjustmentKind.TRUE_UP, -64_500)]


def test_an_end_told_after_the_true_up_gives_back_no_more_than_was_paid(subscription):
    bill(subscription, date(2026, 1, 1), date(2026, 7, 1))
    bill(subscription, date(2026, 7, 1))
    count(subscription.listing, LAST_DAY, 12_400)
    every_night()
    with as_worker():
        Subscription.objects.filter(pk=subscription.pk).update(
            ended_on=date(2026, 4, 1), state=State.TERMINATING
        )
        subscription.refresh_from_db()
        credits.note_closing(subscription=subscription, on=subscription.ended_on, now=IN_JANUARY)
        credits.settle_closing(closing_id=subscription.closing.pk, now=IN_JANUARY)
        subscription.closing.refresh_from_db()
        invoices = Invoice.objects.invoices().with_credited()
        drafted = {note.corrects_id: note.net_cents for note in Invoice.objects.credit_notes()}
        assert all(drafted.get(invoice.pk, 0) <= invoice.net_cents for invoice in invoices)
    assert subscription.closing.settled_at
    assert owed(subscription) >= 0


@settings(max_examples=15)
@given(
    months=st.sampled_from([(1, 13), (1, 7, 13), (1, 4, 7, 10, 13)]),
    counts=st.lists(st.integers(0, 30_000), min_size=4, max_size=4),
    last=st.integers(0, 30_000),
    inhabitants=st.integers(1, 9_999),
    opened=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_all_entries_of_the_year_are_its_price_at_the_tier_of_its_last_day(
    months, counts, last, inhabitants, opened
):
    firsts = [date(2026 + month // 13, (month - 1) % 12 + 1, 1) for month in months]
    with transaction.atomic():
        subscription = buy(active_from=opened, tenant__territory__population=inhabitants)
        for (start, end), group in zip(pairwise(firsts), counts, strict=False):
            count(subscription.listing, start, group)
            bill(subscription, start, end)
        count(subscription.listing, LAST_DAY, last)
        every_night()
        bill(subscription, date(2027, 1, 1), date(2028, 1, 1))
        with as_worker():
            mine = LedgerEntry.objects.filter(subscription=subscription)
            year = sum(entry.amount_cents for entry in mine.filter(period_start__lt=date(2027, 1, 1)))
            invoices = list(Invoice.objects.all())
        rate = next(rate for up_to, rate in RATES if last <= up_to)
        whole = inhabitants * rate
        due = 0
        for start, end in pairwise(firsts):
            first = max(start.month, opened.month)
            begun = (end.year - 2026) * 12 + end.month - first
            due += (whole * max(0, begun) * 2 + 12) // 24  # twelfths, rounded half-up each time
        assert year == due
        assert sum(one.net_cents * one.sign for one in invoices) == sum(
            entry.amount_cents for entry in mine_all(subscription)
        )
        transaction.set_rollback(True)


def mine_all(subscription) -> list[LedgerEntry]:
    with as_worker():
        return list(LedgerEntry.objects.filter(subscription=subscription))
