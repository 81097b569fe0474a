"""Realms as code: `realms/*.yaml`, in Keycloak's own words; `!given NAME` for addresses and secrets."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from django.utils.crypto import salted_hmac

from sso.keycloak.server import KeycloakProblem

REALMS = Path(__file__).parent / "realms"


def declared(name: str, values: Mapping[str, str | list[str]]) -> dict:
    """The declaration `realms/<name>.yaml` with its values.

    Raises KeycloakProblem naming every value that is missing.
    """
    missing: set[str] = set()

    class Loader(yaml.SafeLoader):
        pass

    def given(loader: yaml.SafeLoader, node: yaml.ScalarNode):
        name = loader.construct_scalar(node)
        if not values.get(name):
            missing.add(name)
        return values.get(name)

    Loader.add_constructor("!given", given)
    text = (REALMS / f"{name}.yaml").read_text(encoding="utf-8")
    whole = yaml.load(text, Loader)  # noqa: S506 (a SafeLoader, and our own file)
    if missing:
        raise KeycloakProblem(
            f"La déclaration du royaume « {name} » attend aussi : {', '.join(sorted(missing))}."
        )
    for provider in whole.get("identityProviders", []):
        provider["config"]["halleSecretMark"] = secret_mark(provider["config"]["clientSecret"])
    return whole


def secret_mark(secret: str) -> str:
    """What tells whether a secret is still the same where Keycloak never says it; nobody without SECRET_KEY
    can try secrets against it."""
    return salted_hmac("sso.keycloak", secret, algorithm="sha256").hexdigest()[:24]
