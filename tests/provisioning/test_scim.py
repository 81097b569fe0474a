"""Agents by SCIM: over real HTTP, against a server of others' and one that does as told."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from provisioning.connectors import calling
from provisioning.connectors.calling import AddressRefused
from provisioning.connectors.outcomes import Done, NeedsPerson, Retry
from provisioning.connectors.scim import client
from provisioning.connectors.scim.client import ScimConfig
from provisioning.connectors.scim.connector import ScimConnector
from provisioning.connectors.scim.directory import Agent, Directory, Group
from provisioning.models import Cause
from tests.fakes.scim import TOKEN, Fault, directory
from tests.tools.ports import free_port

ADMINS = Group("group-admins", "Saint-Essai – administrateurs")


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("TEST_SCIM_TOKEN", TOKEN)


def agent(number=1, *, active=True, groups=("group-admins",), **said):
    fields = {
        "external_id": f"agent-{number}",
        "email": f"agent-{number}@saint-essai.example",
        "given_name": "Camille",
        "family_name": f"Essai {number}",
        "active": active,
        "groups": frozenset(groups),
    }
    return Agent(**{**fields, **said})


def ensure(url, *agents, groups=(ADMINS,), **config):
    connector = ScimConnector(ScimConfig(url=url, token_variable="TEST_SCIM_TOKEN", **config))
    return connector.ensure_agents(Directory(agents=agents, groups=tuple(groups)))


WAYS = [
    pytest.param({"patch": patch, "filter": filter, "versions": versions}, id=f"{patch}-{filter}-{versions}")
    for patch in (True, False)
    for filter in (True, False)
    for versions in (True, False)
]


@pytest.mark.parametrize("does", WAYS)
class TestWhateverTheServerCanDo:
    def test_people_are_made_changed_and_leave(self, does):
        with directory(**does) as server:
            assert ensure(server.url, agent(1), agent(2)) == Done()
            made = server.user("agent-1@saint-essai.example")
            assert made["externalId"] == "agent-1"
            assert made["name"]["familyName"] == "Essai 1"
            assert made["active"] is True
            assert len(server.group(ADMINS.name)["members"]) == 2
            ensure(server.url, agent(1, family_name="Nouveau"), agent(2, active=False))
            assert server.user("agent-1@saint-essai.example")["name"]["familyName"] == "Nouveau"
            left = server.user("agent-2@saint-essai.example")
            assert left["active"] is False
            [member] = server.group(ADMINS.name)["members"]
            assert member["value"] == made["id"]
            assert "DELETE" not in server.methods()

    def test_asked_twice_nothing_is_written(self, does):
        with directory(**does) as server:
            ensure(server.url, agent(1), agent(2))
            server.asked.clear()
            assert ensure(server.url, agent(1), agent(2)) == Done()
            assert server.methods() == []

    def test_what_the_vendor_added_stays(self, does):
        with directory(**does) as server:
            ensure(server.url, agent())
            server.user("agent-1@saint-essai.example")["nickName"] = "Cam"
            ensure(server.url, agent(email="camille@saint-essai.example"))
            assert server.user("camille@saint-essai.example")["nickName"] == "Cam"

    def test_who_comes_back_is_the_same_user(self, does):
        with directory(**does) as server:
            for active in (True, False, True):
                ensure(server.url, agent(active=active))
            assert len(server.held["Users"]) == 1
            assert server.user("agent-1@saint-essai.example")["active"] is True


class TestPages:
    def test_all_are_read(self):
        with directory(filter=False, most=3) as server:
            ensure(server.url, *(agent(n) for n in range(8)))
            server.asked.clear()
            assert ensure(server.url, *(agent(n) for n in range(8)), page_size=5) == Done()
            starts = [path for _, path in server.asked if path.startswith("/Users")]
            assert len(starts) == 3
            assert server.methods() == []

    def test_a_server_that_says_it_filters_and_does_not(self):
        with directory(ignores_filter=True, most=2) as server:
            ensure(server.url, agent(1), agent(2), agent(3))
            assert ensure(server.url, agent(3, active=False), groups=()) == Done()
            assert [one["active"] for one in server.held["Users"].values()] == [True, True, False]

    @pytest.mark.parametrize(
        "page",
        [
            {"totalResults": 10, "Resources": []},
            {"totalResults": 10, "Resources": [{"id": "1"}, {"id": "1"}]},
            {"totalResults": "beaucoup", "Resources": []},
            {"totalResults": True, "Resources": []},
            {"Resources": []},
            {"totalResults": 1, "Resources": "rien"},
            {"totalResults": 1, "Resources": [{"userName": "sans numéro"}]},
            {"totalResults": 1, "Resources": [{"id": "\0"}]},
            {"totalResults": 1, "Resources": [None]},
            [],
        ],
        ids=str,
    )
    def test_one_that_makes_no_sense_is_asked_again_later(self, page):
        with directory() as server:
            server.pages = [json.dumps(page).encode()] * 5
            with pytest.raises(Retry) as problem:
                ensure(server.url, agent())
            assert problem.value.cause == Cause.UNREADABLE
            assert server.methods() == []

    def test_pages_without_end_are_not_followed(self, monkeypatch):
        monkeypatch.setattr(client, "MOST_PAGES", 4)
        with directory() as server:
            server.pages = [
                json.dumps({"totalResults": 10**9, "Resources": [{"id": str(n)}]}).encode() for n in range(9)
            ]
            with pytest.raises(Retry):
                ensure(server.url, agent())
            assert len([1 for _, path in server.asked if path.startswith("/Users")]) == 4


class TestAlreadyThere:
    def test_an_account_of_somebody_else_is_left_alone_and_told(self):
        with directory() as server:
            theirs = server.add("Users", {"userName": "agent-1@saint-essai.example", "active": True})
            outcome = ensure(server.url, agent(1, active=True), agent(2))
            assert outcome == NeedsPerson(
                "Chez l’éditeur, un compte que Halle n’a pas créé a déjà l’adresse d’un agent."
            )
            assert server.held["Users"][theirs["id"]] == theirs
            assert server.user("agent-2@saint-essai.example")["active"] is True  # the others are made

    def test_ours_is_taken_up_when_the_server_did_not_find_it(self):
        with directory() as server:
            ensure(server.url, agent(), groups=())
            server.pages = [json.dumps({"totalResults": 0, "Resources": []}).encode()]
            assert ensure(server.url, agent(family_name="Nouveau"), groups=()) == Done()
            assert server.user("agent-1@saint-essai.example")["name"]["familyName"] == "Nouveau"
            assert len(server.held["Users"]) == 1

    def test_two_accounts_of_one_agent_need_a_person(self):
        with directory() as server:
            for name in ("a", "b"):
                server.add("Users", {"userName": name, "externalId": "agent-1"})
            assert isinstance(ensure(server.url, agent()), NeedsPerson)
            assert server.methods() == []

    def test_a_group_of_that_name_is_left_alone(self):
        with directory() as server:
            server.add("Groups", {"displayName": ADMINS.name})
            assert isinstance(ensure(server.url, agent()), NeedsPerson)
            assert "members" not in server.group(ADMINS.name)

    def test_somebody_who_left_before_she_was_known_is_not_made(self):
        with directory() as server:
            assert ensure(server.url, agent(active=False)) == Done()
            assert server.methods() == []

    def test_no_groups_where_none_are_wanted(self):
        with directory() as server:
            ensure(server.url, agent(), groups=[ADMINS])
            assert len(server.held["Groups"]) == 1
        with directory() as server:
            assert ensure(server.url, agent(), groups=[ADMINS]) == Done()
            before = dict(server.held["Groups"])
            connector = ScimConnector(
                ScimConfig(url=server.url, token_variable="TEST_SCIM_TOKEN", groups=False)
            )
            connector.ensure_agents(Directory((agent(active=False),), (ADMINS,)))
            assert server.held["Groups"] == before


class TestFailures:
    @pytest.mark.parametrize(
        ("fault", "cause", "after"),
        [
            (Fault("POST", status=429, headers={"Retry-After": "120"}), Cause.BUSY, 120),
            (Fault("POST", status=429, headers={"Retry-After": "demain"}), Cause.BUSY, None),
            (Fault("POST", status=503, headers={"Retry-After": "30"}), Cause.BROKEN, 30),
            (Fault("GET", status=500), Cause.BROKEN, None),
            (Fault("GET", path="/ServiceProviderConfig", status=500), Cause.BROKEN, None),
            (Fault("GET", status=200, body=b"<html>"), Cause.UNREADABLE, None),
            (Fault("POST", status=201, body=b"[" * 90_000, works=True), Cause.UNREADABLE, None),
            (Fault("POST", hang=True, works=True), Cause.TIMEOUT, None),
            (Fault("POST", status=500, works=True), Cause.BROKEN, None),
        ],
        ids=str,
    )
    def test_is_tried_again_and_comes_to_the_same(self, fault, cause, after, monkeypatch):
        monkeypatch.setattr(calling, "TOTAL_SECONDS", 0.5)
        with directory() as server:
            server.faults = [fault]
            with pytest.raises(Retry) as problem:
                ensure(server.url, agent())
            assert (problem.value.cause, problem.value.after) == (cause, after)
            assert problem.value.doubtful is False  # nothing to mitigate: it is found again by its number
            assert ensure(server.url, agent()) == Done()
            assert len(server.held["Users"]) == 1

    def test_somebody_else_changed_it_meanwhile(self):
        with directory() as server:
            ensure(server.url, agent())
            server.faults = [Fault("PATCH", status=412)]
            with pytest.raises(Retry):
                ensure(server.url, agent(family_name="Nouveau"))
            assert ensure(server.url, agent(family_name="Nouveau")) == Done()

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 301])
    def test_a_refusal_needs_a_person(self, status):
        with directory() as server:
            server.faults = [Fault("POST", status=status)]
            outcome = ensure(server.url, agent())
            assert isinstance(outcome, NeedsPerson)
            assert "saint-essai" not in outcome.reason

    def test_without_its_token_nothing_is_asked(self, monkeypatch):
        monkeypatch.delenv("TEST_SCIM_TOKEN")
        with directory() as server:
            assert isinstance(ensure(server.url, agent()), NeedsPerson)
            assert server.asked == []

    def test_with_a_false_token_a_person_is_told(self, monkeypatch):
        monkeypatch.setenv("TEST_SCIM_TOKEN", "false")
        with directory() as server:
            assert "jeton" in ensure(server.url, agent()).reason

    def test_a_server_that_is_slow_at_each_request_is_left(self, monkeypatch):
        monkeypatch.setattr(client, "MOST_SECONDS", -1)
        with directory() as server, pytest.raises(Retry) as problem:
            ensure(server.url, agent())
        assert problem.value.cause == Cause.TIMEOUT

    def test_an_address_of_ours_is_refused_in_production(self, settings):
        settings.ALLOW_PRIVATE_ADDRESSES = False
        with directory() as server, pytest.raises(AddressRefused):
            ensure(server.url, agent())

    @pytest.mark.parametrize("text", ['"', "\\", 'a" or "b', "\\\\"])
    def test_what_a_filter_quotes_stays_one_value(self, text):
        with directory() as server:
            assert ensure(server.url, agent(external_id=text), groups=()) == Done()
            asked = [path for _, path in server.asked if "filter" in path]
            assert len(asked) == 1
            assert "%5C" in asked[0]

    def test_an_agent_is_not_written_in_full(self):
        assert "saint-essai" not in repr(Directory((agent(),), (ADMINS,)))


@pytest.fixture
def scim2_server():
    """A server that others wrote, in a process of its own."""
    port = free_port()
    server = subprocess.Popen(
        [Path(sys.executable).with_name("scim2-server"), "--port", str(port), "--bearer-token", TOKEN],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/v2"
    try:
        for _ in range(300):
            try:
                holds(url, "/Users")
                break
            except requests.ConnectionError:
                assert server.poll() is None, "scim2-server did not start"
                time.sleep(0.1)
        yield url
    finally:
        server.kill()
        server.wait()


def holds(url, path):
    answer = requests.get(url + path, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)
    return answer.json()["Resources"]


def test_a_server_that_others_wrote(scim2_server):
    people = [agent(n, groups=("group-admins",) if n < 3 else ("group-agents",)) for n in range(1, 6)]
    agents = Group("group-agents", "Saint-Essai – agents")
    assert ensure(scim2_server, *people, groups=[ADMINS, agents], page_size=2) == Done()
    users = {one["externalId"]: one for one in holds(scim2_server, "/Users")}
    assert set(users) == {f"agent-{n}" for n in range(1, 6)}
    before = {one["id"]: one["meta"]["lastModified"] for one in users.values()}
    assert ensure(scim2_server, *people, groups=[ADMINS, agents]) == Done()
    again = holds(scim2_server, "/Users")
    assert {one["id"]: one["meta"]["lastModified"] for one in again} == before
    people[0] = agent(1, active=False)
    people[1] = agent(2, email="nouvelle@saint-essai.example", groups=("group-agents",))
    assert ensure(scim2_server, *people, groups=[ADMINS, agents]) == Done()
    users = {one["externalId"]: one for one in holds(scim2_server, "/Users")}
    assert users["agent-1"]["active"] is False
    assert users["agent-2"]["userName"] == "nouvelle@saint-essai.example"
    groups = {one["displayName"]: one for one in holds(scim2_server, "/Groups")}
    assert groups[ADMINS.name].get("members", []) == []
    assert len(groups[agents.name]["members"]) == 4
    taken = ensure(scim2_server, agent(9, email="nouvelle@saint-essai.example"), groups=())
    assert isinstance(taken, NeedsPerson)
