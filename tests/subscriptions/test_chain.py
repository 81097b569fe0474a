"""Who must agree to a request: each in turn, another person each time, and no approval is ever skipped."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from subscriptions import operations
from subscriptions.approving import agree
from subscriptions.exceptions import DecisionInvalid, NotYourTurn, OrganisationClosed, SamePerson, WrongState
from subscriptions.models import (
    Approval,
    ApprovalState,
    Authority,
    Decision,
    Order,
    Party,
    State,
    Subscription,
)
from tenants.models import AuditEvent, Organisation
from tests.factories import ListingFactory, SubscriptionFactory, UserFactory
from tests.factories.base import NOW
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def asked(**vehicle) -> Subscription:
    rules = {"operator_approves": True, "vendor_approves": True, "legal_basis": "centrale", **vehicle}
    return SubscriptionFactory(
        listing=ListingFactory(**{f"vehicle__{name}": rule for name, rule in rules.items()})
    )


def decide(subscription, *, by=None, **act) -> None:
    typed = {"number": "2026-1", "date": TODAY, "file": SimpleUploadedFile("acte.pdf", PDF), **act}
    with as_worker():
        operations.approve(subscription=subscription, approved_by=by or UserFactory(), now=NOW, **typed)


def word(subscription, party, *, by=None) -> bool:
    with as_worker():
        return agree(subscription=subscription, party=party, by=by or UserFactory(), now=NOW)


def state_of(subscription) -> str:
    with as_worker():
        return Subscription.objects.get(pk=subscription.pk).state


def test_the_member_then_the_operator_then_the_vendor():
    subscription = asked()
    for party in (Party.OPERATOR, Party.VENDOR):
        with pytest.raises(NotYourTurn):
            word(subscription, party)
    decide(subscription)
    assert state_of(subscription) == State.REQUESTED
    with pytest.raises(NotYourTurn):
        word(subscription, Party.VENDOR)
    assert word(subscription, Party.OPERATOR) is False
    assert state_of(subscription) == State.REQUESTED
    assert word(subscription, Party.VENDOR) is True
    assert state_of(subscription) == State.PROVISIONING
    with as_worker():
        told = set(AuditEvent.objects.values_list("what", flat=True))
        approved = Subscription.objects.get(pk=subscription.pk).approved_by
        assert approved == Approval.objects.get(party=Party.MEMBER).by
    assert {"subscription.agreed_by_operator", "subscription.agreed_by_vendor"} <= told


@pytest.mark.parametrize("again", [Party.OPERATOR, Party.VENDOR])
def test_one_person_agrees_once(again):
    subscription, person = asked(), UserFactory()
    decide(subscription, by=person)
    if again == Party.VENDOR:
        word(subscription, Party.OPERATOR)
    for by in (person, subscription.requested_by):
        with pytest.raises(SamePerson):
            word(subscription, again, by=by)
    with pytest.raises(WrongState):
        decide(subscription)


def test_who_comes_last_finds_the_ceiling_reached_and_nothing_is_kept(monkeypatch):
    subscription = asked(legal_basis="framework")  # in no lot: nothing can be ordered
    decide(subscription)
    word(subscription, Party.OPERATOR)
    with pytest.raises(operations.OrderRefused), transaction.atomic():
        word(subscription, Party.VENDOR)
    with as_worker():
        assert not Order.objects.exists()
        assert Approval.objects.get(party=Party.VENDOR).state == ApprovalState.WAITING
    assert state_of(subscription) == State.REQUESTED


def test_a_refusal_on_the_way_ends_the_request_with_its_reason():
    subscription = asked()
    decide(subscription)
    with as_worker():
        operations.refuse(
            subscription=subscription, by=UserFactory(), reason="Hors budget.", now=NOW, party=Party.OPERATOR
        )
        assert Approval.objects.get(party=Party.OPERATOR).reason == "Hors budget."
    assert state_of(subscription) == State.REFUSED
    with pytest.raises(WrongState):
        word(subscription, Party.VENDOR)


def test_the_database_lets_no_approval_be_skipped():
    subscription = asked()
    with as_worker():
        with pytest.raises(IntegrityError, match="everybody concerned"), transaction.atomic():
            Subscription.objects.update(state=State.APPROVED, approved_by=UserFactory(), approved_at=NOW)
        given = {"state": ApprovalState.GIVEN, "by": UserFactory(), "at": NOW}
        with pytest.raises(IntegrityError, match="comes after"), transaction.atomic():
            Approval.objects.filter(party=Party.VENDOR).update(**given)
        with pytest.raises(IntegrityError, match="another person"), transaction.atomic():
            Approval.objects.filter(party=Party.MEMBER).update(**{**given, "by": subscription.requested_by})
        Approval.objects.filter(party=Party.MEMBER).update(**given)
        with pytest.raises(IntegrityError, match="can no longer be changed"), transaction.atomic():
            Approval.objects.filter(party=Party.MEMBER).update(state=ApprovalState.WAITING)


@pytest.mark.parametrize(
    ("act", "field"),
    [
        ({"date": TODAY + timedelta(days=1)}, "date"),
        ({"date": date(2019, 12, 31)}, "date"),  # before the vehicle
        ({"transmitted_on": TODAY + timedelta(days=1)}, "transmitted_on"),
        ({"transmitted_on": TODAY - timedelta(days=1)}, "transmitted_on"),  # before the act
        ({"authority": Authority.PRESIDENT}, "authority"),  # a commune has a mayor
    ],
)
def test_an_act_that_could_not_be_is_refused_in_its_place(act, field):
    subscription = asked(starts_on=date(2020, 1, 1), deliberation_required=False)
    with pytest.raises(DecisionInvalid) as refusal:
        decide(subscription, **act)
    assert refusal.value.field == field


def test_who_took_the_act_is_on_record():
    subscription = asked(deliberation_required=False, operator_approves=False, vendor_approves=False)
    decide(subscription, authority=Authority.MAYOR, transmitted_on=TODAY)
    with as_worker():
        decision = Decision.objects.get()
    assert (decision.authority, decision.transmitted_on) == (Authority.MAYOR, TODAY)
    assert state_of(subscription) == State.PROVISIONING


def test_no_mayor_decides_where_the_council_must():
    with pytest.raises(DecisionInvalid, match="ne se délègue pas"):
        decide(asked(legal_basis="groupement"), authority=Authority.MAYOR)


def test_nobody_agrees_for_an_organisation_that_is_no_more():
    subscription = asked()
    decide(subscription)
    with as_worker():
        Organisation.objects.filter(pk=subscription.tenant_id).update(closed_on=TODAY)
        subscription = Subscription.objects.select_related("tenant").get(pk=subscription.pk)
    with pytest.raises(OrganisationClosed):
        word(subscription, Party.OPERATOR)
    with as_worker():
        operations.refuse(
            subscription=subscription, by=UserFactory(), reason="Fusion", now=NOW, party=Party.OPERATOR
        )
    assert state_of(subscription) == State.REFUSED
