"""What an operator owes a vendor: drawn up once, frozen, answered, paid."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from billing import approving, contests, operations
from billing.models import (
    ContestReason,
    DrawingState,
    InvoiceLine,
    StatementLine,
    StatementMove,
    StatementRun,
    StatementState,
    VendorStatement,
)
from billing.periods import Period
from billing.vendors import answers, drawing, terms
from billing.vendors.queries import vendors_of
from subscriptions.models import ContractTransfer, State, TransferState
from tenants.models import Letter, Role
from tenants.refusals import Refused
from tests.factories import (
    CommissionTermsFactory,
    ContractTransferFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    ServiceSheetFactory,
    SubscriptionFactory,
    UserFactory,
    VendorFactory,
    VendorStatementFactory,
    drafted_run,
    issued_credit_note,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.jobs import waiting

pytestmark = pytest.mark.django_db
Q3, Q4 = Period(date(2026, 7, 1), date(2026, 10, 1)), Period(date(2026, 10, 1), date(2027, 1, 1))
SEPTEMBER = datetime(2026, 9, 15, 9, tzinfo=UTC)
JANUARY = datetime(2027, 1, 4, 9, tzinfo=UTC)


@pytest.fixture
def operator():
    return OperatorFactory()


@pytest.fixture
def vendor():
    return MembershipFactory(
        organisation=VendorFactory().organisation, role=Role.VENDOR_ADMIN
    ).organisation.vendor


def billed(operator, vendor, *, now=SEPTEMBER):
    """One invoice of 258 € net for a service of that vendor."""
    return issued_invoice(operator=operator, listing__sheet__vendor=vendor, now=now)


def drawn(operator, period, now):
    with as_worker():
        run = drawing.ask(operator=operator, period=period, by=UserFactory(), now=now)
        drawing.draw(run_id=run.pk, now=now)
        run.refresh_from_db()
    return run


def test_what_is_billed_withheld_and_given_back_is_owed_once(operator, vendor):
    """From the invoice to the next statement: a contest withholds; its answer, a credit note come later."""
    invoice = billed(operator, vendor)
    with as_worker():
        agreed = CommissionTermsFactory(operator=operator, vendor=vendor, percent=Decimal("12.5"))
        [line] = InvoiceLine.objects.filter(invoice=invoice)
        contest = contests.contest(
            line=line, reason=ContestReason.PRICE, text="Trop cher", by=UserFactory(), now=SEPTEMBER
        )
        run = drawn(operator, Q3, NOW)
        assert (run.state, run.problems) == (DrawingState.DONE, [])
        [first] = VendorStatement.objects.filter(run=run)
        assert (first.billed_cents, first.withheld_cents, first.commission_cents, first.net_cents) == (
            25_800, 25_800, 0, 0,
        )  # fmt: skip
        assert (
            Letter.objects.filter(tenant=vendor.organisation, subject__startswith="Votre relevé").count() == 1
        )
        contests.refuse(contest=contest, answer="Le prix est le bon.", by=UserFactory(), now=NOW)
        note = issued_credit_note(invoice)
        second = VendorStatement.objects.get(run=drawn(operator, Q4, JANUARY))
        net = 25_800 - note.net_cents
        kept = terms.commission(agreed, 25_800) + terms.commission(agreed, -note.net_cents)
        assert (second.billed_cents, second.released_cents, second.credited_cents) == (
            0,
            25_800,
            -note.net_cents,
        )
        assert (second.commission_cents, second.net_cents) == (kept, net - kept)
        assert second.vat_cents == round((net - kept) * Decimal("0.2"))
        rows = StatementLine.objects.filter(statement=second).order_by("pk")
        assert [(row.number, row.net_cents, row.withheld) for row in rows] == [
            (invoice.number, 25_800, False),
            (note.number, -note.net_cents, False),
        ]


@pytest.mark.parametrize("counted", [True, False], ids=["two statements", "one statement"])
def test_a_credit_note_gives_back_the_commission_that_was_kept(operator, vendor, counted):
    """By the terms of its invoice, whatever was agreed on since: what is given back whole costs nobody."""
    invoice = billed(operator, vendor)
    with as_worker():
        agreed = CommissionTermsFactory(operator=operator, vendor=vendor, percent=Decimal(10))
        if counted:
            first = VendorStatement.objects.get(run=drawn(operator, Q3, NOW))
            assert first.commission_cents == 2_580
        CommissionTermsFactory(
            operator=operator, vendor=vendor, since=date(2026, 9, 1) if counted else NOW.date(),
            percent=None, per_line_cents=500,
        )  # fmt: skip
        note = issued_credit_note(invoice)
        found = VendorStatement.objects.get(run=drawn(operator, Q4, JANUARY))
        given_back = terms.commission(agreed, -note.net_cents)
        assert found.commission_cents == given_back + (0 if counted else 2_580)


def test_statements_are_drawn_up_once_whatever_is_killed(operator, vendor, monkeypatch):
    billed(operator, vendor)
    with as_worker():
        CommissionTermsFactory(operator=operator, vendor=vendor)
        run = drawing.ask(operator=operator, period=Q3, by=UserFactory(), now=NOW)
        assert ("billing.tasks.draw_statements", {"run_id": run.pk}) in waiting()
        found = drawing._found(run.pk)
        drawing.draw(run_id=run.pk, now=NOW)
        StatementRun.objects.filter(pk=run.pk).update(state=DrawingState.DRAWING)
        # A second worker, which had read the same lines before.
        monkeypatch.setattr(drawing, "_found", lambda run_id: found)
        drawing.draw(run_id=run.pk, now=NOW)
        drawing.draw(run_id=run.pk, now=NOW)
        statement = VendorStatement.objects.get(operator=operator)
        assert StatementLine.objects.filter(statement=statement).count() == 1
        assert StatementMove.objects.filter(statement=statement).count() == 1
        for change in ({"net_cents": 1}, {"billed_cents": 0}):
            with pytest.raises(DatabaseError), transaction.atomic():
                VendorStatement.objects.filter(pk=statement.pk).update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            statement.lines.all().delete()
        with pytest.raises(IntegrityError), transaction.atomic():
            VendorStatementFactory(run=run, vendor=vendor)
        for period, said in ((Q4, "pas terminée"), (Q3, "établis jusqu’au")):
            with pytest.raises(Refused, match=said):
                drawing.ask(operator=operator, period=period, by=UserFactory(), now=NOW)


def test_nothing_is_owed_before_terms_are_agreed(operator, vendor):
    """The others have theirs; the missing one is drawn up once the vendor has agreed."""
    billed(operator, vendor)
    with as_worker():
        by = UserFactory()
        proposal = terms.Proposal(date(2026, 1, 1), None, 150, None, "Art. 293 B du CGI")
        proposed = terms.propose(operator=operator, vendor=vendor, proposal=proposal, by=by, now=NOW)
        run = drawn(operator, Q3, NOW)
        assert not VendorStatement.objects.exists()
        [problem] = run.problems
        assert problem["vendor"] == vendor.organisation.name
        assert "Aucune commission n’est convenue au 15/09/2026" in problem["reason"]
        terms.agree(terms=proposed, by=by, now=NOW)
        with pytest.raises(Refused, match="ne sont plus proposées"):
            terms.agree(terms=proposed, by=by, now=NOW)
        drawing.ask_again(run=run, by=by, now=NOW)
        drawing.draw(run_id=run.pk, now=NOW)
        run.refresh_from_db()
        assert run.problems == []
        found = VendorStatement.objects.get(run=run)
        assert (found.commission_cents, found.vat_cents, found.gross_cents) == (150, 0, 25_650)
        with pytest.raises(DatabaseError), transaction.atomic():
            type(proposed).objects.filter(pk=proposed.pk).update(per_line_cents=0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"percent": Decimal(101)}, "percent"),
        ({"percent": None}, "percent"),
        ({"per_line_cents": 100}, "percent"),
        ({"vat_rate": None}, "vat_rate"),
        ({"vat_reason": "Exonéré"}, "vat_rate"),
        ({"since": date(1990, 1, 1)}, "since"),
    ],
)
def test_terms_that_say_nothing_clear_are_refused(changes, field, operator, vendor):
    said = {"since": NOW.date(), "percent": Decimal(10), "per_line_cents": None, "vat_rate": Decimal(20)}
    proposal = terms.Proposal(**{**said, "vat_reason": "", **changes})
    with as_worker(), pytest.raises(Refused) as refusal:
        terms.propose(operator=operator, vendor=vendor, proposal=proposal, by=UserFactory(), now=NOW)
    assert refusal.value.field == field


def test_a_statement_is_contested_answered_agreed_then_paid(vendor):
    with as_worker():
        by, found = UserFactory(), VendorStatementFactory(vendor=vendor)
        with pytest.raises(Refused, match="accepté"):
            answers.pay(statement=found, cents=1, paid_on=NOW.date(), reference="", by=by, now=NOW)
        with pytest.raises(Refused, match="ne va pas"):
            answers.contest(statement=found, reason=" \0 ", by=by, now=NOW)
        stale = VendorStatement.objects.get(pk=found.pk)
        answers.contest(statement=found, reason="Il manque une commune.", by=by, now=NOW)
        with pytest.raises(Refused, match="a changé d’état"):
            answers.agree(statement=stale, by=by, now=NOW)
        answers.answer(statement=found, text="Elle vient au suivant.", by=by, now=NOW)
        answers.agree(statement=found, by=by, now=NOW)
        for cents, day, said in (
            (27_865, NOW.date(), "Il reste 278,64"),
            (0, NOW.date(), "Il reste"),
            (1, date(2026, 10, 2), "pas encore passé"),
            (1, date(2026, 6, 30), "avant la période"),
        ):
            with pytest.raises(Refused, match=said):
                answers.pay(statement=found, cents=cents, paid_on=day, reference="", by=by, now=NOW)
        answers.pay(statement=found, cents=20_000, paid_on=NOW.date(), reference="VIR 1", by=by, now=NOW)
        assert (found.state, answers.left_to_pay(found)) == (StatementState.AGREED, 7_864)
        answers.pay(statement=found, cents=7_864, paid_on=NOW.date(), reference="VIR 2", by=by, now=NOW)
        found.refresh_from_db()
        assert found.state == StatementState.PAID
        moves = StatementMove.objects.filter(statement=found).order_by("pk")
        assert [move.after for move in moves] == ["contested", "drawn", "agreed", "paid"]


def test_more_given_back_than_billed_is_carried_to_the_next(operator, vendor):
    with as_worker():
        CommissionTermsFactory(operator=operator, vendor=vendor)
        run = drawn(operator, Period(date(2026, 1, 1), date(2026, 7, 1)), NOW)
        before = VendorStatementFactory(
            run=run, vendor=vendor, billed_cents=0, credited_cents=-1_000, commission_cents=-100,
            net_cents=-900, vat_cents=0, gross_cents=-900,
        )  # fmt: skip
        assert before.to_pay_cents == 0
        billed(operator, vendor)
        found = VendorStatement.objects.get(run=drawn(operator, Q3, NOW))
        assert (found.carried_cents, found.net_cents) == (-900, 25_800 - 2_580 - 900)


def test_an_operator_owes_itself_nothing(operator, vendor):
    """A public body may publish what it operates: no commission is to be agreed on with itself."""
    itself = VendorFactory(organisation=operator.organisation)
    billed(operator, itself)
    run = drawn(operator, Q3, NOW)
    with as_worker():
        assert (run.problems, VendorStatement.objects.count()) == ([], 0)
        ListingFactory(operator=operator, sheet=ServiceSheetFactory(vendor=vendor))
        assert list(vendors_of(operator=operator)) == [vendor]


def test_a_line_goes_to_who_held_the_service_when_it_began(operator, vendor):
    new = VendorFactory()
    with as_worker():
        listing = ListingFactory(operator=operator, sheet=ServiceSheetFactory(vendor=new))
        transfer = ContractTransferFactory(listing=listing, from_vendor=vendor, to_vendor=new, state="signed")
        ContractTransfer.objects.filter(pk=transfer.pk).update(
            state=TransferState.IN_FORCE, settled_at=datetime(2026, 5, 1, tzinfo=UTC)
        )
        CommissionTermsFactory(operator=operator, vendor=vendor)
        SubscriptionFactory(listing=listing, state=State.ACTIVE)
        run = drafted_run(operator=operator, members=0, now=SEPTEMBER)
        approving.approve_run(run=run, approved_by=run.started_by, now=SEPTEMBER)
        operations.issue_run(run_id=run.pk, now=SEPTEMBER)
        statement = VendorStatement.objects.get(run=drawn(operator, Q3, NOW))
        assert statement.vendor == vendor
