"""Late payments: found, computed, and only ever written about by a person."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from billing import contests, dunning
from billing.exceptions import DunningRefused
from billing.late_queries import TO_DECIDE, UNPAID, assess, known_rates, late_invoices, operator_late
from billing.models import ContestReason, Dunning, SettlementState
from tenants.models import AuditEvent, Letter, Role
from tests.factories import (
    LateInterestRateFactory,
    MembershipFactory,
    OperatorFactory,
    PaymentFactory,
    TitreImportFactory,
    TitreImportRowFactory,
    UserFactory,
    issued_credit_note,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
LATE = NOW + timedelta(days=61)  # 1 December: thirty-one days after the due date, 31 October


def paid(invoice, on):
    with as_worker():
        fields = {"state": SettlementState.PAID, "paid_at": on, "changed_at": on}
        type(invoice.settlement).objects.filter(invoice=invoice).update(**fields)


def found(invoice, now=LATE):
    with as_worker():
        return late_invoices(operator=invoice.operator, today=now.date()).filter(pk=invoice.pk).first()


def assessed(invoice, now=LATE):
    with as_worker():
        late = late_invoices(operator=invoice.operator, today=now.date()).get(pk=invoice.pk)
        return assess(late, rates=known_rates(operator=invoice.operator), today=now.date())


def listed(invoice, group, now=LATE):
    """The invoices of a group, and how many are of each age."""
    with as_worker():
        found = operator_late(operator=invoice.operator, search="", group=group, page=None, today=now.date())
        return list(found.page), [count for count, _ in found.aged]


def remind(invoice, now=LATE, by=None):
    with as_worker():
        return dunning.remind(invoice=invoice, text="Bonjour.", by=by or UserFactory(), now=now)


@pytest.fixture
def invoice():
    """309,60 € TTC, due on 31 October 2026; the rate of its half-year is known, somebody reads letters."""
    made = issued_invoice()
    LateInterestRateFactory(operator=made.operator)
    MembershipFactory(organisation=made.tenant, role=Role.FINANCE)
    return made


def test_the_day_it_is_due_it_is_not_late_and_the_next_it_is(invoice):
    assert found(invoice, datetime(2026, 10, 31, 12, tzinfo=NOW.tzinfo)) is None
    assert assessed(invoice, datetime(2026, 11, 1, 12, tzinfo=NOW.tzinfo)).days == 1
    assert assessed(invoice).late.interest_cents == 267  # 309,60 € × 10,15 % × 31 / 365


def test_what_credit_notes_gave_back_bears_no_interest(invoice):
    issued_credit_note(invoice)  # 77,40 € TTC
    assert (assessed(invoice).left_cents, assessed(invoice).late.interest_cents) == (23220, 200)


def test_an_interrupted_time_to_pay_is_not_late_before_the_new_one_is_over(invoice):
    with as_worker():
        line = invoice.lines.select_related("invoice__settlement", "tenant").get()
        contest = contests.contest(
            line=line, reason=ContestReason.OTHER, text="Non.", by=UserFactory(), now=NOW + timedelta(days=20)
        )
    assert found(invoice) is None
    with as_worker():
        contests.refuse(contest=contest, answer="Si.", by=UserFactory(), now=NOW + timedelta(days=40))
    assert found(invoice) is None  # due on 10 December since
    assert assessed(invoice, NOW + timedelta(days=75)).due_on == date(2026, 12, 10)


def test_the_list_ages_what_is_unpaid_and_asks_to_decide_what_was_paid_late(invoice):
    assert listed(invoice, UNPAID) == ([invoice], [0, 1, 0, 0])
    assert listed(invoice, UNPAID, LATE + timedelta(days=60)) == ([invoice], [0, 0, 0, 1])
    paid(invoice, NOW + timedelta(days=30, hours=10))  # 31 October, in the evening
    assert found(invoice) is None
    paid(invoice, datetime(2026, 10, 31, 23, 30, tzinfo=NOW.tzinfo))  # 1 November in Paris
    assert listed(invoice, TO_DECIDE)[0] == [invoice]
    assert assessed(invoice).days == 1


def test_a_reminder_is_kept_with_its_text_sent_and_not_sent_again_too_soon(invoice):
    remind(invoice)
    with pytest.raises(DunningRefused, match="16 décembre 2026"):
        remind(invoice, LATE + timedelta(days=14))
    with as_worker():
        dunning.set_pace(operator=invoice.operator, days=10, by=UserFactory(), now=LATE)
    remind(invoice, LATE + timedelta(days=14))
    with as_worker():
        letters = Letter.objects.filter(key__startswith="dunning:")
        assert {letter.body for letter in letters} == {"Bonjour."}
        assert letters.count() == 2
        assert AuditEvent.objects.filter(what="invoice.reminded").count() == 4
        with pytest.raises(DatabaseError), transaction.atomic():
            Dunning.objects.update(text="Autre chose.")


def test_nobody_is_reminded_of_what_is_paid_contested_or_read_by_nobody(invoice):
    alone = issued_invoice()
    with pytest.raises(DunningRefused, match="Personne n’est connu"):
        remind(alone)
    with as_worker():
        line = invoice.lines.select_related("invoice__settlement", "tenant").get()
        contests.contest(line=line, reason=ContestReason.OTHER, text="Non.", by=UserFactory(), now=LATE)
    with pytest.raises(DunningRefused, match="contestée"):
        remind(invoice)
    paid(invoice, LATE)
    with pytest.raises(DunningRefused, match="n’attend plus rien"):
        remind(invoice)
    with as_worker():
        assert not Dunning.objects.exists()


def test_interest_is_claimed_once_it_is_sure_and_once_only(invoice):
    by = UserFactory()

    def claim(cents):
        with as_worker():
            dunning.claim(invoice=invoice, shown_cents=cents, text="Bonjour.", by=by, now=LATE)

    with pytest.raises(DunningRefused, match="une fois la facture payée"):
        claim(4267)
    with as_worker(), pytest.raises(DunningRefused, match="y renoncer serait nul"):
        dunning.let_go(invoice=invoice, reason="", by=by, now=LATE)
    paid(invoice, LATE)
    with pytest.raises(DunningRefused, match="a changé"):
        claim(4266)
    claim(4267)
    with as_worker():
        kept = Dunning.objects.get()
        assert (kept.interest_cents, kept.indemnity_cents, kept.days_late) == (267, 4000, 31)
        assert "31 jours à 10,15" in kept.steps[1]
        with pytest.raises(DunningRefused, match="déjà eu leur suite"):
            dunning.let_go(invoice=invoice, reason="", by=by, now=LATE)


def test_a_missing_rate_is_asked_for_and_belongs_to_the_operator_that_types_it():
    invoice = issued_invoice()
    LateInterestRateFactory(operator=OperatorFactory())  # another's
    assert (assessed(invoice).late, assessed(invoice).missing) == (None, date(2026, 7, 1))
    paid(invoice, LATE)
    given = {"source": "BCE", "by": UserFactory(), "now": LATE, "operator": invoice.operator}
    with as_worker():
        with pytest.raises(DunningRefused, match="Il manque un taux"):
            dunning.claim(invoice=invoice, shown_cents=0, text="Bonjour.", by=UserFactory(), now=LATE)
        with pytest.raises(DunningRefused, match="déjà connu"):
            dunning.record_rate(starts_on=date(2026, 1, 1), ecb_rate=Decimal(1), **given)
        for rate in ("3", "2.15"):  # the second one corrects
            dunning.record_rate(starts_on=date(2026, 7, 1), ecb_rate=Decimal(rate), **given)
    assert assessed(invoice).late.total_cents == 4267


def test_what_was_paid_in_part_is_left_no_more_and_bears_interest_until_its_day(invoice):
    """Of 309,60 €, 100 € in time, 50 € ten days late: 159,60 € left, interest on the last two."""
    whole = assessed(invoice)
    sent = TitreImportFactory(operator=invoice.operator)
    for cents, on in ((10_000, date(2026, 10, 20)), (5_000, date(2026, 11, 10))):
        row = TitreImportRowFactory(titre_import=sent)
        PaymentFactory(settlement=invoice.settlement, row=row, amount_cents=cents, paid_on=on)
    late = assessed(invoice)
    assert (whole.left_cents, late.left_cents) == (30_960, 15_960)
    assert late.late.base_cents == 20_960
    assert 0 < late.late.interest_cents < whole.late.interest_cents
