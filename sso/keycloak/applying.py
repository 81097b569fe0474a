"""Make a realm what its declaration says, and say what was changed. Applied again, it changes nothing.

What the declaration does not name is left: services' clients and organisations are the provisioning
engine's. Clients and providers that nobody at Halle has made are told.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from sso.keycloak.client_scopes import WAYS, put_scopes, scopes_of
from sso.keycloak.comparing import Difference, differing, merged
from sso.keycloak.flows import apply_flow
from sso.keycloak.marks import OF_HALLE
from sso.keycloak.server import Server

OF_KEYCLOAK = frozenset(
    ["account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"]
)


@dataclass(frozen=True)
class _Set:
    """A set of things of one kind, at `path`. `key` is what names one; `inner` what is declared apart."""

    kind: str
    path: str
    key: str = "name"
    address: str = "id"  # by which it is reached
    inner: tuple[str, ...] = ()
    at_birth: tuple[str, ...] = ()  # given once, then its own


def apply(server: Server, wanted: dict, *, check: bool = False) -> list[Difference]:
    """What differs from the declaration; unless `check`, it is put right on the way.

    Raises KeycloakUnreachable or KeycloakRefused: what was put right until then stays, and applying again
    goes on from there.
    """
    return list(_Application(server, wanted, check=check).differences())


class _Application:
    def __init__(self, server: Server, wanted: dict, *, check: bool):
        self.server, self.wanted, self.check = server, wanted, check
        self.realm = wanted["realm"]["realm"]
        self.path = f"/{quote(self.realm)}"

    def differences(self) -> Iterator[Difference]:
        if self.server.get(self.path) is None:
            yield Difference("royaume", self.realm, wanted=self.realm)
            if self.check:
                return  # nothing more can be asked about
            self.server.post("", {"realm": self.realm, "enabled": True})
        for flow in self.wanted.get("flows", []):
            yield from apply_flow(self.server, self.path, flow, check=self.check)
        yield from self._realm()
        yield from self._profile()
        scopes = _Set("portée", f"{self.path}/client-scopes", inner=("protocolMappers",))
        yield from self._all(scopes, self.wanted.get("clientScopes", []), self._mappers)
        providers = _Set(
            "fournisseur",
            f"{self.path}/identity-provider/instances",
            "alias",
            "alias",
            ("mappers", "describedBy"),
        )
        declared = [self._described(one) for one in self.wanted.get("identityProviders", [])]
        yield from self._all(providers, declared, self._provider_mappers)
        clients = _Set(
            "client", f"{self.path}/clients", "clientId",
            inner=("protocolMappers", "defaultClientScopes", "optionalClientScopes"),
        )  # fmt: skip
        yield from self._all(clients, self.wanted.get("clients", []), self._client_parts)
        yield from self._all(
            _Set("personne", f"{self.path}/users", "username", at_birth=("credentials",)),
            self.wanted.get("users", []),
            _nothing,
        )
        yield from self._unknown(providers, declared)
        yield from self._unknown(clients, self.wanted.get("clients", []))

    def _realm(self) -> Iterator[Difference]:
        found = self.server.get(self.path)
        fields = list(differing(self.wanted["realm"], found))
        if fields and not self.check:
            self.server.put(self.path, merged(found, self.wanted["realm"]))
        yield from (Difference("royaume", self.realm, *one) for one in fields)

    def _profile(self) -> Iterator[Difference]:
        wanted = self.wanted.get("userProfile", {})
        found = self.server.get(f"{self.path}/users/profile") if wanted else {}
        fields = list(differing(wanted, found))
        if fields and not self.check:
            self.server.put(f"{self.path}/users/profile", merged(found, wanted))
        yield from (Difference("profil", self.realm, *one) for one in fields)

    def _described(self, provider: dict) -> dict:
        """With the addresses and keys that it publishes; Keycloak is who reads them."""
        read = self.server.description(self.realm, issuer=provider["describedBy"])
        return provider | {"config": read | provider["config"]}

    def _all(self, what: _Set, wanted: list[dict], inside: Callable) -> Iterator[Difference]:
        """Each declared thing of that kind, with what it holds."""
        there = {one[what.key]: one for one in self.server.get(what.path) or []}
        for one in wanted:
            name = one[what.key]
            outer = {field: value for field, value in one.items() if field not in what.inner}
            kept = {field: value for field, value in outer.items() if field not in what.at_birth}
            found = there.get(name)
            if found is None:
                yield Difference(what.kind, name, wanted=name)
                if self.check:
                    continue
                made = self.server.post(what.path, outer)
                found = {what.address: name if what.address == what.key else made}
            else:
                found = self.server.get(f"{what.path}/{found[what.address]}")  # the list is not always whole
                fields = list(differing(kept, found))
                if fields and not self.check:
                    self.server.put(f"{what.path}/{found[what.address]}", merged(found, kept))
                yield from (Difference(what.kind, name, *field) for field in fields)
            yield from inside(f"{what.path}/{found[what.address]}", f"{what.kind} {name}", one)

    def _exactly(self, what: _Set, wanted: list[dict]) -> Iterator[Difference]:
        """These and no others: a claim that was added by hand says more than it should."""
        names = {one[what.key] for one in wanted}
        for one in self.server.get(what.path) or []:
            if one[what.key] not in names:
                yield Difference(what.kind, one[what.key], found=one[what.key])
                if not self.check:
                    self.server.delete(f"{what.path}/{one['id']}")
        yield from self._all(what, wanted, _nothing)

    def _mappers(self, path: str, owner: str, one: dict) -> Iterator[Difference]:
        what = _Set(f"{owner}, attribut", f"{path}/protocol-mappers/models")
        return self._exactly(what, one.get("protocolMappers", []))

    def _provider_mappers(self, path: str, owner: str, one: dict) -> Iterator[Difference]:
        what = _Set(f"{owner}, attribut", f"{path}/mappers")
        alias = {"identityProviderAlias": one["alias"]}
        return self._exactly(what, [mapper | alias for mapper in one.get("mappers", [])])

    def _client_parts(self, path: str, owner: str, one: dict) -> Iterator[Difference]:
        yield from self._mappers(path, owner, one)
        for way in WAYS:
            yield from self._client_scopes(path, owner, way, one[f"{way}ClientScopes"])

    def _client_scopes(self, path: str, owner: str, way: str, wanted: list[str]) -> Iterator[Difference]:
        given = scopes_of(self.server, path, way)
        if given.keys() == set(wanted):
            return
        kind, _, name = owner.partition(" ")
        yield Difference(kind, name, f"{way}ClientScopes", sorted(given), sorted(wanted))
        if not self.check:
            put_scopes(self.server, self.realm, path, way, wanted)

    def _unknown(self, what: _Set, wanted: list[dict]) -> Iterator[Difference]:
        declared = {one[what.key] for one in wanted} | OF_KEYCLOAK
        for one in self.server.get(what.path) or []:
            of_halle = {**(one.get("attributes") or {}), **(one.get("config") or {})}
            if one[what.key] not in declared and not OF_HALLE & of_halle.keys():
                yield Difference(what.kind, one[what.key], found=one[what.key], put_back=False)


def _nothing(path: str, owner: str, one: dict) -> Iterator[Difference]:
    yield from ()
