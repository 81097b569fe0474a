"""Fetch what stands at an address that a stranger gave: for workers only, never inside a request.

Each address, redirections included, is checked before anything is sent: https, the usual port, no
credentials, and only machines of the public Internet. The connection goes to the very address that was
checked, while the certificate is still judged by the name, so a name that changes its answer in between gains
nothing. Time and size are bounded, also of what unfolds from compression. Under ALLOW_PRIVATE_ADDRESSES
(development, tests) http, other ports and private addresses pass.
"""

import re
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import httpcore
import httpx
from django.conf import settings

from tenants import addresses, guarded

MAX_BYTES = 1024 * 1024
MAX_REDIRECTIONS = 3
MAX_ADDRESS = 2_000
TOTAL_SECONDS = 20.0
EXCHANGE_SECONDS = 5.0  # to connect, and without a byte arriving

_REDIRECTIONS = {301, 302, 303, 307, 308}
_HOST = re.compile(rb"[A-Za-z0-9._:-]+")
_USUAL_PORTS = {"http": 80, "https": 443}


class FetchFailed(Exception):
    """`str(error)` is a French sentence. `passing`: trying again later may succeed with nothing changed."""

    passing = False


class AddressRefused(FetchFailed):
    """This address may not be asked at all."""


class Unreachable(FetchFailed):
    passing = True


class TooSlow(FetchFailed):
    passing = True


class TooLarge(FetchFailed):
    pass


class TooManyRedirections(FetchFailed):
    pass


class BadAnswer(FetchFailed):
    """The server answered, but not with the document. `status` is its HTTP code."""

    def __init__(self, sentence: str, *, status: int):
        super().__init__(sentence)
        self.status = status
        self.passing = status >= 500 or status in (408, 425, 429)


@dataclass(frozen=True)
class Fetched:
    """A document, or the news that it has not changed (`not_modified`; then `body` is empty)."""

    url: str  # where it was in the end, after redirections
    body: bytes
    content_type: str  # "text/yaml", without its parameters; "" when the server says nothing
    etag: str
    last_modified: str
    not_modified: bool = False


def fetch(
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    max_bytes: int = MAX_BYTES,
    seconds: float = TOTAL_SECONDS,
) -> Fetched:
    """The document at `url`, of at most `max_bytes` once unfolded, within `seconds` in all.

    `etag` and `last_modified` are those of the last time, so that an unchanged document is not sent again.
    Raises FetchFailed (one of the classes above), and nothing else.
    """
    deadline = time.monotonic() + seconds
    asked = {
        "User-Agent": "Halle",
        "Accept": "*/*",
        "Accept-Encoding": "gzip",
        **({"If-None-Match": etag} if etag and etag.isascii() else {}),
        **({"If-Modified-Since": last_modified} if last_modified and last_modified.isascii() else {}),
    }
    address = checked_address(url)
    try:
        with guarded.connections(until=deadline) as pool:
            for _ in range(MAX_REDIRECTIONS + 1):
                with pool.stream(
                    "GET", str(address), headers=asked, extensions={"timeout": _TIMEOUTS}
                ) as answer:
                    if answer.status not in _REDIRECTIONS:
                        return _read(answer, address, max_bytes)
                    address = _next(address, _header(answer, b"location"), answer.status)
    except addresses.PrivateAddress as error:
        raise AddressRefused(
            "Cette adresse mène à un réseau privé, indiquez une adresse publique."
        ) from error
    except addresses.NameUnknown as error:
        raise Unreachable("Le nom de ce site est introuvable.") from error
    except httpcore.TimeoutException as error:
        raise TooSlow("Le site met trop de temps à répondre.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Unreachable("Le site ne répond pas, ou sa connexion n’est pas sûre.") from error
    raise TooManyRedirections(f"L’adresse renvoie plus de {MAX_REDIRECTIONS} fois vers une autre.")


def checked_address(url: str) -> httpx.URL:
    """The address, if it may be asked as far as its writing tells; the network is asked nothing.

    Raises AddressRefused.
    """
    try:
        address = httpx.URL(url.strip())
        port = address.port
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise AddressRefused("Cette adresse est mal formée.") from error
    if len(url) > MAX_ADDRESS:
        raise AddressRefused("Cette adresse est trop longue.")
    free = settings.ALLOW_PRIVATE_ADDRESSES
    if address.scheme != "https" and not (free and address.scheme == "http"):
        raise AddressRefused("L’adresse doit commencer par https://.")
    if not _HOST.fullmatch(address.raw_host):
        raise AddressRefused("Cette adresse est mal formée.")
    if address.userinfo:
        raise AddressRefused("L’adresse ne doit contenir ni identifiant ni mot de passe.")
    if not free and port not in (None, _USUAL_PORTS[address.scheme]):
        raise AddressRefused("L’adresse ne doit pas indiquer de port particulier.")
    return address.copy_with(fragment=None)


def _next(address: httpx.URL, location: str, status: int) -> httpx.URL:
    if not location:
        raise BadAnswer("L’adresse renvoie vers une autre sans la dire.", status=status)
    try:
        target = address.join(location)
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused("L’adresse renvoie vers une adresse mal formée.") from error
    return checked_address(str(target))


def _read(answer: httpcore.Response, address: httpx.URL, max_bytes: int) -> Fetched:
    found = {
        "url": str(address),
        "content_type": _header(answer, b"content-type").split(";")[0].strip().lower()[:100],
        "etag": _header(answer, b"etag")[:200],
        "last_modified": _header(answer, b"last-modified")[:100],
    }
    if answer.status == 304:
        return Fetched(**found, body=b"", not_modified=True)
    if answer.status != 200:
        raise BadAnswer(_said(answer.status), status=answer.status)
    encoding = _header(answer, b"content-encoding").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise BadAnswer("Le site compresse sa réponse d’une façon qui n’a pas été demandée.", status=200)
    pieces = answer.iter_stream()
    if encoding in ("gzip", "x-gzip"):
        pieces = _unfolded(pieces, max_bytes)
    return Fetched(**found, body=_gathered(pieces, max_bytes))


def _gathered(pieces: Iterable[bytes], max_bytes: int) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > max_bytes:
            raise TooLarge(f"Le document dépasse {max_bytes // 1024}\u00a0Ko.")
    return bytes(body)


def _unfolded(pieces: Iterable[bytes], max_bytes: int) -> Iterable[bytes]:
    """Never unfolds more than one byte beyond the limit, whatever the ratio."""
    gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    left = max_bytes + 1
    try:
        for piece in pieces:
            unfolded = gzip.decompress(piece, left)
            left -= len(unfolded)
            yield unfolded
            if not left:
                return
    except zlib.error as error:
        raise BadAnswer("La réponse du site est illisible.", status=200) from error
    if not gzip.eof:
        raise BadAnswer("La réponse du site est incomplète.", status=200)


def _header(answer: httpcore.Response, name: bytes) -> str:
    """Latin-1, as HTTP has it; characters that a header may not hold are dropped."""
    value = next((value for key, value in answer.headers if key.lower() == name), b"")
    return "".join(char for char in value.decode("latin-1") if char.isprintable())


def _said(status: int) -> str:
    match status:
        case 404 | 410:
            return f"Il n’y a rien à cette adresse (code {status})."
        case 401 | 403:
            return f"Ce document n’est pas public (code {status})."
        case _:
            return f"Le site a répondu par une erreur (code {status})."


_TIMEOUTS = dict.fromkeys(("connect", "read", "write", "pool"), EXCHANGE_SECONDS)
