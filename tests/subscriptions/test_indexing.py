"""Prices follow their index by the contract's clause, a month ahead, and nothing is guessed."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.drafting import price_of_period
from billing.facts import facts_for_period
from billing.periods import Period
from subscriptions import indexing
from subscriptions.exceptions import AmendmentInvalid
from subscriptions.facts import facts_of_subscriber
from subscriptions.in_force import terms_on
from subscriptions.models import (
    Amendment,
    AmendmentKind,
    AmendmentState,
    IndexValue,
    State,
    Subscription,
)
from subscriptions.queries import subscriptions_of_member
from subscriptions.tasks import revise_prices
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AmendmentFactory,
    IndexValueFactory,
    MembershipFactory,
    OperatorFactory,
    SubscriptionFactory,
    TermFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
BASE, READ = date(2025, 9, 1), date(2026, 9, 1)
CLAUSE = {"revision_index": "syntec", "revision_base_month": BASE, "revision_fixed_percent": Decimal(15)}
JANUARY = date(2027, 1, 1)
IN_TIME = date(2026, 12, 1)


def indexed(*, values=((BASE, "310.2"), (READ, "320.1")), **changes) -> Subscription:
    subscription = SubscriptionFactory(**{"state": State.ACTIVE} | CLAUSE | changes)
    for month, value in values:
        IndexValueFactory(operator=subscription.operator, month=month, value=Decimal(value))
    return subscription


def every_morning(on: date):
    with as_worker():
        for _ in range(2):
            missing = indexing.apply_due(on=on, now=datetime(on.year, on.month, on.day, 7, tzinfo=UTC))
        return missing


def coefficients() -> list[tuple[date, Decimal]]:
    with as_worker():
        return list(Amendment.objects.order_by("effective_on").values_list("effective_on", "coefficient"))


def test_it_is_written_a_month_ahead_and_told_with_its_calculation():
    subscription = indexed()
    MembershipFactory(organisation=subscription.tenant, role=Role.SECRETARY)
    every_morning(date(2026, 11, 30))
    assert coefficients() == []
    every_morning(IN_TIME)
    assert coefficients() == [(JANUARY, Decimal("1.0271"))]
    with as_worker():
        body = Letter.objects.get().body
        assert "0,15 + 0,85 × 320,1 / 310,2 = 1,0271" in body
        assert "1er janvier 2027" in body
        assert terms_on(subscription, date(2026, 12, 31)).coefficient == 1
        assert AuditEvent.objects.filter(what="subscription.indexed").count() == 1


def test_the_invoices_follow_from_that_day():
    subscription = indexed()
    every_morning(IN_TIME)
    with as_worker():
        totals = []
        for year in (2026, 2027):
            period = Period(date(year, 1, 1), date(year + 1, 1, 1))
            facts = facts_for_period([subscription], period)[subscription.pk]
            quote = price_of_period(subscription, facts, period).quote
            totals.append(quote.total_cents)
        amendment = Amendment.objects.get()
    assert totals == [amendment.cents_before, amendment.cents_after]
    assert abs(totals[1] - totals[0] * Decimal("1.0271")) <= 1


@pytest.mark.parametrize("known", [(), ((BASE, "310.2"),), ((READ, "320.1"),)])
def test_a_missing_value_is_asked_for_and_nothing_is_guessed(known):
    subscription = indexed(values=known)
    asked = MembershipFactory(organisation=subscription.operator.organisation, role=Role.OPERATOR_ADMIN).user
    missing = every_morning(IN_TIME)
    expected = {BASE, READ} - {month for month, _ in known}
    assert {month for *_, month in missing} == expected
    assert coefficients() == []
    with as_worker():
        assert list(Letter.objects.values_list("to", flat=True)) == [asked.email] * len(expected)
        # Typed late: past months are left alone.
        for month in expected:
            IndexValueFactory(operator=subscription.operator, month=month, value=Decimal("320.1"))
    every_morning(date(2027, 2, 10))
    assert [day for day, _ in coefficients()] in ([date(2027, 3, 1)], [])  # none where the index did not move


def test_each_rise_is_capped_on_the_one_before():
    subscription = indexed(revision_cap_percent=Decimal(2))
    IndexValueFactory(operator=subscription.operator, month=date(2027, 9, 1), value=Decimal("330"))
    every_morning(IN_TIME)
    every_morning(date(2027, 12, 1))
    assert coefficients() == [(JANUARY, Decimal("1.0200")), (date(2028, 1, 1), Decimal("1.0404"))]


@pytest.mark.parametrize(
    ("opened", "when", "by", "day"),
    [
        (date(2026, 1, 1), "january", date(2026, 12, 31), None),
        (date(2026, 1, 1), "january", date(2027, 1, 1), date(2027, 1, 1)),
        (date(2026, 12, 2), "january", date(2027, 6, 1), date(2027, 1, 1)),
        (date(2026, 3, 1), "anniversary", date(2027, 2, 28), None),
        (date(2026, 3, 1), "anniversary", date(2027, 3, 1), date(2027, 3, 1)),
        (date(2026, 3, 17), "anniversary", date(2027, 3, 31), None),
        (date(2026, 3, 17), "anniversary", date(2027, 4, 1), date(2027, 4, 1)),
        (date(2026, 12, 17), "anniversary", date(2027, 12, 31), None),
        (date(2026, 12, 17), "anniversary", date(2028, 1, 1), date(2028, 1, 1)),
    ],
)
def test_the_day_of_a_revision(opened, when, by, day):
    subscription = Subscription(active_from=opened, revision_day=when)
    assert indexing.revision_day(subscription, by=by) == day


def test_a_contract_that_ends_before_is_left_alone():
    subscription = indexed(renewal="none")
    TermFactory(subscription=subscription, ends=JANUARY)
    every_morning(IN_TIME)
    assert coefficients() == []


def test_firm_prices_and_closed_contracts_are_left_alone():
    SubscriptionFactory(state=State.ACTIVE)
    indexed(state=State.ENDED)
    with as_worker():
        revise_prices.func(timestamp=0)
    assert coefficients() == []


# --- The values ---------------------------------------------------------------------------------------


def record(operator, **values):
    values = {"index": "syntec", "month": READ, "value": Decimal("320.1"), "source": "syntec.fr", **values}
    with tenant_scope([operator.organisation_id]):
        return indexing.record_value(operator=operator, by=UserFactory(), now=NOW, **values)


def test_a_value_is_recorded_then_corrected_with_a_trace():
    operator = OperatorFactory()
    record(operator)
    record(operator, value=Decimal("320.2"))
    assert IndexValue.objects.get().value == Decimal("320.2")
    with as_worker():
        assert AuditEvent.objects.order_by("pk").last().changes == {"value": ["320.10", "320.2"]}


def test_every_mistake_of_a_value_is_told():
    with pytest.raises(AmendmentInvalid) as refused:
        record(OperatorFactory(), index="x", month=date(2026, 11, 1), value=Decimal(0), source=" ")
    assert set(refused.value.errors) == {"index", "month", "value", "source"}


# --- The options that came later ----------------------------------------------------------------------

AN_EURO_AN_AGENT = {"pattern": "per_unit", "unit": "agent", "unit_price": "1"}
OPTION = {"code": "signature", "name": "Signature", "grid": AN_EURO_AN_AGENT}


def with_option(subscription, *, on: date, asked: date, options=(OPTION,)):
    AmendmentFactory(
        subscription=subscription,
        kind=AmendmentKind.CHOICES,
        state=AmendmentState.APPROVED,
        effective_on=on,
        requested_at=datetime(asked.year, asked.month, asked.day, 9, tzinfo=UTC),
        counts={"agents": 100},
        options=list(options),
        decided_by=UserFactory(),
        decided_at=NOW,
    )


def revised(subscription, on: date, coefficient: str):
    AmendmentFactory(subscription=subscription, coefficient=Decimal(coefficient), effective_on=on)


def year_on(subscription, day: date) -> list[int]:
    """The amounts of the service and of its options."""
    with as_worker():
        facts = facts_of_subscriber(subscription, on=day)
        quote = terms_on(subscription, day).price(facts, first_year=False)
    return [line.amount_cents for line in quote.lines]


def test_an_option_is_moved_by_the_index_from_the_day_it_was_priced_only():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    revised(subscription, JANUARY, "1.10")
    with_option(subscription, on=date(2027, 3, 1), asked=date(2027, 2, 10))
    assert year_on(subscription, date(2027, 3, 1)) == [28_380, 10_000]
    revised(subscription, date(2028, 1, 1), "1.21")
    assert year_on(subscription, date(2028, 1, 1)) == [31_218, 11_000]


def test_an_option_priced_before_a_revision_is_moved_by_it():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    with_option(subscription, on=date(2027, 3, 1), asked=date(2026, 12, 10))
    revised(subscription, JANUARY, "1.10")
    assert year_on(subscription, date(2027, 3, 1)) == [28_380, 11_000]


def test_an_option_of_the_first_day_bears_every_revision_and_one_taken_again_is_priced_again():
    subscription = SubscriptionFactory(state=State.ACTIVE, options=[OPTION], counts={"agents": 100})
    revised(subscription, JANUARY, "1.10")
    assert year_on(subscription, JANUARY) == [28_380, 11_000]
    with_option(subscription, on=date(2027, 3, 1), asked=date(2027, 2, 10), options=())
    with_option(subscription, on=date(2027, 5, 1), asked=date(2027, 4, 10))
    assert year_on(subscription, date(2027, 3, 1)) == [28_380]
    assert year_on(subscription, date(2027, 5, 1)) == [28_380, 10_000]


def test_the_price_in_force_is_that_of_the_last_change():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    AmendmentFactory(
        subscription=subscription, coefficient=Decimal("1.10"), effective_on=JANUARY, cents_after=28_380
    )
    AmendmentFactory(subscription=subscription, effective_on=date(2026, 12, 1), cents_after=1)  # words alone
    found = {}
    with tenant_scope([subscription.tenant_id]):
        for day in (date(2026, 12, 31), JANUARY):
            [found[day]] = subscriptions_of_member(organisation=subscription.tenant, on=day)
    assert [one.in_force_cents for one in found.values()] == [25_800, 28_380]
