"""Whoever holds the step of a request is reminded of it: in time, less and less often, then no more."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from subscriptions import operations
from subscriptions.models import Party, Reminder
from subscriptions.reminding import COUNCIL_DAYS, OTHER_DAYS, remind_due
from subscriptions.tasks import remind_approvers
from tenants.models import Letter, Role
from tests.factories import (
    ListingFactory,
    MembershipFactory,
    ReminderFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW, REQUESTED_AT
from tests.subscriptions.test_chain import asked, decide, word
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
ASKED = localdate(REQUESTED_AT)


def holder(organisation, role=Role.SIGNATORY):
    return MembershipFactory(organisation=organisation, role=role).user


def remind(days: int, *, since=ASKED) -> list[str]:
    """Runs the job twice, that many days later: whom it wrote to."""
    with as_worker():
        before = set(Letter.objects.values_list("pk", flat=True))
        for _ in range(2):
            remind_due(on=since + timedelta(days=days), now=NOW)
        return list(Letter.objects.exclude(pk__in=before).order_by("to").values_list("to", flat=True))


def ranks() -> list[tuple[str, int, int]]:
    with as_worker():
        rows = Reminder.objects.order_by("approval__position", "rank")
        return list(rows.values_list("approval__party", "rank", "people"))


@pytest.mark.parametrize(("by_council", "days"), [(True, COUNCIL_DAYS), (False, OTHER_DAYS)])
def test_the_signatory_is_told_at_each_rank_and_never_again(by_council, days):
    subscription = SubscriptionFactory(deliberation_required=by_council)
    signatory = holder(subscription.tenant)
    for rank, day in enumerate(days, start=1):
        assert remind(day - 1) == []
        assert remind(day) == [signatory.email]
        assert ranks()[-1] == (Party.MEMBER, rank, 1)
    assert remind(1000) == []
    with as_worker():
        letter = Letter.objects.first()
    assert subscription.service_name in letter.subject
    assert "depuis le 1er décembre 2025" in letter.body


def test_reminders_that_were_missed_are_one():
    holder(SubscriptionFactory(deliberation_required=False).tenant)
    assert len(remind(30)) == 1
    assert ranks() == [(Party.MEMBER, 2, 1)]


def test_each_party_in_its_turn_from_the_word_before_it():
    subscription = asked()
    holder(subscription.tenant)
    curator = holder(subscription.operator.organisation, Role.CURATOR)
    holder(subscription.operator.organisation, Role.OPERATOR_FINANCE)
    vendor = holder(subscription.listing.vendor.organisation, Role.VENDOR_ADMIN)
    decide(subscription)
    today = localdate(NOW)
    assert remind(OTHER_DAYS[0] - 1, since=today) == []
    assert remind(OTHER_DAYS[0], since=today) == [curator.email]
    word(subscription, Party.OPERATOR)
    assert remind(OTHER_DAYS[0], since=today) == [vendor.email]
    word(subscription, Party.VENDOR)
    assert remind(1000) == []


def test_nobody_is_reminded_of_what_is_withdrawn_or_cannot_decide():
    subscription = SubscriptionFactory(separate_approver=True)
    MembershipFactory(organisation=subscription.tenant, role=Role.SIGNATORY, user=subscription.requested_by)
    holder(subscription.tenant, Role.SECRETARY)
    assert remind(60) == []
    assert ranks() == []  # whoever comes later is told then
    signatory = holder(subscription.tenant)
    assert remind(60) == [signatory.email]
    with as_worker():
        operations.cancel(subscription=subscription, by=UserFactory(), now=NOW)
    assert remind(1000) == []


def test_a_reminder_is_written_once_and_for_good():
    sent = ReminderFactory()
    with as_worker():
        with pytest.raises(IntegrityError, match="reminder_once_by_rank"), transaction.atomic():
            ReminderFactory(approval=sent.approval)
        with pytest.raises(IntegrityError, match="can no longer be changed"), transaction.atomic():
            Reminder.objects.update(rank=2)


def test_every_morning():
    subscription = SubscriptionFactory(listing=ListingFactory(vehicle__legal_basis="centrale"))
    signatory = holder(subscription.tenant)
    with as_worker():
        remind_approvers(timestamp=0)
        assert Letter.objects.get().to == signatory.email
