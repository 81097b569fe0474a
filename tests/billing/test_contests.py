"""A contested line is answered once: by a reason, or by a credit note within what was invoiced."""

from datetime import date, timedelta
from functools import partial
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from billing import contests, credits
from billing.exceptions import ContestAnswered, NotContestable, TooMuchGivenBack
from billing.models import (
    ContestReason,
    ContestState,
    Invoice,
    LedgerEntry,
    LineContest,
    LineContestMove,
    PaymentInterruption,
)
from subscriptions.models import State, Subscription
from tenants.models import AuditEvent, Letter, Role
from tests.factories import (
    MembershipFactory,
    SubscriptionFactory,
    UserFactory,
    credit_note_on,
    issued_credit_note,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=6)


def line_of(invoice, position=1):
    with as_worker():
        lines = invoice.lines.select_related("invoice__settlement", "invoice__operator", "tenant", "entry")
        return lines.get(position=position)


def contested(invoice, *, now=NOW, by=None, position=1) -> LineContest:
    with as_worker():
        return contests.contest(
            line=line_of(invoice, position),
            reason=ContestReason.POPULATION,
            text="Nous sommes 812.",
            by=by or UserFactory(),
            now=now,
        )


def accepted(contest, cents, *, now=LATER) -> Invoice:
    with as_worker():
        return contests.accept(contest=contest, cents=cents, answer="", by=UserFactory(), now=now)


def given_back(invoice) -> int:
    with as_worker():
        entries = LedgerEntry.objects.filter(corrects__line__invoice=invoice)
        return -sum(entry.amount_cents for entry in entries)


def test_accepted_for_a_part_it_is_on_the_draft_credit_note_and_both_sides_are_told():
    invoice = issued_invoice()  # 258,00 € HT
    finance = MembershipFactory(organisation=invoice.operator.organisation, role=Role.OPERATOR_FINANCE).user
    secretary = MembershipFactory(organisation=invoice.tenant, role=Role.SECRETARY).user
    contest = contested(invoice, by=secretary)
    note = accepted(contest, 3000)
    with as_worker():
        contest.refresh_from_db()
        [line] = note.lines.select_related("entry")
        letters = {letter.to: letter.body for letter in Letter.objects.filter(key__startswith="contest-")}
        moves = list(LineContestMove.objects.order_by("pk").values_list("before", "after"))
        events = list(AuditEvent.objects.filter(what__contains="contest").values_list("what", "tenant"))
    assert (contest.state, contest.accepted_cents, contest.credit_note_id) == ("accepted", 3000, note.pk)
    assert (note.corrects_id, note.net_cents, note.vat_cents) == (invoice.pk, 3000, 600)
    assert line.entry.corrects_id == line_of(invoice).entry_id
    assert line.steps == [
        "Contestée le 01/10/2026 : la population",
        "30,00\u00a0€ rendus sur 258,00\u00a0€ facturés",
    ]
    assert letters.keys() == {finance.email, secretary.email}
    assert "Nous sommes 812." in letters[finance.email]
    assert "un avoir de\n30,00\u00a0€ HT se prépare" in letters[secretary.email]
    assert moves == [("", "open"), ("open", "accepted")]
    assert sorted(events) == sorted(
        [
            ("invoice.line_contested", invoice.tenant_id),
            ("invoice.contest_accepted", invoice.tenant_id),
            ("invoice.contest_accepted", invoice.operator.organisation_id),
        ]
    )
    with as_worker():
        credits.issue_credit_note(credit_note=note, shown_cents=note.gross_cents, by=finance, now=LATER)
        told = Letter.objects.filter(key__startswith="credit-note").values_list("body", flat=True)
    assert all("votre contestation d’une ligne est acceptée" in body for body in told)


def test_refused_it_keeps_its_reason_and_may_be_contested_again():
    contest = contested(invoice := issued_invoice())
    with as_worker():
        contests.refuse(contest=contest, answer="Population légale 2023.", by=UserFactory(), now=LATER)
        contest.refresh_from_db()
        with pytest.raises(ContestAnswered):
            contests.refuse(contest=contest, answer="Encore.", by=UserFactory(), now=LATER)
        with pytest.raises(ContestAnswered):
            contests.withdraw(contest=contest, by=UserFactory(), now=LATER)
    assert (contest.state, contest.answer) == (ContestState.REFUSED, "Population légale 2023.")
    assert given_back(invoice) == 0
    again = contested(invoice)
    with pytest.raises(NotContestable, match="déjà contestée"):
        contested(invoice)
    with as_worker():
        contests.withdraw(contest=again, by=UserFactory(), now=LATER)


