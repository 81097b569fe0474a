"""Who is a member of an organisation at Keycloak, by the `sub` of each: an account is never made here.

A *managed* member came by the provider of the organisation itself: Keycloak deletes her account when she is
taken out of it. Halle leaves her there; what she may do is never read from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from sso.keycloak.organisations import (
    Found,
    KeycloakOrganisation,
    ensure_organisation,
    find_organisation,
)
from sso.keycloak.server import KeycloakRefused, Server

PAGE = 500


@dataclass(frozen=True)
class Told:
    """What is to be there of an organisation: `organisation`, None when it is not to be made, and its
    `members`. `gone`: it is taken away, once it is empty. `known_as`: its public id."""

    known_as: str
    organisation: KeycloakOrganisation | None
    members: frozenset[str] = frozenset()
    gone: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of it. `unknown`: those of the members who have no account; `kept`: who could not be taken
    out without losing her account."""

    unknown: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Member:
    sub: str
    enabled: bool
    managed: bool


def members_of(server: Server, realm: str, organisation: str) -> Iterator[Member]:
    """All of them, page by page; none of an organisation that is not there. By its id at Keycloak."""
    path = f"{_path(realm, organisation)}/members"
    for page in server.pages(path, size=PAGE, briefRepresentation="true"):
        for one in page:
            yield Member(one["id"], one["enabled"], one.get("membershipType") == "MANAGED")


def tell(server: Server, realm: str, told: Told) -> Answer:
    """Makes sure that the organisation and its members are as told; asked again, it changes nothing.

    Raises KeycloakRefused and KeycloakUnreachable.
    """
    if told.organisation is not None:
        found = ensure_organisation(server, realm, told.organisation)
    else:
        found = find_organisation(server, realm, told.known_as)
    if found is None:
        return Answer()
    answer = _keep_members(server, realm, found, told.members)
    if told.gone and not answer.kept:
        server.delete(_path(realm, found.id))
    return answer


def has_account(server: Server, realm: str, sub: str) -> bool:
    """Whether Keycloak knows the person."""
    return server.get(f"/{quote(realm)}/users/{quote(sub)}") is not None


def _keep_members(server: Server, realm: str, organisation: Found, wanted: frozenset[str]) -> Answer:
    members = () if organisation.made else members_of(server, realm, organisation.id)
    held = {one.sub: one for one in members}
    path = f"{_path(realm, organisation.id)}/members"
    unknown = {sub for sub in sorted(wanted - held.keys()) if not _add(server, realm, path, sub)}
    kept = set()
    for sub in sorted(held.keys() - wanted):
        if held[sub].managed:
            kept.add(sub)
        else:
            server.delete(f"{path}/{quote(sub)}")
    return Answer(unknown=frozenset(unknown), kept=frozenset(kept))


def _add(server: Server, realm: str, path: str, sub: str) -> bool:
    """Whether she is a member now; not without an account."""
    try:
        server.post(path, sub)
    except KeycloakRefused as refusal:
        if refusal.status == 409:  # added by the one who asked before
            return True
        if refusal.status in (400, 404) and not has_account(server, realm, sub):
            return False
        raise
    return True


def _path(realm: str, organisation: str) -> str:
    return f"/{quote(realm)}/organizations/{quote(organisation)}"
