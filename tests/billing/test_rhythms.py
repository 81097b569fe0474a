"""Tariffs that say their rhythm: which periods fall due in a run, and what of them is owed."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import approving, credits, operations
from billing.models import Adjustment, Closing, Invoice, InvoiceType, LedgerEntry
from billing.periods import Period
from billing.rhythms import terms_due
from catalog.pricing import Rhythm
from subscriptions.models import State, Subscription
from tenants.days import months_between
from tests.factories import (
    BillingRunFactory,
    OperatorFactory,
    PayerShareFactory,
    SubscriptionFactory,
    read,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

DAYS = st.dates(date(2023, 1, 1), date(2028, 12, 31))
RHYTHMS = st.builds(
    Rhythm,
    period=st.sampled_from(["month", "quarter", "half_year", "year"]),
    due=st.sampled_from(["advance", "arrears"]),
    anchor=st.sampled_from(["january", "subscription"]),
    proration=st.sampled_from(["day", "month", "none"]),
)
FLAT = {"pattern": "flat_by_stratum", "strata": [{"amount": "365"}]}


def terms(rhythm, start, end, *, active_from, ended_on=None):
    subscription = Subscription(active_from=active_from, ended_on=ended_on)
    return terms_due(subscription, rhythm, Period(start, end))


@given(RHYTHMS, DAYS, st.integers(1, 900), st.lists(DAYS, max_size=12))
def test_runs_that_touch_bill_each_day_once(rhythm, opened, length, cuts):
    """Whatever the runs: periods follow one another without hole nor overlap, from the opening to the end."""
    ended = opened + timedelta(days=length)
    days = sorted({date(2020, 1, 1), *cuts, date(2033, 1, 1)})
    found = [
        term
        for start, end in pairwise(days)
        for term in terms(rhythm, start, end, active_from=opened, ended_on=ended)
    ]
    assert found[0].days.start == opened
    assert found[-1].days.end == ended
    assert all(one.days.end == following.days.start for one, following in pairwise(found))
    assert all(one.until == following.since for one, following in pairwise(found))
    for term in found:
        # Cut anywhere, what is owed of it is the same.
        middle = term.days.start + (term.days.end - term.days.start) // 2
        if term.days.start < middle:
            first = term.moments(Period(term.days.start, middle))
            second = term.moments(Period(middle, term.days.end))
            assert first[1] == second[0]
            assert (first[0], second[1]) == term.moments(term.days)
        assert 0 <= term.moments(term.days)[0] < term.moments(term.days)[1] <= 12


@given(DAYS, DAYS)
def test_a_position_grows_by_the_day(anchor, day):
    assert months_between(anchor, day) < months_between(anchor, day + timedelta(days=1))
    assert months_between(anchor, anchor) == 0


@pytest.mark.parametrize(
    ("rhythm", "opened", "run", "found"),
    [
        # In advance, a period falls due on its first day; in arrears, on its last.
        ({"period": "month"}, date(2026, 2, 15), (1, 4), [(2, 15, 3, 1, 1), (3, 1, 4, 1, 1)]),
        ({"period": "quarter", "due": "arrears"}, date(2026, 2, 10), (1, 4), [(2, 10, 4, 1, 2)]),
        ({"period": "quarter", "due": "arrears"}, date(2026, 2, 10), (1, 3), []),
        # A 31st: the last day of shorter months, and the 31st again.
        (
            {"period": "month", "anchor": "subscription"},
            date(2026, 1, 31),
            (1, 5),
            [(1, 31, 2, 28, 1), (2, 28, 3, 31, 1), (3, 31, 4, 30, 1), (4, 30, 5, 31, 1)],
        ),
        # A period begun is owed whole.
        ({"period": "quarter", "proration": "none"}, date(2026, 3, 31), (1, 4), [(3, 31, 4, 1, 3)]),
    ],
)  # fmt: skip
def test_periods_fall_due_where_they_begin_or_end(rhythm, opened, run, found):
    due = terms(Rhythm(**rhythm), date(2026, run[0], 1), date(2026, run[1], 1), active_from=opened)
    assert [(*_day(term.days.start), *_day(term.days.end), term.until - term.since) for term in due] == found


def _day(day):
    return day.month, day.day


def test_the_days_of_a_month_count_as_they_are():
    """A leap day is one of its month; the days on which clocks change are days like any other."""
    by_day = Rhythm(period="year", anchor="subscription", proration="day")
    leap = date(2024, 2, 29)
    [first] = terms(by_day, leap, date(2024, 3, 1), active_from=leap)
    assert first.whole == Period(leap, date(2025, 2, 28))
    assert first.until - first.since == 12
    [only] = terms(by_day, leap, date(2024, 3, 1), active_from=leap, ended_on=date(2024, 3, 1))
    assert (only.until - only.since) * 29 == 1
    monthly = Rhythm(period="month", proration="day")
    [march] = terms(monthly, date(2026, 3, 1), date(2026, 4, 1), active_from=date(2026, 3, 28))
    assert (march.until - march.since) * 31 == 4
    [october] = terms(monthly, date(2026, 10, 1), date(2026, 11, 1), active_from=date(2026, 10, 25))
    assert (october.until - october.since) * 31 == 7


def drafted(operator, start, end):
    run = BillingRunFactory(operator=operator, period_start=start, period_end=end)
    with as_worker():
        operations.draft_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
    return run


def entries(run):
    with as_worker():
        return list(LedgerEntry.objects.filter(run=run).order_by("period_start", "pk"))


@pytest.mark.django_db
def test_quarters_from_the_opening_sum_to_the_year_and_say_their_days():
    grid = FLAT | {"rhythm": {"period": "quarter", "anchor": "subscription", "proration": "day"}}
    operator = OperatorFactory()
    SubscriptionFactory(
        state=State.ACTIVE, listing__operator=operator, grid=grid, active_from=date(2026, 2, 15)
    )
    quarters = [(1, 4), (4, 7), (7, 10), (10, 13)]
    runs = [
        drafted(operator, date(2026, first, 1), date(2026, last, 1) if last < 13 else date(2027, 1, 1))
        for first, last in quarters
    ]
    found = [entry for run in runs for entry in entries(run)]
    assert [entry.amount_cents for entry in found] == [9125] * 4
    assert [(entry.period_start, entry.period_end) for entry in found[:2]] == [
        (date(2026, 2, 15), date(2026, 5, 15)),
        (date(2026, 5, 15), date(2026, 8, 15)),
    ]
    assert found[0].label.endswith("du 15 février 2026 au 14 mai 2026")
    assert found[0].steps[-1] == "365,00\u00a0€ × 3 mois / 12 = 91,25\u00a0€"
    assert found[0].facts["rhythm"] == {"start": "2026-02-15", "end": "2026-05-15", "months": "3"}
    with as_worker():
        assert Invoice.objects.count() == 4


@pytest.mark.django_db
def test_each_month_in_arrears_has_the_population_of_its_own_first_day():
    """A quarter's run bills the December before it at the population of that day, the others at the new."""
    grid = {
        "pattern": "per_inhabitant", "population_kind": "municipale", "rate": "1.20",
        "rhythm": {"period": "month", "due": "arrears", "anchor": "subscription"},
    }  # fmt: skip
    operator = OperatorFactory()
    subscription = SubscriptionFactory(
        state=State.ACTIVE, listing__operator=operator, grid=grid, active_from=date(2025, 9, 20)
    )
    with as_worker():
        known = subscription.tenant.territory.populations.get(kind="municipale")
        known.pk, known.value, known.reference_year = None, 870, 2023
        known.in_force_from = date(2026, 1, 1)
        known.save()
    found = entries(drafted(operator, date(2026, 1, 1), date(2026, 4, 1)))
    assert [entry.amount_cents for entry in found] == [8600, 8700, 8700]
    assert [entry.facts["population"]["value"] for entry in found] == [860, 870, 870]
    assert [entry.period_start.day for entry in found] == [20, 20, 20]