@pytest.mark.parametrize("cents", [0, -1, 25801])
def test_no_more_than_the_line_is_given_back(cents):
    contest = contested(invoice := issued_invoice())
    with pytest.raises(TooMuchGivenBack, match="258,00"):
        accepted(contest, cents)
    assert given_back(invoice) == 0
    accepted(contest, 25800)
    assert given_back(invoice) == 25800
    with pytest.raises(NotContestable, match="en entier"):
        contested(invoice)


def test_what_a_credit_note_gives_back_already_is_not_left():
    contest = contested(invoice := issued_invoice())
    credit_note_on(invoice)  # three months not begun: 64,50 €
    with pytest.raises(TooMuchGivenBack, match="193,50"):
        accepted(contest, 19351)
    accepted(contest, 19350)
    with as_worker():
        [note] = Invoice.objects.credit_notes().filter(corrects=invoice)
    assert (given_back(invoice), note.net_cents) == (25800, 25800)


@pytest.mark.parametrize(
    ("cents", "in_all"),
    [
        (1000, 6450),  # of the 64,50 € that the end gives back, ten were given back already
        (25800, 25800),  # nothing is left to give back
    ],
)
def test_an_end_after_an_accepted_contest_gives_nothing_back_twice(cents, in_all):
    accepted(contested(invoice := issued_invoice()), cents)
    with as_worker():
        subscription = Subscription.objects.get(
            ledger_entries__line__invoice=invoice, ledger_entries__corrects=None
        )
        on = date(2026, 10, 1)
        Subscription.objects.filter(pk=subscription.pk).update(ended_on=on, state=State.ENDED)
        subscription.refresh_from_db()
        credits.note_closing(subscription=subscription, on=on, now=LATER)
        credits.settle_closing(closing_id=subscription.closing.pk, now=LATER)
        assert LedgerEntry.objects.filter(amount_cents__gt=0).count() == 1
    assert given_back(invoice) == in_all


def test_the_time_to_pay_is_interrupted_once_and_only_while_it_runs():
    invoice = issued_invoice()  # due on 31 October
    first = contested(invoice)
    with as_worker():
        contests.refuse(contest=first, answer="Non.", by=UserFactory(), now=LATER)
    contested(invoice, now=LATER)
    late = issued_invoice()
    contested(late, now=NOW + timedelta(days=31))
    paid = issued_invoice()
    with as_worker():
        type(paid.settlement).objects.filter(invoice=paid).update(state="paid", paid_at=NOW)
    contested(paid)
    with as_worker():
        [found] = PaymentInterruption.objects.all()
    assert (found.invoice_id, found.starts_on, found.ends_on, found.due_on) == (
        invoice.pk,
        date(2026, 10, 1),
        date(2026, 10, 7),
        date(2026, 11, 6),
    )


def test_a_credit_note_is_not_contested():
    note = issued_credit_note(issued_invoice())
    with pytest.raises(NotContestable):
        contested(note)


def test_the_database_holds_one_open_contest_a_line_and_a_reason_for_a_refusal():
    contest = contested(issued_invoice())
    with as_worker():
        for fields in ({"state": "refused", "closed_at": NOW}, {"state": "accepted", "closed_at": NOW}):
            with pytest.raises(IntegrityError), transaction.atomic():
                LineContest.objects.filter(pk=contest.pk).update(**fields)
        with pytest.raises(IntegrityError), transaction.atomic():
            LineContestMove.objects.filter(contest=contest).update(after="refused")


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_are_one():
    contest = contested(invoice := issued_invoice())
    by, start, done = UserFactory(), Barrier(2), []

    def answer():
        try:
            with as_worker():
                start.wait(10)
                contests.accept(contest=contest, cents=20000, answer="", by=by, now=LATER)
                done.append("accepted")
        except ContestAnswered:
            done.append("answered")
        finally:
            connection.close()

    threads = [Thread(target=answer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(done) == ["accepted", "answered"]
    assert given_back(invoice) == 20000


@pytest.mark.django_db(transaction=True)
def test_two_lines_answered_at_once_open_a_new_time_to_pay():
    other = SubscriptionFactory(state=State.ACTIVE)
    invoice = issued_invoice(operator=other.operator, tenant=other.tenant)
    asked = [contested(invoice, position=position) for position in (1, 2)]
    by = UserFactory()

    def refuse(contest):
        with as_worker():
            contests.refuse(contest=contest, answer="Non.", by=by, now=LATER)

    assert at_once(*(partial(refuse, contest) for contest in asked)) == [None, None]
    with as_worker():
        assert PaymentInterruption.objects.get().ends_on == date(2026, 10, 7)
