"""Subscribers of a suspended service are written to."""

import pytest

from catalog.curation.shelf import suspend
from catalog.models import ListingMove
from subscriptions.models import State
from subscriptions.suspension_letters import write_letters
from tenants.models import Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import ListingFactory, MembershipFactory, SubscriptionFactory, UserFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


def suspended(listing) -> ListingMove:
    with tenant_scope([listing.operator.organisation_id]):
        suspend(listing=listing, message="Une faille est en cours de correction.", by=UserFactory(), now=NOW)
    return ListingMove.objects.get()


def test_each_secretary_and_administrator_is_written_to_once():
    listing = ListingFactory()
    subscription = SubscriptionFactory(listing=listing, state=State.ACTIVE)
    ended = SubscriptionFactory(listing=listing, state=State.ENDED)
    told = MembershipFactory(organisation=subscription.tenant, role=Role.SECRETARY).user
    MembershipFactory(organisation=subscription.tenant, role=Role.ORG_ADMIN, user=told)
    MembershipFactory(organisation=subscription.tenant, role=Role.AGENT)
    MembershipFactory(organisation=ended.tenant, role=Role.SECRETARY)
    move = suspended(listing)
    with as_worker():
        write_letters(move_id=move.pk, now=NOW)
        write_letters(move_id=move.pk, now=NOW)
        letters = {letter.to: letter.body for letter in Letter.objects.all()}
    assert told.email in letters
    assert len(letters) == 1 + sum(
        1 for to in letters if to == subscription.requested_by.email and to != told.email
    )
    assert "Une faille est en cours de correction." in letters[told.email]


def test_the_job_waits_with_the_suspension():
    from procrastinate.contrib.django.models import ProcrastinateJob

    move = suspended(ListingFactory())
    with as_worker():
        jobs = ProcrastinateJob.objects.filter(task_name="subscriptions.tasks.write_suspension_letters")
        assert [job.args for job in jobs] == [{"move_id": move.pk}]
