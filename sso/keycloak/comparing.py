"""What is wanted beside what is there. Pure.

Only what the declaration says is compared; the rest is Keycloak's own, or its administrator's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MASK = "**********"  # what Keycloak says in place of a secret that it keeps
SECRETS = ("secret", "clientSecret", "halleSecretMark")


@dataclass(frozen=True)
class Difference:
    """One thing that is not as declared. `field` is "" for a whole thing, absent (`found`) or in excess."""

    kind: str  # "realm", "client", "scope"…
    name: str
    field: str = ""
    found: Any = None
    wanted: Any = None
    put_back: bool = True  # whether applying the declaration changes it

    def __str__(self):
        what = f"{self.kind} {self.name}".strip()
        if not self.field:
            if not self.put_back:
                return f"{what} : inconnu de la déclaration, laissé tel quel"
            return f"{what} : {'absent' if self.found is None else 'en trop'}"
        if self.field.rpartition(".")[2] in SECRETS:
            return f"{what}, {self.field} : autre secret"
        return f"{what}, {self.field} : {_shown(self.found)} au lieu de {_shown(self.wanted)}"


def _shown(value: Any) -> str:
    if value is None:
        return "rien"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "rien"
    return str(value)


def differing(wanted: dict, found: dict, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(field, found, wanted) wherever what is there is not what is wanted. The order of a list means
    nothing; a masked secret is taken to be the right one."""
    for name, value in wanted.items():
        there = found.get(name)
        field = f"{path}{name}"
        if isinstance(value, dict):
            yield from differing(value, there or {}, f"{field}.")
        elif there != MASK and _settled(there) != _settled(value):
            yield field, there, value


def _settled(value: Any) -> Any:
    """The same for what Keycloak takes as the same."""
    if isinstance(value, list) and value:
        return sorted(value, key=repr)
    return "" if value is None or value == [] else value


def merged(found: dict, wanted: dict) -> dict:
    """What is there, with all that is wanted in it."""
    whole = dict(found)
    for name, value in wanted.items():
        whole[name] = merged(found.get(name) or {}, value) if isinstance(value, dict) else value
    return whole
