"""Organisations at Keycloak: whoever gives an address of their domains is led to their own provider."""

from dataclasses import dataclass
from urllib.parse import quote

from sso.keycloak.comparing import differing, merged
from sso.keycloak.marks import ORGANISATION
from sso.keycloak.server import KeycloakRefused, Server


@dataclass(frozen=True)
class KeycloakOrganisation:
    """What an organisation is to be there. `alias` never changes once it is made; `domains` are proven by
    whoever calls; `provider` is the alias of an identity provider of the realm, None without one."""

    public_id: str
    alias: str
    name: str
    domains: tuple[str, ...]
    provider: str | None = None


def ensure_organisation(server: Server, realm: str, wanted: KeycloakOrganisation) -> None:
    """Makes sure that it is there, as wanted: domains and provider that are not wanted are taken away.

    Raises KeycloakRefused, among others for a domain of another organisation, and KeycloakUnreachable.
    """
    base = f"/{quote(realm)}/organizations"
    body = {
        "name": wanted.name,
        "alias": wanted.alias,
        "enabled": True,
        "domains": [{"name": domain, "verified": True} for domain in wanted.domains],
        "attributes": {ORGANISATION: [wanted.public_id]},
    }
    found = _find(server, base, wanted.public_id)
    if found is None:
        server.post(base, body)
        found = _find(server, base, wanted.public_id)
        if found is None:
            raise KeycloakRefused(404, "l’organisation vient de disparaître")
    elif any(differing(body, found)):
        server.put(f"{base}/{found['id']}", merged(found, body))
    _link(server, f"/{quote(realm)}/identity-provider/instances", f"{base}/{found['id']}", wanted)


def remove_organisation(server: Server, realm: str, public_id: str) -> None:
    """Nothing is left of it there; its people and its provider stay."""
    base = f"/{quote(realm)}/organizations"
    found = _find(server, base, public_id)
    if found is not None:
        server.delete(f"{base}/{found['id']}")


def _find(server: Server, base: str, public_id: str) -> dict | None:
    found = server.get(base, q=f"{ORGANISATION}:{public_id}", briefRepresentation="false")
    # The search may be by part of the value.
    return next((one for one in found if one["attributes"][ORGANISATION] == [public_id]), None)


def _link(server: Server, providers: str, path: str, wanted: KeycloakOrganisation) -> None:
    linked = {one["alias"] for one in server.get(f"{path}/identity-providers") or []}
    for alias in linked - {wanted.provider}:
        server.delete(f"{path}/identity-providers/{quote(alias)}")
    if wanted.provider is None:
        return
    if wanted.provider not in linked:
        server.post(f"{path}/identity-providers", wanted.provider)
    # One of its domains is enough to be led there, whatever the account: no other page is shown.
    leads = {"config": {"kc.org.domain": "ANY", "kc.org.broker.redirect.mode.email-matches": "true"}}
    found = server.get(f"{providers}/{quote(wanted.provider)}")
    if any(differing(leads, found)):
        server.put(f"{providers}/{quote(wanted.provider)}", merged(found, leads))
