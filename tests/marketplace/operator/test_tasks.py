"""Openings by hand."""

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from provisioning.models import Errand, Step, StepState
from subscriptions.models import State, Subscription
from tenants.models import Role
from tests.factories import (
    CallFactory,
    EndpointFactory,
    ErrandFactory,
    MembershipFactory,
    OperatorFactory,
    StepFactory,
)
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


def opening(operator, *, state=StepState.NEEDS_PERSON, osb=False, **fields) -> Step:
    step = StepFactory(
        run__subscription__state=State.PROVISIONING,
        run__subscription__listing__operator=operator,
        state=state,
        **{"problem": "Ouvrir le compte chez l’éditeur.", **fields},
    )
    EndpointFactory(offer=step.run.subscription.listing.offer, osb=osb)
    return step


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


def text(answer) -> str:
    return " ".join(BeautifulSoup(answer.content, "html.parser").get_text(" ").split())


def typed(step, address) -> dict:
    return {f"{step.pk}-service_url": address, f"{step.pk}-evidence": "Compte ouvert."}


def saved(step) -> tuple[Step, Subscription]:
    with as_worker():
        return Step.objects.get(pk=step.pk), Subscription.objects.get(pk=step.run.subscription_id)


def test_the_list_says_what_to_do_for_whom(operator, sign_in):
    step, elsewhere = opening(operator), opening(OperatorFactory())
    page = sign_in(Role.CURATOR, operator).get(url("operator_tasks", operator)).content.decode()
    subscription = step.run.subscription
    for words in (
        subscription.service_name,
        subscription.tenant.name,
        subscription.listing.vendor.organisation.name,
        "Ouvrir le compte chez l’éditeur.",
    ):
        assert words in page
    assert elsewhere.run.subscription.service_name not in page


@pytest.mark.parametrize("address", ["https://cantine.example/essai", "http://cantine.example", ""])
def test_done_by_hand_opens_the_subscription(address, operator, sign_in):
    step = opening(operator)
    client = sign_in(Role.CURATOR, operator)
    answer = client.post(url("operator_task_done", operator, step.pk), typed(step, address))
    assert answer.headers["Location"] == url("operator_tasks", operator)
    step, subscription = saved(step)
    assert (step.state, subscription.state) == (StepState.DONE, State.ACTIVE)
    assert subscription.service_url == address


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "ftp://cantine.example", "cantine", "https://" + "a" * 600 + ".fr"]
)
def test_a_wrong_address_is_shown_again_with_what_was_typed(address, operator, sign_in):
    step, other = opening(operator), opening(operator)
    client = sign_in(Role.CURATOR, operator)
    answer = client.post(url("operator_task_done", operator, step.pk), typed(step, address))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "<title>Erreur" in page
    assert f'id="id_{step.pk}-service_url_error"' in page
    assert f'id="id_{other.pk}-service_url_error"' not in page
    assert f'value="{address}"' in page
    errors = answer.context["wrong_form"].errors["service_url"]
    assert errors[0] == "Écrivez l’adresse en entier, en commençant par https://."
    assert len(errors) == len(set(errors))
    assert saved(step)[0].state == StepState.NEEDS_PERSON


def test_done_twice_tells_the_second_person(operator, sign_in):
    step = opening(operator)
    client = sign_in(Role.CURATOR, operator)
    address = url("operator_task_done", operator, step.pk)
    client.post(address, typed(step, "https://un.example"))
    answer = client.post(address, typed(step, "https://deux.example"))
    assert answer.status_code == 302
    assert "n’attend plus personne" in [str(message) for message in get_messages(answer.wsgi_request)][-1]
    assert saved(step)[1].service_url == "https://un.example"


def test_trying_again_is_offered_where_a_machine_can(operator, sign_in):
    by_hand, automatic = opening(operator), opening(operator, osb=True)
    client = sign_in(Role.OPERATOR_ADMIN, operator)
    page = client.get(url("operator_tasks", operator)).content.decode()
    assert url("operator_task_retry", operator, automatic.pk) in page
    assert url("operator_task_retry", operator, by_hand.pk) not in page
    client.post(url("operator_task_retry", operator, automatic.pk))
    assert saved(automatic)[0].state == StepState.PENDING


def test_trying_again_twice_tells_the_second_person(operator, sign_in):
    step = opening(operator, osb=True)
    client = sign_in(Role.CURATOR, operator)
    address = url("operator_task_retry", operator, step.pk)
    client.post(address)
    answer = client.post(address)
    assert answer.status_code == 302
    assert "n’attend plus personne" in [str(message) for message in get_messages(answer.wsgi_request)][-1]


def test_what_retries_by_itself_is_told_apart(operator, sign_in):
    opening(operator, osb=True, state=StepState.PENDING, problem="L’éditeur ne répond pas.")
    opening(operator, osb=True, state=StepState.WAITING, problem="")
    answer = sign_in(Role.CURATOR, operator).get(url("operator_tasks", operator))
    assert answer.context["tasks"] == []
    progress = [task["progress"] for task in answer.context["under_way"]]
    assert progress[0].startswith("L’éditeur ne répond pas. Nouvel essai prévu le 8 décembre 2025")
    assert progress[1] == "L’éditeur y travaille."


def test_what_is_planned_for_later_has_not_begun_and_a_question_that_fails_is_said(operator, sign_in):
    tomorrow = timezone.now() + timedelta(days=1)
    opening(operator, osb=True, state=StepState.PENDING, problem="", run_after=tomorrow)
    opening(operator, osb=True, state=StepState.WAITING, problem="L’éditeur ne répond pas.")
    answer = sign_in(Role.CURATOR, operator).get(url("operator_tasks", operator))
    [task] = answer.context["under_way"]
    assert task["progress"].startswith("L’éditeur ne répond pas. Nouvel essai prévu")
    assert f"Ouvrir {task['service']}" in answer.content.decode()


