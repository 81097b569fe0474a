"""A subscription that ends inside a period that is billed: each month not begun is given back, once."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import approving, credits, files, operations
from billing.documents import render_cii
from billing.exceptions import CreditNoteChanged, IssuerIncomplete
from billing.models import (
    Closing,
    Invoice,
    InvoiceState,
    InvoiceType,
    LedgerEntry,
    Settlement,
    SettlementState,
)
from billing.settlement import operations as settling
from subscriptions.models import State, Subscription
from subscriptions.signals import subscription_closed
from tenants.models import Operator
from tenants.tenancy import tenant_scope
from tests.factories import (
    BillingRunFactory,
    LedgerEntryFactory,
    OperatorFactory,
    OrganisationFactory,
    SubscriptionFactory,
    UserFactory,
    drafted_run,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.factories.billing import read
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.einvoice_rules import judge

pytestmark = pytest.mark.django_db

ADHESION = {
    "pattern": "adhesion_and_recurring",
    "adhesion": {"pattern": "flat_by_stratum", "strata": [{"amount": "60"}]},
    "recurring": {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.30"},
}


def closed(subscription, on: date) -> Closing:
    """Ended under the subscriber's own scope, as its page does; the note is not settled yet."""
    with tenant_scope([subscription.tenant_id]):
        Subscription.objects.filter(pk=subscription.pk).update(ended_on=on, state=State.ENDED)
        subscription.refresh_from_db()
        subscription_closed.send(sender=Subscription, subscription=subscription, on=on, now=NOW)
        return Closing.objects.get(subscription=subscription)


def settled(subscription, on: date) -> Closing:
    """The same, once the worker has done its job."""
    closing = closed(subscription, on)
    with as_worker():
        credits.settle_closing(closing_id=closing.pk, now=NOW)
        closing.refresh_from_db()
    return closing


def subscription_of(invoice) -> Subscription:
    with as_worker():
        return Subscription.objects.filter(ledger_entries__line__invoice=invoice).distinct().get()


def credit_notes(**of) -> list[Invoice]:
    with as_worker():
        found = (
            Invoice.objects.credit_notes().filter(**of).select_related("corrects", "operator__organisation")
        )
        return list(found.order_by("pk"))


def issued(note, *, by=None) -> Invoice:
    with as_worker():
        credits.issue_credit_note(
            credit_note=note, shown_cents=note.gross_cents, by=by or UserFactory(), now=NOW
        )
        return Invoice.objects.select_related("corrects", "settlement", "operator").get(pk=note.pk)


def owed(subscription) -> int:
    with as_worker():
        return sum(entry.amount_cents for entry in LedgerEntry.objects.filter(subscription=subscription))


