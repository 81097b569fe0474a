"""One subscription on its operator's page: what the vendor was asked, a suspension and its end."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from provisioning.models import Event, Step, StepState
from subscriptions.models import State, Subscription
from tenants.models import Role
from tests.factories import (
    CallFactory,
    DriftFactory,
    EndpointFactory,
    ErrandFactory,
    OperatorFactory,
    StepFactory,
    SubscriptionFactory,
    UsageEventFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
WORDS = {"ground": "unpaid", "words": "Deux factures."}


def url(name, subscription):
    return reverse(name, args=[subscription.operator.slug, subscription.public_id])


def text(answer) -> str:
    return " ".join(BeautifulSoup(answer.content, "html.parser").get_text(" ").split())


def held(operator, state=State.ACTIVE, **endpoint):
    subscription = SubscriptionFactory(state=state, listing__operator=operator)
    EndpointFactory(offer=subscription.listing.offer, **endpoint)
    return subscription


def state_of(subscription):
    with as_worker():
        return Subscription.objects.get(pk=subscription.pk).state


def test_it_is_suspended_and_reopened_each_with_its_words(operator, sign_in):
    subscription, client = held(operator), sign_in(Role.CURATOR, operator)
    answer = client.post(url("operator_subscription_suspend", subscription), WORDS, follow=True)
    assert "qui en est averti" in text(answer)
    assert "Impayé : Deux factures." in text(answer)
    assert "Suspension chez l’éditeur À faire" in text(answer)
    assert state_of(subscription) == State.SUSPENDED
    client.post(url("operator_subscription_resume", subscription), {"words": "Payé."})
    assert state_of(subscription) == State.ACTIVE


def test_it_is_planned_for_a_later_day_and_called_off(operator, sign_in):
    subscription, client = held(operator), sign_in(Role.CURATOR, operator)
    suspend, page = (
        url(name, subscription) for name in ("operator_subscription_suspend", "operator_subscription")
    )
    for wrong, said in (("2020-01-01", "Choisissez un jour à venir"), ("demain", "Écrivez un jour, comme")):
        answer = client.post(suspend, WORDS | {"on": wrong})
        assert said in text(answer)
        assert "Deux factures." in answer.content.decode()
    day = timezone.localdate() + timedelta(days=10)
    assert "sera suspendu le" in text(client.post(suspend, WORDS | {"on": f"{day:%Y-%m-%d}"}, follow=True))
    assert state_of(subscription) == State.ACTIVE
    shown = BeautifulSoup(client.get(page).content, "html.parser").find(id="prevue").parent
    assert "Impayé : Deux factures." in shown.get_text()
    again = client.post(suspend, WORDS | {"on": f"{day:%Y-%m-%d}"})
    assert "déjà prévue" in text(again)
    assert "est annulée" in text(client.post(shown.form["action"], follow=True))
    assert BeautifulSoup(client.get(page).content, "html.parser").find(id="prevue") is None
    assert "n’est plus prévue" in text(client.post(shown.form["action"], follow=True))


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ({}, "une personne de votre équipe"),
        ({"config": {"suspends": False}}, "reste ouvert chez lui"),
        ({"osb": True}, "une personne de votre équipe"),
    ],
)
def test_it_says_beforehand_what_will_happen(operator, sign_in, endpoint, words):
    subscription = held(operator, **endpoint)
    page = text(sign_in(Role.CURATOR, operator).get(url("operator_subscription", subscription)))
    assert words in page
    assert "reste facturé" in page


def test_what_was_typed_is_kept(operator, sign_in):
    subscription = held(operator)
    answer = sign_in(Role.CURATOR, operator).post(
        url("operator_subscription_suspend", subscription), {"ground": "", "words": "Deux factures."}
    )
    assert "Choisissez un motif." in text(answer)
    assert "Deux factures." in answer.content.decode()
    assert state_of(subscription) == State.ACTIVE


def test_one_that_changed_meanwhile_says_so(operator, sign_in):
    subscription, client = held(operator), sign_in(Role.CURATOR, operator)
    answer = client.post(url("operator_subscription_resume", subscription), {"words": "Payé."}, follow=True)
    assert "a changé entre-temps" in text(answer)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR_FINANCE])
def test_who_only_reads_has_no_form(operator, sign_in, role):
    subscription, client = held(operator), sign_in(role, operator)
    assert "Suspendre ce service" not in text(client.get(url("operator_subscription", subscription)))
    assert client.post(url("operator_subscription_suspend", subscription), WORDS).status_code == 404


def test_another_operators_is_not_found(operator, sign_in):
    theirs = held(OperatorFactory())
    address = reverse("operator_subscription", args=[operator.slug, theirs.public_id])
    assert sign_in(Role.CURATOR, operator).get(address).status_code == 404


def test_each_call_is_told_with_its_end(operator, sign_in):
    subscription = held(operator)
    step = StepFactory(run__subscription=subscription, state=StepState.NEEDS_PERSON, problem="Refus.")
    CallFactory(step=step, outcome="retry", detail="Le système ne répond pas.", doubtful=True)
    CallFactory(step=step)
    page = text(sign_in(Role.CURATOR, operator).get(url("operator_subscription", subscription)))
    assert "Sans succès. Le système ne répond pas. On ne sait pas si l’éditeur a agi." in page
    assert "Réponse inconnue" in page


@pytest.mark.parametrize("count", [1, 8])
def test_queries_of_a_subscription(operator, sign_in, snapshot, count):
    subscription = held(operator)
    for _ in range(count):
        CallFactory.create_batch(
            count,
            step=StepFactory(run__subscription=subscription, run__event=Event.CHANGE, state=StepState.DONE),
        )
    client = sign_in(Role.CURATOR, operator)
    with snapshot_queries(snapshot(name="subscription")):
        client.get(url("operator_subscription", subscription))
    with as_worker():
        assert Step.objects.filter(run_after__lte=timezone.now()).count() == count


def test_who_was_asked_what_was_done_and_what_is_otherwise_is_told(operator, sign_in):
    subscription = held(operator)
    step = StepFactory(run__subscription=subscription, run__event=Event.CHANGE, state=StepState.DONE)
    person = UserFactory()
    settled = {"settled_at": NOW, "settled_by": person, "settled_as": "done", "evidence": "Vu à l’écran."}
    proof = ErrandFactory(step=step, file="errands/preuve.pdf", **settled)
    DriftFactory(subscription=subscription)
    answer = sign_in(Role.CURATOR, operator).get(url("operator_subscription", subscription))
    assert f"Fait par {person} le" in text(answer)
    assert "Vu à l’écran." in text(answer)
    assert "Introuvable chez l’éditeur" in text(answer)
    address = reverse("operator_task_evidence", args=[operator.slug, proof.public_id])
    assert address in answer.content.decode()


def test_what_its_service_told_of_its_use_is_read_with_its_corrections(operator, sign_in):
    subscription, client = held(operator), sign_in(Role.CURATOR, operator)
    page = url("operator_subscription", subscription)
    assert "Usage relevé" not in text(client.get(page))  # its price does not ask
    sms = {"unit": "sms", "name": "SMS", "plural": "SMS", "unit_price": "0.08"}
    with as_worker():
        subscription.grid = subscription.grid | {"usage": [sms]}
        subscription.save(update_fields=["grid"])
    assert "n’a encore rien envoyé" in text(client.get(page))
    wrong = UsageEventFactory(subscription=subscription, source_event_id="avril")
    UsageEventFactory(
        subscription=subscription, source_event_id="avril-bis", quantity=1240, corrects=wrong, received_at=NOW
    )
    UsageEventFactory()  # of another
    said = text(client.get(page)).replace("\u202f", " ")
    assert "avril-bis Remplace avril" in said
    assert "avril Ne compte plus : remplacé par avril-bis" in said
    assert (said.count(" 1 240 SMS"), said.count(" 120 SMS")) == (1, 1)


@pytest.mark.parametrize("count", [1, 40])
def test_queries_of_what_was_used(operator, sign_in, count):
    subscription, client = held(operator), sign_in(Role.CURATOR, operator)
    with as_worker():
        sms = {"unit": "sms", "name": "SMS", "plural": "SMS", "unit_price": "0.08"}
        Subscription.objects.filter(pk=subscription.pk).update(grid=subscription.grid | {"usage": [sms]})
    UsageEventFactory.create_batch(count, subscription=subscription)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(url("operator_subscription", subscription))
    assert len(answer.context["usage"]["rows"]) == min(count, 25)
    assert sum("subscriptions_usageevent" in one["sql"] for one in asked) == 2
