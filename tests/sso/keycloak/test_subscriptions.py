"""The client of a subscription, from its opening to its closing, by the engine on the real Keycloak."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from provisioning import operations
from provisioning.client_drift import MISSING_BY_SAML, look_at_keycloak
from provisioning.client_people import plan_people
from provisioning.clients import entering_of, plan_client, plan_renewal
from provisioning.credentials import access_of, reveal
from provisioning.models import Binding, BindingKind, Drift, DriftKind, Event, Run, SignIn, Step, StepState
from sso.keycloak import services
from subscriptions.models import AccessRole, State, Subscription
from tenants.models import Role
from tenants.people.mandates import depart
from tenants.sealing import unseal
from tenants.tenancy import tenant_scope
from tests.factories import (
    AccessFactory,
    EndpointFactory,
    ListedServiceFactory,
    MembershipFactory,
    SignInFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

REALM = "test"


@pytest.fixture
def now():
    return timezone.now() + timedelta(hours=1)


@pytest.fixture
def approved(keycloak):
    """A subscription to a service that people enter through Halle, opened by hand at its vendor's."""
    subscription = SubscriptionFactory(state=State.APPROVED)
    EndpointFactory(offer=subscription.listing.offer)
    SignInFactory(
        offer=subscription.listing.offer,
        signed_out_uri="https://service.example/au-revoir",
        logout_uri="https://service.example/fin",
    )
    yield subscription
    services.remove_client(keycloak, REALM, str(subscription.public_id))


def client(keycloak, subscription) -> dict | None:
    name = services.client_id_of(str(subscription.public_id))
    found = keycloak.get(f"/{REALM}/clients", clientId=name)
    return found[0] if found else None


def turn(*, now) -> Step:
    """The last step about the client, after a turn of the engine."""
    operations.take_turn(now=now)
    return Step.objects.filter(run__event=Event.CLIENT).latest("pk")


def moved(subscription, state, **fields) -> Subscription:
    Subscription.objects.filter(pk=subscription.pk).update(state=state, **fields)
    return Subscription.objects.select_related("listing__offer").get(pk=subscription.pk)


def test_a_client_lives_as_its_subscription_does(keycloak, approved, now):
    by = UserFactory()
    with as_worker():
        run = operations.plan_activation(subscription=approved, now=now)
        step = turn(now=now)
        assert (step.state, step.problem, step.lane.vendor) == (StepState.DONE, "", None)
        made = client(keycloak, approved)
        assert made["redirectUris"] == ["https://service.example/retour"]
        assert made["attributes"]["post.logout.redirect.uris"] == "https://service.example/au-revoir"
        assert made["attributes"]["backchannel.logout.url"] == "https://service.example/fin"
        claims = {one["name"]: one["config"].get("claim.value") for one in made["protocolMappers"]}
        tenant = approved.tenant
        assert claims["organization_siret"] == tenant.siret
        assert claims["organization_insee_code"] == tenant.territory.code

        operations.mark_done(step=run.steps.get(), by=by, service_url="https://service.example/", now=now)
        opened = moved(approved, State.ACTIVE)
        assert access_of(opened) is None  # its vendor gives none
        given = reveal(subscription=opened, by=by, now=now, kind=BindingKind.CLIENT)
        assert given["fournisseur"].endswith("/realms/test")
        assert given["identifiant"] == made["clientId"]
        assert given["secret"] == secret(keycloak, made)

        plan_renewal(subscription=opened, by=by, now=now)
        assert turn(now=now).state == StepState.DONE
        anew = reveal(subscription=opened, by=by, now=now, kind=BindingKind.CLIENT)
        assert anew["secret"] == secret(keycloak, made) != given["secret"]
        assert Binding.objects.filter(kind=BindingKind.CLIENT, ended_at=None).count() == 1

        operations.plan_suspending(subscription=moved(opened, State.SUSPENDED), now=now)
        turn(now=now)
        assert client(keycloak, approved)["enabled"] is False
        operations.plan_resuming(subscription=moved(opened, State.ACTIVE), now=now)
        turn(now=now)
        assert client(keycloak, approved)["enabled"] is True
        assert secret(keycloak, made) == anew["secret"]

        operations.plan_closing(subscription=moved(opened, State.TERMINATING, ended_on=now.date()), now=now)
        turn(now=now)
        assert client(keycloak, approved) is None
        assert not Binding.objects.filter(kind=BindingKind.CLIENT, ended_at=None).exists()
        assert not Run.objects.filter(event=Event.CLIENT, finished_at=None).exists()


def secret(keycloak, made: dict) -> str:
    return keycloak.get(f"/{REALM}/clients/{made['id']}/client-secret")["value"]


