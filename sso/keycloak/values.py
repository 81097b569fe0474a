"""What the declarations are given: addresses and secrets, from the settings and the environment."""

import os
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

STAND_IN_SECRET = "development only"  # noqa: S105
PROVIDER = "proconnect"  # its alias in the realm of Halle


def values(*, stand_in: bool = False) -> dict[str, str | list[str]]:
    """Of the realm of Halle. With `stand_in`, its ProConnect is the realm that plays it."""
    sites = addresses()
    ours = {
        "REALM": settings.KEYCLOAK["realm"],
        "CLIENT_ID": settings.OIDC_RP_CLIENT_ID,
        "CLIENT_SECRET": settings.OIDC_RP_CLIENT_SECRET,
        "REDIRECT_URIS": [site + reverse("oidc_authentication_callback") for site in sites],
        "POST_LOGOUT_URIS": "##".join(
            site + reverse("oidc_signed_out") for site in sites
        ),  # as Keycloak lists them
        "BACKCHANNEL_LOGOUT_URI": sites[0] + reverse("oidc_backchannel_logout"),
    }
    if stand_in:
        provider = {
            "PROCONNECT_ISSUER": realm_address(settings.KEYCLOAK["stand_in_realm"]),
            "PROCONNECT_CLIENT_ID": "keycloak",
            "PROCONNECT_CLIENT_SECRET": STAND_IN_SECRET,
        }
    else:
        names = ("PROCONNECT_ISSUER", "PROCONNECT_CLIENT_ID", "PROCONNECT_CLIENT_SECRET")
        provider = {name: os.environ.get(name, "") for name in names}
    return ours | provider


def stand_in_values() -> dict[str, str | list[str]]:
    """Of the realm that plays ProConnect: its one client is the realm of Halle."""
    broker = f"{realm_address(settings.KEYCLOAK['realm'])}/broker/{PROVIDER}/endpoint"
    return {
        "REALM": settings.KEYCLOAK["stand_in_realm"],
        "CLIENT_ID": "keycloak",
        "CLIENT_SECRET": STAND_IN_SECRET,
        "REDIRECT_URIS": [broker],
        "POST_LOGOUT_URIS": f"{broker}/logout_response",
        "PASSWORD": STAND_IN_SECRET,
    }


def realm_address(realm: str) -> str:
    """A realm's issuer."""
    return f"{settings.KEYCLOAK['url'].rstrip('/')}/realms/{realm}"


def addresses() -> list[str]:
    """Where people sign in: Halle's own address, then every host name of an operator's storefront. Redirect
    addresses are exact, so a pattern of ALLOWED_HOSTS names none."""
    own = urlsplit(settings.BASE_URL)
    hosts = [own.netloc, *(host for host in settings.ALLOWED_HOSTS if not host.startswith(("*", ".")))]
    return [f"{own.scheme}://{host}" for host in dict.fromkeys(hosts)]
