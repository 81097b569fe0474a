"""When a service should be open: from what others waited, and never a day that is over."""

from datetime import date, datetime, timedelta

import pytest
from django.utils.timezone import localdate, make_aware

from subscriptions.expecting import (
    COUNCIL_DAYS,
    MOST,
    USUAL_DAYS,
    Expected,
    expected_of_new,
    expected_opening,
    record_delays,
)
from subscriptions.models import OpeningDelay, Stage, State, Subscription
from tests.factories import ListingFactory, SubscriptionFactory, TransitionFactory
from tests.factories.base import NOW
from tests.subscriptions.test_chain import decide
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = localdate(NOW)


def moment(day: date) -> datetime:
    return make_aware(datetime(day.year, day.month, day.day, 12))


@pytest.fixture
def listing():
    return ListingFactory(vehicle__legal_basis="centrale")


def opened(listing, *, approved_after: int, open_after: int, on=TODAY, **how) -> None:
    """One opened that day, asked for `open_after` days before and approved `approved_after` days later."""
    requested = on - timedelta(days=open_after)
    found = SubscriptionFactory(
        listing=listing,
        state=State.ACTIVE,
        requested_at=moment(requested),
        approved_at=moment(requested + timedelta(days=approved_after)),
        active_from=on,
        transitions=False,
        **how,
    )
    TransitionFactory(subscription=found, before=State.PROVISIONING, after=State.ACTIVE, at=moment(on))


def waiting(listing, *, days: int, **how) -> Subscription:
    return SubscriptionFactory(listing=listing, requested_at=moment(TODAY - timedelta(days=days)), **how)


def expected(subscription, on=TODAY) -> Expected | None:
    with as_worker():
        return expected_opening(Subscription.objects.get(pk=subscription.pk), on=on)


def counted() -> dict[str, list[int]]:
    with as_worker():
        record_delays(on=TODAY)
    return dict(OpeningDelay.objects.values_list("stage", "days"))


def test_what_was_opened_in_the_year_is_counted_from_each_stage(listing):
    opened(listing, approved_after=20, open_after=26)
    opened(listing, approved_after=4, open_after=5)
    opened(listing, approved_after=1, open_after=2, on=TODAY - timedelta(days=365))
    opened(listing, approved_after=1, open_after=9, wanted_from=TODAY)  # its own choice
    SubscriptionFactory(listing=listing, state=State.PROVISIONING)
    assert counted() == {Stage.MEMBER: [5, 26], Stage.OPENING: [1, 6]}
    assert counted() == {Stage.MEMBER: [5, 26], Stage.OPENING: [1, 6]}


def test_each_step_counts_from_the_word_before_it():
    listing = ListingFactory(vehicle__vendor_approves=True)
    opened(listing, approved_after=20, open_after=26)
    assert counted() == {Stage.MEMBER: [26], Stage.VENDOR: [6], Stage.OPENING: [6]}


def test_the_last_ones_tell(listing):
    for day in range(MOST + 2):
        opened(listing, approved_after=1, open_after=2, on=TODAY - timedelta(days=day))
    assert len(counted()[Stage.MEMBER]) == MOST


@pytest.fixture
def known(listing):
    for stage, days in {Stage.MEMBER: [10, 20, 30, 40, 50], Stage.OPENING: [0, 0, 1, 2, 12]}.items():
        OpeningDelay.objects.create(
            vehicle=listing.vehicles.get(), vendor=listing.vendor, stage=stage, days=days, counted_on=TODAY
        )


@pytest.mark.parametrize(("waited", "in_days"), [(0, 30), (5, 25), (10, 20), (11, 29), (31, 19), (50, 0)])
def test_the_middle_of_those_that_waited_as_long(listing, known, waited, in_days):
    found = expected(waiting(listing, days=waited))
    assert found == Expected(TODAY + timedelta(days=in_days), requests=5)


def test_longer_than_any_has_no_day(listing, known):
    assert expected(waiting(listing, days=51)) == Expected(None, requests=5)
    far = TODAY + timedelta(days=40)
    assert expected(waiting(listing, days=51, wanted_from=far)) == Expected(far, wanted=True)


def test_never_before_it_is_wanted(listing, known):
    near, far = TODAY + timedelta(days=3), TODAY + timedelta(days=90)
    assert expected(waiting(listing, days=0, wanted_from=far)) == Expected(far, wanted=True)
    assert expected(waiting(listing, days=0, wanted_from=near)).on == TODAY + timedelta(days=30)


def test_once_approved_it_is_the_opening_that_takes_time(listing, known):
    subscription = waiting(listing, days=60)
    decide(subscription)
    assert expected(subscription) == Expected(TODAY + timedelta(days=1), requests=5)
    assert expected(subscription, on=TODAY + timedelta(days=13)).on is None


@pytest.mark.parametrize(
    ("by_council", "waited", "in_days"),
    [
        (True, 0, COUNCIL_DAYS),
        (True, 40, COUNCIL_DAYS - 40),
        (True, 46, None),
        (False, 3, 4),
        (False, 8, None),
    ],
)
def test_too_few_requests_leave_usual_delays(listing, by_council, waited, in_days):
    found = expected(waiting(listing, days=waited, deliberation_required=by_council))
    day = None if in_days is None else TODAY + timedelta(days=in_days + USUAL_DAYS[Stage.OPENING])
    assert found == Expected(day)


def test_before_it_is_asked_for(listing, known):
    found = expected_of_new(vehicle=listing.vehicles.get(), listing=listing, by_council=True, on=TODAY)
    assert found == Expected(TODAY + timedelta(days=30), requests=5)
    other = ListingFactory(vehicle__operator_approves=True, vehicle__vendor_approves=True)
    found = expected_of_new(vehicle=other.vehicles.get(), listing=other, by_council=True, on=TODAY)
    assert found == Expected(TODAY + timedelta(days=COUNCIL_DAYS + 7 + 7 + 3))


@pytest.mark.parametrize("state", [State.ACTIVE, State.REFUSED, State.CANCELLED, State.ENDED])
def test_nothing_is_expected_of_what_is_open_or_over(listing, state):
    assert expected(SubscriptionFactory(listing=listing, state=state)) is None