@pytest.mark.parametrize(
    ("on", "credit_cents", "words"),
    [
        (date(2026, 10, 1), 6450, "3 mois non commencés sur 12 facturés, du 01/10/2026 au 31/12/2026"),
        (date(2026, 10, 2), 4300, "2 mois non commencés sur 12 facturés, du 01/11/2026 au 31/12/2026"),
        (date(2025, 11, 1), 25800, "12 mois non commencés sur 12 facturés, du 01/01/2026 au 31/12/2026"),
    ],
)
def test_the_months_not_begun_of_an_issued_invoice_are_on_a_credit_note(on, credit_cents, words):
    invoice = issued_invoice()
    closing = settled(subscription_of(invoice), on)
    [note] = credit_notes()
    assert (note.state, note.number, note.corrects) == (InvoiceState.DRAFT, "", invoice)
    assert (note.net_cents, note.vat_cents) == (credit_cents, credit_cents // 5)
    assert (note.tenant_id, note.operator_id) == (invoice.tenant_id, invoice.operator_id)
    with as_worker():
        [line] = note.lines.select_related("entry__corrects")
        assert line.entry.corrects.line.invoice_id == invoice.pk
    assert (line.net_cents, line.entry.amount_cents) == (credit_cents, -credit_cents)
    assert line.steps[0] == words
    assert closing.settled_at == NOW


@pytest.mark.parametrize("on", [date(2026, 12, 2), date(2026, 12, 31), date(2027, 1, 1)])
def test_a_last_month_that_was_begun_is_owed_whole(on):
    invoice = issued_invoice()
    assert settled(subscription_of(invoice), on).settled_at
    assert credit_notes() == []


def test_an_adhesion_is_not_given_back():
    invoice = issued_invoice(grid=ADHESION, active_from=date(2026, 1, 1))
    assert invoice.net_cents == 31800
    settled(subscription_of(invoice), date(2026, 7, 1))
    [note] = credit_notes()
    assert note.net_cents == 12900
    with as_worker():
        assert note.lines.count() == 1


def test_told_or_settled_twice_it_is_given_back_once():
    invoice = issued_invoice()
    subscription = subscription_of(invoice)
    closing = settled(subscription, date(2026, 10, 1))
    with tenant_scope([subscription.tenant_id]):
        subscription_closed.send(
            sender=Subscription, subscription=subscription, on=date(2026, 10, 1), now=NOW
        )
    with as_worker():
        credits.settle_closing(closing_id=closing.pk, now=NOW)
        # Were it told to settle again all the same, the database holds.
        Closing.objects.update(settled_at=None)
        with pytest.raises(IntegrityError), transaction.atomic():
            credits.settle_closing(closing_id=closing.pk, now=NOW)
    assert [note.net_cents for note in credit_notes()] == [6450]
    assert [name for name, _ in jobs.waiting()].count("billing.tasks.settle_closing") == 1


def test_two_that_end_share_the_draft_of_their_invoice():
    operator, member = OperatorFactory(), OrganisationFactory()
    for _ in range(2):
        SubscriptionFactory(tenant=member, listing__operator=operator, state=State.ACTIVE)
    invoice = issued_invoice(operator=operator, tenant=member)
    with as_worker():
        first, second, third = Subscription.objects.order_by("pk")
    settled(first, date(2026, 10, 1))
    settled(second, date(2026, 7, 1))
    [note] = credit_notes()
    assert (note.net_cents, note.corrects) == (6450 + 12900, invoice)
    issued(note)
    settled(third, date(2026, 10, 1))
    assert [one.net_cents for one in credit_notes()] == [6450 + 12900, 6450]


def test_drafts_under_review_are_drawn_again():
    run = drafted_run()
    with as_worker():
        subscription = Subscription.objects.get()
    settled(subscription, date(2026, 10, 1))
    with as_worker():
        [draft] = Invoice.objects.filter(run=run)
        [line] = draft.lines.select_related("entry")
    assert (draft.type_code, draft.net_cents, line.net_cents) == (InvoiceType.INVOICE, 19350, 19350)
    assert line.steps[-1] == "258,00\u00a0€ × 9 mois / 12 = 193,50\u00a0€"
    assert (line.entry.period_start, line.entry.period_end) == (date(2026, 1, 1), date(2026, 10, 1))
    assert owed(subscription) == 19350


def test_a_draft_of_which_no_month_was_begun_goes_away():
    run = drafted_run()
    with as_worker():
        subscription = Subscription.objects.get()
    settled(subscription, date(2025, 12, 1))
    with as_worker():
        assert not Invoice.objects.filter(run=run).exists()
    assert owed(subscription) == 0


def test_a_run_whose_drafts_are_still_to_be_made_sees_the_end():
    operator = OperatorFactory()
    subscription = SubscriptionFactory(state=State.ACTIVE, listing__operator=operator)
    run = BillingRunFactory(operator=operator)
    settled(subscription, date(2026, 10, 1))
    with as_worker():
        operations.draft_run(run_id=run.pk, now=NOW)
    assert owed(subscription) == 19350
    assert credit_notes() == []


def test_what_ends_during_the_issue_waits_for_its_end_and_is_not_lost():
    run = drafted_run(members=2)
    with as_worker():
        subscription = Subscription.objects.order_by("pk").first()
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
    closing = settled(subscription, date(2026, 10, 1))
    assert (closing.settled_at, credit_notes()) == (None, [])
    jobs.forget()
    with as_worker():
        operations.issue_run(run_id=run.pk, now=NOW)
    assert ("billing.tasks.settle_closing", {"closing_id": closing.pk}) in jobs.waiting()
    with as_worker():
        credits.settle_closing(closing_id=closing.pk, now=NOW)
    assert [note.net_cents for note in credit_notes()] == [6450]


def test_the_two_sides_of_the_tax_border_have_each_their_credit_note():
    operator, member = OperatorFactory(), OrganisationFactory()
    ended = [
        SubscriptionFactory(tenant=member, listing__operator=operator, state=State.ACTIVE),
        SubscriptionFactory(
            tenant=member, listing__operator=operator, state=State.ACTIVE, listing__grid__out_of_scope=True
        ),
    ]
    run = drafted_run(operator=operator, members=0)
    with as_worker():
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
    for subscription in ended:
        settled(subscription, date(2026, 10, 1))
    notes = credit_notes()
    assert [(note.out_of_scope, note.vat_cents) for note in notes] == [(False, 1290), (True, 0)]
    assert all(note.out_of_scope == note.corrects.out_of_scope for note in notes)


# --- Issued --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subscription", [{}, {"listing__grid__out_of_scope": True}, {"listing__grid__exempt": True}]
)
def test_an_issued_credit_note_is_a_document_that_the_official_rules_accept(subscription):
    invoice = issued_invoice(**subscription)
    settled(subscription_of(invoice), date(2026, 10, 1))
    note = issued(credit_notes()[0])
    assert (note.number, str(note.issue_date)) == ("A2026-00001", "2026-10-01")
    with as_worker():
        xml = render_cii(files.document_of(note))
        assert files.make_file(invoice_id=note.pk, now=NOW).path.endswith("A2026-00001.pdf")
    verdict = judge(xml)
    assert verdict.judged
    assert [failure for failure in verdict.failures if failure.flag == "fatal"] == []
    for said in (">381<", f">{invoice.number}<", ">64.50<"):
        assert said in xml.decode()


