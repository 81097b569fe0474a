"""Organisations and agents on the real Keycloak: told once, told again for nothing, killed in the middle."""

import signal
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from django.db import transaction
from django.utils import timezone

from provisioning.at_keycloak import looking, rounds, telling
from provisioning.models import AccountDrift, OrganisationTold, SyncRound
from sso.keycloak.members import members_of
from sso.keycloak.organisations import find_organisation, remove_organisation
from tenants import organisations
from tenants.models import Identity, Letter, Role
from tenants.people.mandates import change_roles, depart
from tenants.tenancy import tenant_scope
from tests.factories import AdhesionFactory, MembershipFactory, OrganisationFactory
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
    return {one.sub for one in members_of(keycloak, REALM, found.id)} if found else None


def open_drifts() -> list[tuple[str, int, str]]:
    with as_worker():
        rows = AccountDrift.objects.filter(closed_at=None).order_by("kind", "tenant")
        return list(rows.values_list("kind", "tenant", "account"))


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


def test_what_somebody_changed_by_hand_is_listed_and_put_back(keycloak, issuer, account, communes):
    first, second, _ = communes
    one, two = account("three"), account("four")
    agent(first, issuer, one)
    person = agent(second, issuer, two)
    with as_worker():
        assert looking.look(now=timezone.now()).differences == 2  # neither is there
    assert open_drifts() == [("absent", first.pk, ""), ("absent", second.pk, "")]
    full_round()
    assert open_drifts() == []

    at_first, at_second = (
        f"/{REALM}/organizations/{find_organisation(keycloak, REALM, commune.siren).id}"
        for commune in (first, second)
    )
    keycloak.put(at_first, keycloak.get(at_first) | {"enabled": False, "attributes": {}})
    keycloak.delete(f"{at_first}/members/{one}")
    keycloak.post(f"{at_first}/members", two)
    keycloak.delete(at_second)
    changes(keycloak)
    with as_worker():
        night = looking.look(now=timezone.now())
    assert (night.organisations, night.agents, night.problem) == (1, 1, "")
    assert changes(keycloak) == []  # looked at, nothing more
    assert open_drifts() == [
        ("absent", second.pk, ""),
        ("changed", first.pk, ""),
        ("left", first.pk, two),
        ("member", first.pk, one),
    ]
    with as_worker():
        words = AccountDrift.objects.get(kind="changed", closed_at=None).words
        assert "ouverte ou fermée" in words
        assert "marque de Halle" in words
        telling.sweep(now=timezone.now() + timedelta(minutes=2))
    jobs.run_jobs()
    assert (members(keycloak, first), members(keycloak, second)) == ({one}, {two})
    assert keycloak.get(at_first)["enabled"]
    assert open_drifts() == []

    # What is a person's is told to her, and nothing is done: somebody may have had a reason.
    keycloak.delete(f"/{REALM}/users/{one}")
    keycloak.put(f"/{REALM}/users/{two}", {"enabled": False})
    operator = AdhesionFactory(organisation=second).operator
    curator = MembershipFactory(organisation=operator.organisation, role=Role.CURATOR).user
    with as_worker():
        for _ in range(2):
            looking.look(now=timezone.now())
    assert open_drifts() == [("account", first.pk, one), ("disabled", second.pk, two)]
    with as_worker():
        assert not OrganisationTold.objects.exclude(to_tell_since=None).exists()
        [letter] = Letter.objects.filter(to=curator.email)
        assert f"{second.name}, {person} : Son compte est désactivé" in letter.body
        now = timezone.now()
        organisations.close(organisation=second, on=timezone.localdate(), successor=None, by=None, now=now)
    jobs.run_jobs()
    assert members(keycloak, second) is None
    assert keycloak.get(f"/{REALM}/users/{two}") is not None


class Door(BaseHTTPRequestHandler):
    """To Keycloak: lets so many changes through (`server.lets`), then ends whoever asks for one more."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.command != "GET" and self.path.startswith("/admin/"):
            if self.server.lets == 0:
                self.close_connection = True
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
                return
            self.server.lets -= 1
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        said = requests.request(
            self.command,
            self.server.url + self.path,
            data=body,
            headers=headers,
            timeout=30,
            allow_redirects=False,
        )
        self.send_response(said.status_code)
        for name in ("Content-Type", "Location"):
            if name in said.headers:
                self.send_header(name, said.headers[name])
        self.send_header("Content-Length", str(len(said.content)))
        self.end_headers()
        self.wfile.write(said.content)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


@pytest.fixture
def interrupted():
    """A signal ends what this process does, even one that was started to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def door(known, settings, interrupted):
    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        server.url, server.lets = known["url"], -1
        settings.KEYCLOAK = known | {"url": f"http://127.0.0.1:{server.server_port}"}
        settings.OIDC_ISSUER = f"{settings.KEYCLOAK['url']}/realms/{REALM}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_round_that_is_killed_goes_on_where_it_was(
    keycloak, account, communes, door, settings, monkeypatch
):
    monkeypatch.setattr(rounds, "BATCH", 1)
    subs = [account(f"killed-{number}") for number in range(3)]
    for commune, sub in zip(communes, subs, strict=True):
        agent(commune, settings.OIDC_ISSUER, sub)
    changes(keycloak)
    with as_worker():
        asked = rounds.ask_round(now=timezone.now())
        jobs.forget()
        door.lets = 3  # killed when the member of the second organisation is to be added
        with pytest.raises(KeyboardInterrupt):
            rounds.go_on(round_id=asked.pk, now=timezone.now())
        door.lets = -1
        asked.refresh_from_db()
        assert (asked.organisations, asked.finished_at) == (1, None)
        rounds.sweep(now=timezone.now())
        assert jobs.waiting() == []  # the dead one holds it still
        later = timezone.now() + 2 * rounds.HELD
        rounds.sweep(now=later)
        [(_, told)] = jobs.waiting()
        rounds.go_on(**told, now=later)
        asked.refresh_from_db()
        assert (asked.organisations, asked.finished_at is not None) == (3, True)
    assert [members(keycloak, one) for one in communes] == [{sub} for sub in subs]
    made = sorted(changes(keycloak))
    assert made == ["CREATE ORGANIZATION"] * 3 + ["CREATE ORGANIZATION_MEMBERSHIP"] * 3