@pytest.mark.parametrize("name", ["operator_task_done", "operator_task_retry"])
def test_only_those_who_open_may_act(name, operator, sign_in):
    step = opening(operator)
    assert sign_in(Role.OPERATOR_FINANCE, operator).post(url(name, operator, step.pk)).status_code == 404
    client = sign_in(Role.CURATOR, operator)
    assert client.get(url(name, operator, step.pk)).status_code == 405
    assert client.post(url(name, operator, StepFactory().pk)).status_code == 404  # another operator's
    assert client.post(url(name, operator, 10**20)).status_code == 404
    assert saved(step)[0].state == StepState.NEEDS_PERSON


@pytest.mark.parametrize("count", [1, 8])
def test_queries_of_the_tasks(count, operator, sign_in, snapshot):
    for _ in range(count):
        asked(opening(operator))
        opening(operator, osb=True, state=StepState.WAITING, problem="")
    client = sign_in(Role.CURATOR, operator)
    with snapshot_queries(snapshot(name="tasks")):
        client.get(url("operator_tasks", operator))


def fields(step, **said) -> dict:
    return {f"{step.pk}-{name}": value for name, value in said.items()}


def asked(step, **values) -> Errand:
    return ErrandFactory(step=step, **values)


def kept(errand) -> Errand:
    with as_worker():
        return Errand.objects.get(pk=errand.pk)


def test_who_is_to_act_by_when_and_what_was_asked_is_said(operator, sign_in):
    step = opening(operator, osb=True, problem="L’éditeur a refusé l’ouverture (code 400).")
    curator = MembershipFactory(organisation=operator.organisation, role=Role.CURATOR).user
    asked(step, assigned_to=curator, due_on=date(2025, 12, 9))
    CallFactory(step=step, outcome="retry", detail="Le système ne répond pas.")
    page = text(sign_in(Role.CURATOR, operator).get(url("operator_tasks", operator)))
    for words in (f"À faire par {curator}", "9 décembre 2025", "en retard", "Le système ne répond pas."):
        assert words in page


def test_done_takes_a_sentence_and_keeps_the_proof_for_the_staff(operator, sign_in):
    step, client = opening(operator), sign_in(Role.CURATOR, operator)
    address = url("operator_task_done", operator, step.pk)
    assert "Dites en une phrase" in text(client.post(address, fields(step, evidence="")))
    wrong = SimpleUploadedFile("preuve.pdf", b"MZ", content_type="application/pdf")
    answer = client.post(address, {**fields(step, evidence="Compte ouvert."), f"{step.pk}-file": wrong})
    assert "n’est pas un PDF" in text(answer)
    assert "Compte ouvert." in text(answer)
    assert saved(step)[0].state == StepState.NEEDS_PERSON
    proof = SimpleUploadedFile("preuve.pdf", PDF, content_type="application/pdf")
    client.post(address, {**fields(step, evidence="Compte ouvert."), f"{step.pk}-file": proof})
    with as_worker():
        errand = Errand.objects.get()
    assert saved(step)[0].state == StepState.DONE
    assert client.get(url("operator_task_evidence", operator, errand.public_id)).content == PDF
    elsewhere = OperatorFactory()
    theirs = sign_in(Role.CURATOR, elsewhere)
    assert theirs.get(url("operator_task_evidence", elsewhere, errand.public_id)).status_code == 404


def test_every_point_is_ticked_before_it_is_done_and_some_may_be_kept(operator, sign_in):
    step, client = opening(operator), sign_in(Role.CURATOR, operator)
    points = [{"text": text, "ticked": False} for text in ("Créer le compte", "Envoyer les accès")]
    errand = asked(step, checklist=points)
    address = url("operator_task_done", operator, step.pk)
    client.post(address, {**fields(step, points=["1", "7"]), "garder": "1"})
    assert [point["ticked"] for point in kept(errand).checklist] == [False, True]
    answer = client.post(address, fields(step, points=["1"], evidence="Ouvert."))
    assert "Cochez chaque point" in text(answer)
    client.post(address, fields(step, points=["0", "1"], evidence="Ouvert."))
    assert saved(step)[0].state == StepState.DONE


def test_an_opening_is_given_up_with_a_reason(operator, sign_in):
    step, client = opening(operator), sign_in(Role.CURATOR, operator)
    address = url("operator_task_give_up", operator, step.pk)
    assert "l’adhérent la lira" in text(client.post(address, fields(step, **{"give_up-reason": ""})))
    client.post(address, fields(step, **{"give_up-reason": "L’éditeur a fermé."}))
    assert saved(step)[0].state == StepState.MOOT
    with as_worker():
        assert Step.objects.get(run__event="undo").state == StepState.PENDING
    answer = client.post(address, fields(step, **{"give_up-reason": "Encore."}), follow=True)
    assert "n’attend plus personne" in text(answer)


def test_it_is_passed_to_another_of_the_staff(operator, sign_in):
    step, client = opening(operator), sign_in(Role.CURATOR, operator)
    errand = asked(step)
    other = MembershipFactory(organisation=operator.organisation, role=Role.OPERATOR_ADMIN).user
    address = url("operator_task_assign", operator, step.pk)
    foreigner = MembershipFactory(role=Role.CURATOR).user
    answer = client.post(address, fields(step, **{"assign-person": foreigner.pk}))
    assert "n’a plus le rôle" in text(answer)
    client.post(address, fields(step, **{"assign-person": other.pk}))
    assert kept(errand).assigned_to_id == other.pk
