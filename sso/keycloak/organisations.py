"""Organisations at Keycloak: whoever gives an address of their domains is led to their own provider."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from urllib.parse import quote

from sso.keycloak.comparing import differing, merged
from sso.keycloak.marks import ORGANISATION
from sso.keycloak.server import KeycloakRefused, Server

PAGE = 200
ALIAS = "siren-"
# One of its domains is enough to be led there, whatever the account: no other page is shown.
_LEADS = {"config": {"kc.org.domain": "ANY", "kc.org.broker.redirect.mode.email-matches": "true"}}


@dataclass(frozen=True)
class KeycloakOrganisation:
    """What an organisation is to be there. `alias` never changes once it is made; `domains` are proven by
    whoever calls; `provider` is the alias of an identity provider of the realm, None without one."""

    public_id: str
    alias: str
    name: str
    domains: tuple[str, ...]
    provider: str | None = None


@dataclass(frozen=True)
class OrganisationSeen:
    """What Keycloak has of an organisation of Halle, under its own `id`; `providers` are linked to it."""

    public_id: str
    id: str
    held: dict = field(repr=False)
    providers: list[dict] = field(repr=False)


@dataclass(frozen=True)
class Found:
    """An organisation by its `id` at Keycloak. `made`: just now, so that nobody is a member of it yet."""

    id: str
    made: bool = False


def ensure_organisation(server: Server, realm: str, wanted: KeycloakOrganisation) -> Found:
    """Makes sure that it is there, as wanted: domains and provider that are not wanted are taken away.

    Raises KeycloakRefused, among others for a domain of another organisation, and KeycloakUnreachable.
    """
    base = f"/{quote(realm)}/organizations"
    body = _body(wanted)
    found = _find(server, base, wanted.public_id)
    if found is None:
        try:
            made = server.post(base, body)
        except KeycloakRefused as refusal:
            if refusal.status != 409:
                raise
            # Made by the one who asked before; or its mark was taken away by hand, and its name says whose.
            found = _find_by_name(server, base, wanted)
            if found is None:
                raise
        else:
            _link(server, realm, made, wanted, linked=frozenset())
            return Found(made, made=True)
    if any(differing(body, found)):
        server.put(f"{base}/{found['id']}", merged(found, body))
    held = server.get(f"{base}/{found['id']}/identity-providers") or []
    _link(server, realm, found["id"], wanted, linked={one["alias"] for one in held})
    return Found(found["id"])


def find_organisation(server: Server, realm: str, public_id: str) -> Found | None:
    """None when it is not there."""
    found = _find(server, f"/{quote(realm)}/organizations", public_id)
    return Found(found["id"]) if found else None


def organisations_of_halle(server: Server, realm: str) -> Iterator[list[OrganisationSeen]]:
    """All that Halle has made there, whatever was made of them since, page by page."""
    linked: dict[str, list[dict]] = {}
    for page in server.pages(f"/{quote(realm)}/identity-provider/instances", size=PAGE):
        for one in page:
            linked.setdefault(one.get("organizationId", ""), []).append(one)
    for page in server.pages(f"/{quote(realm)}/organizations", size=PAGE, briefRepresentation="false"):
        yield [
            OrganisationSeen(public_id=mark, id=one["id"], held=one, providers=linked.get(one["id"], []))
            for one in page
            if (mark := _mark(one))
        ]


def unlike(seen: OrganisationSeen, wanted: KeycloakOrganisation) -> list[str]:
    """What of an organisation is not as wanted, by its names at Keycloak. Pure."""
    names = [name for name, *_ in differing(_body(wanted), seen.held)]
    linked = {one["alias"]: one for one in seen.providers}
    given = {wanted.provider} - {None}
    if linked.keys() != given or any(any(differing(_LEADS, linked[alias])) for alias in given):
        names.append("identityProviders")
    return names


def remove_organisation(server: Server, realm: str, public_id: str) -> None:
    """Nothing is left of it there; its people and its provider stay."""
    base = f"/{quote(realm)}/organizations"
    found = _find(server, base, public_id)
    if found is not None:
        server.delete(f"{base}/{found['id']}")


def _body(wanted: KeycloakOrganisation) -> dict:
    return {
        "name": wanted.name,
        "alias": wanted.alias,
        "enabled": True,
        "domains": [{"name": domain, "verified": True} for domain in wanted.domains],
        "attributes": {ORGANISATION: [wanted.public_id]},
    }


def _mark(found: dict) -> str:
    """Whose it is, by its alias, which nobody can change, else by what Halle wrote on it; "" for another."""
    if found["alias"].startswith(ALIAS):
        return found["alias"].removeprefix(ALIAS)
    return next(iter((found.get("attributes") or {}).get(ORGANISATION) or []), "")


def _find(server: Server, base: str, public_id: str) -> dict | None:
    found = server.get(base, q=f"{ORGANISATION}:{public_id}", briefRepresentation="false")
    # The search may be by part of the value.
    return next((one for one in found if one["attributes"][ORGANISATION] == [public_id]), None)


def _find_by_name(server: Server, base: str, wanted: KeycloakOrganisation) -> dict | None:
    found = server.get(base, search=wanted.name, exact="true", briefRepresentation="false")
    return next((one for one in found if one["alias"] == wanted.alias), None)


def _link(
    server: Server, realm: str, organisation: str, wanted: KeycloakOrganisation, *, linked: Set[str]
) -> None:
    """Its own provider and no other. `linked`: those that it has."""
    path = f"/{quote(realm)}/organizations/{quote(organisation)}/identity-providers"
    for alias in linked - {wanted.provider}:
        server.delete(f"{path}/{quote(alias)}")
    if wanted.provider is None:
        return
    if wanted.provider not in linked:
        server.post(path, wanted.provider)
    provider = f"/{quote(realm)}/identity-provider/instances/{quote(wanted.provider)}"
    found = server.get(provider)
    if any(differing(_LEADS, found)):
        server.put(provider, merged(found, _LEADS))
