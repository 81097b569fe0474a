"""A service is not opened before the day it is wanted."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from provisioning import operations
from provisioning.models import Step, StepState
from subscriptions import opening
from subscriptions.models import State, Subscription
from tests.factories import SubscriptionFactory
from tests.factories.base import APPROVED_AT
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
WANTED = APPROVED_AT.date() + timedelta(days=40)
MIDNIGHT = datetime(WANTED.year, WANTED.month, WANTED.day, tzinfo=ZoneInfo("Europe/Paris"))


def test_the_vendor_is_asked_that_day():
    subscription = SubscriptionFactory(state=State.APPROVED, wanted_from=WANTED)
    with as_worker():
        run = operations.plan_activation(subscription=subscription, now=APPROVED_AT)
        assert Step.objects.get(run=run).run_after == MIDNIGHT
        operations.take_turn(now=MIDNIGHT - timedelta(seconds=1))
        assert Step.objects.get(run=run).state == StepState.PENDING
        operations.take_turn(now=MIDNIGHT)
        # Asked: this offer has no connection.
        assert Step.objects.get(run=run).state == StepState.NEEDS_PERSON


@pytest.mark.parametrize("late", [False, True])
def test_a_day_that_is_past_when_it_is_approved_waits_for_nothing(late):
    wanted = APPROVED_AT.date() - timedelta(days=3) if late else None
    subscription = SubscriptionFactory(state=State.APPROVED, wanted_from=wanted)
    with as_worker():
        run = operations.plan_activation(subscription=subscription, now=APPROVED_AT)
        assert Step.objects.get(run=run).run_after == APPROVED_AT


def test_billing_starts_no_earlier_whoever_opens_it():
    subscription = SubscriptionFactory(state=State.PROVISIONING, wanted_from=WANTED)
    with as_worker():
        opening.activate(subscription=subscription, service_url="", now=APPROVED_AT)
        assert Subscription.objects.get(pk=subscription.pk).active_from == WANTED
        too_early = pytest.raises(IntegrityError, match="subscription_not_open_before_wanted")
        with too_early, transaction.atomic():
            Subscription.objects.filter(pk=subscription.pk).update(active_from=date(2020, 1, 1))
