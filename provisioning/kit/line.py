"""The line to the broker under test: what is asked on it, and what came back, kept to be judged."""

import base64
import json
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpcore
from django.conf import settings

from tenants import addresses, guarded

API_VERSION = "2.17"
MAX_ANSWER_BYTES = 1024 * 1024
# Longer than this, Halle takes an answer for lost (connectors.calling.TOTAL_SECONDS).
ANSWER_SECONDS = 30.0
SETTLE_SECONDS = 120.0
LOST_SECONDS = 0.001
FIRST_POLL, LONGEST_POLL = 0.1, 2.0


class Fault(Exception):
    """The broker did something else than what is expected. `str()` is a French sentence for its vendor."""


class NoAnswer(Fault):
    """Nothing came back, or nothing that is HTTP."""


class AddressRefused(Exception):
    """This address may not be called at all. `str()` is a French sentence."""


@dataclass(frozen=True)
class Target:
    """The broker under test."""

    url: str
    username: str
    password: str = field(repr=False)
    service_id: str
    plan_id: str


@dataclass(frozen=True)
class Answer:
    """What came back to one request. Header names in lower case. `plain`: the request was one that Halle
    itself would send, so that its answer must be as the specification says."""

    asked: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    plain: bool

    def said(self) -> dict:
        """The JSON object of the answer; {} for anything else, which `tidy.answers_are_json` tells."""
        try:
            said = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}


