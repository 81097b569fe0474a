"""A SCIM 2.0 server (RFC 7643, RFC 7644): found by external id, made, changed by PATCH or by PUT.

No error says what was sent: names and addresses are people's.
"""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, urlencode

from pydantic import BaseModel, Field, HttpUrl

from provisioning.connectors.calling import Answer, call, plain_text
from provisioning.connectors.outcomes import Retry
from provisioning.models.run import Cause

CORE = "urn:ietf:params:scim:schemas:core:2.0"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0"
SCHEMAS = {"Users": f"{CORE}:User", "Groups": f"{CORE}:Group"}
MEDIA_TYPE = "application/scim+json"
MOST_PAGES = 500
MOST_SECONDS = 600  # for all that is asked at once: a server that is slow at each request holds up itself
LONGEST_ID = 255


class ScimConfig(BaseModel):
    """`token_variable` names the environment variable that holds the bearer token. `groups`: the server has a
    group for each role too."""

    url: HttpUrl
    token_variable: str
    page_size: int = Field(default=100, ge=1, le=1_000)
    groups: bool = True


class Refused(Exception):
    """The server will not do it, however often it is asked. `str()` is a French sentence for a person."""


class Taken(Exception):
    """409: another resource has this name already (RFC 7644, 3.3: "uniqueness")."""


@dataclass(frozen=True)
class Abilities:
    """What the server says it can do (RFC 7643, 5)."""

    patch: bool = False
    filter: bool = True


@dataclass
class Resource:
    """One resource as the server holds it. `version`: its ETag, "" when there is none."""

    kind: str
    id: str
    held: dict = field(repr=False)
    version: str = ""


class Client:
    def __init__(self, config: ScimConfig):
        self.config = config
        self.base = str(config.url).rstrip("/")
        self.until = time.monotonic() + MOST_SECONDS
        self.listed: dict[str, list[Resource]] = {}  # of a server that does not filter

    @cached_property
    def abilities(self) -> Abilities:
        """The least that any server can do, when it does not say. Raises as `ask`."""
        answer = self.ask("GET", "/ServiceProviderConfig", wanted=(200, 404, 501))
        said = answer.json_object() if answer.status == 200 else None
        if said is None:
            return Abilities()
        return Abilities(patch=_supported(said, "patch"), filter=_supported(said, "filter"))

    def look(self) -> Abilities:
        """What the server says that it can do, once it has let us read one of its users. Changes nothing.
        Raises as `ask`."""
        abilities = self.abilities
        _page(self.ask("GET", "/Users?startIndex=1&count=1", wanted=(200,)))
        return abilities

    def find(self, kind: str, attribute: str, value: str) -> list[Resource]:
        """The resources whose attribute is exactly that. What the server found is looked at again: one that
        does not filter gives everything."""
        if self.abilities.filter:
            text = value.replace("\\", "\\\\").replace('"', '\\"')
            found = self._listed(kind, {"filter": f'{attribute} eq "{text}"'})
        else:
            if kind not in self.listed:
                self.listed[kind] = list(self._listed(kind, {}))
            found = self.listed[kind]
        same = str.casefold if attribute == "userName" else str
        return [one for one in found if _same(one.held.get(attribute), value, same)]

    def make(self, kind: str, said: dict) -> Resource:
        """Raises Taken, and as `ask`."""
        answer = self.ask(
            "POST", f"/{kind}", body={"schemas": [SCHEMAS[kind]], **said}, wanted=(200, 201, 409)
        )
        if answer.status == 409:
            raise Taken
        return self._resource(kind, answer.json_object(), answer)

    def change(self, resource: Resource, said: dict) -> None:
        """Has the resource say this, what it says besides left alone. Raises Taken, and as `ask`; a resource
        that somebody else changed meanwhile (412) is a matter of trying again."""
        if self.abilities.patch:
            method = "PATCH"
            operations = [{"op": "replace", "path": name, "value": value} for name, value in said.items()]
            body = {"schemas": [f"{MESSAGES}:PatchOp"], "Operations": operations}
        else:
            # A PUT replaces all: what the server alone writes is not said back to it.
            method = "PUT"
            kept = {name: value for name, value in resource.held.items() if name not in ("meta", "groups")}
            body = {"schemas": [SCHEMAS[resource.kind]], **kept, **said}
        answer = self.ask(
            method,
            f"/{resource.kind}/{quote(resource.id, safe='')}",
            body=body,
            headers={"If-Match": resource.version} if resource.version else {},
            wanted=(200, 204, 404, 409, 412),
        )
        if answer.status == 409:
            raise Taken
        if answer.status in (404, 412):
            raise Retry("L’annuaire de l’éditeur a changé entre-temps.", cause=Cause.BUSY)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: dict | None = None,
        headers: dict | None = None,
        wanted: tuple[int, ...],
    ) -> Answer:
        """One request; an answer of one of these statuses. Raises Refused, Retry and AddressRefused.

        Nothing leaves a doubt: whatever was done is found again by its external id.
        """
        token = os.environ.get(self.config.token_variable, "")
        if not token:
            raise Refused("Le jeton de l’annuaire de l’éditeur n’est pas configuré chez nous.")
        if time.monotonic() > self.until:
            raise Retry("L’annuaire de l’éditeur met trop de temps à répondre.", cause=Cause.TIMEOUT)
        try:
            answer = call(
                method,
                f"{self.base}{path}",
                headers={
                    "Authorization": f"Bearer {token}",
                    "Accept": MEDIA_TYPE,
                    "Content-Type": MEDIA_TYPE,
                    **(headers or {}),
                },
                content=json.dumps(body).encode() if body is not None else b"",
            )
        except Retry as problem:
            problem.doubtful = False
            raise
        if answer.status in wanted:
            return answer
        raise _problem(answer)

    def _listed(self, kind: str, asked: dict) -> Iterator[Resource]:
        """Page by page, from 1 (RFC 7644, 3.4.2.4). A server may give fewer than asked; one that gives again
        what it gave, or never ends, is not believed."""
        start, seen = 1, set()
        for _ in range(MOST_PAGES):
            query = urlencode({**asked, "startIndex": start, "count": self.config.page_size})
            answer = self.ask("GET", f"/{kind}?{query}", wanted=(200,))
            page, total = _page(answer)
            fresh = [one for one in (self._resource(kind, row) for row in page) if one.id not in seen]
            yield from fresh
            seen |= {one.id for one in fresh}
            start += len(page)
            if start > total:
                return
            if not fresh:
                break
        raise _unreadable()

    def _resource(self, kind: str, said: object, answer: Answer | None = None) -> Resource:
        identifier = plain_text(said.get("id"), longest=LONGEST_ID) if isinstance(said, dict) else ""
        if not identifier:
            raise _unreadable()
        meta = said.get("meta")
        version = meta.get("version") if isinstance(meta, dict) else None
        if answer is not None:
            version = version or answer.headers.get("etag")
        return Resource(kind=kind, id=identifier, held=said, version=_header(version))


