"""The Open Service Broker connector before answers of every sort."""

import contextlib
import http.server
import json
import threading
from dataclasses import replace

import pytest

from provisioning.connectors import ServiceRequest
from provisioning.connectors.osb.connector import OsbConnector
from provisioning.connectors.outcomes import Done, InProgress, NeedsPerson, Retry

REQUEST = ServiceRequest(
    key="9f2c", subscription_id="s-1", organisation_name="Commune de Saint-Essai", siren="213500001",
    insee_code="35001", operator_name="Mutu",
)  # fmt: skip


@contextlib.contextmanager
def answering(*answers):
    """A vendor that gives these (status, body, headers) in turn; yields a connector and what was asked."""
    waiting, asked = list(answers), []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            length = int(self.headers.get("Content-Length", 0))
            asked.append((self.command, self.path, self.headers, self.rfile.read(length)))
            status, body, headers = (*waiting.pop(0), {})[:3]
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_DELETE = do_PATCH = do_PUT

        def log_message(self, *arguments):
            """Stay silent: pytest's output is for results."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    config = {
        "url": f"http://127.0.0.1:{server.server_port}/broker/",
        "username": "halle",
        "password_variable": "TEST_BROKER_PASSWORD",
        "service_id": "cantine",
        "plan_id": "essentiel",
    }
    try:
        yield OsbConnector(OsbConnector.Config.model_validate(config)), asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _password(monkeypatch):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((200, {"dashboard_url": "https://cantine.example/1"}), Done(url="https://cantine.example/1")),
        ((201, {}), Done(url="")),
        ((201, {"dashboard_url": 12}), Done(url="")),
        ((201, {"dashboard_url": "javascript:alert(1)"}), Done(url="")),
        ((201, {"dashboard_url": "https://cantine.example/" + "a" * 500}), Done(url="")),
        ((202, {"operation": "op-1"}), InProgress(operation="op-1")),
        ((202, {}), InProgress(operation="")),
        ((202, {"operation": ["op"]}), InProgress(operation="")),
        ((202, {"operation": "o" * 10_000}), InProgress(operation="o" * 10_000)),
        ((202, {"operation": "o" * 10_001}), InProgress(operation="")),
        ((202, {}, {"Retry-After": "30"}), InProgress(operation="", poll_after=30)),
        ((202, {}, {"Retry-After": "999999"}), InProgress(operation="", poll_after=86_400)),
        ((202, {}, {"Retry-After": "0"}), InProgress(operation="", poll_after=0)),
        ((202, {}, {"Retry-After": "tomorrow"}), InProgress(operation="")),
        ((202, {}, {"Retry-After": "9" * 400}), InProgress(operation="")),
    ],
)
def test_what_an_answer_means(answer, outcome):
    with answering(answer) as (connector, _):
        assert connector.ensure_open(REQUEST) == outcome


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422])
def test_a_refusal_needs_a_person(status):
    with answering((status, b"<html>no</html>")) as (connector, _):
        assert isinstance(connector.ensure_open(REQUEST), NeedsPerson)


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}),
        (503, b""),
        (429, {}),
        (302, {}, {"Location": "http://127.0.0.1:1/"}),
        (200, b"<html>Welcome to the proxy</html>"),
        (201, b""),
        (200, []),
        (202, b"null"),
        (200, b'{"dashboard_url": "' + b"a" * 1024 * 1024 + b'"}'),
    ],
)
def test_an_answer_that_says_nothing_is_asked_again(answer):
    """Above all it opens nothing: billing starts the day a service is open."""
    with answering(answer) as (connector, asked), pytest.raises(Retry):
        connector.ensure_open(REQUEST)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"state": "perhaps"}),
        (200, {}),
        (200, b"soon"),
        (200, []),
        (500, {}),
        (410, {}),
        (200, {"state": 1}),
    ],
)
def test_polling_an_answer_that_says_nothing_is_asked_again(answer):
    with answering(answer) as (connector, _), pytest.raises(Retry):
        connector.poll(REQUEST, "op-1")


def test_polling_to_the_end():
    opened = (200, {"dashboard_url": "https://cantine.example/1"})
    with answering((200, {"state": "in progress"}), (200, {"state": "succeeded"}), opened) as (
        connector,
        asked,
    ):
        assert connector.poll(REQUEST, "op-1") == InProgress(operation="op-1")
        assert connector.poll(REQUEST, "op-1") == Done(url="https://cantine.example/1")
    assert [(method, path.partition("?")[0]) for method, path, *_ in asked] == [
        ("GET", "/broker/v2/service_instances/9f2c/last_operation"),
        ("GET", "/broker/v2/service_instances/9f2c/last_operation"),
        ("GET", "/broker/v2/service_instances/9f2c"),
    ]
    assert "operation=op-1" in asked[0][1]


def test_a_failed_opening_needs_a_person():
    with answering((200, {"state": "failed"})) as (connector, _):
        assert isinstance(connector.poll(REQUEST, ""), NeedsPerson)


def test_what_the_vendor_did_not_say_is_not_said_back():
    with answering((200, {"state": "in progress"})) as (connector, asked):
        connector.poll(REQUEST, "")
    assert "operation=" not in asked[0][1]


def test_the_request_follows_the_specification():
    with answering((201, {})) as (connector, asked):
        connector.ensure_open(REQUEST)
    [(method, path, headers, body)] = asked
    assert (method, path) == ("PUT", "/broker/v2/service_instances/9f2c?accepts_incomplete=true")
    assert headers["X-Broker-Api-Version"] == "2.17"
    assert headers["Authorization"].startswith("Basic ")
    assert headers["X-Broker-Api-Originating-Identity"].startswith("halle ")
    wanted = json.loads(body)
    assert (wanted["service_id"], wanted["plan_id"]) == ("cantine", "essentiel")
    assert (wanted["organization_guid"], wanted["space_guid"]) == ("213500001", "s-1")
    assert wanted["context"]["insee_code"] == "35001"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((200, {}), Done()),
        ((410, {}), Done()),
        ((410, b""), Done()),
        ((202, {"operation": "op-9"}, {"Retry-After": "30"}), InProgress(operation="op-9", poll_after=30)),
    ],
)
def test_closing(answer, outcome):
    with answering(answer) as (connector, asked):
        assert connector.ensure_closed(REQUEST) == outcome
    ((method, path, *_),) = asked
    assert method == "DELETE"
    assert path == (
        "/broker/v2/service_instances/9f2c?service_id=cantine&plan_id=essentiel&accepts_incomplete=true"
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 412])
def test_a_refusal_to_close_needs_a_person(status):
    with answering((status, b"<html>no</html>")) as (connector, _):
        assert isinstance(connector.ensure_closed(REQUEST), NeedsPerson)


@pytest.mark.parametrize(
    "answer",
    [(422, {"error": "ConcurrencyError"}), (500, {}), (200, b"<html>Welcome to the proxy</html>")],
)
def test_a_closing_that_says_nothing_is_asked_again(answer):
    with answering(answer) as (connector, _), pytest.raises(Retry):
        connector.ensure_closed(REQUEST)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((200, {"state": "in progress"}), InProgress(operation="op-9")),
        ((200, {"state": "succeeded"}), Done()),
        ((410, {}), Done()),
    ],
)
def test_polling_a_closing(answer, outcome):
    with answering(answer) as (connector, _):
        assert connector.poll_closing(REQUEST, "op-9") == outcome


@pytest.mark.parametrize("answer", [(200, {"state": 1}), (200, {"state": "failed"}), (404, {}), (500, {})])
def test_polling_a_closing_that_says_nothing_is_asked_again(answer):
    with answering(answer) as (connector, _), pytest.raises(Retry):
        connector.poll_closing(REQUEST, "op-9")


CHANGED = replace(REQUEST, options=("sign", "arch"), counts={"agents": 12})


def test_a_change_says_the_plan_and_all_the_parameters_again():
    moved = {"dashboard_url": "https://cantine.example/2"}
    with answering((200, moved), (202, {"operation": "op-2"})) as (connector, asked):
        assert connector.ensure_changed(CHANGED) == Done(url="https://cantine.example/2")
        assert connector.ensure_changed(CHANGED) == InProgress(operation="op-2")
    assert [(method, path) for method, path, *_ in asked] == [
        ("PATCH", "/broker/v2/service_instances/9f2c?accepts_incomplete=true")
    ] * 2
    body = json.loads(asked[0][3])
    assert body["parameters"] == {"options": ["arch", "sign"], "counts": {"agents": 12}}
    assert (body["service_id"], body["plan_id"]) == ("cantine", "essentiel")


def test_an_opening_says_what_was_chosen_if_anything_was():
    with answering((201, {}), (201, {})) as (connector, asked):
        connector.ensure_open(REQUEST)
        connector.ensure_open(CHANGED)
    assert ["parameters" in json.loads(one[3]) for one in asked] == [False, True]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 412])
def test_a_change_that_is_refused_needs_a_person(status):
    with answering((status, b"<html>no</html>")) as (connector, _):
        assert isinstance(connector.ensure_changed(CHANGED), NeedsPerson)


@pytest.mark.parametrize(
    "answer", [(422, {"error": "ConcurrencyError"}), (500, {}), (200, b"<html>"), (202, [])]
)
def test_a_change_that_is_not_answered_is_asked_again(answer):
    with answering(answer) as (connector, _), pytest.raises(Retry):
        connector.ensure_changed(CHANGED)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((200, {"state": "in progress"}), InProgress(operation="op-2")),
        ((200, {"state": "succeeded"}), Done()),
        ((200, {"state": "failed"}), NeedsPerson("L’éditeur n’a pas réussi à modifier le service.")),
    ],
)
def test_how_far_a_change_has_come(answer, outcome):
    with answering(answer) as (connector, _):
        assert connector.poll_changing(CHANGED, "op-2") == outcome


@pytest.mark.parametrize("answer", [(410, {}), (500, {}), (200, {"state": "perhaps"}), (200, [])])
def test_a_change_of_which_nothing_is_said_is_asked_again(answer):
    with answering(answer) as (connector, _), pytest.raises(Retry):
        connector.poll_changing(CHANGED, "op-2")
