"""The clients of services: one for each subscription whose service people reach by signing in once.

Every verb is an "ensure": asked again, it changes nothing. The provisioning engine asks.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from sso.keycloak.client_scopes import WAYS, put_scopes
from sso.keycloak.comparing import differing, merged
from sso.keycloak.mappers import put_mappers
from sso.keycloak.marks import SUBSCRIPTION
from sso.keycloak.server import KeycloakRefused, Server
from sso.keycloak.service_shapes import ServiceClient, client_id_of, described

PAGE = 100
ROLES = ROLE_AGENT, ROLE_MANAGER = ("agent", "manager")
VANISHED = "le client vient de disparaître"


@dataclass(frozen=True)
class ClientCredentials:
    """What the service is given, by OpenID Connect."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class ClientSeen:
    """What Keycloak has of a subscription's service."""

    subscription: str
    enabled: bool
    redirect_uris: tuple[str, ...]
    held: dict = field(default_factory=dict, repr=False)  # all that Keycloak says of it

    @property
    def by_saml(self) -> bool:
        return self.held.get("protocol") == "saml"


def ensure_client(server: Server, realm: str, wanted: ServiceClient) -> ClientCredentials | None:
    """Makes sure that the client is there, as wanted: one edited by hand is put back, one of the other
    protocol is replaced. None by SAML, which knows no secret.

    Raises KeycloakUnreachable or KeycloakRefused, also when another client has its name.
    """
    client = described(wanted)
    found = _find(server, realm, wanted.subscription)
    if found is not None and (found.get("protocol") == "saml") != (wanted.saml is not None):
        server.delete(f"{_path(realm)}/{found['id']}")
        found = None
    if found is None:
        found = _made(server, realm, wanted, client)
    path = f"{_path(realm)}/{found['id']}"
    mappers = client.pop("protocolMappers")
    for way, scopes in ((way, client.pop(f"{way}ClientScopes")) for way in WAYS):
        if set(found.get(f"{way}ClientScopes", [])) != set(scopes):
            put_scopes(server, realm, path, way, scopes)
    if any(differing(client, found)):
        server.put(path, merged(found, client))
    put_mappers(server, f"{path}/protocol-mappers/models", mappers)
    known = {one["name"] for one in server.get(f"{path}/roles")}
    for role in (one for one in ROLES if one not in known):
        server.post(f"{path}/roles", {"name": role})
    if wanted.saml is not None:
        return None
    return ClientCredentials(wanted.client_id, server.get(f"{path}/client-secret")["value"])


def _made(server: Server, realm: str, wanted: ServiceClient, client: dict) -> dict:
    """A new one, under the id by which it is found again whatever it is called."""
    refused = None
    try:
        server.post(_path(realm), client | {"id": wanted.subscription})
    except KeycloakRefused as refusal:
        if refusal.status != 409:
            raise
        refused = refusal  # made by the one who asked before, and was not heard
    found = _find(server, realm, wanted.subscription)
    if found is None and refused is not None:
        raise KeycloakRefused(409, f"« {wanted.client_id} » est déjà le nom d’un autre client")
    if found is None:
        raise KeycloakRefused(404, VANISHED)
    return found


def renew_secret(server: Server, realm: str, subscription: str) -> ClientCredentials:
    """Gives a client of OpenID Connect another secret; the one before is worth nothing any more. Raises
    KeycloakRefused, also when there is no such client, or KeycloakUnreachable."""
    found = _find(server, realm, subscription)
    if found is None:
        raise KeycloakRefused(404, VANISHED)
    path = f"{_path(realm)}/{found['id']}/client-secret"
    server.post(path, {})
    return ClientCredentials(found["clientId"], server.get(path)["value"])


def unlike(seen: ClientSeen, wanted: ServiceClient) -> list[str]:
    """What of a client is not as wanted, by its names at Keycloak; its secret is Keycloak's own. Pure."""
    client = described(wanted)
    mappers = client.pop("protocolMappers")
    scopes = {name: set(client.pop(name)) for name in (f"{way}ClientScopes" for way in WAYS)}
    names = [name for name, *_ in differing(client, seen.held)]
    names += [name for name, given in scopes.items() if set(seen.held.get(name, [])) != given]
    held = {one["name"]: one for one in seen.held.get("protocolMappers", [])}
    said = {one["name"]: one for one in mappers}
    names += [name for name in said if any(differing(said[name], held.get(name, {})))]
    names += sorted(held.keys() - said.keys())
    return names