def test_its_agents_are_those_who_have_a_role_in_the_organisation(keycloak, known, approved, now):
    person = keycloak.post(f"/{REALM}/users", {"username": f"agent-{approved.public_id}", "enabled": True})
    issuer = f"{known['url']}/realms/{REALM}"
    tenant = approved.tenant
    agent = MembershipFactory(
        organisation=tenant, role=Role.AGENT, user__issuer=issuer, user__sub=person
    ).user
    # Nobody of Keycloak's, and somebody of another provider.
    MembershipFactory(organisation=tenant, user__issuer=issuer, user__sub="unknown-there")
    admin = MembershipFactory(organisation=tenant, role=Role.ORG_ADMIN).user
    try:
        with as_worker():
            operations.plan_activation(subscription=approved, now=now)
            assert turn(now=now).problem == ""
            made = client(keycloak, approved)
            path = f"/{REALM}/users/{person}/role-mappings/clients/{made['id']}"
            assert [role["name"] for role in keycloak.get(path)] == [services.ROLE_AGENT]
            moved(approved, State.ACTIVE, active_from=now.date())
            # On a list, she is what the list says.
            listed = ListedServiceFactory(tenant=tenant, sheet=approved.listing.sheet)
            access = AccessFactory(tenant=tenant, sheet=listed.sheet, user=agent, role=AccessRole.MANAGER)
            plan_people(organisation=tenant, now=now)
            turn(now=now)
            assert {role["name"] for role in keycloak.get(path)} == set(services.ROLES)
            access.delete()
            plan_people(organisation=tenant, now=now)
            turn(now=now)
            assert keycloak.get(path) == []
            listed.delete()
            plan_people(organisation=tenant, now=now)
            turn(now=now)
            assert [role["name"] for role in keycloak.get(path)] == [services.ROLE_AGENT]
        with transaction.atomic(), tenant_scope([tenant.pk]):
            depart(organisation=tenant, person=agent, by=admin, now=now)
        with as_worker():
            assert turn(now=now + timedelta(minutes=1)).state == StepState.DONE
            assert keycloak.get(path) == []
    finally:
        keycloak.delete(f"/{REALM}/users/{person}")


def test_what_was_decided_last_is_carried_out_once(keycloak, approved, now):
    """Suspended, then given up, before Keycloak was asked of either: one call, and nothing is left."""
    with as_worker():
        operations.plan_activation(subscription=approved, now=now)
        turn(now=now)
        operations.plan_suspending(
            subscription=moved(approved, State.SUSPENDED, active_from=now.date()), now=now
        )
        operations.plan_closing(subscription=moved(approved, State.TERMINATING, ended_on=now.date()), now=now)
        assert Run.objects.filter(event=Event.CLIENT, finished_at=None).count() == 1
        assert turn(now=now).calls.count() == 1
        assert client(keycloak, approved) is None


def test_a_plan_made_while_keycloak_is_asked_waits_for_its_answer(keycloak, approved, now):
    with as_worker():
        operations.plan_activation(subscription=approved, now=now)
        first = Step.objects.get(run__event=Event.CLIENT)
        held = {"state": StepState.RUNNING, "lease_until": now + timedelta(minutes=1)}
        Step.objects.filter(pk=first.pk).update(**held, first_tried_at=now)
        operations.plan_undoing(subscription=approved, now=now)
        assert turn(now=now).state == StepState.PENDING
        # Its worker was dead.
        assert turn(now=now + timedelta(minutes=2)).state == StepState.PENDING
        assert client(keycloak, approved) is not None
        assert turn(now=now + timedelta(minutes=3)).state == StepState.DONE
        assert client(keycloak, approved) is None


def test_a_client_changed_by_hand_is_listed_and_put_back_at_night(keycloak, approved, now):
    with as_worker():
        operations.plan_activation(subscription=approved, now=now)
        turn(now=now)
        moved(approved, State.ACTIVE, active_from=now.date())
        assert look_at_keycloak(now=now + timedelta(hours=1)) == []
        before = client(keycloak, approved)
        path = f"/{REALM}/clients/{before['id']}"
        keycloak.put(path, before | {"redirectUris": ["*"], "enabled": False})
        [drift] = look_at_keycloak(now=now + timedelta(hours=2))
        assert (drift.kind, drift.repair.event) == (DriftKind.CLIENT, Event.CLIENT)
        assert "adresses de retour" in drift.words
        assert "ouvert ou fermé" in drift.words
        turn(now=now + timedelta(hours=2))
        after = client(keycloak, approved)
        assert (after["redirectUris"], after["enabled"]) == (before["redirectUris"], True)
        assert look_at_keycloak(now=now + timedelta(hours=3)) == []
        stranger = keycloak.post(f"/{REALM}/users", {"username": f"by-hand-{approved.public_id}"})
        assert services.let_in(keycloak, REALM, str(approved.public_id), sub=stranger)
        [drift] = look_at_keycloak(now=now + timedelta(hours=4))
        assert "à la main : agents du service." in drift.words
        turn(now=now + timedelta(hours=4))
        assert keycloak.get(f"/{REALM}/users/{stranger}/role-mappings/clients/{before['id']}") == []
        keycloak.delete(f"/{REALM}/users/{stranger}")
        assert look_at_keycloak(now=now + timedelta(hours=4.5)) == []
        assert not Drift.objects.filter(closed_at=None).exists()

        keycloak.delete(path)
        [drift] = look_at_keycloak(now=now + timedelta(hours=5))
        assert "n’existe plus" in drift.words
        turn(now=now + timedelta(hours=5))
        anew = Binding.objects.get(kind=BindingKind.CLIENT, ended_at=None)
        given = unseal(anew.sealed, owner=str(anew.public_id))
        assert given["secret"] == secret(keycloak, client(keycloak, approved))

        over = moved(approved, State.TERMINATING, ended_on=now.date())
        operations.plan_closing(subscription=over, now=now)
        turn(now=now + timedelta(hours=6))
        moved(approved, State.ENDED)
        assert look_at_keycloak(now=now + timedelta(hours=6)) == []
        assert not Drift.objects.filter(closed_at=None).exists()
        made = keycloak.post(f"/{REALM}/clients", {
            "clientId": before["clientId"], "attributes": before["attributes"],
        })  # fmt: skip
        [drift] = look_at_keycloak(now=now + timedelta(hours=7))
        assert "encore chez Keycloak" in drift.words
        turn(now=now + timedelta(hours=7))
        assert keycloak.get(f"/{REALM}/clients/{made}") is None


