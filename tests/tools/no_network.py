"""Tests reach loopback addresses and Unix sockets only."""

import ipaddress
import socket


class NetworkRefused(OSError):
    """A test tried to reach another machine."""


def refuse(monkeypatch) -> None:
    """From now on, connecting beyond this machine, or asking for a name, raises NetworkRefused."""
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded(function):
        def call(self, address):
            if self.family != socket.AF_UNIX and not _is_here(address[0]):
                raise NetworkRefused(f"tests reach no other machine: {address[0]}")
            return function(self, address)

        return call

    def guarded_resolve(host, *args, **kwargs):
        # A number is looked up on this machine; a name asks the network.
        if not _is_here(host) and not _is_number(host):
            raise NetworkRefused(f"tests look up no other name: {host}")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", guarded_resolve)


def _text(host) -> str:
    return host.decode() if isinstance(host, bytes) else host or ""


def _is_number(host) -> bool:
    try:
        ipaddress.ip_address(_text(host))
    except ValueError:
        return False
    return True


def _is_here(host) -> bool:
    text = _text(host)
    if text in ("", "localhost", "0.0.0.0", "::"):  # noqa: S104
        return True
    return _is_number(text) and ipaddress.ip_address(text).is_loopback
