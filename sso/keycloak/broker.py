"""Whether a Keycloak is there, and people sign in by it or by another provider."""

from django.conf import settings

from sso.keycloak.values import realm_address


def is_configured() -> bool:
    """Whether a Keycloak is there to be asked."""
    return bool(settings.KEYCLOAK["url"])


def issuer() -> str:
    """By which a service knows who signs people in (`iss`); "" where no Keycloak is configured."""
    return realm_address(settings.KEYCLOAK["realm"]) if is_configured() else ""


def saml_metadata() -> str:
    """Where a service that speaks SAML reads who signs people in, and by which certificate; "" where no
    Keycloak is configured."""
    return f"{issuer()}/protocol/saml/descriptor" if is_configured() else ""


def is_broker() -> bool:
    """Whether Halle's own provider is its realm at the Keycloak of the settings."""
    return is_configured() and issuer() == settings.OIDC_ISSUER
