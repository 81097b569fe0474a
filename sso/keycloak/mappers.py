"""What a client says of people, and what a provider is believed of them: mappers, as Keycloak calls both."""

from sso.keycloak.comparing import differing
from sso.keycloak.server import Server


def put_mappers(server: Server, path: str, wanted: list[dict]) -> None:
    """At that path, these and no others; one that is as wanted is left as it is."""
    names = {one["name"]: one for one in wanted}
    as_wanted = set()
    for one in server.get(path) or []:
        if one["name"] in names and not any(differing(names[one["name"]], one)):
            as_wanted.add(one["name"])
        else:
            server.delete(f"{path}/{one['id']}")
    for name in names.keys() - as_wanted:
        server.post(path, names[name])
