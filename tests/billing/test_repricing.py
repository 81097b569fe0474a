"""A price that changes reaches what was drafted or invoiced beyond that day, once, and touches no invoice."""

import uuid
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Prefetch
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import approving, contests, credits, operations, recovery, repricing
from billing.exceptions import NothingChosen
from billing.models import (
    Adjustment,
    Closing,
    ContestReason,
    Invoice,
    InvoiceLine,
    InvoiceState,
    InvoiceType,
    LedgerEntry,
    Repricing,
)
from subscriptions import amending, opening
from subscriptions.acts import Act
from subscriptions.amending import Changes
from subscriptions.models import State, Subscription
from tenants.tenancy import tenant_scope
from tests.factories import (
    AmendmentFactory,
    BillingRunFactory,
    OperatorFactory,
    PayerShareFactory,
    SubscriptionFactory,
    TrialFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.factories.billing import read
from tests.factories.subscriptions import PDF
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

PER_AGENT = {"pattern": "per_unit", "unit": "agent", "unit_price": "12"}
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
Y2026, Y2027 = (date(2026, 1, 1), date(2027, 1, 1)), (date(2027, 1, 1), date(2028, 1, 1))


@pytest.fixture
def subscription():
    """10 agents at 12 € since 1 January 2026."""
    return make()


def make(**values) -> Subscription:
    return SubscriptionFactory(state=State.ACTIVE, grid=PER_AGENT, counts={"agents": 10}, **values)


def bill(subscription, span=Y2026, *, issue=True):
    run = BillingRunFactory(operator=subscription.operator, period_start=span[0], period_end=span[1])
    with as_worker():
        operations.draft_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
        if issue:
            read(run)
            approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
            operations.issue_run(run_id=run.pk, now=NOW)
            run.refresh_from_db()
    return run


def amend(subscription, agents: int, *, on=NOVEMBER, options=None) -> None:
    """Proposed, then approved by somebody else, as their pages do."""
    act = Act("2026-7", date(2026, 9, 30), SimpleUploadedFile("acte.pdf", PDF))
    with tenant_scope([subscription.tenant_id]):
        proposed = amending.propose(
            subscription=subscription,
            changes=Changes(
                on, "Effectifs", counts={"agents": agents}, options=options, other_basis="CCP R2194-5"
            ),
            by=UserFactory(),
            request_key=uuid.uuid4(),
            now=NOW,
        )
        amending.approve(amendment=proposed, by=UserFactory(), act=act, now=NOW)


def settle(subscription) -> None:
    """What the worker does, twice."""
    with as_worker():
        for pk in (
            Repricing.objects.filter(subscription=subscription).order_by("pk").values_list("pk", flat=True)
        ):
            for _ in range(2):
                repricing.settle_repricing(repricing_id=pk, now=NOW)


def owed(subscription) -> int:
    with as_worker():
        return sum(entry.amount_cents for entry in LedgerEntry.objects.filter(subscription=subscription))


def invoices(**of) -> list[Invoice]:
    with as_worker():
        lines = InvoiceLine.objects.select_related("entry").order_by("position")
        return list(Invoice.objects.filter(**of).prefetch_related(Prefetch("lines", lines)).order_by("pk"))


@pytest.mark.parametrize("issue", [False, True], ids=["under review", "issued"])
def test_what_opens_once_its_period_is_drafted_is_billed(subscription, issue):
    """In that run's drafts while they are read, on the next invoice once they are issued."""
    late = SubscriptionFactory(
        operator=subscription.operator, state=State.PROVISIONING, active_from=None, grid=PER_AGENT,
        counts={"agents": 10}, wanted_from=NOVEMBER,
    )  # fmt: skip
    run = bill(subscription, issue=issue)
    assert owed(late) == 0
    jobs.forget()
    with as_worker():
        opening.activate(subscription=late, service_url="", now=NOW)
        recovery.sweep(now=NOW + timedelta(minutes=2))
        [noted] = Repricing.objects.all()
    assert ("billing.tasks.settle_repricing", {"repricing_id": noted.pk}) in jobs.waiting()
    settle(late)
    if not issue:
        [draft] = invoices(run=run, tenant=late.tenant)
        assert (draft.state, draft.net_cents) == (InvoiceState.DRAFT, 2_000)
    else:
        assert invoices(run=run, tenant=late.tenant) == []
        bill(subscription, Y2027)
        [invoice] = invoices(tenant=late.tenant)
        assert sorted(line.net_cents for line in invoice.lines.all()) == [2_000, 12_000]
    settle(late)
    assert owed(late) == (14_000 if issue else 2_000)


def test_what_could_not_be_priced_waits_for_whoever_reads_so(subscription):
    """It is left alone until she has it priced again: still without a price, it is told once more."""
    late = SubscriptionFactory(operator=subscription.operator, state=State.ACTIVE, grid=PER_AGENT, counts={})
    run = bill(subscription, issue=False)
    assert [problem["subscription"] for problem in run.problems] == [str(late.public_id)]
    with as_worker():
        repricing.note_openings(subscriptions=[late, TrialFactory()], now=NOW)
        assert [one.subscription for one in Repricing.objects.all()] == [late]
        settle(late)
        for counts, priced in (({}, 0), ({"agents": 10}, 12_000)):
            Subscription.objects.filter(pk=late.pk).update(counts=counts)
            assert repricing.price_again(run=run, by=UserFactory(), now=NOW) == 1
            settle(late)
            run.refresh_from_db()
            assert (len(run.problems), owed(late)) == (0 if priced else 1, priced)
        with pytest.raises(NothingChosen):
            repricing.price_again(run=run, by=UserFactory(), now=NOW)
    [draft] = invoices(run=run, tenant=late.tenant)
    assert draft.net_cents == 12_000


def test_a_draft_under_review_is_drawn_again(subscription):
    run = bill(subscription, issue=False)
    amend(subscription, 20)
    settle(subscription)
    [draft] = invoices(run=run)
    assert [line.net_cents for line in draft.lines.all()] == [10_000, 4_000]
    assert (draft.net_cents, draft.state, owed(subscription)) == (14_000, InvoiceState.DRAFT, 14_000)
    with as_worker():
        assert not Adjustment.objects.exists()
    assert [name for name, _ in jobs.waiting()].count("billing.tasks.settle_repricing") == 1


def test_a_draft_is_drawn_again_as_often_as_the_price_changes(subscription):
    run = bill(subscription, issue=False)
    amend(subscription, 20)
    settle(subscription)
    amend(subscription, 0, on=DECEMBER)
    settle(subscription)
    [draft] = invoices(run=run)
    assert sorted(line.net_cents for line in draft.lines.all()) == [0, 2_000, 10_000]
    assert owed(subscription) == 12_000


def test_what_costs_more_is_a_line_of_the_next_invoice(subscription):
    run = bill(subscription)
    [before] = invoices(run=run)
    amend(subscription, 20)
    settle(subscription)
    assert [one.pk for one in invoices()] == [before.pk], "nothing is issued, nor credited"
    next_run = bill(subscription, Y2027)
    [invoice] = invoices(run=next_run)
    whole, more = sorted(invoice.lines.all(), key=lambda line: -line.net_cents)
    assert (whole.net_cents, more.net_cents) == (24_000, 2_000)
    assert more.name.endswith("Régularisation, année 2026")
    assert more.steps[0] == "Avenant n° 1 au 1er novembre 2026 : 20 agents"
    assert more.steps[-1] == "140,00\u00a0€ dus − 120,00\u00a0€ facturés = 20,00\u00a0€"
    assert (more.entry.period_start, more.entry.period_end) == Y2026
    assert owed(subscription) == 14_000 + 24_000
    [again] = invoices(run=run)
    assert (again.net_cents, again.number) == (before.net_cents, before.number)


def test_what_costs_less_is_on_a_credit_note(subscription):
    run = bill(subscription)
    amend(subscription, 4)
    settle(subscription)
    invoice, note = invoices(run=run)
    assert (note.type_code, note.state, note.net_cents) == (
        InvoiceType.CREDIT_NOTE,
        InvoiceState.DRAFT,
        1_200,
    )
    assert (note.corrects_id, invoice.net_cents) == (invoice.pk, 12_000)
    [line] = note.lines.all()
    assert line.steps[-1] == "120,00\u00a0€ facturés − 108,00\u00a0€ dus = 12,00\u00a0€"
    assert owed(subscription) == 10_800
    with as_worker():
        credits.issue_credit_note(
            credit_note=Invoice.objects.select_related("operator__organisation", "corrects").get(pk=note.pk),
            shown_cents=note.gross_cents,
            by=UserFactory(),
            now=NOW,
        )


@pytest.mark.parametrize("issued", [True, False])
def test_an_option_that_goes_is_billed_no_longer(issued):
    """12 € an agent, and as much for the option: both for ten months, then the service alone."""
    subscription = make(options=[{"code": "sms", "name": "SMS", "grid": PER_AGENT}], yearly_cents=24_000)
    run = bill(subscription, issue=issued)
    amend(subscription, 10, options=[])
    settle(subscription)
    if issued:
        _, note = invoices(run=run)
        assert (note.type_code, note.net_cents) == (InvoiceType.CREDIT_NOTE, 2_000)
        assert owed(subscription) == 22_000
    else:
        [draft] = invoices(run=run)
        assert draft.net_cents == 22_000


def test_told_twice_it_is_put_right_once(subscription):
    bill(subscription)
    amend(subscription, 4)
    with tenant_scope([subscription.tenant_id]):
        for _ in range(2):
            repricing.note_repricing(subscription=subscription, on=NOVEMBER, now=NOW)
    settle(subscription)
    with as_worker():
        Repricing.objects.update(settled_at=None)
    settle(subscription)
    assert [note.net_cents for note in invoices(type_code=InvoiceType.CREDIT_NOTE)] == [1_200]
    assert owed(subscription) == 10_800


def test_more_then_less_before_the_next_invoice_is_as_if_it_had_never_been_more(subscription):
    bill(subscription)
    amend(subscription, 20)
    settle(subscription)
    amend(subscription, 10, on=DECEMBER)
    settle(subscription)
    with as_worker():
        assert [one.amount_cents for one in Adjustment.objects.to_bill()] == [1_000]
    amend(subscription, 0, on=NOVEMBER)
    settle(subscription)
    with as_worker():
        [note] = Invoice.objects.credit_notes()
        assert not Adjustment.objects.to_bill().exists()
    assert owed(subscription) == 12_000 - note.net_cents == 10_000 + 1_000


def test_what_was_given_back_already_is_not_given_back_again(subscription):
    bill(subscription)
    for agents in (8, 6, 4):
        amend(subscription, agents)
        settle(subscription)
    assert owed(subscription) == 10_000 + 800
    on = date(2026, 1, 1)
    with as_worker():
        Subscription.objects.filter(pk=subscription.pk).update(ended_on=on, state=State.TERMINATING)
        subscription.refresh_from_db()
        credits.note_closing(subscription=subscription, on=on, now=NOW)
        credits.settle_closing(closing_id=subscription.closing.pk, now=NOW)
    assert owed(subscription) == 0
    [note] = invoices(type_code=InvoiceType.CREDIT_NOTE)
    assert note.net_cents == 12_000


@pytest.mark.parametrize(
    ("contested_cents", "agents", "in_all"),
    [
        (400, 5, 110_00),  # of the 10 € that fewer agents give back, four are given back already
        (30_00, 5, 90_00),  # more than fewer agents give back: nothing is billed again
        (10_00, 20, 130_00),  # what was accepted stays given back, more agents are billed all the same
    ],
)
def test_what_an_accepted_contest_gave_back_is_neither_billed_nor_given_back_again(
    contested_cents, agents, in_all, subscription
):
    bill(subscription)
    with as_worker():
        line = InvoiceLine.objects.select_related("invoice__settlement", "entry", "tenant").get()
        by = UserFactory()
        contest = contests.contest(line=line, reason=ContestReason.AGENTS, text="Trop.", by=by, now=NOW)
        contests.accept(contest=contest, cents=contested_cents, answer="", by=by, now=NOW)
    amend(subscription, agents)
    settle(subscription)
    bill(subscription, Y2027, issue=False)

    with as_worker():
        of_2026 = LedgerEntry.objects.exclude(run__period_start=Y2027[0], adjustment=None)
        assert sum(entry.amount_cents for entry in of_2026) == in_all


def test_whoever_pays_a_part_pays_and_is_given_back_its_part(subscription):
    region = PayerShareFactory(
        subscription=subscription, commitment_number="E-77", service_code="SVC-9"
    ).payer  # 40 %
    run = bill(subscription)
    amend(subscription, 4)
    settle(subscription)
    notes = {note.tenant_id: note.net_cents for note in invoices(run=run, type_code=InvoiceType.CREDIT_NOTE)}
    assert notes == {subscription.tenant_id: 720, region.pk: 480}
    amend(subscription, 20, on=DECEMBER)
    settle(subscription)
    with as_worker():
        waiting = {one.tenant_id: one.amount_cents for one in Adjustment.objects.to_bill()}
    assert waiting == {subscription.tenant_id: 960, region.pk: 640}  # 16 agents more in December
    following = bill(subscription, Y2027)
    found = {invoice.tenant_id: invoice for invoice in invoices(run=following)}
    assert {pk: one.net_cents for pk, one in found.items()} == {
        subscription.tenant_id: 14_400 + 960,
        region.pk: 9_600 + 640,
    }
    assert found[region.pk].buyer["order_reference"] == "E-77"


def test_a_next_invoice_under_review_takes_it_at_once(subscription):
    bill(subscription)
    later = bill(subscription, Y2027, issue=False)
    amend(subscription, 20)
    settle(subscription)
    [draft] = invoices(run=later)
    assert sorted(line.net_cents for line in draft.lines.all()) == [2_000, 24_000]
    amend(subscription, 10, on=DECEMBER)
    settle(subscription)
    [draft] = invoices(run=later)
    assert sorted(line.net_cents for line in draft.lines.all()) == [1_000, 12_000]
    assert owed(subscription) == 13_000 + 12_000


def test_what_waits_for_somebody_who_owes_nothing_else_is_billed_too(subscription):
    bill(subscription)
    amend(subscription, 20)
    settle(subscription)
    with as_worker():
        Subscription.objects.filter(pk=subscription.pk).update(state=State.ENDED, ended_on=date(2027, 1, 1))
    next_run = bill(subscription, Y2027)
    [invoice] = invoices(run=next_run)
    assert (invoice.net_cents, invoice.state) == (2_000, InvoiceState.ISSUED)


def test_what_changes_during_the_issue_waits_for_its_end_and_is_not_lost(subscription):
    run = bill(subscription, issue=False)
    with as_worker():
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
    amend(subscription, 4)
    settle(subscription)
    with as_worker():
        waiting = Repricing.objects.get()
    assert (waiting.settled_at, invoices(type_code=InvoiceType.CREDIT_NOTE)) == (None, [])
    jobs.forget()
    with as_worker():
        operations.issue_run(run_id=run.pk, now=NOW)
    assert ("billing.tasks.settle_repricing", {"repricing_id": waiting.pk}) in jobs.waiting()
    jobs.forget()
    with as_worker():
        recovery.sweep(now=NOW + 2 * recovery.PATIENCE)
    assert ("billing.tasks.settle_repricing", {"repricing_id": waiting.pk}) in jobs.waiting()
    settle(subscription)
    assert [note.net_cents for note in invoices(type_code=InvoiceType.CREDIT_NOTE)] == [1_200]


def test_a_revision_of_the_index_is_taken_to_what_was_invoiced(subscription):
    bill(subscription)
    with as_worker():
        AmendmentFactory(subscription=subscription, coefficient=Decimal("1.03"), effective_on=NOVEMBER)
        repricing.note_repricing(subscription=subscription, on=NOVEMBER, now=NOW)
    settle(subscription)
    with as_worker():
        assert [one.amount_cents for one in Adjustment.objects.to_bill()] == [60]


def test_what_cannot_be_priced_again_is_told_and_the_draft_stays(subscription):
    run = bill(subscription, issue=False)
    with as_worker():
        Subscription.objects.filter(pk=subscription.pk).update(counts={})
        repricing.note_repricing(subscription=subscription, on=NOVEMBER, now=NOW)
    settle(subscription)
    with as_worker():
        run.refresh_from_db()
    assert [problem["service"] for problem in run.problems] == [subscription.service_name]
    assert [draft.net_cents for draft in invoices(run=run)] == [12_000]


def test_what_ends_after_it_changed_is_given_back_at_the_price_that_was_owed(subscription):
    bill(subscription)
    amend(subscription, 4)
    settle(subscription)
    on = date(2026, 12, 1)
    with tenant_scope([subscription.tenant_id]):
        Subscription.objects.filter(pk=subscription.pk).update(ended_on=on, state=State.TERMINATING)
        subscription.refresh_from_db()
        credits.note_closing(subscription=subscription, on=on, now=NOW)
        closing = Closing.objects.get()
    with as_worker():
        credits.settle_closing(closing_id=closing.pk, now=NOW)
    assert owed(subscription) == 10_000 + 400


def test_an_adjustment_is_billed_once_whatever_the_code_does(subscription):
    bill(subscription)
    amend(subscription, 20)
    settle(subscription)
    bill(subscription, Y2027)
    with as_worker():
        entry = LedgerEntry.objects.get(adjustment__isnull=False)
        entry.pk, entry.code = None, "twice"
        with pytest.raises(IntegrityError, match="ledger_bills_an_adjustment_once"), transaction.atomic():
            entry.save(force_insert=True)


def test_a_member_never_sees_the_adjustments_of_another(subscription):
    bill(subscription)
    amend(subscription, 20)
    settle(subscription)
    with tenant_scope([subscription.tenant_id]):
        assert Adjustment.objects.count() == Repricing.objects.count() == 1
    with tenant_scope([SubscriptionFactory().tenant_id]):
        assert not Adjustment.objects.exists()
        assert not Repricing.objects.exists()


changes = st.lists(
    st.tuples(st.sampled_from([NOVEMBER, DECEMBER, date(2027, 2, 1)]), st.integers(0, 40)),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one[0],
).map(sorted)


def amend_all(subscription, changes) -> None:
    agents = 10
    for on, wanted in changes:
        if wanted != agents:
            amend(subscription, wanted, on=on)
            settle(subscription)
            agents = wanted


@settings(max_examples=12)
@given(
    changes=changes,
    issued=st.booleans(),
    months=st.sampled_from([(1, 13), (1, 7, 13), (1, 4, 7, 10, 13)]),
)
def test_whatever_changes_and_when_it_is_billed_as_if_it_had_been_known(changes, issued, months):
    firsts = [date(2026 + month // 13, (month - 1) % 12 + 1, 1) for month in months]
    totals = []
    for known in (True, False):
        with transaction.atomic():
            subscription = make(listing__operator=OperatorFactory())
            if known:
                amend_all(subscription, changes)
            for span in pairwise(firsts):
                bill(subscription, span, issue=issued)
            if not known:
                amend_all(subscription, changes)
            bill(subscription, Y2027)
            totals.append(owed(subscription))
            with as_worker():
                found = list(Invoice.objects.filter(operator=subscription.operator))
            assert sum(one.net_cents * one.sign for one in found) == totals[-1]
            transaction.set_rollback(True)
    assert totals[0] == totals[1]
