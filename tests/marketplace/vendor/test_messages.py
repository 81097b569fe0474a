"""The messages sent to a vendor's system: read by its people and by the operator's, and sent again."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import operations
from provisioning.models import Call, Delivery, Step, StepState
from subscriptions.models import State
from tenants.models import AuditEvent, Role
from tests.factories import (
    CallbackFactory,
    CallFactory,
    DeliveryFactory,
    EndpointFactory,
    MembershipFactory,
    StepFactory,
    SubscriptionFactory,
)
from tests.fakes.webhooks import CALLBACK_SECRET, SECRET, Answer, vendor_listening
from tests.tools.database import as_worker
from tests.tools.jobs import run_jobs
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("TEST_CALLBACK_SECRET", CALLBACK_SECRET)
    with vendor_listening() as vendor:
        yield vendor


def signed_in(organisation, role) -> Client:
    client = Client()
    client.force_login(MembershipFactory(organisation=organisation, role=role).user)
    return client


def editor_of(subscription, role=Role.VENDOR_ADMIN) -> Client:
    return signed_in(subscription.listing.vendor.organisation, role)


def page(subscription) -> str:
    return reverse("vendor_messages", args=[subscription.listing.vendor.organisation.siren])


def again(step) -> str:
    siren = step.run.subscription.listing.vendor.organisation.siren
    return reverse("vendor_message_again", args=[siren, step.pk])


def told(vendor) -> Step:
    """The step of an opening of which the vendor was told."""
    subscription = SubscriptionFactory(state=State.APPROVED)
    EndpointFactory(offer=subscription.listing.offer, webhook=True, url=vendor.url)
    with as_worker():
        run = operations.plan_activation(subscription=subscription, now=timezone.now())
        operations.take_turn(run_id=run.pk, now=timezone.now())
        return Step.objects.select_related(
            "run__subscription__listing__offer__product__sheet__vendor__organisation"
        ).get(run=run)


def test_a_vendor_reads_its_messages_and_nobody_elses(snapshot):
    with as_worker():
        mine = DeliveryFactory(call__step__state=StepState.DONE, answered="<b>rien</b>")
        CallFactory(step=mine.call.step)
        CallbackFactory(step=mine.call.step, message="reçu")
        subscription = mine.call.step.run.subscription
        DeliveryFactory(call__step__run__subscription__tenant=subscription.tenant)
        StepFactory(run__subscription=subscription, run__event="close", name="close")
    client = editor_of(subscription, Role.VENDOR_EDITOR)
    client.get(page(subscription))
    with snapshot_queries(snapshot(name="list")):
        shown = client.get(page(subscription))
    [row] = shown.context["rows"]
    assert (row["member"], row["resend_url"]) == (subscription.tenant.name, "")  # an editor only reads
    assert [call["sent"] for call in row["calls"]] == ["", "{}"]
    assert row["callbacks"][0]["message"] == "reçu"
    assert "&lt;b&gt;rien" in shown.content.decode()
    assert client.post(again(mine.call.step)).status_code == 404


def test_an_operator_reads_those_of_its_subscriptions_with_as_many_queries(snapshot):
    with as_worker():
        mine = DeliveryFactory()
        subscription = mine.call.step.run.subscription
        DeliveryFactory()
    client = signed_in(subscription.operator.organisation, Role.CURATOR)
    with snapshot_queries(snapshot(name="operator list")):
        shown = client.get(reverse("operator_messages", args=[subscription.operator.slug]))
    assert [row["id"] for row in shown.context["rows"]] == [mine.call.step_id]


def test_nothing_was_sent_yet():
    with as_worker():
        subscription = StepFactory().run.subscription
    assert "Aucun message" in editor_of(subscription).get(page(subscription)).content.decode()


def test_a_finished_message_is_sent_again_word_for_word_and_changes_nothing(vendor):
    step = told(vendor)
    client = editor_of(step.run.subscription)
    vendor.answers = [Answer(500, b"not today")]
    said = client.post(again(step), follow=True)
    assert "Le message part de nouveau" in said.content.decode()
    assert len(vendor.messages) == 1  # a request sends nothing
    run_jobs()
    first, second = vendor.messages
    assert (first.id, first.body) == (second.id, second.body)
    assert second.signed_with(SECRET)
    with as_worker():
        assert Step.objects.get(pk=step.pk).state == StepState.DONE
        assert list(Call.objects.order_by("pk").values_list("outcome", "cause")) == [
            ("done", ""),
            ("retry", "broken"),
        ]
        assert Delivery.objects.order_by("pk").last().answered == "not today"
        assert AuditEvent.objects.filter(what="provisioning.sent_again").count() == 1
    client.post(again(step))
    run_jobs()
    with as_worker():
        assert Call.objects.order_by("pk").last().outcome == "done"


def test_what_waits_is_told_again_by_the_engine(vendor):
    vendor.answers = [Answer(202, b"")]
    step = told(vendor)
    assert step.state == StepState.WAITING
    editor_of(step.run.subscription).post(again(step))
    assert run_jobs() == []
    with as_worker():
        operations.take_turn(run_id=step.run_id, now=timezone.now())
        assert Step.objects.get(pk=step.pk).state == StepState.DONE
    assert len({message.body for message in vendor.messages}) == 1
    assert len(vendor.messages) == 2


def test_what_waits_for_a_person_is_tried_again(vendor):
    vendor.answers = [Answer(410, b"")]
    step = told(vendor)
    assert step.state == StepState.NEEDS_PERSON
    editor_of(step.run.subscription).post(again(step))
    with as_worker():
        assert Step.objects.get(pk=step.pk).state == StepState.PENDING


@pytest.mark.parametrize("state", [StepState.RUNNING, StepState.MOOT])
def test_what_is_being_sent_is_not_sent_again(state):
    with as_worker():
        step = DeliveryFactory(call__step__state=state, call__step__lease_until=timezone.now()).call.step
    said = editor_of(step.run.subscription).post(again(step), follow=True)
    assert "en train de partir" in said.content.decode()
    with as_worker():
        assert Step.objects.get(pk=step.pk).state == state


def test_an_offer_that_is_opened_in_another_way_since_is_told_nothing(vendor):
    step = told(vendor)
    with as_worker():
        endpoint = step.run.subscription.listing.offer.endpoint
        endpoint.connector = "manual"
        endpoint.save()
    editor_of(step.run.subscription).post(again(step))
    run_jobs()
    assert len(vendor.messages) == 1


def test_without_its_secret_it_says_so(vendor, monkeypatch):
    step = told(vendor)
    monkeypatch.delenv("TEST_WEBHOOK_SECRET")
    editor_of(step.run.subscription).post(again(step))
    run_jobs()
    with as_worker():
        assert Call.objects.order_by("pk").last().detail.startswith("Le secret qui signe")
