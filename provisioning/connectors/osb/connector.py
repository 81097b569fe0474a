"""Open Service Broker API 2.17: provision, update, deprovision, each asynchronous where the broker wishes.

What a broker's answer means is read from one table, that of "Orphan Mitigation" in the specification
(`_outcome`). A request whose answer leaves a doubt is mitigated by the engine: deleted, then asked again.
"""

import base64
import json
import os
import uuid
from urllib.parse import urlencode

from pydantic import BaseModel, HttpUrl

from provisioning.connectors.calling import Answer, call, plain_text
from provisioning.connectors.outcomes import Done, InProgress, NeedsPerson, Retry, Way
from provisioning.models.run import Cause, Event

API_VERSION = "2.17"
MAX_ADDRESS = 500  # what Subscription.service_url holds
MAX_OPERATION = 10_000  # the specification's own bound
PLATFORM = "halle"

Outcome = Done | InProgress | NeedsPerson


class OsbConnector:
    class Config(BaseModel):
        """`password_variable` names the environment variable that holds the broker's password.

        The specification knows no suspension. `suspends`: this broker understands one, told by an update
        with the parameter `suspended`; else a person sees to it."""

        url: HttpUrl
        username: str
        password_variable: str
        service_id: str
        plan_id: str
        suspends: bool = False

    def __init__(self, config: Config):
        self.config = config

    def way_of(self, event: Event) -> Way:
        """The broker does all, but a suspension that it does not understand."""
        by_hand = event in (Event.SUSPEND, Event.RESUME) and not self.config.suspends
        return Way.PERSON if by_hand else Way.MACHINE

    def ensure_open(self, request) -> Outcome:
        """PUT /v2/service_instances/{key}: the broker answers the same to the same request."""
        body = {
            **self._plan(),
            "organization_guid": request.siren,
            "space_guid": request.subscription_id,
            "context": _context(request),
        }
        if request.options or request.counts:
            body["parameters"] = _parameters(request)
        answer = self._call("PUT", request, query={"accepts_incomplete": "true"}, body=body)
        match answer.status:
            case 200 | 201:
                said = _said(answer, doubtful=answer.status == 201)
                return Done(url=_web_address(said.get("dashboard_url")))
            case 202:
                return _under_way(answer, doubtful=True)
            case 409:
                return NeedsPerson("L’éditeur a déjà un service à ce nom avec d’autres caractéristiques.")
            case _:
                return _outcome(answer, verb="l’ouverture", doubtful=True)

    def poll(self, request, operation: str) -> Outcome:
        """GET last_operation; once it succeeded, the instance is fetched for the service's address unless the
        broker said it before. 410: what was being opened is there no more."""
        answer = self._last_operation(request, operation)
        if answer.status == 410:
            raise Retry("L’ouverture s’est perdue chez l’éditeur.", cause=Cause.BROKEN, afresh=True)
        match _state(answer):
            case "in progress":
                return InProgress(operation=operation, poll_after=answer.retry_after)
            case "succeeded":
                return Done(url=request.url or self._address(request))
            case _:
                return NeedsPerson("L’éditeur n’a pas réussi à ouvrir le service.", doubtful=True)

    def ensure_changed(self, request) -> Outcome:
        """PATCH /v2/service_instances/{key}: all the parameters again, so that once or twice is the same."""
        return self._update(request, verb="la modification")

    def ensure_suspended(self, request) -> Outcome:
        """An update too, where the broker understands it."""
        if self.way_of(Event.SUSPEND) == Way.PERSON:
            return NeedsPerson(
                "Le système de l’éditeur ne sait pas suspendre : lui demander de fermer l’accès de la "
                "collectivité, sans rien effacer."
            )
        return self._update(request, verb="la suspension")

    def ensure_resumed(self, request) -> Outcome:
        """As `ensure_suspended`."""
        if self.way_of(Event.RESUME) == Way.PERSON:
            return NeedsPerson(
                "Le système de l’éditeur ne sait pas rouvrir un accès : le lui demander pour la collectivité."
            )
        return self._update(request, verb="la réouverture")

    def _update(self, request, *, verb: str) -> Outcome:
        suspended = {"suspended": request.suspended} if self.config.suspends else {}
        body = {
            "service_id": self.config.service_id,
            "context": _context(request),
            "parameters": {**_parameters(request), **suspended},
        }
        answer = self._call("PATCH", request, query={"accepts_incomplete": "true"}, body=body)
        match answer.status:
            case 200:
                _said(answer)  # the page of a proxy changes nothing
                return Done()
            case 202:
                return _under_way(answer)
            case _:
                return _outcome(answer, verb=verb)

    def poll_changing(self, request, operation: str) -> Outcome:
        """GET last_operation."""
        answer = self._last_operation(request, operation)
        match _state(answer):
            case "in progress":
                return InProgress(operation=operation, poll_after=answer.retry_after)
            case "succeeded":
                return Done()
            case _:
                return NeedsPerson("L’éditeur n’a pas réussi à modifier le service.")

    def ensure_closed(self, request) -> Outcome:
        """DELETE /v2/service_instances/{key}; 410: closed already."""
        answer = self._call("DELETE", request, query={**self._plan(), "accepts_incomplete": "true"})
        match answer.status:
            case 200:
                _said(answer)  # the page of a proxy closes nothing
                return Done()
            case 410:
                return Done()
            case 202:
                return _under_way(answer)
            case _:
                return _outcome(answer, verb="la fermeture")

    def poll_closing(self, request, operation: str) -> Outcome:
        """GET last_operation; 410: closed. What failed is asked for again, until it is closed."""
        answer = self._last_operation(request, operation)
        if answer.status == 410:
            return Done()
        match _state(answer):
            case "in progress":
                return InProgress(operation=operation, poll_after=answer.retry_after)
            case "succeeded":
                return Done()
            case _:
                raise Retry("L’éditeur n’a pas réussi à fermer le service.", cause=Cause.BROKEN, afresh=True)

    def _address(self, request) -> str:
        """GET /v2/service_instances/{key}, "" from a broker that does not let its instances be fetched.
        Raises Retry."""
        answer = self._call("GET", request, query=self._plan())
        if answer.status == 200:
            return _web_address(_said(answer).get("dashboard_url"))
        if 400 <= answer.status < 500 and answer.status not in (408, 429):
            return ""
        raise Retry(
            f"L’éditeur ne dit pas l’adresse du service (code {answer.status}).",
            cause=Cause.BROKEN,
            after=answer.retry_after,
        )

    def _plan(self) -> dict:
        return {"service_id": self.config.service_id, "plan_id": self.config.plan_id}

    def _last_operation(self, request, operation: str) -> Answer:
        query = {**self._plan(), "operation": operation} if operation else self._plan()
        return self._call("GET", request, path="/last_operation", query=query)

    def _call(self, method: str, request, *, path: str = "", query: dict, body: dict | None = None) -> Answer:
        who = base64.b64encode(json.dumps({"siren": request.siren}).encode()).decode()
        password = os.environ.get(self.config.password_variable, "")
        credentials = base64.b64encode(f"{self.config.username}:{password}".encode()).decode()
        base = str(self.config.url).rstrip("/")
        try:
            return call(
                method,
                f"{base}/v2/service_instances/{request.key}{path}?{urlencode(query)}",
                headers={
                    "Authorization": f"Basic {credentials}",
                    "X-Broker-API-Version": API_VERSION,
                    "X-Broker-API-Originating-Identity": f"{PLATFORM} {who}",
                    "X-Broker-API-Request-Identity": str(uuid.uuid4()),
                    "Content-Type": "application/json",
                },
                content=json.dumps(body).encode() if body is not None else b"",
            )
        except Retry as problem:
            # Only what begins something leaves a doubt behind.
            problem.doubtful = problem.doubtful and method == "PUT"
            raise