def test_credit_notes_have_their_own_numbers_without_a_gap_per_issuer():
    operator = OperatorFactory()
    run = drafted_run(operator=operator, members=3)
    with as_worker():
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        ended = list(Subscription.objects.order_by("pk"))
    for subscription in ended:
        settled(subscription, date(2026, 10, 1))
    other = issued_invoice()
    settled(subscription_of(other), date(2026, 10, 1))
    numbers = [issued(note).number for note in credit_notes()]
    assert numbers == ["A2026-00001", "A2026-00002", "A2026-00003", "A2026-00001"]


def test_what_changed_since_it_was_read_is_not_issued():
    invoice = issued_invoice()
    settled(subscription_of(invoice), date(2026, 10, 1))
    [note] = credit_notes()
    with as_worker(), pytest.raises(CreditNoteChanged):
        credits.issue_credit_note(credit_note=note, shown_cents=1, by=UserFactory(), now=NOW)
    issued(note)
    with as_worker(), pytest.raises(CreditNoteChanged):
        credits.issue_credit_note(credit_note=note, shown_cents=note.gross_cents, by=UserFactory(), now=NOW)
    assert len(credit_notes(state=InvoiceState.ISSUED)) == 1


def test_an_issuer_that_lacks_a_mention_issues_none():
    invoice = issued_invoice()
    settled(subscription_of(invoice), date(2026, 10, 1))
    with as_worker():
        Operator.objects.update(iban="")
    with pytest.raises(IssuerIncomplete):
        issued(credit_notes()[0])
    assert [note.number for note in credit_notes()] == [""]


