"""The steps of a sign-in, as declared. A flow that differs is made anew beside the old one, which serves
until the new one is whole: at no moment can anybody sign in by half of the steps."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from sso.keycloak.comparing import Difference
from sso.keycloak.server import Server

OLD = " ancien"  # Keycloak takes no parentheses


@dataclass(frozen=True)
class _Line:
    """A step as Keycloak lists them: at its depth, a check of its own or a group of others."""

    depth: int
    what: str  # the authenticator, or the name of the group
    requirement: str
    config: dict[str, str] = field(default_factory=dict)

    def __str__(self):
        return f"{'> ' * self.depth}{self.what} {self.requirement}"


def apply_flow(server: Server, realm: str, flow: dict, *, check: bool) -> Iterator[Difference]:
    """What differs in a flow; put right unless `check`."""
    alias = flow["alias"]
    known = {one["alias"]: one for one in server.get(f"{realm}/authentication/flows")}
    wanted = list(_wanted(flow["steps"]))
    found = _found(server, realm, alias) if alias in known else None
    if found == wanted:
        if old := known.get(alias + OLD):  # all but the last steps was done
            yield Difference("parcours", old["alias"], found=old["alias"])
            if not check:
                _Anew(server, realm, flow).take_over_from(old)
        return
    if found is None:
        yield Difference("parcours", alias, wanted=alias)
    else:
        was = [str(line) for line in found if line not in wanted]
        yield Difference("parcours", alias, "steps", was, [str(line) for line in wanted if line not in found])
    if not check:
        _Anew(server, realm, flow).make(known)


def _wanted(steps: list[dict], depth: int = 0) -> Iterator[_Line]:
    for step in steps:
        what = step.get("flow") or step["authenticator"]
        yield _Line(depth, what, step["requirement"], step.get("config", {}))
        yield from _wanted(step.get("steps", []), depth + 1)


def _found(server: Server, realm: str, alias: str) -> list[_Line]:
    lines = []
    for one in server.get(f"{realm}/authentication/flows/{quote(alias)}/executions"):
        config = one.get("authenticationConfig")
        known = server.get(f"{realm}/authentication/config/{config}")["config"] if config else {}
        what = one["displayName"] if one.get("authenticationFlow") else one["providerId"]
        lines.append(_Line(one["level"], what, one["requirement"], known))
    return lines


class _Anew:
    def __init__(self, server: Server, realm: str, flow: dict):
        self.server, self.realm, self.flow = server, realm, flow
        self.alias = flow["alias"]
        self.flows = f"{realm}/authentication/flows"

    def make(self, known: dict[str, dict]) -> None:
        """Makes it, has it serve where the old one did, and takes the old one away."""
        there, old = known.get(self.alias), known.get(self.alias + OLD)
        if there and old:  # it was stopped half-way: the one that serves is the one to keep for now
            unused = old if self._users(self.alias) else there
            self.server.delete(f"{self.flows}/{unused['id']}")
            there, old = (there, None) if unused is old else (None, old)
        if there:
            self._put_aside(there)
            old = there
        self.server.post(
            self.flows,
            {"alias": self.alias, "description": self.flow.get("description", ""), "providerId": "basic-flow",
             "topLevel": True, "builtIn": False},
        )  # fmt: skip
        self._add(self.alias, self.flow["steps"])
        self._require()
        if old:
            self.take_over_from(old)

    def take_over_from(self, old: dict) -> None:
        """Whoever signs in by the old one does by the new one; the old one goes."""
        for path, body, name in self._users(self.alias + OLD):
            self.server.put(path, body | {name: self.alias})
        self.server.delete(f"{self.flows}/{old['id']}")

    def _put_aside(self, there: dict) -> None:
        groups = self.server.get(f"{self.flows}/{quote(self.alias)}/executions")
        for one in (one for one in groups if one.get("authenticationFlow")):
            group = self.server.get(f"{self.flows}/{one['flowId']}")
            alias = group["alias"].removesuffix(OLD) + OLD  # it may have been stopped among them
            self.server.put(f"{self.flows}/{group['id']}", group | {"alias": alias})
        self.server.put(f"{self.flows}/{there['id']}", there | {"alias": self.alias + OLD})

    def _add(self, parent: str, steps: list[dict]) -> None:
        for step in steps:
            path = f"{self.flows}/{quote(parent)}/executions"
            if name := step.get("flow"):
                self.server.post(f"{path}/flow", {"alias": name, "type": "basic-flow"})
                self._add(name, step["steps"])
                continue
            made = self.server.post(f"{path}/execution", {"provider": step["authenticator"]})
            if config := step.get("config"):
                body = {"alias": f"{step['authenticator']} {made}", "config": config}
                self.server.post(f"{self.realm}/authentication/executions/{made}/config", body)

    def _require(self) -> None:
        """Each is made as DISABLED, but the first of them."""
        path = f"{self.flows}/{quote(self.alias)}/executions"
        for one, line in zip(self.server.get(path), _wanted(self.flow["steps"]), strict=True):
            self.server.put(path, one | {"requirement": line.requirement})

    def _users(self, alias: str) -> list[tuple[str, dict, str]]:
        """What signs people in by a flow: (its address, itself, the field that names the flow)."""
        realm = self.server.get(self.realm)
        users = [
            (self.realm, realm, name) for name, value in realm.items()
            if name.endswith("Flow") and value == alias
        ]  # fmt: skip
        providers = f"{self.realm}/identity-provider/instances"
        return users + [
            (f"{providers}/{one['alias']}", one, "firstBrokerLoginFlowAlias")
            for one in self.server.get(providers)
            if one.get("firstBrokerLoginFlowAlias") == alias
        ]
