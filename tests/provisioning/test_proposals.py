"""What a person agrees to before it is done, from the worker to the page and back."""

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning import operations, proposals
from provisioning.models import Binding, Proposal, Run, Step, StepState
from subscriptions.exceptions import WrongState
from subscriptions.models import State, Subscription
from tenants.models import AuditEvent, Role
from tests.factories import (
    EndpointFactory,
    MembershipFactory,
    ProposalFactory,
    StepFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


def turn(run: Run) -> list[str]:
    """One turn of a worker; the states of the steps afterwards."""
    with as_worker():
        operations.take_turn(run_id=run.pk, now=timezone.now())
        return list(Step.objects.filter(run=run).order_by("position").values_list("state", flat=True))


def test_a_service_opens_once_its_plan_was_read(equipped, client):
    subscription = SubscriptionFactory(state=State.APPROVED)
    EndpointFactory(
        offer=subscription.listing.offer,
        connector="terraform",
        config={
            "module": "office",
            "variables": {"store": f"{equipped.url}/offices"},
            "confirm": True,
            "bindable": True,
        },
    )
    with as_worker():
        run = operations.plan_activation(subscription=subscription, now=timezone.now())
    assert turn(run) == [StepState.NEEDS_PERSON, StepState.LATER]
    with as_worker():
        proposal = Proposal.objects.get()
        key = proposal.step.key
    assert equipped.read(f"/offices/{key}.json") is None

    slug = subscription.operator.slug
    organisation = subscription.operator.organisation
    client.force_login(MembershipFactory(organisation=organisation, role=Role.CURATOR).user)
    page = client.get(reverse("operator_tasks", args=[slug])).content.decode()
    assert "1 to add, 0 to change, 0 to destroy" in page
    assert "La demande automatique a échoué" not in page
    agree = reverse("operator_task_agree", args=[slug, proposal.step_id])
    assert "va être exécuté" in client.post(agree, {"plan": proposal.public_id}, follow=True).content.decode()
    assert (
        "Rechargez la page" in client.post(agree, {"plan": proposal.public_id}, follow=True).content.decode()
    )
    assert equipped.read(f"/offices/{key}.json") is None  # a request does nothing of it

    assert turn(run) == [StepState.DONE, StepState.PENDING]
    assert equipped.read(f"/offices/{key}.json")
    assert turn(run) == [StepState.DONE, StepState.DONE]
    with as_worker():
        opened = Subscription.objects.get(pk=subscription.pk)
        assert (opened.state, opened.service_url) == (State.ACTIVE, f"https://office.example/{key}")
        assert Binding.objects.get().sealed
        assert AuditEvent.objects.filter(what="provisioning.plan_agreed").count() == 1
        assert Proposal.objects.count() == 1


def test_only_the_latest_plan_may_be_agreed_to_and_once():
    with as_worker():
        step = StepFactory(state=StepState.NEEDS_PERSON)
        before, latest = ProposalFactory(step=step), ProposalFactory(step=step)
        by, now = UserFactory(), timezone.now()
        for wrong in (str(before.public_id), "", "x", "\0"):
            with pytest.raises(WrongState):
                proposals.agree(step=step, public_id=wrong, by=by, now=now)
        proposals.agree(step=step, public_id=str(latest.public_id), by=by, now=now)
        with pytest.raises(WrongState):
            proposals.agree(step=step, public_id=str(latest.public_id), by=by, now=now)
        assert Step.objects.get(pk=step.pk).state == StepState.PENDING


def test_a_plan_that_nobody_waits_for_is_not_agreed_to():
    with as_worker():
        proposal = ProposalFactory(step__state=StepState.DONE)
        with pytest.raises(WrongState):
            proposals.agree(
                step=proposal.step, public_id=str(proposal.public_id), by=UserFactory(), now=timezone.now()
            )
        assert Proposal.objects.get().agreed_at is None


def test_what_was_agreed_to_counts_until_something_else_is_proposed():
    with as_worker():
        step = StepFactory()
        EndpointFactory(offer=step.run.subscription.listing.offer, connector="terraform", config={})
        agreed = ProposalFactory(step=step, agreed_at=timezone.now(), agreed_by=UserFactory())
        assert proposals.agreed_plans([step]) == {step.pk: agreed.file.name}
        ProposalFactory(step=step)
        assert proposals.agreed_plans([step]) == {}
