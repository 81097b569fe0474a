"""The broker at its address: who asks it, in which version, and for which plan."""

import base64
import json
import os
from urllib.parse import urlencode

from pydantic import BaseModel, HttpUrl

from provisioning.connectors.calling import Answer, call
from provisioning.connectors.osb.catalogue import Offered, Read, catalogue_in
from provisioning.connectors.outcomes import Retry

API_VERSION = "2.17"
PLATFORM = "halle"


class BrokerConfig(BaseModel):
    """`password_variable` names the environment variable that holds the broker's password. `bindable`: what
    is opened is reached with credentials, asked for after it. `changes`: what was opened can be updated.

    The specification knows no suspension. `suspends`: this broker understands one, told by an update with the
    parameter `suspended`; else a person sees to it. `retrievable`: it lets its instances be fetched, while
    nobody has read its catalogue, which says so itself (`instances_retrievable`)."""

    url: HttpUrl
    username: str
    password_variable: str
    service_id: str
    plan_id: str
    bindable: bool = False
    changes: bool = True
    # What its catalogue said last of this plan; None while nobody has read it.
    offered: Offered | None = None
    suspends: bool = False
    retrievable: bool = False

    @property
    def lets_fetch(self) -> bool:
        """Whether it is asked, every night, what it has."""
        return self.offered.instances_retrievable if self.offered else self.retrievable


class Broker:
    def __init__(self, config: BrokerConfig):
        self.config = config

    def plan(self) -> dict:
        """The plan as every request names it."""
        return {"service_id": self.config.service_id, "plan_id": self.config.plan_id}

    def last_operation(self, request, operation: str, *, of: str = "") -> Answer:
        """How far an operation is, on the instance or on the part `of` it. `operation`: the broker's word."""
        query = {**self.plan(), "operation": operation} if operation else self.plan()
        return self.call("GET", request, path=f"{of}/last_operation", query=query)

    def call(self, method: str, request, *, path: str = "", query: dict, body: dict | None = None) -> Answer:
        """One request about the instance of `request`. Raises Retry and AddressRefused."""
        who = base64.b64encode(json.dumps({"siren": request.siren}).encode()).decode()
        try:
            return call(
                method,
                f"{self._base}/service_instances/{request.key}{path}?{urlencode(query)}",
                headers={
                    **self._headers(),
                    "X-Broker-API-Originating-Identity": f"{PLATFORM} {who}",
                    "X-Broker-API-Request-Identity": request.identity,
                    "Content-Type": "application/json",
                },
                content=json.dumps(body).encode() if body is not None else b"",
            )
        except Retry as problem:
            # Only what begins something leaves a doubt behind.
            problem.doubtful = problem.doubtful and method == "PUT"
            raise

    def catalogue(self, *, etag: str = "") -> Read:
        """GET /v2/catalog, unless it is still that of `etag`. Raises Retry, AddressRefused and
        CatalogueInvalid."""
        known = {"If-None-Match": etag} if etag else {}
        return catalogue_in(call("GET", f"{self._base}/catalog", headers=self._headers() | known), etag=etag)

    @property
    def _base(self) -> str:
        return f"{str(self.config.url).rstrip('/')}/v2"

    def _headers(self) -> dict[str, str]:
        password = os.environ.get(self.config.password_variable, "")
        credentials = base64.b64encode(f"{self.config.username}:{password}".encode()).decode()
        return {"Authorization": f"Basic {credentials}", "X-Broker-API-Version": API_VERSION}


def context_of(request) -> dict:
    """Who the service is for, on every request that makes or changes something."""
    return {
        "platform": PLATFORM,
        "organization_name": request.organisation_name,
        "siren": request.siren,
        "insee_code": request.insee_code,
        "operator": request.operator_name,
    }


def parameters_of(request) -> dict:
    """What was chosen and declared."""
    return {"options": sorted(request.options), "counts": dict(request.counts)}