def issued(run):
    read(run, now=NOW)
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)


def ended(subscription, on):
    with as_worker():
        Subscription.objects.filter(pk=subscription.pk).update(state=State.ENDED, ended_on=on)
        closing = Closing.objects.create(
            tenant_id=subscription.tenant_id, subscription=subscription, ended_on=on, noted_at=NOW
        )
        credits.settle_closing(closing_id=closing.pk, now=NOW)
        credits.settle_closing(closing_id=closing.pk, now=NOW)


@pytest.mark.django_db
def test_what_was_billed_in_advance_is_given_back_from_the_end_even_beyond_its_run():
    """A year from 15 March, billed then, that ends on 1 October: 6 months, and 16 days of 30, are owed."""
    grid = FLAT | {"rhythm": {"period": "year", "anchor": "subscription", "proration": "day"}}
    operator = OperatorFactory()
    subscription = SubscriptionFactory(
        state=State.ACTIVE, listing__operator=operator, grid=grid, active_from=date(2026, 3, 15)
    )
    run = drafted(operator, date(2026, 1, 1), date(2026, 4, 1))
    issued(run)
    ended(subscription, date(2026, 10, 1))
    with as_worker():
        note = Invoice.objects.get(run=run, type_code=InvoiceType.CREDIT_NOTE)
    assert note.net_cents == 36500 - 19872
    assert sum(entry.amount_cents for entry in entries(run)) == 19872


