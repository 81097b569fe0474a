"""Organisations and agents on the real Keycloak: told once, told again for nothing, killed in the middle."""

import pytest
from django.db import transaction
from django.utils import timezone

from provisioning.at_keycloak import rounds
from provisioning.models import AccountDrift, OrganisationTold, SyncRound
from sso.keycloak.members import members_of
from sso.keycloak.organisations import find_organisation, remove_organisation
from tenants.models import Identity, Role
from tenants.people.mandates import change_roles, depart
from tenants.tenancy import tenant_scope
from tests.factories import MembershipFactory, OrganisationFactory
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
REALM = "test"
TELL = "provisioning.tasks.tell_organisation"


@pytest.fixture
def issuer(known, settings):
    settings.OIDC_ISSUER = f"{known['url']}/realms/{REALM}"
    return settings.OIDC_ISSUER


@pytest.fixture
def account(keycloak, issuer):
    """Makes an account there, as a first sign-in does: its `sub`."""
    made = []

    def make(name: str) -> str:
        made.append(keycloak.post(f"/{REALM}/users", {"username": f"sync-{name}", "enabled": True}))
        return made[-1]

    yield make
    for sub in made:
        keycloak.delete(f"/{REALM}/users/{sub}")


@pytest.fixture
def communes(keycloak):
    made = OrganisationFactory.create_batch(3)
    yield made
    for one in made:
        remove_organisation(keycloak, REALM, one.siren)


def changes(keycloak) -> list[str]:
    """What Keycloak says was changed in it since it was asked last, the last first."""
    kinds = ("ORGANIZATION", "ORGANIZATION_MEMBERSHIP", "USER", "IDENTITY_PROVIDER")
    found = [
        f"{one['operationType']} {one['resourceType']}"
        for one in keycloak.get(f"/{REALM}/admin-events", max="100")
        if one["resourceType"] in kinds
    ]
    keycloak.delete(f"/{REALM}/admin-events")
    return found


def members(keycloak, organisation) -> set[str] | None:
    found = find_organisation(keycloak, REALM, organisation.siren)
    return {one.sub for one in members_of(keycloak, REALM, found)} if found else None


def full_round() -> SyncRound:
    with as_worker():
        asked = rounds.ask_round(now=timezone.now())
    jobs.run_jobs()
    return SyncRound.objects.get(pk=asked.pk)


def agent(organisation, issuer, sub, role=Role.AGENT):
    return MembershipFactory(organisation=organisation, role=role, user__issuer=issuer, user__sub=sub).user


def test_a_round_tells_all_and_the_next_one_changes_nothing(keycloak, issuer, account, communes):
    first, second, third = communes
    one, two = account("one"), account("two")
    person = agent(first, issuer, one)
    MembershipFactory(user=person, organisation=second, role=Role.FINANCE)
    came_back = MembershipFactory(organisation=second, role=Role.SIGNATORY).user
    Identity.objects.create(user=came_back, issuer=issuer, sub=two, attached_at=timezone.now())
    lost = agent(second, issuer, "nobody-there", Role.SECRETARY)
    MembershipFactory(organisation=third, role=Role.AGENT)  # of another provider: nothing is made for her
    changes(keycloak)
    done = full_round()
    assert (done.organisations, done.agents, done.problem) == (2, 4, "")
    assert [members(keycloak, one) for one in communes] == [{one}, {one, two}, None]
    made = changes(keycloak)
    assert sorted(made) == ["CREATE ORGANIZATION"] * 2 + ["CREATE ORGANIZATION_MEMBERSHIP"] * 3
    with as_worker():
        drift = AccountDrift.objects.get(closed_at=None)
        assert (drift.kind, drift.tenant, drift.user) == ("account", second, lost)
        assert "reconnue" in drift.words

    again = full_round()
    assert (again.organisations, again.finished_at is not None) == (2, True)
    assert changes(keycloak) == []

    # Whoever's mandates change is told of in their own transaction.
    admin = MembershipFactory(organisation=first, role=Role.ORG_ADMIN).user
    with transaction.atomic(), tenant_scope([first.pk]):
        depart(organisation=first, person=person, by=admin, now=timezone.now())
    assert TELL in jobs.run_jobs()
    assert [members(keycloak, one) for one in communes] == [set(), {one, two}, None]
    assert keycloak.get(f"/{REALM}/users/{one}")["enabled"]  # she may have other things to do there
    with transaction.atomic(), tenant_scope([second.pk]):
        other = MembershipFactory(organisation=second, role=Role.ORG_ADMIN).user
        change_roles(organisation=second, person=lost, roles=[Role.AGENT], by=other, now=timezone.now())
    jobs.run_jobs()
    with as_worker():
        assert not OrganisationTold.objects.exclude(to_tell_since=None).exists()
