"""The people of one organisation, as its vendor's SCIM server is to know them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Agent:
    """`external_id` names her in this organisation, for ever and without saying who she is. `active`: she has
    a role there still, which nobody has without an address. `roles`: their codes."""

    external_id: str
    email: str = field(repr=False)
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    active: bool
    roles: frozenset[str] = frozenset()

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
    """All who have one role in the organisation."""

    external_id: str
    name: str
    role: str


@dataclass(frozen=True)
class Directory:
    """Everybody who has, or had, a role in an organisation; its groups by role."""

    agents: tuple[Agent, ...]
    groups: tuple[Group, ...]

    def members(self, group: Group, ids: Mapping[str, str]) -> set[str]:
        """The server's ids of those who are in it; `ids` by external id."""
        return {
            ids[agent.external_id]
            for agent in self.agents
            if agent.active and group.role in agent.roles and agent.external_id in ids
        }
