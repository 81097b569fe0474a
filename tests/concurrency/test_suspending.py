"""A suspension and its end, decided by several people at once, while a worker claims."""

import pytest
from django.utils import timezone

from provisioning.engine.claiming import claim_due
from provisioning.models import Event, Run, Step, StepState
from subscriptions import suspending
from subscriptions.exceptions import WrongState
from subscriptions.models import State, Subscription
from tests.factories import SubscriptionFactory, UserFactory
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def verb(subscription, person, name):
    """A function to run in a thread: one page's work, on what that page read."""
    how = {"words": "Litige.", "by": person, "now": timezone.now()}
    how |= {"ground": "other"} if name == "suspend" else {}

    def run():
        with as_worker():
            mine = Subscription.objects.get(pk=subscription.pk)
            try:
                getattr(suspending, name)(subscription=mine, **how)
            except WrongState:
                return 0
            return 1

    return run


def claims():
    with as_worker():
        return len(claim_due(now=timezone.now()))


def test_of_several_who_suspend_at_once_one_does():
    subscription, person = SubscriptionFactory(state=State.ACTIVE), UserFactory()
    assert sum(at_once(*[verb(subscription, person, "suspend")] * 5)) == 1
    with as_worker():
        assert Run.objects.filter(event=Event.SUSPEND).count() == 1


@pytest.mark.parametrize("turn", range(4))
def test_a_worker_has_taken_it_or_nobody_ever_asks(turn):
    subscription, person = SubscriptionFactory(state=State.ACTIVE), UserFactory()
    verb(subscription, person, "suspend")()
    taken, resumed = at_once(claims, verb(subscription, person, "resume"))
    with as_worker():
        states = [step.state for step in Step.objects.order_by("run")]
    assert resumed == 1
    assert states == ([StepState.RUNNING, StepState.PENDING] if taken else [StepState.MOOT, StepState.MOOT])
