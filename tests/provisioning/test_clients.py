"""The client of a service where Keycloak does not do what is asked, or is not there. On the real one:
tests/sso/keycloak/test_subscriptions.py."""

import pytest
from django.urls import reverse

from provisioning import operations
from provisioning.clients import plan_client
from provisioning.errands import ask_people
from provisioning.models import Binding, BindingKind, Errand, Event, Lane, SignIn, Step, StepState
from subscriptions.models import State, Subscription
from tenants.models import Role
from tests.factories import (
    EndpointFactory,
    MembershipFactory,
    SignInFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.tools.database import as_worker
from tests.tools.ports import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved():
    subscription = SubscriptionFactory(state=State.APPROVED)
    EndpointFactory(offer=subscription.listing.offer)
    SignInFactory(offer=subscription.listing.offer)
    return subscription


def turn(*, now) -> Step:
    operations.take_turn(now=now)
    return Step.objects.select_related("lane", "run").filter(run__event=Event.CLIENT).latest("pk")


def page_of(subscription, client) -> str:
    admin = MembershipFactory(organisation=subscription.tenant, role=Role.ORG_ADMIN).user
    client.force_login(admin)
    at = [subscription.tenant.siren, subscription.public_id]
    return client.get(reverse("member_subscription", args=at)).content.decode()


def test_a_keycloak_that_is_away_is_asked_again_and_cuts_no_vendor(approved, now, settings, client):
    settings.KEYCLOAK = settings.KEYCLOAK | {
        "url": f"http://127.0.0.1:{free_port()}", "timeout_seconds": 2,
    }  # fmt: skip
    with as_worker():
        operations.plan_activation(subscription=approved, now=now)
        step = turn(now=now)
        assert (step.state, step.problem) == (StepState.PENDING, "Keycloak ne répond pas.")
        assert step.run_after > now
        assert list(Lane.objects.order_by("failures").values_list("vendor", "failures")) == [
            (approved.listing.vendor.pk, 0),
            (None, 1),
        ]
    page = page_of(approved, client)
    assert "Le serveur de connexion ne répond pas. Un nouvel essai se fera tout seul" in page


def test_without_a_keycloak_a_person_is_asked_and_says_that_it_is_done(approved, now, settings, client):
    settings.KEYCLOAK = settings.KEYCLOAK | {"url": ""}
    curator = MembershipFactory(organisation=approved.operator.organisation, role=Role.CURATOR).user
    with as_worker():
        operations.plan_activation(subscription=approved, now=now)
        step = turn(now=now)
        assert step.state == StepState.NEEDS_PERSON
        assert "Aucun Keycloak n’est relié à cette plateforme" in step.problem
        assert "https://service.example/retour" in step.problem
        ask_people(now=now)
        assert Errand.objects.get(step=step).assigned_to == curator
    assert "ne peut pas régler la connexion de vos agents toute seule" in page_of(approved, client)
    client.force_login(curator)
    tasks = client.get(reverse("operator_tasks", args=[approved.operator.slug])).content.decode()
    assert "Régler la connexion par Halle de" in tasks
    with as_worker():
        operations.mark_done(step=step, by=curator, service_url="", now=now)
        [binding] = Binding.objects.filter(kind=BindingKind.CLIENT)
        assert (binding.bound_at, binding.sealed) == (now, "")
        Subscription.objects.filter(pk=approved.pk).update(state=State.ACTIVE, active_from=now.date())
    page = page_of(approved, client)
    assert "Vos agents entrent dans ce service par Halle" in page
    assert "Le secret n’a pas été remis par Halle." in page
    assert "Afficher le secret de connexion" not in page


def test_a_service_that_is_not_entered_through_halle_has_no_plan(now):
    elsewhere = SubscriptionFactory(state=State.ACTIVE)
    with as_worker():
        assert plan_client(subscription=elsewhere, label="", now=now) is None
        SignInFactory(offer=elsewhere.listing.offer, redirect_uris=[])
        assert plan_client(subscription=elsewhere, label="", now=now) is None


def test_by_saml_the_pages_say_that_nothing_is_secret_and_where_to_read_it(approved, now, settings, client):
    settings.KEYCLOAK = settings.KEYCLOAK | {"url": ""}
    SignIn.objects.filter(offer=approved.listing.offer).update(
        protocol="saml", entity_id="https://service.example/{siren}"
    )
    named = f"https://service.example/{approved.tenant.siren}"
    with as_worker():
        operations.plan_activation(subscription=approved, now=now)
        step = turn(now=now)
        assert f"créez un client SAML pour l’entité « {named} »" in step.problem
        operations.mark_done(step=step, by=UserFactory(), service_url="", now=now)
        Subscription.objects.filter(pk=approved.pk).update(state=State.ACTIVE, active_from=now.date())
    page = page_of(approved, client)
    assert "se connecte par SAML : il n’a pas de secret" in page
    assert "nouveau secret" not in page
    assert "/protocol/saml/descriptor" not in page
    settings.KEYCLOAK = settings.KEYCLOAK | {"url": "https://connexion.example/"}
    page = page_of(approved, client)
    assert "https://connexion.example/realms/halle/protocol/saml/descriptor" in page
    assert named in page
    at = [approved.tenant.siren, approved.public_id]
    answer = client.post(reverse("member_credentials_renew", args=at), {"de": "connexion"}, follow=True)
    assert "se connecte par SAML : il n’a pas de secret" in answer.content.decode()
