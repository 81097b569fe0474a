"""Whether people sign in by Keycloak here, or by another provider."""

from django.conf import settings

from sso.keycloak.values import realm_address


def is_broker() -> bool:
    """Whether Halle's own provider is its realm at the Keycloak of the settings."""
    return (
        bool(settings.KEYCLOAK["url"]) and realm_address(settings.KEYCLOAK["realm"]) == settings.OIDC_ISSUER
    )
