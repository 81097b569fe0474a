"""Addresses given by others must not lead inside our own network."""

import ipaddress
import socket

from django.conf import settings


class PrivateAddress(ValueError):
    """The host is, or resolves to, an address that is not of the public Internet."""


class NameUnknown(OSError):
    """The name does not resolve, now."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, each of them public (any at all when ALLOW_PRIVATE_ADDRESSES).

    Connect to one of these and do not ask again: the next answer may differ (DNS rebinding).
    Raises PrivateAddress when one single address is not public, NameUnknown.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameUnknown(host) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise NameUnknown(host)
    if not settings.ALLOW_PRIVATE_ADDRESSES and not all(map(is_public, addresses)):
        raise PrivateAddress(host)
    return addresses


def is_public(address: str) -> bool:
    """Whether it is a machine of the public Internet, whatever the IPv6 disguise of an IPv4 address."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64 or ip in _COMPATIBLE:
            hidden.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if not all(inner is None or is_public(str(inner)) for inner in hidden):
            return False
        if ip.ipv4_mapped:
            return True
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
