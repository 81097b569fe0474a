"""Whoever leaves an organisation loses all that she had by it, and one sees when."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.conf import settings as of_django
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import departures, operations, tasks
from provisioning.models import ClosingOf, Departure, LeaverClosing
from sso.models import SignedIn
from sso.sessions import note_sign_in
from subscriptions.models import State
from tenants import jobs
from tenants.models import Role
from tests.factories import AgentDirectoryFactory, MembershipFactory, SubscriptionFactory
from tests.fakes.scim import TOKEN, directory
from tests.tools.database import as_worker
from tests.tools.ports import free_port
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("TEST_SCIM_TOKEN", TOKEN)
    with directory() as server:
        yield server


@pytest.fixture
def commune(server):
    """With a service whose vendor has a directory, and one whose vendor has none."""
    told = SubscriptionFactory(state=State.ACTIVE)
    AgentDirectoryFactory(offer=told.listing.offer, url=server.url)
    SubscriptionFactory(state=State.ACTIVE, tenant=told.tenant)
    return told.tenant


@pytest.fixture
def admin(commune):
    return MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user


@pytest.fixture
def agent(commune):
    return MembershipFactory(organisation=commune, role=Role.AGENT).user


@pytest.fixture
def client(admin):
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def leaves(client, commune):
    """`leaves(person)`: the administrator says that she has left; the page of her departure."""

    def said(person):
        answer = client.post(reverse("member_agent_leave", args=[commune.siren, person.pk]), follow=True)
        assert answer.status_code == 200, answer.content
        return answer

    return said


def shown(answer):
    assert answer.status_code == 200, answer.content
    return BeautifulSoup(answer.content, "html.parser").main


def texts(answer):
    return [row.get_text(" ", strip=True) for row in shown(answer).tbody.find_all("tr")]


def turn():
    with as_worker():
        operations.take_turn(now=timezone.now() + timedelta(seconds=1))


def signed_in(person) -> Client:
    hers = Client()
    hers.force_login(person)
    note_sign_in(
        session_key=hers.session.session_key, user=person, issuer=person.issuer, sub=person.sub, sid="",
        now=timezone.now(),
    )  # fmt: skip
    return hers


def test_who_leaves_is_signed_out_and_unknown_at_vendors(leaves, client, commune, agent, admin, server):
    turn()
    hers = signed_in(agent)
    signed_in(admin)
    answer = leaves(agent)
    assert list(SignedIn.objects.values_list("user", flat=True)) == [admin.pk]
    assert hers.get(reverse("my_applications")).status_code == 302
    sessions, provider, *services = texts(answer)
    assert "Fermé" in sessions
    assert "n’est pas administré par Halle" in provider
    assert sorted("En cours" in one for one in services) == [False, True]
    assert sum("demandez-lui de fermer son compte" in one for one in services) == 1
    assert "hx-get" in str(shown(answer))
    turn()
    after = client.get(answer.redirect_chain[-1][0])
    assert "En cours" not in shown(after).get_text()
    assert "hx-get" not in str(shown(after))
    listed = client.get(reverse("member_departures", args=[commune.siren]))
    assert "Il reste à faire" in shown(listed).get_text()


def test_the_vendor_is_told_that_she_is_inactive(leaves, commune, agent, admin, server):
    # Known there before: any change of roles tells of all.
    from provisioning.agents import plan_agents

    with as_worker():
        plan_agents(organisation=commune, now=timezone.now())
    turn()
    assert server.user(agent.email)["active"] is True
    leaves(agent)
    turn()
    assert server.user(agent.email)["active"] is False
    assert server.user(admin.email)["active"] is True


def test_who_keeps_a_mandate_or_is_away_has_not_left(commune, agent, admin, client):
    MembershipFactory(organisation=commune, user=agent, role=Role.FINANCE)
    page = reverse("organisation_person", args=[commune.siren, agent.pk])
    client.post(page, {"roles": [Role.FINANCE]})
    client.post(reverse("organisation_person_suspend", args=[commune.siren, agent.pk]))
    with as_worker():
        assert not Departure.objects.exists()
    client.post(reverse("organisation_person_end", args=[commune.siren, agent.pk]))
    with as_worker():
        assert Departure.objects.get().user == agent


def test_who_leaves_by_herself_goes_on_in_her_session(commune, agent, admin):
    hers = signed_in(agent)
    hers.post(reverse("organisation_leave", args=[commune.siren]))
    assert hers.get(reverse("my_applications")).status_code == 200
    with as_worker():
        departure = Departure.objects.get()
        kinds = set(LeaverClosing.objects.filter(departure=departure).values_list("what", flat=True))
    assert kinds == {ClosingOf.PROVIDER, ClosingOf.SERVICE}


class TestKeycloakAway:
    @pytest.fixture(autouse=True)
    def _away(self, settings, monkeypatch):
        monkeypatch.setenv("HALLE_KEYCLOAK_ADMIN_SECRET", "of-the-tests")
        settings.KEYCLOAK = of_django.KEYCLOAK | {"url": f"http://127.0.0.1:{free_port()}"}

    @pytest.fixture
    def closing(self, settings, leaves, commune):
        known = settings.KEYCLOAK
        person = MembershipFactory(
            organisation=commune,
            role=Role.AGENT,
            user__issuer=f"{known['url']}/realms/{known['realm']}",
        ).user
        leaves(person)
        with as_worker():
            return LeaverClosing.objects.get(what=ClosingOf.PROVIDER)

    def test_it_is_asked_again_then_a_person_is(self, closing):
        assert jobs.waiting(tasks.end_provider_sessions, "closing_id") == {closing.pk}
        with as_worker():
            for _ in range(len(departures.PAUSES)):
                departures.end_provider_sessions(closing_id=closing.pk, now=timezone.now())
                closing.refresh_from_db()
                assert (closing.problem, closing.closed_at) == ("", None)
            departures.end_provider_sessions(closing_id=closing.pk, now=timezone.now())
            closing.refresh_from_db()
            assert closing.problem == departures.GIVEN_UP
            departures.end_provider_sessions(closing_id=closing.pk, now=timezone.now())
            closing.refresh_from_db()
        assert closing.attempts == len(departures.PAUSES) + 1

    def test_a_lost_job_is_found_again(self, closing):
        from procrastinate.contrib.django.models import ProcrastinateJob

        with as_worker():
            from django.db import connection

            with connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM {ProcrastinateJob._meta.db_table}")
            departures.sweep(now=timezone.now())
            assert jobs.waiting(tasks.end_provider_sessions, "closing_id") == set()
            departures.sweep(now=timezone.now() + timedelta(minutes=2))
        assert jobs.waiting(tasks.end_provider_sessions, "closing_id") == {closing.pk}


def test_queries(leaves, client, commune, agent, admin, snapshot):
    leaves(agent)
    address = reverse("member_departures", args=[commune.siren])
    client.get(address)
    with snapshot_queries(snapshot):
        client.get(address)
