"""Connections to machines that a stranger named: to public ones only, and never beyond a moment.

The connection goes to the very address that was checked, while the certificate is still judged by the name:
a name that changes its answer in between gains nothing.
"""

import functools
import os
import ssl
import threading
import time

import httpcore
import httpx

from tenants import addresses


def connections(*, until: float) -> httpcore.ConnectionPool:
    """A pool whose every wait ends at `until` (of time.monotonic), however often a byte trickles in.

    What asks through it raises addresses.PrivateAddress and addresses.NameUnknown, besides httpcore's own.
    """
    with _reading:  # those that come at once wait for the first, instead of each reading them for itself
        trusted = _trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    return httpcore.ConnectionPool(ssl_context=trusted, network_backend=_Guarded(until))


_reading = threading.Lock()


@functools.lru_cache(maxsize=1)
def _trusted(file: str | None, folder: str | None) -> ssl.SSLContext:
    """The authorities that are trusted, those of the environment if it names some: kept, for reading them
    takes longer than a whole call."""
    return httpx.create_ssl_context()


class _Guarded(httpcore.NetworkBackend):
    """Resolves once, checks, and connects to the address that was checked."""

    def __init__(self, deadline: float):
        self.deadline = deadline
        self.network = httpcore.SyncBackend()

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        failure: Exception | None = None
        for address in addresses.resolve(host, port):
            try:
                stream = self.network.connect_tcp(
                    address, port, _left(self.deadline, timeout), local_address, socket_options
                )
            except httpcore.ConnectError as error:
                failure = error
            else:
                return _Bounded(stream, self.deadline)
        raise failure or httpcore.ConnectError

    def sleep(self, seconds):
        time.sleep(seconds)


class _Bounded(httpcore.NetworkStream):
    """A connection on which every wait ends at the deadline, however often a byte trickles in."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float):
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes, timeout=None):
        return self.stream.read(max_bytes, _left(self.deadline, timeout))

    def write(self, buffer, timeout=None):
        self.stream.write(buffer, _left(self.deadline, timeout))

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        stream = self.stream.start_tls(ssl_context, server_hostname, _left(self.deadline, timeout))
        return _Bounded(stream, self.deadline)

    def close(self):
        self.stream.close()

    def get_extra_info(self, info):
        return self.stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return min(left, timeout if timeout is not None else left)
