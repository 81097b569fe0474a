"""A vendor's address must not lead inside our own network."""

from urllib.parse import urlsplit

from django.conf import settings

from provisioning.connectors.outcomes import Retry
from tenants import addresses


class PrivateAddress(ValueError):
    """The address resolves to a private, loopback or reserved network."""


def refuse_private_address(url: str) -> None:
    """Raises PrivateAddress unless every address of the host is public (or development allows it).

    Raises Retry when the name does not resolve.
    """
    if settings.ALLOW_PRIVATE_ADDRESSES:
        return
    parts = urlsplit(url)
    if parts.scheme != "https":
        raise PrivateAddress("L’adresse de l’éditeur doit commencer par https://.")
    try:
        addresses.resolve(parts.hostname, parts.port or 443)
    except addresses.NameUnknown as error:
        raise Retry("Le nom du système de l’éditeur est introuvable.") from error
    except addresses.PrivateAddress as error:
        raise PrivateAddress("L’adresse de l’éditeur mène à un réseau privé.") from error
