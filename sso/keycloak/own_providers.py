"""The identity providers that members have of their own: OpenID Connect, described where they say."""

from dataclasses import dataclass, field
from urllib.parse import quote

from sso.keycloak.comparing import differing, merged
from sso.keycloak.declaration import secret_mark
from sso.keycloak.mappers import put_mappers
from sso.keycloak.marks import ORGANISATION
from sso.keycloak.server import KeycloakRefused, Server

FIRST_SIGN_IN = "halle first sign-in"


@dataclass(frozen=True)
class OwnProvider:
    """A member's provider: `alias` names it for ever, as it is in people's user names; `organisation` is the
    public id of the member."""

    alias: str
    name: str
    organisation: str
    issuer: str
    client_id: str
    secret: str = field(repr=False)


def ensure_provider(server: Server, realm: str, wanted: OwnProvider) -> None:
    """Makes sure that it is there, as wanted, shown to nobody but those whom an organisation leads to it.

    Keycloak reads its description; that it may be reached at all is for whoever calls to know. Raises
    KeycloakRefused for an alias of somebody else, or a description that names another issuer, and
    KeycloakUnreachable, also when the description cannot be read.
    """
    providers = f"/{quote(realm)}/identity-provider"
    described = server.description(realm, issuer=wanted.issuer)
    body = {
        "alias": wanted.alias,
        "displayName": wanted.name,
        "providerId": "oidc",
        "enabled": True,
        "hideOnLogin": True,
        # Its e-mails are believed for its own domains at most: Halle judges, Keycloak vouches for none.
        "trustEmail": False,
        "storeToken": False,
        "linkOnly": False,
        "firstBrokerLoginFlowAlias": FIRST_SIGN_IN,
        "config": described
        | {
            "clientId": wanted.client_id,
            "clientSecret": wanted.secret,
            "halleSecretMark": secret_mark(wanted.secret),
            "clientAuthMethod": "client_secret_post",
            "validateSignature": "true",
            "useJwksUrl": "true",
            "defaultScope": "openid profile email",
            "pkceEnabled": "true",
            "pkceMethod": "S256",
            "disableNonce": "false",
            "forwardParameters": "claims",
            "syncMode": "FORCE",
            ORGANISATION: wanted.organisation,
        },
    }
    path = f"{providers}/instances/{quote(wanted.alias)}"
    found = server.get(path)
    if found is None:
        server.post(f"{providers}/instances", body)
    elif found["config"].get(ORGANISATION) != wanted.organisation:
        raise KeycloakRefused(409, "ce nom de fournisseur est déjà pris")
    elif any(differing(body, found)):
        server.put(path, merged(found, body))
    put_mappers(
        server, f"{path}/mappers", [one | {"identityProviderAlias": wanted.alias} for one in _MAPPERS]
    )


def remove_provider(server: Server, realm: str, alias: str) -> None:
    """Nobody signs in by it any more; its people stay known."""
    server.delete(f"/{quote(realm)}/identity-provider/instances/{quote(alias)}")


def _attribute(claim: str, attribute: str) -> dict:
    return {
        "name": attribute,
        "identityProviderMapper": "oidc-user-attribute-idp-mapper",
        "config": {"syncMode": "INHERIT", "claim": claim, "user.attribute": attribute},
    }


_MAPPERS = [
    {
        "name": "username",
        "identityProviderMapper": "oidc-username-idp-mapper",
        "config": {"syncMode": "INHERIT", "template": "${ALIAS}.${CLAIM.sub}", "target": "LOCAL"},
    },
    _attribute("given_name", "firstName"),
    _attribute("family_name", "lastName"),
    # No SIRET: a member's provider suggests no organisation but its own, which leads to it.
    {
        "name": "acr",
        "identityProviderMapper": "oidc-user-session-note-idp-mapper",
        "config": {
            "syncMode": "INHERIT",
            "claims": '[{"key":"acr","value":".*"}]',
            "are.claim.values.regex": "true",
        },
    },
]
