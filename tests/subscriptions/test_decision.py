"""Approving, refusing, cancelling: by whom, with which act, along the table of moves only."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from provisioning.models import Run, Step, StepState
from subscriptions import operations
from subscriptions.exceptions import DecisionInvalid, OrganisationClosed, SamePerson, WrongState
from subscriptions.models import ApprovalState, Decision, State, Subscription
from subscriptions.models.subscription import TRANSITIONS
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import SubscriptionFactory, UserFactory
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

TODAY = date(2026, 10, 1)


@pytest.fixture
def asked():
    return SubscriptionFactory()


def approve(subscription, **changes):
    values = {
        "approved_by": UserFactory(),
        "number": "2026-31",
        "date": TODAY,
        "file": SimpleUploadedFile("acte.pdf", PDF),
        "now": NOW,
        **changes,
    }
    with tenant_scope([subscription.tenant_id]):
        operations.approve(subscription=subscription, **values)
        subscription.refresh_from_db()


def nothing_planned() -> bool:
    with as_worker():
        return not Run.objects.exists()


def test_an_approval_keeps_its_act_and_plans_the_opening(asked):
    approve(asked, number=" 2026-31 ")
    with tenant_scope([asked.tenant_id]):
        decision = Decision.objects.get(subscription=asked)
        step = Step.objects.get(run__subscription=asked)
        events = list(AuditEvent.objects.values_list("what", flat=True))
    assert asked.state == State.PROVISIONING
    assert (decision.number, decision.date) == ("2026-31", TODAY)
    assert decision.file.name == f"decisions/{asked.tenant_id}/{asked.public_id}.pdf"
    assert decision.file.read() == PDF
    assert events == ["subscription.approved"]
    assert step.state == StepState.PENDING


def test_an_organisation_that_is_no_more_approves_nothing():
    asked = SubscriptionFactory(tenant__closed_on=TODAY)
    with pytest.raises(OrganisationClosed):
        approve(asked)
    with tenant_scope([asked.tenant_id]):
        asked.refresh_from_db()
    assert asked.state == State.REQUESTED
    assert nothing_planned()


def test_an_organisation_approves_until_the_day_it_closes():
    asked = SubscriptionFactory(tenant__closed_on=TODAY + timedelta(days=1))
    approve(asked)
    assert asked.state == State.PROVISIONING


def test_the_requester_does_not_approve(asked):
    with pytest.raises(SamePerson):
        approve(asked, approved_by=asked.requested_by)
    with tenant_scope([asked.tenant_id]):
        asked.refresh_from_db()
    assert asked.state == State.REQUESTED
    assert nothing_planned()


def test_the_database_refuses_the_requester_too(asked):
    values = {"approved_by": asked.requested_by, "approved_at": NOW, "state": State.APPROVED}
    expected = pytest.raises(IntegrityError, match="subscription_approver_is_another")
    with expected, transaction.atomic(), as_worker():
        Subscription.objects.filter(pk=asked.pk).update(**values)


def test_the_requester_may_approve_where_the_vehicle_allows_it():
    asked = SubscriptionFactory(listing__vehicle__separate_approver=False)
    approve(asked, approved_by=asked.requested_by)
    assert asked.state == State.PROVISIONING


def test_a_vehicle_that_changes_later_does_not_change_who_may_approve(asked):
    with as_worker():
        asked.vehicle.separate_approver = False
        asked.vehicle.save()
    with pytest.raises(SamePerson):
        approve(asked, approved_by=asked.requested_by)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": ""}, "number"),
        ({"number": "   "}, "number"),
        ({"date": TODAY + timedelta(days=1)}, "date"),
        ({"file": None}, "file"),
        ({"file": SimpleUploadedFile("acte.pdf", b"PK\x03\x04 a word document")}, "file"),
        ({"file": SimpleUploadedFile("acte.pdf", b"")}, "file"),
        ({"file": SimpleUploadedFile("acte.pdf", b"%PDF-" + bytes(10 * 1024 * 1024))}, "file"),
    ],
)
def test_an_act_that_is_not_sound_is_refused(asked, changes, field):
    with pytest.raises(DecisionInvalid) as refusal:
        approve(asked, **changes)
    assert refusal.value.field == field
    with tenant_scope([asked.tenant_id]):
        assert not Decision.objects.exists()
        asked.refresh_from_db()
    assert asked.state == State.REQUESTED


def test_today_in_paris_is_not_the_future(asked):
    late = NOW.replace(month=9, day=30, hour=22, minute=30)  # half past midnight in Paris
    approve(asked, date=TODAY, now=late)
    assert asked.state == State.PROVISIONING


def test_a_refusal_says_why_and_who(asked):
    person = UserFactory()
    with tenant_scope([asked.tenant_id]):
        operations.refuse(subscription=asked, by=person, reason="Budget épuisé", now=NOW)
        move = asked.transitions.get(after=State.REFUSED)
        event = AuditEvent.objects.get(what="subscription.refused")
    assert (move.by, move.reason) == (person, "Budget épuisé")
    # Free words may name somebody: they stay out of a log that can never be changed.
    assert "Budget" not in f"{event.sentence}{event.changes}{event.details}"
    assert nothing_planned()


def test_a_request_can_be_taken_back(asked):
    with tenant_scope([asked.tenant_id]):
        operations.cancel(subscription=asked, by=asked.requested_by, now=NOW)
        asked.refresh_from_db()
    assert asked.state == State.CANCELLED


@pytest.mark.parametrize("state", [state for state in State if state != State.REQUESTED])
def test_only_a_request_is_decided(state):
    subscription = SubscriptionFactory(state=state)
    with pytest.raises(WrongState):
        approve(subscription)
    with tenant_scope([subscription.tenant_id]), pytest.raises(WrongState):
        operations.refuse(subscription=subscription, by=UserFactory(), reason="", now=NOW)


@pytest.mark.parametrize("before", list(State))
@pytest.mark.parametrize("after", list(State))
def test_moves_follow_the_table(before, after):
    """A move that the table does not hold is refused, and leaves no row in the log."""
    subscription = SubscriptionFactory(state=before)
    now_approved = {"approved_by": UserFactory(), "approved_at": NOW} if after == State.APPROVED else {}
    now_active = {"active_from": TODAY} if after == State.ACTIVE else {}
    now_stopped = {"ended_on": TODAY} if after in (State.TERMINATING, State.ENDED) else {}
    with tenant_scope([subscription.tenant_id]):
        count = subscription.transitions.count()
        if (before, after) in TRANSITIONS:
            if after == State.APPROVED:
                given = {"state": ApprovalState.GIVEN, "by": UserFactory(), "at": NOW}
                subscription.approvals.update(**given)  # the database wants everybody's word
            operations.move(
                subscription=subscription,
                to=after,
                by=None,
                now=NOW,
                **now_approved,
                **now_active,
                **now_stopped,
            )
        else:
            with pytest.raises(WrongState):
                operations.move(subscription=subscription, to=after, by=None, now=NOW)
        subscription.refresh_from_db()
        moved = (before, after) in TRANSITIONS
        assert subscription.state == (after if moved else before)
        assert subscription.transitions.count() == count + moved


def test_a_stale_copy_does_not_move(asked):
    with tenant_scope([asked.tenant_id]):
        stale = Subscription.objects.get(pk=asked.pk)
    approve(asked)
    with pytest.raises(WrongState, match="ouverture en cours"):
        approve(stale)


def test_an_approval_whose_plan_fails_is_no_approval(asked, monkeypatch):
    def broken(**_):
        raise RuntimeError("no plan")

    monkeypatch.setattr("provisioning.operations.plan_activation", broken)
    with pytest.raises(RuntimeError, match="no plan"), transaction.atomic():
        approve(asked)
    with tenant_scope([asked.tenant_id]):
        asked.refresh_from_db()
        assert not Decision.objects.exists()
    assert asked.state == State.REQUESTED