def _page(answer: Answer) -> tuple[list, int]:
    """What is on a page of a listing, and how many there are on all."""
    said = answer.json_object() or {}
    page, total = said.get("Resources", []), said.get("totalResults")
    if not isinstance(page, list) or not isinstance(total, int) or isinstance(total, bool):
        raise _unreadable()
    return page, total


def _supported(said: dict, what: str) -> bool:
    found = said.get(what)
    return isinstance(found, dict) and found.get("supported") is True


def _same(found: object, value: str, same) -> bool:
    return isinstance(found, str) and same(found) == same(value)


def _header(version: object) -> str:
    """A version that can be said in a header; "" for anything else."""
    found = plain_text(version, longest=200)
    return found if found.isascii() and found.isprintable() else ""


def _unreadable() -> Retry:
    return Retry("La réponse de l’annuaire de l’éditeur est illisible.", cause=Cause.UNREADABLE)


def _problem(answer: Answer) -> Exception:
    match answer.status:
        case 401 | 403:
            return Refused("L’annuaire de l’éditeur refuse notre jeton.")
        case 404:
            return Refused("Il n’y a pas d’annuaire SCIM à l’adresse donnée par l’éditeur.")
        case 429:
            sentence = "L’annuaire de l’éditeur demande d’attendre."
            return Retry(sentence, cause=Cause.BUSY, after=answer.retry_after)
        case status if status >= 500:
            sentence = f"L’annuaire de l’éditeur est en panne (réponse {status})."
            return Retry(sentence, cause=Cause.BROKEN, after=answer.retry_after)
        case status:
            return Refused(f"L’annuaire de l’éditeur refuse ce que nous lui disons (réponse {status}).")
