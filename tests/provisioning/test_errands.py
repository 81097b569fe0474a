"""A step that waits for a person names her: written to once, reminded, replaced; three ways to end it."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from provisioning import errands, operations
from provisioning.models import Errand, Event, Run, Settled, Step, StepState
from subscriptions.exceptions import EvidenceInvalid, WrongState
from subscriptions.models import State, Subscription
from tenants.models import AuditEvent, Letter, Role
from tests.demo.test_broker import broker
from tests.factories import (
    EndpointFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    StepFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.subscriptions import PDF
from tests.provisioning.test_engine import go_on, to_the_end
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(year=2026, month=11, day=30, hour=9)  # a Monday


def blocked(operator, **fields) -> Step:
    step = StepFactory(
        run__subscription__state=State.PROVISIONING,
        run__subscription__listing=fields.pop("listing", None) or ListingFactory(operator=operator),
        state=StepState.NEEDS_PERSON,
        problem="Refus.",
        **fields,
    )
    with as_worker():
        return Step.objects.select_related("run__subscription__tenant").get(pk=step.pk)


def staff(operator, role=Role.CURATOR, **fields):
    return MembershipFactory(organisation=operator.organisation, role=role, **fields).user


def ask(now=NOW) -> list[Errand]:
    with as_worker():
        errands.ask_people(now=now)
        open_ones = Errand.objects.filter(settled_at__isnull=True).select_related("assigned_to", "step")
        return list(open_ones.order_by("pk"))


def letters():
    with as_worker():
        return [(letter.to, letter.subject) for letter in Letter.objects.order_by("pk")]


def test_a_curator_is_asked_once_with_a_day():
    operator = OperatorFactory()
    admin, curator = staff(operator, Role.OPERATOR_ADMIN), staff(operator)
    step = blocked(operator)
    [errand] = ask()
    assert ask(NOW + timedelta(minutes=5)) == [errand]
    assert (errand.assigned_to, errand.step) == (curator, step)
    assert errand.due_on == timezone.localdate(NOW) + timedelta(days=2)
    subscription = step.run.subscription
    [letter] = letters()
    assert letter == (
        curator.email, f"Ouvrir {subscription.service_name} pour {subscription.tenant.name}",
    )  # fmt: skip
    assert admin.email not in letter


def test_many_at_once_are_shared_out_and_told_in_one_letter_each():
    operator = OperatorFactory()
    people = {staff(operator), staff(operator)}
    for _ in range(6):
        blocked(operator)
    found = ask()
    assert sorted([errand.assigned_to for errand in found].count(person) for person in people) == [3, 3]
    assert {subject for _, subject in letters()} == {"3 ouvertures ou fermetures à terminer"}
    assert len(letters()) == 2


def test_who_settled_the_last_one_of_a_vendor_has_the_next():
    operator = OperatorFactory()
    _, other = staff(operator), staff(operator)
    listing = ListingFactory(operator=operator)
    first = blocked(operator, listing=listing)
    with as_worker():
        operations.mark_done(step=first, by=other, service_url="", now=NOW)
    blocked(operator, listing=listing)
    assert [errand.assigned_to for errand in ask()] == [other]


def test_nobody_to_ask_is_no_obstacle_and_a_foreigner_is_never_asked():
    staff(OperatorFactory())
    blocked(OperatorFactory())
    [errand] = ask()
    assert (errand.assigned_to, letters()) == (None, [])


def test_what_goes_on_by_itself_asks_nobody_any_more():
    step = blocked(OperatorFactory())
    ask()
    with as_worker():
        Step.objects.filter(pk=step.pk).update(state=StepState.DONE)
    assert ask() == []
    with as_worker():
        assert Errand.objects.get().settled_as == Settled.GONE


def test_it_passes_to_another_of_the_staff_and_to_nobody_else():
    operator = OperatorFactory()
    curator, admin = staff(operator), staff(operator, Role.OPERATOR_ADMIN)
    finance = staff(operator, Role.OPERATOR_FINANCE)
    blocked(operator)
    [errand] = ask()
    with as_worker():
        errands.assign(errand=errand, to=admin, by=curator, now=NOW)
        with pytest.raises(WrongState):
            errands.assign(errand=errand, to=finance, by=curator, now=NOW)
        assert Errand.objects.get().assigned_to == admin
        assert AuditEvent.objects.filter(what="provisioning.assigned").count() == 1
    assert [to for to, _ in letters()] == [curator.email, admin.email]


def test_reminders_come_on_the_day_then_every_three_days_then_no_more():
    operator = OperatorFactory()
    staff(operator)
    blocked(operator)
    ask()
    sent = []
    for day in range(20):
        with as_worker():
            sent += [day] * errands.remind_due(now=NOW + timedelta(days=day))
    assert sent == [2, 5, 8]
    assert len(letters()) == 4


def test_whoever_left_is_replaced():
    operator = OperatorFactory()
    first = MembershipFactory(organisation=operator.organisation, role=Role.CURATOR)
    blocked(operator)
    ask()
    stays = staff(operator, Role.OPERATOR_ADMIN)
    with as_worker():
        first.ended_at = first.suspended_at = NOW
        first.save()
        errands.remind_due(now=NOW + timedelta(days=3))
        assert Errand.objects.get().assigned_to == stays
    assert letters()[-1][0] == stays.email


def test_by_hand_it_has_its_days_and_its_points_to_tick():
    operator = OperatorFactory()
    step = blocked(operator)
    EndpointFactory(
        offer=step.run.subscription.listing.offer, config={"days": 10, "checklist": ["Compte", "Courriel"]}
    )
    [errand] = ask()
    assert errand.due_on == timezone.localdate(NOW) + timedelta(days=14)
    with as_worker():
        errands.tick(errand=errand, ticked=[1])
        assert Errand.objects.get().checklist == [
            {"text": "Compte", "ticked": False}, {"text": "Courriel", "ticked": True},
        ]  # fmt: skip


def test_done_keeps_its_evidence():
    step, person = blocked(OperatorFactory()), UserFactory()
    [errand] = ask()
    file = SimpleUploadedFile("../preuve.pdf", PDF)
    with as_worker():
        operations.mark_done(
            step=step, by=person, service_url="", now=NOW, evidence="  Vu à  l’écran. ", file=file
        )
        settled = Errand.objects.get()
    assert (settled.pk, settled.settled_as, settled.settled_by) == (errand.pk, Settled.DONE, person)
    assert (settled.evidence, settled.file.name.endswith(f"{errand.public_id}.pdf")) == (
        "Vu à l’écran.",
        True,
    )


def test_what_is_no_pdf_proves_nothing():
    step = blocked(OperatorFactory())
    with as_worker(), pytest.raises(EvidenceInvalid):
        operations.mark_done(
            step=step, by=UserFactory(), service_url="", now=NOW,
            file=SimpleUploadedFile("preuve.pdf", b"MZ"),
        )  # fmt: skip
    with as_worker():
        assert Step.objects.get().state == StepState.NEEDS_PERSON


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")
    with broker(tmp_path) as client:
        yield client


def test_given_up_nothing_is_left_at_the_vendors_then_it_is_cancelled(vendor):
    """Another instance of that name made the vendor refuse; then it holds what Halle never heard of."""
    soon = timezone.now() + timedelta(hours=1)
    subscription = SubscriptionFactory(state=State.APPROVED)
    secretary = MembershipFactory(organisation=subscription.tenant, role=Role.SECRETARY).user
    EndpointFactory(offer=subscription.listing.offer, osb=True, url=vendor.base_url)
    with as_worker():
        run = operations.plan_activation(subscription=subscription, now=soon)
        key = Step.objects.get().key
    vendor.provision(instance=key, parameters={"population": 1})
    step = to_the_end(run, now=soon)
    assert step.state == StepState.NEEDS_PERSON
    person = UserFactory()
    with as_worker():
        undo = operations.give_up(step=step, by=person, reason="Jamais prêt.", now=soon)
        assert Run.objects.get(pk=run.pk).finished_at == soon
        assert Subscription.objects.get().state == State.PROVISIONING
        with pytest.raises(WrongState):
            operations.give_up(step=step, by=person, reason="Jamais prêt.", now=soon)
    assert to_the_end(undo, now=soon).state == StepState.DONE
    assert [one["id"] for one in vendor.known() if one["state"] == "open"] == []
    with as_worker():
        cancelled = Subscription.objects.get()
        last = cancelled.transitions.latest("pk")
        assert Errand.objects.get().settled_as == Settled.GIVEN_UP
        whats = set(AuditEvent.objects.values_list("what", flat=True))
    assert (cancelled.state, last.by, "Jamais prêt." in last.reason) == (State.CANCELLED, person, True)
    assert {"subscription.given_up", "subscription.cancelled"} <= whats
    assert letters()[0][0] == secretary.email
    SubscriptionFactory(tenant=cancelled.tenant, listing=cancelled.listing)  # may be asked for again


@pytest.mark.parametrize("event", [Event.CHANGE, Event.CLOSE, Event.SUSPEND])
def test_only_an_opening_is_given_up(event):
    step = blocked(OperatorFactory(), run__event=event)
    with as_worker(), pytest.raises(WrongState):
        operations.give_up(step=step, by=UserFactory(), reason="Non.", now=NOW)


def test_given_up_by_hand_a_person_sees_that_nothing_is_left():
    step = blocked(OperatorFactory())
    EndpointFactory(offer=step.run.subscription.listing.offer)
    with as_worker():
        with pytest.raises(EvidenceInvalid):
            operations.give_up(step=step, by=UserFactory(), reason=" ", now=NOW)
        undo = operations.give_up(step=step, by=UserFactory(), reason="Non.", now=NOW)
    asked = go_on(undo, now=NOW)
    assert asked.state == StepState.NEEDS_PERSON
    with as_worker():
        operations.mark_done(step=asked, by=UserFactory(), service_url="", now=NOW)
        assert Subscription.objects.get().state == State.CANCELLED
