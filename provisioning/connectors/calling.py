"""One call to a vendor's system over HTTP: bounded in time and in size, to public machines only."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpcore
from django.conf import settings

from provisioning.connectors.outcomes import Retry
from provisioning.models.run import Cause
from tenants import addresses, guarded

MAX_ANSWER_BYTES = 1024 * 1024
TOTAL_SECONDS = 30.0
CONNECT_SECONDS = 5.0
MAX_AFTER = 86_400


class AddressRefused(Exception):
    """This address may not be called at all. `str()` is a French sentence."""


@dataclass(frozen=True)
class Answer:
    """What came back. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json_object(self) -> dict | None:
        """The body as a JSON object; None for anything else: the page of a proxy opens no service."""
        try:
            answer = json.loads(self.body)
        except (ValueError, RecursionError):  # not JSON, not UTF-8, or nested without end
            return None
        return answer if isinstance(answer, dict) else None

    @property
    def retry_after(self) -> int | None:
        """Seconds that the vendor asks for, if it says a number of them."""
        value = self.headers.get("retry-after", "").strip()
        return min(int(value), MAX_AFTER) if value.isascii() and value.isdigit() and len(value) < 9 else None


def plain_text(value, *, longest: int) -> str:
    """What a vendor wrote, if it is a text that can be kept: of that length at most, without the characters
    that JSON may name and a database refuses (NUL, half a pair); "" for anything else."""
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        return ""
    return value if value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value) else ""


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes = b"",
    seconds: float | None = None,
) -> Answer:
    """The vendor's answer, whatever its status; redirections are not followed.

    Raises AddressRefused for an address that may not be called, and Retry: `doubtful` unless the request
    surely never reached the vendor. `seconds` is TOTAL_SECONDS unless said.
    """
    if not settings.ALLOW_PRIVATE_ADDRESSES and not url.startswith("https://"):
        raise AddressRefused("L’adresse de l’éditeur doit commencer par https://.")
    seconds = seconds or TOTAL_SECONDS
    waits = {"connect": CONNECT_SECONDS, "read": seconds, "write": seconds, "pool": CONNECT_SECONDS}
    sent = {"User-Agent": "Halle", "Accept": "application/json", "Accept-Encoding": "identity", **headers}
    if content:
        sent["Content-Length"] = str(len(content))
    try:
        with (
            guarded.connections(until=time.monotonic() + seconds) as pool,
            pool.stream(
                method, url, headers=sent, content=content or None, extensions={"timeout": waits}
            ) as answer,
        ):
            return Answer(
                status=answer.status,
                headers={
                    name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers
                },
                body=_bounded(answer),
            )
    except addresses.PrivateAddress as error:
        raise AddressRefused("L’adresse de l’éditeur mène à un réseau privé.") from error
    except addresses.NameUnknown as error:
        raise Retry("Le nom du système de l’éditeur est introuvable.", cause=Cause.UNREACHABLE) from error
    except (httpcore.ConnectTimeout, httpcore.ConnectError) as error:
        raise _unreached(error) from error
    except httpcore.TimeoutException as error:
        raise Retry(
            "Le système de l’éditeur met trop de temps à répondre.", cause=Cause.TIMEOUT, doubtful=True
        ) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Retry(
            "La liaison avec le système de l’éditeur s’est rompue.", cause=Cause.UNREACHABLE, doubtful=True
        ) from error


def _bounded(answer: httpcore.Response) -> bytes:
    body = bytearray()
    for piece in answer.iter_stream():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise Retry("La réponse de l’éditeur est trop longue.", cause=Cause.UNREADABLE, doubtful=True)
    return bytes(body)


def _unreached(error: Exception) -> Retry:
    if "CERTIFICATE" in str(error).upper():
        sentence = "Le certificat du système de l’éditeur n’est pas valable."
        return Retry(sentence, cause=Cause.UNTRUSTED)
    return Retry("Le système de l’éditeur ne répond pas.", cause=Cause.UNREACHABLE)
