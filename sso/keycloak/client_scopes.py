"""The scopes of a client: Keycloak takes them with a new client, and apart from then on."""

from urllib.parse import quote

from sso.keycloak.server import Server

WAYS = ("default", "optional")


def scopes_of(server: Server, client: str, way: str) -> dict[str, str]:
    """Id by name, of a client at that path; `way` is one of WAYS."""
    return {one["name"]: one["id"] for one in server.get(f"{client}/{way}-client-scopes") or []}


def put_scopes(server: Server, realm: str, client: str, way: str, wanted: list[str]) -> None:
    """These, and no others. Raises KeyError for a scope that the realm has not."""
    given = scopes_of(server, client, way)
    for name in given.keys() - set(wanted):
        server.delete(f"{client}/{way}-client-scopes/{given[name]}")
    if missing := set(wanted) - given.keys():
        known = {one["name"]: one["id"] for one in server.get(f"/{quote(realm)}/client-scopes")}
        for name in sorted(missing):
            server.put(f"{client}/{way}-client-scopes/{known[name]}", {})
