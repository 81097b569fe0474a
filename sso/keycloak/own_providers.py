"""The identity providers of members, OpenID Connect or SAML 2.0, as their trial read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from sso.keycloak.comparing import differing, merged
from sso.keycloak.declaration import secret_mark
from sso.keycloak.mappers import put_mappers
from sso.keycloak.marks import ORGANISATION
from sso.keycloak.server import KeycloakRefused, Server

FIRST_SIGN_IN = "halle first sign-in"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


@dataclass(frozen=True)
class OwnProvider:
    """A member's OpenID Connect provider: `alias` names it for ever, as it is in people's user names;
    `organisation` marks whose it is; `described` holds its addresses as Keycloak names them
    (`authorizationUrl`, `tokenUrl`, `userInfoUrl`, `jwksUrl`, `logoutUrl`), read by whoever calls: Keycloak
    fetches no description."""

    alias: str
    name: str
    organisation: str
    issuer: str
    client_id: str
    described: Mapping[str, str]
    secret: str = field(repr=False)
    by_basic: bool = False  # how Keycloak proves itself there: HTTP Basic, or in the form


@dataclass(frozen=True)
class OwnSamlProvider:
    """A member's SAML provider, as its metadata say. `certificates`: what its answers are signed with, in
    base64 without header. `attributes`: how it names `email`, `firstName` and `lastName`."""

    alias: str
    name: str
    organisation: str
    entity_id: str
    sign_on_url: str
    certificates: tuple[str, ...]
    attributes: Mapping[str, str]
    by_post: bool = True  # how it takes a request; its answer always comes by POST
    logout_url: str = ""


def ensure_provider(server: Server, realm: str, wanted: OwnProvider | OwnSamlProvider) -> None:
    """Makes sure that it is there, as wanted, shown to nobody but those whom an organisation leads to it.

    That its addresses may be reached at all is for whoever calls to know. Raises KeycloakRefused for an alias
    of somebody else, and KeycloakUnreachable.
    """
    of_saml = isinstance(wanted, OwnSamlProvider)
    config = _saml_config(server, realm, wanted) if of_saml else _oidc_config(wanted)
    body = {
        "alias": wanted.alias,
        "displayName": wanted.name,
        "providerId": "saml" if of_saml else "oidc",
        "enabled": True,
        "hideOnLogin": True,
        # Its e-mails are believed for its own domains at most: Halle judges, Keycloak vouches for none.
        "trustEmail": False,
        "storeToken": False,
        "linkOnly": False,
        "firstBrokerLoginFlowAlias": FIRST_SIGN_IN,
        "config": {**config, "syncMode": "FORCE", ORGANISATION: wanted.organisation},
    }
    path = _path(realm, wanted.alias)
    found = server.get(path)
    if found is None:
        server.post(f"/{quote(realm)}/identity-provider/instances", body)
    elif found["config"].get(ORGANISATION) != wanted.organisation:
        raise KeycloakRefused(409, "ce nom de fournisseur est déjà pris")
    elif any(differing(body, found)):
        server.put(path, merged(found, body))
    mappers = _saml_mappers(wanted) if of_saml else _OIDC_MAPPERS
    put_mappers(server, f"{path}/mappers", [one | {"identityProviderAlias": wanted.alias} for one in mappers])


def switch_off_provider(server: Server, realm: str, alias: str, *, organisation: str) -> None:
    """Nobody signs in by it any more; its people stay known, and linked to it if it is switched on again."""
    path = _path(realm, alias)
    found = server.get(path)
    if found is not None and found["enabled"] and found["config"].get(ORGANISATION) == organisation:
        server.put(path, found | {"enabled": False})


def remove_provider(server: Server, realm: str, alias: str) -> None:
    """Nothing is left of it there: its people are linked to it no more."""
    server.delete(_path(realm, alias))


def _path(realm: str, alias: str) -> str:
    return f"/{quote(realm)}/identity-provider/instances/{quote(alias)}"


def _oidc_config(wanted: OwnProvider) -> dict[str, str]:
    return {
        **wanted.described,
        "issuer": wanted.issuer,
        "clientId": wanted.client_id,
        "clientSecret": wanted.secret,
        "halleSecretMark": secret_mark(wanted.secret),
        "clientAuthMethod": "client_secret_basic" if wanted.by_basic else "client_secret_post",
        "validateSignature": "true",
        "useJwksUrl": "true",
        "defaultScope": "openid profile email",
        "pkceEnabled": "true",
        "pkceMethod": "S256",
        "disableNonce": "false",
        "forwardParameters": "claims",
    }


def _saml_config(server: Server, realm: str, wanted: OwnSamlProvider) -> dict[str, str]:
    return {
        "entityId": server.realm_address(realm),
        "idpEntityId": wanted.entity_id,
        "singleSignOnServiceUrl": wanted.sign_on_url,
        "singleLogoutServiceUrl": wanted.logout_url,
        "nameIDPolicyFormat": PERSISTENT,
        "principalType": "SUBJECT",
        "postBindingAuthnRequest": "true" if wanted.by_post else "false",
        "postBindingResponse": "true",
        "postBindingLogout": "true" if wanted.by_post else "false",
        "validateSignature": "true",
        "signingCertificate": ",".join(wanted.certificates),
        "wantAssertionsSigned": "true",
        "wantAuthnRequestsSigned": "true",
        "signatureAlgorithm": "RSA_SHA256",
        "allowCreate": "true",
        "allowedClockSkew": "60",
    }


def _attribute(claim: str, attribute: str) -> dict:
    return {
        "name": attribute,
        "identityProviderMapper": "oidc-user-attribute-idp-mapper",
        "config": {"syncMode": "INHERIT", "claim": claim, "user.attribute": attribute},
    }


_OIDC_MAPPERS = [
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


def _saml_mappers(wanted: OwnSamlProvider) -> list[dict]:
    """SAML says no `acr` that Halle would believe: whoever needs two factors proves them at the step-up."""
    return [
        {
            "name": "username",
            "identityProviderMapper": "saml-username-idp-mapper",
            "config": {"syncMode": "INHERIT", "template": "${ALIAS}.${NAMEID}", "target": "LOCAL"},
        },
        *(
            {
                "name": attribute,
                "identityProviderMapper": "saml-user-attribute-idp-mapper",
                "config": {"syncMode": "INHERIT", "attribute.name": said, "user.attribute": attribute},
            }
            for attribute, said in sorted(wanted.attributes.items())
        ),
    ]