def roles_unlike(
    server: Server, realm: str, seen: ClientSeen, people: Mapping[str, Collection[str]]
) -> list[str]:
    """By role in the service, where others have it than these people, by their `sub`; whom Keycloak does not
    know is left out, as `keep_roles` does."""
    found = []
    for name, subs in people.items():
        held = set(_holders(server, f"{_path(realm)}/{seen.held['id']}/roles/{name}/users"))
        missing = sorted(set(subs) - held)
        if held - set(subs) or any(server.get(f"/{quote(realm)}/users/{quote(sub)}") for sub in missing):
            found.append(name)
    return found


def suspend_client(server: Server, realm: str, subscription: str) -> bool:
    """Nobody signs in to the service any more, and who did is signed out of it. Whether there is a client."""
    return _enable(server, realm, subscription, enabled=False)


def resume_client(server: Server, realm: str, subscription: str) -> bool:
    """People sign in to the service again, with the same secret. Whether there is a client."""
    return _enable(server, realm, subscription, enabled=True)


def remove_client(server: Server, realm: str, subscription: str) -> None:
    """Nothing is left of the service at Keycloak."""
    found = _find(server, realm, subscription)
    if found is not None:
        server.delete(f"{_path(realm)}/{found['id']}")


def let_in(server: Server, realm: str, subscription: str, *, sub: str) -> bool:
    """Gives a person, by her `sub`, the role of an agent of the service. Whether there are such a client and
    such a person."""
    found = _find(server, realm, subscription)
    if found is None or server.get(f"/{quote(realm)}/users/{quote(sub)}") is None:
        return False
    role = server.get(f"{_path(realm)}/{found['id']}/roles/{ROLE_AGENT}")
    server.post(f"/{quote(realm)}/users/{quote(sub)}/role-mappings/clients/{found['id']}", [role])
    return True


def keep_roles(
    server: Server, realm: str, subscription: str, *, people: Mapping[str, Collection[str]]
) -> None:
    """By role in the service (ROLES), those who have it and nobody else has, by their `sub`; whom Keycloak
    does not know is left out. Raises KeycloakRefused, also when there is no such client, or
    KeycloakUnreachable."""
    found = _find(server, realm, subscription)
    if found is None:
        raise KeycloakRefused(404, VANISHED)
    for name, subs in people.items():
        path = f"{_path(realm)}/{found['id']}/roles/{name}"
        role, held = server.get(path), set(_holders(server, f"{path}/users"))
        for sub in sorted(held ^ set(subs)):
            person = f"/{quote(realm)}/users/{quote(sub)}"
            if sub in held:
                server.delete(f"{person}/role-mappings/clients/{found['id']}", [role])
            elif server.get(person) is not None:
                server.post(f"{person}/role-mappings/clients/{found['id']}", [role])


def _holders(server: Server, path: str) -> Iterator[str]:
    for page in server.pages(path, size=PAGE):
        yield from (one["id"] for one in page)


def clients_of_services(server: Server, realm: str) -> Iterator[ClientSeen]:
    """All of them, page by page: what is compared with the subscriptions that are open."""
    # Among all clients, of which few are others': a SAML one is called as its vendor says, and Keycloak
    # searches by attributes only where its administrator has prepared it.
    for page in server.pages(_path(realm), size=PAGE):
        for one in (one for one in page if SUBSCRIPTION in (one.get("attributes") or {})):
            yield ClientSeen(
                subscription=one["attributes"][SUBSCRIPTION],
                enabled=one["enabled"],
                redirect_uris=tuple(sorted(one.get("redirectUris", []))),
                held=one,
            )


def end_sessions(server: Server, realm: str, *, sub: str) -> bool:
    """Signs a person out everywhere: each service that she is in is told, Halle too. Whether Keycloak knows
    her."""
    path = f"/{quote(realm)}/users/{quote(sub)}"
    if server.get(path) is None:
        return False
    server.post(f"{path}/logout", {})
    return True


def _path(realm: str) -> str:
    return f"/{quote(realm)}/clients"


def _find(server: Server, realm: str, subscription: str) -> dict | None:
    """By its id; by its name where this is another: made before Halle chose it, or again by hand."""
    if (found := server.get(f"{_path(realm)}/{quote(subscription)}")) is not None:
        return found
    named = server.get(_path(realm), clientId=client_id_of(subscription))
    return named[0] if named else None


def _enable(server: Server, realm: str, subscription: str, *, enabled: bool) -> bool:
    found = _find(server, realm, subscription)
    if found is None:
        return False
    if found["enabled"] != enabled:
        server.put(f"{_path(realm)}/{found['id']}", found | {"enabled": enabled})
    return True