def test_an_issued_credit_note_never_changes():
    invoice = issued_invoice()
    settled(subscription_of(invoice), date(2026, 10, 1))
    note = issued(credit_notes()[0])
    with as_worker():
        for change in ({"net_cents": 1, "gross_cents": 1 + note.vat_cents}, {"notes": {}}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Invoice.objects.filter(pk=note.pk).update(**change)


def test_a_public_issuer_has_the_titre_reduced_and_a_private_one_gives_back_by_hand():
    for private, state in ((False, SettlementState.PROPOSED), (True, SettlementState.NEEDS_PERSON)):
        invoice = issued_invoice(operator=OperatorFactory(private=private))
        settled(subscription_of(invoice), date(2026, 10, 1))
        jobs.forget()
        note = issued(credit_notes(corrects=invoice)[0])
        assert note.settlement.state == state
        # The provider is never asked to collect what is given back.
        assert [name for name, _ in jobs.waiting()] == ["billing.tasks.make_file"]
        with as_worker():
            settlement = Settlement.objects.select_related("invoice__operator__organisation").get(
                invoice=note
            )
            with pytest.raises(settling.WrongSettlementState):
                settling.try_again(settlement=settlement, by=UserFactory(), now=NOW)


# --- Never more than was invoiced ----------------------------------------------------------------------


@pytest.mark.parametrize("cents", [-25801, -26000])
def test_the_database_gives_back_no_more_than_was_invoiced(cents):
    entry = LedgerEntryFactory()
    same = {"run": entry.run, "subscription": entry.subscription, "tenant": entry.tenant, "corrects": entry}
    with pytest.raises(IntegrityError, match="more given back than invoiced"), transaction.atomic():
        LedgerEntryFactory(**same, code="x", amount_cents=cents)
    LedgerEntryFactory(**same, code="y", amount_cents=-25000)
    with pytest.raises(IntegrityError, match="more given back than invoiced"), transaction.atomic():
        LedgerEntryFactory(**same, code="z", amount_cents=-801)
    LedgerEntryFactory(**same, code="z", amount_cents=-800)


def test_the_database_gives_back_a_line_of_its_own_only():
    entry = LedgerEntryFactory()
    for other in (
        {"corrects": LedgerEntryFactory()},
        {"corrects": entry, "vat_rate": Decimal(10)},
        {"corrects": entry, "tenant": OrganisationFactory()},
    ):
        values = {
            "run": entry.run,
            "subscription": entry.subscription,
            "tenant": entry.tenant,
            "code": "x",
        } | other
        with pytest.raises(IntegrityError), transaction.atomic():
            LedgerEntryFactory(**values, amount_cents=-1)


def test_several_credit_notes_give_back_no_more_tax_than_there_was():
    """Three lines of 0,33 € bear 0,20 € of tax together, 0,07 € each alone."""
    operator, member = OperatorFactory(), OrganisationFactory(territory__population=1)
    grid = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.33"}
    for _ in range(2):
        SubscriptionFactory(tenant=member, listing__operator=operator, state=State.ACTIVE, grid=grid)
    invoice = issued_invoice(operator=operator, tenant=member, grid=grid)
    assert (invoice.net_cents, invoice.vat_cents) == (99, 20)
    with as_worker():
        ended = list(Subscription.objects.order_by("pk"))
    for subscription in ended:
        settled(subscription, date(2025, 12, 1))
        issued(credit_notes(state=InvoiceState.DRAFT)[0])
    notes = credit_notes()
    assert [note.vat_cents for note in notes] == [7, 7, 6]
    assert sum(note.gross_cents for note in notes) == invoice.gross_cents


@settings(max_examples=15)
@given(
    opened=st.dates(date(2025, 6, 1), date(2026, 12, 31)),
    lasted=st.integers(0, 600),
    inhabitants=st.integers(1, 20000),
    halves=st.booleans(),
)
def test_billed_then_given_back_is_what_a_later_draft_would_have_billed(opened, lasted, inhabitants, halves):
    """Whatever the days, invoices less their credit notes are the invoices drafted after the end."""
    ended = opened + timedelta(days=lasted)
    spans = [(1, 7), (7, 13)] if halves else [(1, 13)]
    totals = []
    for late in (False, True):
        with transaction.atomic():
            operator = OperatorFactory()
            subscription = SubscriptionFactory(
                state=State.ACTIVE,
                listing__operator=operator,
                active_from=opened,
                tenant__territory__population=inhabitants,
            )
            if late:
                with as_worker():
                    Subscription.objects.filter(pk=subscription.pk).update(ended_on=ended)
            for first, last in spans:
                end = date(2027, 1, 1) if last == 13 else date(2026, last, 1)
                run = BillingRunFactory(operator=operator, period_start=date(2026, first, 1), period_end=end)
                with as_worker():
                    operations.draft_run(run_id=run.pk, now=NOW)
                    run.refresh_from_db()
                    read(run)
                    approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
                    operations.issue_run(run_id=run.pk, now=NOW)
            if not late:
                settled(subscription, ended)
            with as_worker():
                found = Invoice.objects.filter(operator=operator)
                totals.append(sum(one.net_cents * one.sign for one in found))
            transaction.set_rollback(True)
    assert totals[0] == totals[1]
