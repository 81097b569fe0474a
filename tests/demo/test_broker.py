"""The demo vendor's broker, as the process it is, over HTTP."""

import base64
import contextlib
import json
import subprocess
import sys
import time

import pytest
import requests

from provisioning.connectors import ServiceRequest
from provisioning.connectors.outcomes import Done
from provisioning.connectors.webhook.connector import WebhookConnector
from tests.tools.ports import free_port

CATALOG = [
    {
        "id": "cantine",
        "name": "cantine-facile",
        "description": "Inscriptions à la cantine",
        "plans": [
            {"id": "cantine-essentiel", "name": "essentiel", "description": "Jusqu’à 2 000 habitants"},
            {"id": "cantine-plus", "name": "plus", "description": "Au-delà"},
        ],
    },
    {
        "id": "archives",
        "name": "archives",
        "description": "Archivage",
        "plans": [{"id": "archives-unique", "name": "unique", "description": "Toutes communes"}],
    },
]
IDENTITY = "halle " + base64.b64encode(b'{"user": "secretaire"}').decode()
PLAN = {"service_id": "cantine", "plan_id": "cantine-essentiel"}


class Client:
    """An OSB platform, as short as possible."""

    def __init__(self, base_url):
        self.base_url = base_url
        self.session = requests.Session()
        self.session.auth = ("halle", "secret")
        self.session.headers["X-Broker-API-Version"] = "2.17"

    def call(self, method, path="", *, instance="i-1", **options):
        options = {"timeout": 10, **options}
        return self.session.request(
            method, f"{self.base_url}/v2/service_instances/{instance}{path}", **options
        )

    def provision(self, *, instance="i-1", query="accepts_incomplete=true", **changes):
        body = {
            **PLAN,
            "organization_guid": "21350238800019",
            "space_guid": "21350238800019",
            "context": {"platform": "halle", "organization_name": "Commune de Sainte-Rosalie"},
            "parameters": {"population": 860},
            **changes,
        }
        headers = {"X-Broker-API-Originating-Identity": IDENTITY}
        return self.call("PUT", f"?{query}", instance=instance, json=body, headers=headers)

    def deprovision(self):
        return self.call("DELETE", params={**PLAN, "accepts_incomplete": "true"})

    def wait(self, status=200):
        """Poll last_operation until it is no more in progress, as the worker does."""
        deadline = time.monotonic() + 20
        while True:
            answer = self.call("GET", "/last_operation", params={**PLAN, "operation": "provision"})
            if answer.status_code != 200 or answer.json()["state"] != "in progress":
                assert answer.status_code == status
                return answer.json()
            assert time.monotonic() < deadline, "still in progress"
            time.sleep(0.05)

    def known(self):
        return requests.get(f"{self.base_url}/_demo/instances", timeout=10).json()


@contextlib.contextmanager
def broker(folder, *, delay="0.3", word="secret"):
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps(CATALOG), encoding="utf-8")
    port = free_port()
    arguments = ["--port", str(port), "--catalog", catalog, "--state", folder / "broker.sqlite3"]
    process = subprocess.Popen(
        [sys.executable, "-m", "demo.broker", *arguments, "--delay", delay],
        env={"BROKER_USERNAME": "halle", "BROKER_PASSWORD": word, "PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert str(port) in process.stdout.readline(), "the broker did not start"
        client = Client(f"http://127.0.0.1:{port}")
        with client.session:
            yield client
    finally:
        process.kill()
        process.communicate(timeout=10)


@pytest.fixture
def client(tmp_path):
    with broker(tmp_path) as client:
        yield client


@pytest.fixture
def slow(tmp_path):
    """A broker whose operations never end during a test."""
    with broker(tmp_path, delay="600") as client:
        yield client


def test_the_catalogue_is_the_file_s(client):
    answer = client.session.get(f"{client.base_url}/v2/catalog", timeout=10).json()
    assert [service["id"] for service in answer["services"]] == ["cantine", "archives"]
    assert [plan["id"] for plan in answer["services"][0]["plans"]] == ["cantine-essentiel", "cantine-plus"]


def test_a_service_opens_and_its_page_names_the_organisation(client):
    accepted = client.provision()
    assert (accepted.status_code, accepted.json()["operation"]) == (202, "provision")
    assert client.wait()["state"] == "succeeded"
    assert client.call("GET").json()["parameters"] == {"population": 860}
    page = requests.get(accepted.json()["dashboard_url"], timeout=10)
    assert "Service ouvert pour Commune de Sainte-Rosalie" in page.text


def test_an_identical_repeat_makes_no_second_instance(client):
    assert client.provision().status_code == 202
    client.wait()
    assert client.provision().status_code == 200
    [instance] = client.known()
    assert (instance["provision_calls"], instance["state"]) == (2, "open")
    assert instance["requested_by"] == {"platform": "halle", "value": {"user": "secretaire"}}


def test_an_identical_repeat_while_opening_is_202(slow):
    assert [slow.provision().status_code, slow.provision().status_code] == [202, 202]
    assert slow.call("GET").status_code == 404


@pytest.mark.parametrize(
    "changes", [{"plan_id": "cantine-plus"}, {"parameters": {"population": 861}}, {"space_guid": "autre"}]
)
def test_a_conflicting_repeat_is_409(slow, changes):
    slow.provision()
    assert slow.provision(**changes).status_code == 409
    assert len(slow.known()) == 1


def test_closing_is_asynchronous_then_gone(client):
    client.provision()
    client.wait()
    assert client.deprovision().status_code == 202
    client.wait(status=410)
    assert client.deprovision().status_code == 410
    assert client.known()[0]["state"] == "closed"


def test_closing_overtakes_an_opening_and_forbids_reopening_meanwhile(slow):
    slow.provision()
    assert [slow.deprovision().status_code, slow.deprovision().status_code] == [202, 202]
    reopened = slow.provision()
    assert (reopened.status_code, reopened.json()["error"]) == (422, "ConcurrencyError")


def test_closing_the_unknown_is_410(client):
    assert client.deprovision().status_code == 410


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"query": ""}, 422),
        ({"plan_id": "inconnu"}, 400),
        ({"plan_id": "archives-unique"}, 400),
        ({"organization_guid": None}, 400),
    ],
)
def test_bad_requests_open_nothing(client, changes, status):
    assert client.provision(**changes).status_code == status
    assert client.known() == []