def test_by_saml_it_lives_so_too_and_has_no_secret(keycloak, approved, now):
    offer = approved.listing.offer
    SignIn.objects.filter(offer=offer).update(
        protocol="saml", entity_id="https://service.example/{siren}/{abonnement}", signed_out_uri=""
    )
    name = f"https://service.example/{approved.tenant.siren}/{approved.public_id}"
    path = f"/{REALM}/clients/{approved.public_id}"
    with as_worker():
        run = operations.plan_activation(subscription=approved, now=now)
        step = turn(now=now)
        assert (step.state, step.problem) == (StepState.DONE, "")
        made = keycloak.get(path)
        assert (made["clientId"], made["protocol"], made["enabled"]) == (name, "saml", True)
        assert made["attributes"]["saml_single_logout_service_url_post"] == "https://service.example/fin"
        operations.mark_done(
            step=run.steps.get(), by=UserFactory(), service_url="https://a.example/", now=now
        )
        opened = moved(approved, State.ACTIVE, active_from=now.date())
        entering = entering_of(opened)
        assert (entering.by_saml, entering.has_secret, entering.entity_id) == (True, False, name)
        assert Binding.objects.get(kind=BindingKind.CLIENT).sealed == ""

        operations.plan_suspending(subscription=moved(opened, State.SUSPENDED), now=now)
        turn(now=now)
        assert keycloak.get(path)["enabled"] is False
        operations.plan_resuming(subscription=moved(opened, State.ACTIVE), now=now)
        turn(now=now)
        assert keycloak.get(path)["enabled"] is True
        assert look_at_keycloak(now=now + timedelta(hours=1)) == []

        signed = made["attributes"] | {"saml.assertion.signature": "false"}
        keycloak.put(path, made | {"clientId": "https://evil.example/", "attributes": signed})
        [drift] = look_at_keycloak(now=now + timedelta(hours=2))
        assert "à la main : identifiant, signature des réponses." in drift.words
        turn(now=now + timedelta(hours=2))
        assert keycloak.get(path)["clientId"] == name
        assert look_at_keycloak(now=now + timedelta(hours=3)) == []
        keycloak.delete(path)
        [drift] = look_at_keycloak(now=now + timedelta(hours=4))
        assert drift.words == MISSING_BY_SAML
        turn(now=now + timedelta(hours=4))
        assert keycloak.get(path)["clientId"] == name
        assert look_at_keycloak(now=now + timedelta(hours=5)) == []
        assert Binding.objects.get(kind=BindingKind.CLIENT, ended_at=None).by_saml

        # Its vendor turns to OpenID Connect: the organisation has a secret to hand over.
        SignIn.objects.filter(offer=offer).update(protocol="openid", entity_id="")
        plan_client(subscription=opened, label="", now=now + timedelta(hours=6))
        turn(now=now + timedelta(hours=6))
        assert keycloak.get(path)["clientId"] == f"halle-{approved.public_id}"
        given = reveal(subscription=opened, by=UserFactory(), now=now, kind=BindingKind.CLIENT)
        assert given["secret"] == secret(keycloak, client(keycloak, approved))
        SignIn.objects.filter(offer=offer).update(protocol="saml", entity_id="urn:service:{siren}")
        plan_client(subscription=opened, label="", now=now + timedelta(hours=7))
        turn(now=now + timedelta(hours=7))
        assert keycloak.get(path)["clientId"] == f"urn:service:{approved.tenant.siren}"

        over = moved(approved, State.TERMINATING, ended_on=now.date())
        operations.plan_closing(subscription=over, now=now + timedelta(hours=8))
        turn(now=now + timedelta(hours=8))
        assert keycloak.get(path) is None
        assert not Binding.objects.filter(kind=BindingKind.CLIENT, ended_at=None).exists()
