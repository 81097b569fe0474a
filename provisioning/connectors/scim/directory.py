"""The people of one organisation, as its vendor's SCIM server is to know them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Agent:
    """`external_id` names her in the service of one subscriber, for ever and without saying who she is.
    `active`: she has a role there still, which nobody has without an address. `groups`: their external ids.
    `elsewhere`: what may name her in the services of other subscribers."""

    external_id: str
    email: str = field(repr=False)
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    active: bool
    groups: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()

    def user(self) -> dict:
        """What we say of her (RFC 7643, 4.1); whatever else the server keeps is not ours."""
        if not self.email:
            return {"active": False}
        whole = f"{self.given_name} {self.family_name}".strip()
        return {
            "externalId": self.external_id,
            "userName": self.email,
            "displayName": whole or self.email,
            "name": {"givenName": self.given_name, "familyName": self.family_name, "formatted": whole},
            "emails": [{"value": self.email, "type": "work", "primary": True}],
            "active": self.active,
        }


@dataclass(frozen=True)
class Group:
    """All who have one role in one organisation."""

    external_id: str
    name: str


@dataclass(frozen=True)
class Directory:
    """Everybody who has, or had, a role where a subscriber's service is used; the groups by organisation and
    role."""

    agents: tuple[Agent, ...]
    groups: tuple[Group, ...]

    def members(self, group: Group, ids: Mapping[str, str]) -> set[str]:
        """The server's ids of those who are in it; `ids` by external id."""
        return {
            ids[agent.external_id]
            for agent in self.agents
            if agent.active and group.external_id in agent.groups and agent.external_id in ids
        }
