"""A vendor's address must not lead inside our own network."""

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings

from provisioning.connectors.outcomes import Retry


class PrivateAddress(ValueError):
    """The address resolves to a private, loopback or reserved network."""


def refuse_private_address(url: str) -> None:
    """Raises PrivateAddress unless every address of the host is public (or development allows it).

    Raises Retry when the name does not resolve.
    """
    if settings.PROVISIONING_ALLOW_PRIVATE_ADDRESSES:
        return
    parts = urlsplit(url)
    if parts.scheme != "https":
        raise PrivateAddress("L’adresse de l’éditeur doit commencer par https://.")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Retry("Le nom du système de l’éditeur est introuvable.") from error
    if not all(ipaddress.ip_address(entry[4][0]).is_global for entry in found):
        raise PrivateAddress("L’adresse de l’éditeur mène à un réseau privé.")
