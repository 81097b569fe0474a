"""What a service's client is to be, and how Keycloak writes it: by OpenID Connect, or by SAML 2.0. Pure."""

from dataclasses import dataclass

from sso.keycloak.marks import SUBSCRIPTION

NOWHERE = "-"  # Keycloak's word
BASIC = "Basic"  # how an attribute of SAML is named: by a word (saml-core-2.0-os, §8.2.3)
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


@dataclass(frozen=True)
class Saml:
    """A service that speaks SAML. `entity_id`: what it calls itself, no other client does; `certificate`: by
    which it signs what it asks, in base64 of its DER; "" when it signs nothing."""

    entity_id: str
    certificate: str = ""


@dataclass(frozen=True)
class ServiceClient:
    """What a subscription's client is to be, by OpenID Connect unless it has `saml`. `redirect_uris` are
    exact, of SAML where it receives its answers, the first one by default; `logout_uri`: where the service is
    told that somebody has signed out, `signed_out_uri`: where people come back to then, "" if nowhere.
    `siret` and `insee_code` are the subscriber's. `enabled`: people may enter.

    Its token says them as `organization_siret` and `organization_insee_code`, and the agent's roles in the
    service as `service_roles`: whoever has none has not been let in. By SAML, attributes say the same, and
    `sub` what tokens call so.
    """

    subscription: str
    name: str
    redirect_uris: tuple[str, ...]
    siret: str
    insee_code: str = ""
    logout_uri: str = ""
    signed_out_uri: str = ""
    enabled: bool = True
    saml: Saml | None = None

    @property
    def client_id(self) -> str:
        """By which the service knows itself at Keycloak."""
        return self.saml.entity_id if self.saml else client_id_of(self.subscription)


def client_id_of(subscription: str) -> str:
    """The client of OpenID Connect of a subscription, by its public id."""
    return f"halle-{subscription}"


def described(wanted: ServiceClient) -> dict:
    """Such a client, in Keycloak's words (ClientRepresentation)."""
    both = {
        "clientId": wanted.client_id,
        "name": wanted.name,
        "enabled": wanted.enabled,
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "fullScopeAllowed": False,
        "redirectUris": list(wanted.redirect_uris),
        "webOrigins": [],
    }
    return both | (_by_saml(wanted, wanted.saml) if wanted.saml else _by_openid(wanted))


def _by_openid(wanted: ServiceClient) -> dict:
    return {
        "protocol": "openid-connect",
        "publicClient": False,
        "clientAuthenticatorType": "client-secret",
        "attributes": {
            SUBSCRIPTION: wanted.subscription,
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": wanted.signed_out_uri or NOWHERE,
            "backchannel.logout.url": wanted.logout_uri,
            "backchannel.logout.session.required": "true",
        },
        "defaultClientScopes": ["basic", "agent"],
        "optionalClientScopes": ["profile", "email"],
        "protocolMappers": [
            _said("organization_siret", wanted.siret),
            *([_said("organization_insee_code", wanted.insee_code)] if wanted.insee_code else []),
            {
                "name": "service_roles",
                "protocol": "openid-connect",
                "protocolMapper": "oidc-usermodel-client-role-mapper",
                "config": {
                    "usermodel.clientRoleMapping.clientId": wanted.client_id,
                    "claim.name": "service_roles",
                    "jsonType.label": "String",
                    "multivalued": "true",
                    **_EVERYWHERE,
                },
            },
        ],
    }


_EVERYWHERE = {"id.token.claim": "true", "access.token.claim": "true", "userinfo.token.claim": "true"}


def _said(claim: str, value: str) -> dict:
    return {
        "name": claim,
        "protocol": "openid-connect",
        "protocolMapper": "oidc-hardcoded-claim-mapper",
        "config": {"claim.name": claim, "claim.value": value, "jsonType.label": "String", **_EVERYWHERE},
    }


def _by_saml(wanted: ServiceClient, saml: Saml) -> dict:
    """Answers go to `redirect_uris` alone, signed; nobody enters without the service having asked. A sign-out
    is told from server to server, so that whoever leaves is signed out without her browser."""
    return {
        "protocol": "saml",
        "frontchannelLogout": False,
        "attributes": {
            SUBSCRIPTION: wanted.subscription,
            "saml.authnstatement": "true",
            "saml.server.signature": "true",
            "saml.assertion.signature": "true",
            "saml.signature.algorithm": "RSA_SHA256",
            "saml_signature_canonicalization_method": EXCLUSIVE,
            "saml.encrypt": "false",
            "saml.client.signature": "true" if saml.certificate else "false",
            "saml.signing.certificate": saml.certificate,
            "saml.force.post.binding": "true",
            "saml.artifact.binding": "false",
            "saml.allow.ecp.flow": "false",
            "saml_force_name_id_format": "true",
            "saml_name_id_format": "persistent",
            "saml_assertion_consumer_url_post": wanted.redirect_uris[0] if wanted.redirect_uris else "",
            "saml_assertion_consumer_url_redirect": "",
            "saml_single_logout_service_url_post": wanted.logout_uri,
            "saml_single_logout_service_url_redirect": "",
            "saml_idp_initiated_sso_url_name": "",
        },
        "defaultClientScopes": [],
        "optionalClientScopes": [],
        "protocolMappers": [
            _fixed("organization_siret", wanted.siret),
            *([_fixed("organization_insee_code", wanted.insee_code)] if wanted.insee_code else []),
            _attribute("service_roles", "saml-role-list-mapper", single="true"),
            *(
                _attribute(name, "saml-user-property-mapper", **{"user.attribute": told})
                for name, told in _OF_PEOPLE.items()
            ),
            *(_attribute(name, "saml-user-session-note-mapper", note=name) for name in _OF_SIGN_INS),
        ],
    }


# As ProConnect names them, and the client scope `agent` of the realm.
_OF_PEOPLE = {"sub": "id", "given_name": "firstName", "usual_name": "lastName", "email": "email"}
_OF_SIGN_INS = ("siret", "idp_id", "acr")


def _fixed(name: str, value: str) -> dict:
    return _attribute(name, "saml-hardcode-attribute-mapper", **{"attribute.value": value})


def _attribute(name: str, mapper: str, **how: str) -> dict:
    return {
        "name": name,
        "protocol": "saml",
        "protocolMapper": mapper,
        "config": {"attribute.name": name, "attribute.nameformat": BASIC, **how},
    }
