"""Agents by SCIM: each person of an organisation is a user of its service, and each role a group.

Nobody is ever deleted: whoever left is `active: false`, and the vendor keeps what she made. Asked twice, it
does nothing the second time.
"""

from provisioning.connectors.outcomes import Done, NeedsPerson
from provisioning.connectors.scim.client import Client, Refused, Resource, ScimConfig, Taken
from provisioning.connectors.scim.directory import Agent, Directory, Group


class ScimConnector:
    Config = ScimConfig

    def __init__(self, config: ScimConfig):
        self.config, self.client = config, Client(config)

    def ensure_agents(self, directory: Directory) -> Done | NeedsPerson:
        """Makes sure that the server's users and groups are those of the directory. Raises Retry when it may
        work later, and AddressRefused."""
        try:
            ids, taken = {}, 0
            for agent in directory.agents:
                try:
                    found = self._ensure_user(agent)
                except Taken:
                    taken += 1
                    continue
                if found is not None:
                    ids[agent.external_id] = found.id
            for group in directory.groups if self.config.groups else ():
                self._ensure_group(group, directory.members(group, ids))
        except Refused as refusal:
            return NeedsPerson(str(refusal))
        except Taken:
            return NeedsPerson("Un groupe de ce nom existe déjà chez l’éditeur, et n’est pas à nous.")
        return NeedsPerson(_others(taken)) if taken else Done()

    def try_out(self) -> Done | NeedsPerson:
        """Whether the server lets us read what it can do and whom it has; changes nothing. Raises as
        `ensure_agents`."""
        try:
            self.client.look()
        except Refused as refusal:
            return NeedsPerson(str(refusal))
        return Done()

    def _ensure_user(self, agent: Agent) -> Resource | None:
        """Her user there; None for somebody who left before she was known. Raises Taken when an account that
        we did not make has her address."""
        found = self._ours("Users", agent.external_id)
        if found is None and not (agent.active and agent.email):
            return None
        if found is None:
            try:
                return self.client.make("Users", agent.user())
            except Taken:
                found = self._by_name(agent)
        self._change(found, agent.user())
        return found

    def _by_name(self, agent: Agent) -> Resource:
        """Hers: a request of ours whose answer was lost, on a server that filters badly; or what we made of
        her for another subscriber, who has her no more."""
        for one in self.client.find("Users", "userName", agent.email):
            known = one.held.get("externalId")
            left = known in agent.elsewhere and one.held.get("active") is False
            if known == agent.external_id or left:
                return one
        raise Taken

    def _ensure_group(self, group: Group, members: set[str]) -> None:
        said = {"externalId": group.external_id, "displayName": group.name}
        everybody = [{"value": one} for one in sorted(members)]
        found = self._ours("Groups", group.external_id)
        if found is None:
            if members:
                self.client.make("Groups", {**said, "members": everybody})
            return
        held = found.held.get("members")
        there = (
            {one.get("value") for one in held if isinstance(one, dict)} if isinstance(held, list) else set()
        )
        if there != members:
            said["members"] = everybody
        self._change(found, said)

    def _ours(self, kind: str, external_id: str) -> Resource | None:
        found = self.client.find(kind, "externalId", external_id)
        if len(found) > 1:
            raise Refused("L’annuaire de l’éditeur a deux fois le même compte : il faut en retirer un.")
        return found[0] if found else None

    def _change(self, resource: Resource, said: dict) -> None:
        """Asks nothing when the server says it already."""
        changed = {name: value for name, value in said.items() if not _says(resource.held.get(name), value)}
        if changed:
            self.client.change(resource, changed)


def _says(held: object, value: object) -> bool:
    """Whether what is held says that already; it may say more (a formatted name, the type of a member)."""
    match value:
        case dict():
            return isinstance(held, dict) and all(_says(held.get(name), one) for name, one in value.items())
        case list():
            return (
                isinstance(held, list)
                and len(held) == len(value)
                and all(any(_says(there, one) for there in held) for one in value)
            )
        case "":
            return held in ("", None)
        case _:
            return held == value


def _others(taken: int) -> str:
    if taken == 1:
        return "Chez l’éditeur, un compte que Halle n’a pas créé a déjà l’adresse d’un agent."
    return f"Chez l’éditeur, des comptes que Halle n’a pas créés ont déjà l’adresse de {taken} agents."