def _context(request) -> dict:
    return {
        "platform": PLATFORM,
        "organization_name": request.organisation_name,
        "siren": request.siren,
        "insee_code": request.insee_code,
        "operator": request.operator_name,
    }


def _parameters(request) -> dict:
    return {"options": sorted(request.options), "counts": dict(request.counts)}


def _outcome(answer: Answer, *, verb: str, doubtful: bool = False) -> Outcome:
    """What any status but those expected means; `doubtful`: of a request that may have begun something.
    Raises Retry."""
    match answer.status:
        case 408:
            raise Retry("Le système de l’éditeur n’a pas reçu la demande à temps.", cause=Cause.TIMEOUT)
        case 429:
            raise Retry(
                "Le système de l’éditeur demande de patienter.", cause=Cause.BUSY, after=answer.retry_after
            )
        case 422 if _error(answer) == "ConcurrencyError":
            raise Retry("L’éditeur termine d’abord une autre opération.", cause=Cause.BUSY)
        case status if 400 <= status < 500:
            return NeedsPerson(f"L’éditeur a refusé {verb} (code {status}).")
        case status if status >= 500:
            raise Retry(
                f"Le système de l’éditeur a répondu par une erreur (code {status}).",
                cause=Cause.BROKEN,
                after=answer.retry_after,
                doubtful=doubtful,
            )
        case status:
            raise Retry(
                f"La réponse de l’éditeur n’est pas prévue (code {status}).",
                cause=Cause.UNREADABLE,
                doubtful=doubtful and 200 <= status < 300,
            )


def _state(answer: Answer) -> str:
    """The state of the last operation. Raises Retry when the answer does not say it."""
    if answer.status != 200:
        raise Retry(
            f"L’éditeur ne dit pas où en est l’opération (code {answer.status}).",
            cause=Cause.BUSY if answer.status == 429 else Cause.BROKEN,
            after=answer.retry_after,
        )
    state = (answer.json_object() or {}).get("state")
    if state not in ("in progress", "succeeded", "failed"):
        raise Retry("La réponse de l’éditeur est illisible.", cause=Cause.UNREADABLE)
    return state


def _said(answer: Answer, *, doubtful: bool = False) -> dict:
    """The answer as a JSON object. Raises Retry for anything else: the page of a proxy opens no service."""
    said = answer.json_object()
    if said is None:
        raise Retry("La réponse de l’éditeur est illisible.", cause=Cause.UNREADABLE, doubtful=doubtful)
    return said


def _under_way(answer: Answer, *, doubtful: bool = False) -> InProgress:
    said = _said(answer, doubtful=doubtful)
    operation = plain_text(said.get("operation"), longest=MAX_OPERATION)
    url = _web_address(said.get("dashboard_url"))
    return InProgress(operation=operation, poll_after=answer.retry_after, url=url)


def _error(answer: Answer) -> str:
    error = (answer.json_object() or {}).get("error")
    return error if isinstance(error, str) else ""


def _web_address(value) -> str:
    """The vendor's address if a person can follow it safely (http or https, of a length we keep), else ""."""
    text = plain_text(value, longest=MAX_ADDRESS)
    return text if text.startswith(("https://", "http://")) else ""