class Line:
    """Asks the broker; safe for several threads. `run` names the instances: the same run, the same ids."""

    def __init__(
        self,
        target: Target,
        *,
        run: uuid.UUID,
        answer_seconds: float = ANSWER_SECONDS,
        settle_seconds: float = SETTLE_SECONDS,
    ):
        self.target, self.run = target, run
        self.answer_seconds, self.settle_seconds = answer_seconds, settle_seconds
        self.answers: list[Answer] = []
        self.made: dict[str, None] = {}
        self.lock = threading.Lock()

    def instance(self, name: str) -> str:
        """The id of an instance of this run: always the same for a name, deleted when its check is over."""
        found = str(uuid.uuid5(self.run, name))
        with self.lock:
            self.made[found] = None
        return found

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: dict | bytes | Iterable[bytes] | None = None,
        length: int = 0,
        headers: Mapping[str, str | None] | None = None,
        password: str | None = None,
        lose: bool = False,
    ) -> Answer:
        """One request. `body` as bytes or pieces (of `length` bytes in all) is sent as it is; a header of
        None is left out; `lose` hangs up as soon as the request is sent. Raises NoAnswer, AddressRefused."""
        plain = not headers and password is None and not lose and (body is None or isinstance(body, dict))
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        sent = self._headers(password) | dict(headers or {})
        if content is not None:
            sent["Content-Length"] = str(length or len(content))  # type: ignore[arg-type]
        url = f"{self.target.url.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
        if not settings.ALLOW_PRIVATE_ADDRESSES and not url.startswith("https://"):
            raise AddressRefused("L’adresse du courtier doit commencer par https://.")
        seconds = self.answer_seconds
        waits = {"connect": 5.0, "write": seconds, "pool": 5.0, "read": LOST_SECONDS if lose else seconds}
        asked = f"{method} {path}"
        try:
            with (
                guarded.connections(until=time.monotonic() + seconds) as pool,
                pool.stream(
                    method,
                    url,
                    headers={name: value for name, value in sent.items() if value is not None},
                    content=content,
                    extensions={"timeout": waits},
                ) as found,
            ):
                answer = Answer(
                    asked=asked,
                    status=found.status,
                    headers={
                        name.decode("latin-1").lower(): value.decode("latin-1")
                        for name, value in found.headers
                    },
                    body=_bounded(found),
                    plain=plain,
                )
        except addresses.PrivateAddress as error:
            raise AddressRefused("L’adresse du courtier mène à un réseau privé.") from error
        except httpcore.TimeoutException as error:
            raise NoAnswer(f"{asked} : pas de réponse en {seconds:g} secondes.") from error
        except httpcore.UnsupportedProtocol as error:
            raise AddressRefused("L’adresse du courtier doit commencer par https://.") from error
        except (addresses.NameUnknown, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise NoAnswer(f"{asked} : la liaison ne s’établit pas ou se rompt.") from error
        with self.lock:
            self.answers.append(answer)
        return answer

    def open(self, instance: str, **changes) -> Answer:
        """PUT: opens an instance as Halle does. `changes` are fields of the body."""
        return self.ask("PUT", _path(instance), query=_INCOMPLETE, body=self.wish(instance) | changes)

    def wish(self, instance: str) -> dict:
        """The body of the request that opens an instance."""
        return {
            "service_id": self.target.service_id,
            "plan_id": self.target.plan_id,
            "organization_guid": "210000018",
            "space_guid": instance,
            "context": {
                "platform": "halle",
                "organization_name": "Commune d’essai",
                "siren": "210000018",
                "insee_code": "01001",
                "operator": "Banc d’essai",
            },
        }

    def change(self, instance: str, **changes) -> Answer:
        """PATCH: the plan and all the parameters again, as Halle does."""
        body = {
            **self.plan(),
            "context": self.wish(instance)["context"],
            "parameters": {"options": [], "counts": {}},
        }
        return self.ask("PATCH", _path(instance), query=_INCOMPLETE, body=body | changes)

    def close(self, instance: str) -> Answer:
        """DELETE."""
        return self.ask("DELETE", _path(instance), query=self.plan() | _INCOMPLETE)

    def fetch(self, instance: str) -> Answer:
        """GET of the instance."""
        return self.ask("GET", _path(instance), query=self.plan())

    def poll(self, instance: str, operation: str = "") -> Answer:
        """GET last_operation."""
        query = self.plan() | ({"operation": operation} if operation else {})
        return self.ask("GET", f"{_path(instance)}/last_operation", query=query)

    def settle(self, instance: str, answer: Answer) -> str:
        """Polls what is under way until it is over: "succeeded", "failed", "gone". Raises Fault when it never
        is, or when the broker does not say where it is."""
        operation = answer.said().get("operation")
        operation = operation if isinstance(operation, str) and len(operation) <= 10_000 else ""
        end, wait = time.monotonic() + self.settle_seconds, FIRST_POLL
        while time.monotonic() < end:
            polled = self.poll(instance, operation)
            if polled.status == 410:
                return "gone"
            state = polled.said().get("state")
            if polled.status != 200 or state not in ("in progress", "succeeded", "failed"):
                raise Fault(f"{polled.asked} : réponse {polled.status} sans état lisible de l’opération.")
            if state != "in progress":
                return state
            time.sleep(wait)
            wait = min(wait * 2, LONGEST_POLL)
        raise Fault(f"L’opération n’est pas terminée au bout de {self.settle_seconds:g} secondes.")

    def plan(self) -> dict[str, str]:
        """What names service and plan in a query."""
        return {"service_id": self.target.service_id, "plan_id": self.target.plan_id}

    def _headers(self, password: str | None) -> dict[str, str | None]:
        who = base64.b64encode(json.dumps({"siren": "210000018"}).encode()).decode()
        known = f"{self.target.username}:{self.target.password if password is None else password}"
        return {
            "User-Agent": "Halle",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "Authorization": f"Basic {base64.b64encode(known.encode()).decode()}",
            "X-Broker-API-Version": API_VERSION,
            "X-Broker-API-Originating-Identity": f"halle {who}",
            "X-Broker-API-Request-Identity": str(uuid.uuid4()),
        }


_INCOMPLETE = {"accepts_incomplete": "true"}


def _path(instance: str) -> str:
    return f"/v2/service_instances/{instance}"


def _bounded(answer: httpcore.Response) -> bytes:
    body = bytearray()
    for piece in answer.iter_stream():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise NoAnswer("La réponse est trop longue.")
    return bytes(body)
