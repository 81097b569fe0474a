"""The administration of one Keycloak: the only module that speaks by its client library, which it imports
where it is first used: the library takes more than a second to load, and web processes never ask Keycloak."""

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.conf import settings

from sso.keycloak.pace import Pace

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

LONGEST_WORD = 200
PATIENCE_SECONDS = 60


class KeycloakProblem(Exception):
    """Keycloak did not do what was asked. `str()` is French, and holds no secret."""


class KeycloakUnreachable(KeycloakProblem):
    """It does not answer, or says that it is broken: what was asked may be asked again."""


class KeycloakRefused(KeycloakProblem):
    """It answers no; again would not help. `status` is its HTTP status."""

    def __init__(self, status: int, said: str):
        super().__init__(f"Keycloak refuse ({status}) : {said[:LONGEST_WORD]}")
        self.status = status


class Server:
    """A Keycloak at `url`, asked as one of its clients that may administer it (client credentials).

    Every call ends within `timeout` seconds and is made once: what it asks is said again by whoever calls.
    With a `pace`, each waits for its turn. `changes` counts those that were to change something. For one
    thread. Raises KeycloakUnreachable or KeycloakRefused.
    """

    def __init__(self, *, url: str, client_id: str, secret: str, timeout: float, pace: Pace | None = None):
        from keycloak import KeycloakOpenIDConnection

        self.changes = 0
        self._pace = pace
        self._url = url.rstrip("/")
        self._connection = KeycloakOpenIDConnection(
            server_url=url.rstrip("/") + "/",
            realm_name="master",
            client_id=client_id,
            client_secret_key=secret,
            grant_type="client_credentials",
            timeout=timeout,
            max_retries=0,
        )
        self._admin: KeycloakAdmin | None = None

    def realm_address(self, realm: str) -> str:
        """A realm's issuer, and its name as a SAML service."""
        return f"{self._url}/realms/{quote(realm)}"

    def get(self, path: str, **query: str) -> Any:
        """What is there; None when nothing is."""
        answer = self._ask("raw_get", path, **query)
        return None if answer is None else answer.json()

    def pages(self, path: str, *, size: int, **query: str) -> Iterator[list[dict]]:
        """All that is there, page by page; nothing where nothing is. A page that is not full is the last: of
        tens of thousands of short lists, each is asked for once."""
        first = 0
        while page := self.get(path, first=str(first), max=str(size), **query):
            yield page
            if len(page) < size:
                return
            first += len(page)

    def post(self, path: str, body: Any) -> str:
        """Makes something. Its id, where Keycloak says one."""
        answer = self._ask("raw_post", path, data=json.dumps(body))
        if answer is None:
            raise KeycloakRefused(404, path)
        return answer.headers.get("Location", "").rpartition("/")[2]

    def description(self, realm: str, *, issuer: str) -> dict[str, str]:
        """What an OpenID Connect provider publishes of itself, as Keycloak, who asks it, keeps such things.

        Raises KeycloakRefused also when it names another issuer, KeycloakUnreachable also when it cannot be
        read: Keycloak says no more.
        """
        asked = {
            "providerId": "oidc",
            "fromUrl": f"{issuer.rstrip('/')}/.well-known/openid-configuration",  # Discovery 1.0, §4
        }
        path = f"/{quote(realm)}/identity-provider/import-config"
        answer = self._ask("raw_post", path, data=json.dumps(asked))
        said = answer.json() if answer is not None else {}
        if said.get("issuer") != issuer:
            raise KeycloakRefused(400, f"le fournisseur {issuer} ne se décrit pas, ou sous un autre nom")
        return said

    def put(self, path: str, body: Any) -> None:
        """Changes what is there."""
        if self._ask("raw_put", path, data=json.dumps(body)) is None:
            raise KeycloakRefused(404, path)

    def delete(self, path: str, body: Any = None) -> None:
        """Takes it away, or what `body` names of it; what is not there any more is as it should be."""
        self._ask("raw_delete", path, data=None if body is None else json.dumps(body))

    def _ask(self, verb: str, path: str, **how):
        """The answer; None when there is no such thing."""
        from keycloak import KeycloakAdmin
        from keycloak.exceptions import KeycloakConnectionError, KeycloakError
        from requests import RequestException

        try:
            if self._admin is None:  # the first time, a token is asked for
                self._admin = KeycloakAdmin(connection=self._connection)
                self._connection.get_token()
            if self._pace is not None:
                self._pace.wait()
            self.changes += verb != "raw_get"
            answer = getattr(self._connection, verb)(f"admin/realms{path}", **how)
        except (KeycloakConnectionError, RequestException):
            raise KeycloakUnreachable("Keycloak ne répond pas.") from None
        except KeycloakError as error:
            raise _problem(error.response_code or 0, "le compte d’administration de Halle") from None
        if answer.status_code == 404:
            return None
        if answer.status_code >= 400:
            raise _problem(answer.status_code, _word(answer))
        return answer


def _problem(status: int, said: str) -> KeycloakProblem:
    if status >= 500 or status in (0, 429):
        return KeycloakUnreachable(f"Keycloak est en panne ({status}).")
    return KeycloakRefused(status, said)


def _word(answer) -> str:
    """What it says of a refusal; never what was sent."""
    try:
        said = answer.json()
    except ValueError:
        return "sans explication"
    words = said if isinstance(said, dict) else {}
    return str(words.get("errorMessage") or words.get("error") or "sans explication")


def server(*, patient: bool = False, pace: Pace | None = None) -> Server:
    """The one of the settings; `patient` is for what makes realms, whose keys take a while, and for long
    lists; `pace`, for what can wait.

    Raises KeycloakProblem when the settings name none.
    """
    known = settings.KEYCLOAK
    secret = os.environ.get("HALLE_KEYCLOAK_ADMIN_SECRET") or known.get("development_secret", "")
    if not known["url"] or not secret:
        raise KeycloakProblem(
            "Aucun Keycloak n’est réglé : donner HALLE_KEYCLOAK_URL et HALLE_KEYCLOAK_ADMIN_SECRET."
        )
    timeout = PATIENCE_SECONDS if patient else known["timeout_seconds"]
    return Server(url=known["url"], client_id=known["admin"], secret=secret, timeout=timeout, pace=pace)
