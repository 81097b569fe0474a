"""The page by which a member leaves a service, and where its departure stands."""

from datetime import date, timedelta

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils.timezone import localdate
from freezegun import freeze_time

from marketplace.web.formats import day
from subscriptions.models import Exit, ExitState, State
from tenants.models import Role
from tests.factories import ExitFactory, SubscriptionFactory, UserFactory
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def subscription():
    return SubscriptionFactory(state=State.ACTIVE)


@pytest.fixture
def sign_in(person, client):
    def signed_in(role, organisation):
        client.force_login(person(role, organisation=organisation))
        return client

    return signed_in


def address(name, subscription):
    return reverse(name, args=[subscription.tenant.siren, subscription.public_id])


def test_the_calendar_is_read_before_anything_is_asked(subscription, sign_in):
    client = sign_in(Role.SIGNATORY, subscription.tenant)
    page = client.get(address("member_leave", subscription))
    assert [step["label"] for step in page.context["steps"]] == [
        "Préavis", "Transition", "Récupération des données", "Effacement",
    ]  # fmt: skip
    text = page.content.decode()
    assert "60 jours de préavis" in text
    assert text.index("Ce qui se passera") < text.index("Confirmer le départ")
    starts = day(localdate() + timedelta(days=60))
    assert f"Le {starts} au plus tôt" in text
    assert page.context["steps"][1]["word"].startswith(f"Du {starts} au ")
    later = (localdate() + timedelta(days=100)).isoformat()
    drawn = client.post(
        address("member_leave", subscription),
        {"destination": "erasure", "leaves_on": later, "reason": "Trop cher"},
    )
    assert [step["label"] for step in drawn.context["steps"]] == [
        "Préavis", "Récupération des données", "Effacement",
    ]  # fmt: skip
    assert "Trop cher" in drawn.content.decode()
    with as_worker():
        assert not Exit.objects.exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"leaves_on": "2020-01-01"}, "Le préavis est de 60 jours"),
        ({"leaves_on": "demain"}, "Cette date n’existe pas."),
        ({"leaves_on": ""}, "Indiquez le jour où votre départ commence."),
        ({"destination": "lune"}, "Choisissez une réponse."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(subscription, sign_in, typed, said):
    right = {"destination": "own", "leaves_on": (localdate() + timedelta(days=60)).isoformat()}
    page = sign_in(Role.SIGNATORY, subscription.tenant).post(
        address("member_leave", subscription), {**right, "reason": "Trop cher", **typed, "confirmer": "1"}
    )
    text = page.content.decode()
    assert said in text
    assert "Trop cher" in text
    with as_worker():
        assert not Exit.objects.exists()


def test_what_was_not_read_is_not_confirmed(subscription, sign_in):
    client = sign_in(Role.SIGNATORY, subscription.tenant)
    later = (localdate() + timedelta(days=100)).isoformat()
    page = client.get(address("member_leave", subscription))
    sent = {"destination": "own", "leaves_on": later, "confirmer": page.context["confirms"]}
    drawn = client.post(address("member_leave", subscription), sent)
    assert "Les dates ont changé" in drawn.content.decode()
    with as_worker():
        assert not Exit.objects.exists()
    client.post(address("member_leave", subscription), sent | {"confirmer": drawn.context["confirms"]})
    with as_worker():
        assert Exit.objects.get().transition_from.isoformat() == later


def test_confirmed_twice_it_is_one_departure_and_it_can_be_taken_back(subscription, sign_in):
    client = sign_in(Role.SIGNATORY, subscription.tenant)
    days = [(localdate() + timedelta(days=after)).isoformat() for after in (60, 90, 120)]
    typed = {"destination": "own", "leaves_on": days[0], "confirmer": " ".join(days)}
    for _ in range(2):
        client.post(address("member_leave", subscription), typed)
    with as_worker():
        assert Exit.objects.count() == 1
    page = client.get(address("member_subscription", subscription)).content.decode()
    assert "Annuler le départ" in page
    assert "Quitter ce service…" not in page
    assert "Modifier…" not in page
    assert "Donner votre avis" not in page
    assert "Nous avons récupéré nos données" not in page
    said = client.post(address("member_leave_retrieved", subscription), follow=True)
    assert "n’a pas commencé" in said.content.decode()
    refused = client.get(address("member_amendment_new", subscription), follow=True)
    assert "il ne se modifie plus" in refused.content.decode()
    client.post(address("member_leave_withdraw", subscription))
    with as_worker():
        assert Exit.objects.get().state == ExitState.WITHDRAWN
    assert "Quitter ce service…" in client.get(address("member_subscription", subscription)).content.decode()


def test_after_the_notice_there_is_nothing_to_take_back(sign_in):
    leaving = ExitFactory(
        state=ExitState.TRANSITION, retrieval_from=date(2099, 1, 1), erasure_from=date(2099, 2, 1)
    )
    client = sign_in(Role.SIGNATORY, leaving.subscription.tenant)
    assert (
        "Annuler le départ"
        not in client.get(address("member_subscription", leaving.subscription)).content.decode()
    )
    said = client.post(address("member_leave_withdraw", leaving.subscription), follow=True)
    assert "Le préavis est terminé" in said.content.decode()
    said = client.post(address("member_leave_retrieved", leaving.subscription), follow=True)
    assert "C’est noté." in said.content.decode()
    assert client.get(address("member_certificate", leaving.subscription)).status_code == 404


def test_the_certificate_is_read_as_soon_as_it_is_there(sign_in):
    leaving = ExitFactory(
        state=ExitState.ERASURE,
        certified_on=date(2026, 7, 10),
        certified_by=UserFactory(),
        certificate=ContentFile(PDF, name="certificat.pdf"),
    )
    client = sign_in(Role.SECRETARY, leaving.subscription.tenant)
    assert (
        "Lire le certificat"
        in client.get(address("member_subscription", leaving.subscription)).content.decode()
    )
    assert client.get(address("member_certificate", leaving.subscription)).content == PDF


def test_a_secretary_does_not_leave(subscription, sign_in):
    client = sign_in(Role.SECRETARY, subscription.tenant)
    assert client.get(address("member_leave", subscription)).status_code == 404
    assert (
        "Quitter ce service…" not in client.get(address("member_subscription", subscription)).content.decode()
    )


def test_a_signatory_takes_more_time_once(client, at, commune, signatory):
    subscription = SubscriptionFactory(tenant=commune, state=State.ACTIVE)
    ExitFactory(subscription=subscription)
    client.force_login(signatory)
    page = at("member_subscription", subscription.public_id)
    url = at("member_leave_longer", subscription.public_id)
    with freeze_time("2026-04-01 12:00"):
        assert url in client.get(page).content.decode()
        wrong = client.post(url, {"until": "2026-06-01"}).content.decode()
        assert "Choisissez une date après le 08/06/2026" in wrong
        assert 'value="2026-06-01"' in wrong
        done = client.post(url, {"until": "2026-08-01"}, follow=True).content.decode()
        assert "La transition est prolongée." in done
        assert "Plus longue à la demande de la collectivité" in done
        assert url not in client.get(page).content.decode()
        again = client.post(url, {"until": "2026-10-01"}, follow=True).content.decode()
        assert "elle l’a déjà été" in again
