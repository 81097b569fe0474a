"""Open Service Broker API 2.17: provision, update, deprovision, then poll `last_operation` (asynchronous)."""

import base64
import json
import os

import httpx
from pydantic import BaseModel, HttpUrl

from provisioning.connectors.addresses import refuse_private_address
from provisioning.connectors.outcomes import Done, InProgress, NeedsPerson, Retry

API_VERSION = "2.17"
TIMEOUT = httpx.Timeout(10, connect=5)
DEFAULT_POLL_SECONDS = 5
MAX_POLL_SECONDS = 300
MAX_ANSWER_BYTES = 1024 * 1024
MAX_ADDRESS = 500  # what Subscription.service_url holds
PLATFORM = "halle"


class OsbConnector:
    class Config(BaseModel):
        """`password_variable` names the environment variable that holds the broker's password."""

        url: HttpUrl
        username: str
        password_variable: str
        service_id: str
        plan_id: str

    def __init__(self, config: Config):
        self.config = config

    def ensure_open(self, request) -> Done | InProgress | NeedsPerson:
        """PUT /v2/service_instances/{key}: the broker answers the same to the same request."""
        body = {
            **self._plan(),
            "organization_guid": request.siren,
            "space_guid": request.subscription_id,
            "context": _context(request),
        }
        if request.options or request.counts:
            body["parameters"] = _parameters(request)
        response = self._call(
            "PUT", request, path="", params={"accepts_incomplete": "true"}, content=json.dumps(body)
        )
        match response.status_code:
            case 200 | 201:
                return Done(url=_web_address(_object(response).get("dashboard_url")))
            case 202:
                return InProgress(
                    operation=_text(_object(response).get("operation"))[:10_000],
                    poll_after=_poll_after(response),
                )
            case 409:
                return NeedsPerson("L’éditeur a déjà un service à ce nom avec d’autres caractéristiques.")
            case 400 | 401 | 403 | 404 | 412 | 422:
                return NeedsPerson(f"L’éditeur a refusé la demande (code {response.status_code}).")
            case status:
                raise Retry(f"Le système de l’éditeur a répondu par une erreur (code {status}).")

    def poll(self, request, operation: str) -> Done | InProgress | NeedsPerson:
        """GET last_operation; once it succeeded, the instance is fetched again for its address."""
        params = {**self._plan(), "operation": operation} if operation else self._plan()
        response = self._call("GET", request, path="/last_operation", params=params)
        if response.status_code != 200:
            raise Retry(f"L’éditeur ne dit pas où en est l’ouverture (code {response.status_code}).")
        match _object(response).get("state"):
            case "in progress":
                return InProgress(operation=operation, poll_after=_poll_after(response))
            case "succeeded":
                # The same PUT again: identical, so the broker answers 200 with the address.
                return self.ensure_open(request)
            case "failed":
                return NeedsPerson("L’éditeur n’a pas réussi à ouvrir le service.")
            case _:
                raise Retry("La réponse de l’éditeur est illisible.")

    def ensure_changed(self, request) -> Done | InProgress | NeedsPerson:
        """PATCH /v2/service_instances/{key}: all the parameters again, so that once or twice is the same."""
        body = {
            "service_id": self.config.service_id,
            "context": _context(request),
            "parameters": _parameters(request),
        }
        response = self._call(
            "PATCH", request, path="", params={"accepts_incomplete": "true"}, content=json.dumps(body)
        )
        match response.status_code:
            case 200:
                _object(response)  # the page of a proxy changes nothing
                return Done()
            case 202:
                return InProgress(
                    operation=_text(_object(response).get("operation"))[:10_000],
                    poll_after=_poll_after(response),
                )
            case 400 | 401 | 403 | 404 | 405 | 410 | 412:
                return NeedsPerson(f"L’éditeur a refusé la modification (code {response.status_code}).")
            case status:  # 422 too: another operation is under way (ConcurrencyError)
                raise Retry(f"Le système de l’éditeur a répondu par une erreur (code {status}).")

    def poll_changing(self, request, operation: str) -> Done | InProgress | NeedsPerson:
        """GET last_operation."""
        params = {**self._plan(), "operation": operation} if operation else self._plan()
        response = self._call("GET", request, path="/last_operation", params=params)
        if response.status_code != 200:
            raise Retry(f"L’éditeur ne dit pas où en est la modification (code {response.status_code}).")
        match _object(response).get("state"):
            case "in progress":
                return InProgress(operation=operation, poll_after=_poll_after(response))
            case "succeeded":
                return Done()
            case "failed":
                return NeedsPerson("L’éditeur n’a pas réussi à modifier le service.")
            case _:
                raise Retry("La réponse de l’éditeur est illisible.")

    def ensure_closed(self, request) -> Done | InProgress | NeedsPerson:
        """DELETE /v2/service_instances/{key}; 410: closed already."""
        params = {**self._plan(), "accepts_incomplete": "true"}
        response = self._call("DELETE", request, path="", params=params)
        match response.status_code:
            case 200:
                _object(response)  # the page of a proxy closes nothing
                return Done()
            case 410:
                return Done()
            case 202:
                return InProgress(
                    operation=_text(_object(response).get("operation"))[:10_000],
                    poll_after=_poll_after(response),
                )
            case 400 | 401 | 403 | 404 | 412:
                return NeedsPerson(f"L’éditeur a refusé la fermeture (code {response.status_code}).")
            case status:  # 422 too: another operation is under way (ConcurrencyError)
                raise Retry(f"Le système de l’éditeur a répondu par une erreur (code {status}).")

    def poll_closing(self, request, operation: str) -> Done | InProgress | NeedsPerson:
        """GET last_operation; 410: closed."""
        params = {**self._plan(), "operation": operation} if operation else self._plan()
        response = self._call("GET", request, path="/last_operation", params=params)
        if response.status_code == 410:
            return Done()
        if response.status_code != 200:
            raise Retry(f"L’éditeur ne dit pas où en est la fermeture (code {response.status_code}).")
        match _object(response).get("state"):
            case "in progress":
                return InProgress(operation=operation, poll_after=_poll_after(response))
            case "succeeded":
                return Done()
            case "failed":
                return NeedsPerson("L’éditeur n’a pas réussi à fermer le service.")
            case _:
                raise Retry("La réponse de l’éditeur est illisible.")

    def _plan(self) -> dict:
        return {"service_id": self.config.service_id, "plan_id": self.config.plan_id}

    def _call(self, method: str, request, *, path: str, params: dict, content: str | None = None):
        base = str(self.config.url).rstrip("/")
        refuse_private_address(base)
        identity = base64.b64encode(json.dumps({"siren": request.siren}).encode()).decode()
        try:
            return httpx.request(
                method,
                f"{base}/v2/service_instances/{request.key}{path}",
                params=params,
                content=content,
                auth=(self.config.username, os.environ.get(self.config.password_variable, "")),
                headers={
                    "X-Broker-API-Version": API_VERSION,
                    "X-Broker-API-Originating-Identity": f"{PLATFORM} {identity}",
                    "Content-Type": "application/json",
                },
                timeout=TIMEOUT,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            raise Retry("Le système de l’éditeur ne répond pas.") from error


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


def _object(response: httpx.Response) -> dict:
    """The answer as a JSON object. Raises Retry for anything else: the page of a proxy opens no service."""
    try:
        answer = response.json() if len(response.content) <= MAX_ANSWER_BYTES else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Retry("La réponse de l’éditeur est illisible.")
    return answer


def _text(value) -> str:
    return value if isinstance(value, str) else ""


def _web_address(value) -> str:
    """The vendor's address if a person can follow it safely (http or https, of a length we keep), else ""."""
    text = _text(value)
    return text if text.startswith(("https://", "http://")) and len(text) <= MAX_ADDRESS else ""


def _poll_after(response: httpx.Response) -> int:
    """The broker's Retry-After in seconds, within reason."""
    value = response.headers.get("Retry-After", "")
    return min(int(value), MAX_POLL_SECONDS) if value.isdigit() and int(value) else DEFAULT_POLL_SECONDS