@pytest.mark.django_db
def test_what_falls_due_earlier_by_an_end_is_billed_once():
    """A year in arrears falls due on its last day: the end, told late, in a run that is issued already."""
    grid = FLAT | {"rhythm": {"period": "year", "due": "arrears", "proration": "day"}}
    operator = OperatorFactory()
    subscription = SubscriptionFactory(
        state=State.ACTIVE, listing__operator=operator, grid=grid, active_from=date(2026, 1, 1)
    )
    SubscriptionFactory(state=State.ACTIVE, listing__operator=operator, active_from=date(2026, 1, 1))
    third = drafted(operator, date(2026, 7, 1), date(2026, 10, 1))
    issued(third)
    fourth = drafted(operator, date(2026, 10, 1), date(2027, 1, 1))
    assert 36500 in [entry.amount_cents for entry in entries(fourth)]
    ended(subscription, date(2026, 10, 1))
    with as_worker():
        [adjustment] = Adjustment.objects.all()
    assert (adjustment.run_id, adjustment.amount_cents) == (third.pk, 27375)
    owed = [entry for entry in entries(fourth) if entry.subscription_id == subscription.pk]
    assert sum(entry.amount_cents for entry in owed) == 27375
    assert {entry.adjustment_id for entry in owed} == {None, adjustment.pk}


@given(RHYTHMS, DAYS, st.integers(1, 500), st.integers(1, 500))
def test_a_merger_shares_a_period_out_and_nothing_is_owed_twice(rhythm, opened, before, after):
    """The merged commune owes what it had begun, whoever follows it the rest, in the same rhythm."""
    merged, last = opened + timedelta(days=before), opened + timedelta(days=before + after)
    old = Subscription(id=1, active_from=opened, ended_on=merged)
    new = Subscription(id=2, active_from=merged, ended_on=last, follows=old)
    period = Period(opened, last + timedelta(days=370))
    found = [term for one in (old, new) for term in terms_due(one, rhythm, period)]
    assert all(one.until == following.since for one, following in pairwise(found))
    alone = terms_due(Subscription(active_from=opened, ended_on=last), rhythm, period)
    assert (found[0].since, found[-1].until) == (alone[0].since, alone[-1].until)


@pytest.mark.django_db
def test_who_pays_a_part_later_pays_it_of_what_is_billed_in_advance():
    """A year from March, billed in March; somebody else pays half of it from September on."""
    grid = FLAT | {"rhythm": {"period": "year", "anchor": "subscription"}}
    subscription = SubscriptionFactory(state=State.ACTIVE, grid=grid, active_from=date(2026, 3, 1))
    share = PayerShareFactory(subscription=subscription, starts=date(2026, 9, 1), part=5000)
    run = drafted(subscription.operator, date(2026, 1, 1), date(2026, 4, 1))
    with as_worker():
        nets = dict(Invoice.objects.filter(run=run).values_list("tenant", "net_cents"))
    assert nets == {subscription.tenant_id: 36500 - 9125, share.payer_id: 9125}
