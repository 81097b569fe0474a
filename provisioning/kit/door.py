"""Checks of the door: who may come in, what is offered, and what is refused."""

import json
import time
from collections.abc import Iterator

from provisioning.kit.checks import NotConcerned, expect, expect_refusal
from provisioning.kit.line import Answer, Fault, Line

UNKNOWN = "00000000-0000-4000-8000-000000000000"
BIG = 300_000
PAUSE_SECONDS = 0.3


def catalogue_is_valid(line: Line) -> None:
    """The services and plans, with what identifies each."""
    services = expect(_catalogue(line), 200).said().get("services")
    if not isinstance(services, list) or not services:
        raise Fault("Le catalogue ne contient pas de liste « services ».")
    ids: list = []
    for service in services:
        ids += _identified(service, "service")
        plans = service.get("plans")
        if not isinstance(plans, list) or not plans:
            raise Fault(f"Le service « {service['name']} » n’a pas de formule (« plans »).")
        for plan in plans:
            ids += _identified(plan, "formule")
    if len(set(ids)) != len(ids):
        raise Fault("Deux services ou formules portent le même « id ».")


def catalogue_offers_the_plan(line: Line) -> None:
    """The service and the plan of the connection are in it."""
    offered = _offered(_catalogue(line))
    if (line.target.service_id, line.target.plan_id) not in offered:
        raise Fault("Le service et la formule du raccordement ne sont pas au catalogue.")


def catalogue_is_stable(line: Line) -> None:
    """Two reads, the same ids."""
    if _offered(_catalogue(line)) != _offered(_catalogue(line)):
        raise Fault("Deux lectures de suite donnent des identifiants différents.")


def etag_is_honoured(line: Line) -> None:
    """What has not changed is not sent again."""
    first = expect(_catalogue(line), 200)
    etag = first.headers.get("etag")
    if not etag:
        raise NotConcerned("Le catalogue ne porte pas d’ETag.")
    again = line.ask("GET", "/v2/catalog", headers={"If-None-Match": etag})
    if again.status == 304:
        return
    if expect(again, 200, 304).headers.get("etag") != etag:
        raise Fault("L’ETag change alors que le catalogue est le même.")


def version_is_asked_for(line: Line) -> None:
    """Without the version header."""
    expect(line.ask("GET", "/v2/catalog", headers={"X-Broker-API-Version": None}), 412, 400)


def other_version_is_refused(line: Line) -> None:
    """With a version that nobody speaks any more."""
    expect(line.ask("GET", "/v2/catalog", headers={"X-Broker-API-Version": "1.0"}), 412)


def stranger_is_refused(line: Line) -> None:
    """Without credentials, then with a wrong password."""
    expect(line.ask("GET", "/v2/catalog", headers={"Authorization": None}), 401)
    wrong = f"{line.target.password}-faux"
    expect(line.ask("GET", "/v2/catalog", password=wrong), 401)
    instance = line.instance("stranger")
    query = line.plan() | {"accepts_incomplete": "true"}
    path = f"/v2/service_instances/{instance}"
    expect(line.ask("DELETE", path, query=query, password=wrong), 401)


def malformed_is_refused(line: Line) -> None:
    """A body that ends in the middle, then one that is no object."""
    expect(_raw(line, "malformed", b'{"service_id": "'), 400)
    expect(_raw(line, "malformed", b"[]"), 400, 422)


def foreign_bytes_are_refused(line: Line) -> None:
    """A long body that is no UTF-8."""
    expect_refusal(_raw(line, "bytes", b"\xff" * BIG))


def unknown_service_is_refused(line: Line) -> None:
    """A service, then a plan, that the catalogue does not have."""
    expect(line.open(line.instance("unknown service"), service_id=UNKNOWN), 400)
    expect(line.open(line.instance("unknown plan"), plan_id=UNKNOWN), 400)


def incomplete_is_refused(line: Line) -> None:
    """A request without a plan."""
    instance = line.instance("incomplete")
    body = line.wish(instance)
    del body["plan_id"]
    path = f"/v2/service_instances/{instance}"
    expect(line.ask("PUT", path, query={"accepts_incomplete": "true"}, body=body), 400, 422)


def slow_request_is_awaited(line: Line) -> None:
    """A request whose body comes in pieces."""
    instance = line.instance("slow")
    content = json.dumps(line.wish(instance)).encode()

    def pieces() -> Iterator[bytes]:
        yield content[:20]
        time.sleep(PAUSE_SECONDS)
        yield content[20:]

    answer = line.ask(
        "PUT",
        f"/v2/service_instances/{instance}",
        query={"accepts_incomplete": "true"},
        body=pieces(),
        length=len(content),
    )
    if expect(answer, 200, 201, 202).status == 202:
        line.settle(instance, answer)


def _catalogue(line: Line) -> Answer:
    return line.ask("GET", "/v2/catalog")


def _raw(line: Line, name: str, content: bytes) -> Answer:
    path = f"/v2/service_instances/{line.instance(name)}"
    return line.ask("PUT", path, query={"accepts_incomplete": "true"}, body=content)


def _identified(thing, kind: str) -> list[str]:
    if not isinstance(thing, dict):
        raise Fault(f"Un élément du catalogue ({kind}) n’est pas un objet.")
    for name in ("id", "name", "description"):
        if not isinstance(thing.get(name), str) or not thing[name]:
            raise Fault(f"Un élément du catalogue ({kind}) n’a pas de « {name} ».")
    return [thing["id"]]


def _offered(catalogue: Answer) -> list[tuple]:
    services = catalogue.said().get("services")
    return sorted(
        (str(service.get("id")), str(plan.get("id")))
        for service in (services if isinstance(services, list) else [])
        if isinstance(service, dict) and isinstance(service.get("plans"), list)
        for plan in service["plans"]
        if isinstance(plan, dict)
    )