def test_strangers_are_refused(client):
    url = f"{client.base_url}/v2/catalog"
    version = {"X-Broker-API-Version": "2.17"}
    assert requests.get(url, headers=version, timeout=10).status_code == 401
    assert requests.get(url, auth=("halle", "faux"), headers=version, timeout=10).status_code == 401
    assert requests.get(url, auth=("halle", "secret"), timeout=10).status_code == 400


def test_a_killed_broker_remembers(tmp_path):
    with broker(tmp_path) as first:
        first.provision()
    with broker(tmp_path) as second:
        assert second.wait()["state"] == "succeeded"
        assert second.provision().status_code == 200
        assert [instance["provision_calls"] for instance in second.known()] == [2]


def test_credentials_are_the_same_twice_and_taken_back_once(client):
    client.provision()
    early = client.call("PUT", "/service_bindings/b-1", json=PLAN)
    assert (early.status_code, early.json()["error"]) == (422, "ConcurrencyError")
    client.wait()
    given, again = (client.call("PUT", "/service_bindings/b-1", json=PLAN) for _ in range(2))
    assert (given.status_code, again.status_code) == (201, 200)
    assert given.json()["credentials"] == again.json()["credentials"]
    other = client.call("PUT", "/service_bindings/b-2", json=PLAN, instance="opened-by-a-person")
    assert other.json()["credentials"]["cle"] != given.json()["credentials"]["cle"]
    taken = [client.call("DELETE", "/service_bindings/b-1", params=PLAN).status_code for _ in range(2)]
    assert taken == [200, 410]


def test_a_signed_message_opens_and_another_is_refused(tmp_path, monkeypatch):
    right, wrong = "a1" * 24, "b2" * 24
    request = ServiceRequest(
        key="9f2c", subscription_id="s-1", organisation_name="Commune de Sainte-Rosalie", siren="213500001",
        insee_code="35001", operator_name="Mutu", delivery="msg-1",
    )  # fmt: skip
    with broker(tmp_path, word=right) as client:
        config = {"url": f"{client.base_url}/messages", "suspends": True}
        config |= dict.fromkeys(("secret_variable", "callback_secret_variable"), "TEST_WEBHOOK_SECRET")
        connector = WebhookConnector(WebhookConnector.Config.model_validate(config))
        monkeypatch.setenv("TEST_WEBHOOK_SECRET", right)
        assert connector.ensure_open(request) == Done(url="https://horizon-bourg.example/213500001")
        assert connector.ensure_suspended(request) == connector.ensure_closed(request) == Done()
        monkeypatch.setenv("TEST_WEBHOOK_SECRET", wrong)
        assert "code 401" in connector.ensure_open(request).reason
        stranger = requests.post(config["url"], data=b"{}", timeout=10)
        assert stranger.status_code == 401


def test_an_unknown_page_says_so_in_french(client):
    page = requests.get(f"{client.base_url}/instances/rien", timeout=10)
    assert (page.status_code, "Service introuvable" in page.text) == (404, True)


def test_without_credentials_it_says_what_is_missing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "demo.broker", "--port", "1", "--catalog", "x"],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "BROKER_USERNAME" in done.stderr) == (1, True)
