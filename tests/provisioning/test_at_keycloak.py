"""What is enqueued for Keycloak, and how fast it is asked; Keycloak itself is in tests/sso/keycloak."""

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from provisioning.models import OrganisationTold, SyncRound
from sso.keycloak.pace import Pace
from tenants.models import Role
from tenants.people.mandates import suspend
from tenants.tenancy import tenant_scope
from tests.factories import MembershipFactory
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def by_keycloak(settings):
    """Halle signs people in by a Keycloak, which does not answer."""
    settings.KEYCLOAK = settings.KEYCLOAK | {"url": "http://127.0.0.1:1", "development_secret": "x"}
    settings.OIDC_ISSUER = "http://127.0.0.1:1/realms/halle"


def suspended():
    """Somebody whose mandate is suspended: her organisation."""
    agent = MembershipFactory(role=Role.AGENT)
    admin = MembershipFactory(organisation=agent.organisation, role=Role.ORG_ADMIN).user
    with transaction.atomic(), tenant_scope([agent.organisation_id]):
        suspend(organisation=agent.organisation, person=agent.user, by=admin, now=timezone.now())
    return agent.organisation


def asked() -> list[str]:
    return [name.rpartition(".")[2] for name, _ in jobs.waiting()]


def test_without_keycloak_nothing_is_asked(settings):
    suspended()
    assert "tell_organisation" not in asked()
    with pytest.raises(CommandError, match="rien à synchroniser"):
        call_command("sync_keycloak")
    assert not SyncRound.objects.exists()


def test_what_keycloak_did_not_take_waits_and_is_said(by_keycloak, capsys):
    organisation = suspended()
    assert "tell_organisation" in asked()
    jobs.run_jobs()
    with as_worker():
        row = OrganisationTold.objects.get(tenant=organisation)
        assert (row.attempts, row.problem, row.told_at) == (1, "Keycloak ne répond pas.", None)
        assert row.tell_after > row.to_tell_since
    for _ in range(2):
        call_command("sync_keycloak")
    assert asked().count("go_on_telling") == 1
    jobs.run_jobs()
    one = SyncRound.objects.get()
    assert (one.finished_at, one.held_until, one.organisations) == (None, None, 0)
    call_command("sync_keycloak")
    assert "0 organisation sur 1, 0 agent" in (said := capsys.readouterr().out)
    assert "reprendra d’elle-même, là où elle en est" in said


def test_whatever_the_threads_keycloak_is_asked_no_faster_than_that():
    now, slept = [0.0], []
    pace = Pace(10, clock=lambda: now[0], sleep=slept.append)
    for _ in range(4):  # at once, by as many threads
        pace.wait()
    assert slept == pytest.approx([0.1, 0.2, 0.3])
    now[0] = 100.0  # a long rest gives no right to a burst
    for _ in range(2):
        pace.wait()
    assert slept == pytest.approx([0.1, 0.2, 0.3, 0.1])
