"""One call to a portal over HTTP: bounded in time and in size, to public machines only. No database here."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpcore
from django.conf import settings

from billing.sending.transport import InDoubt, Refused, Unreached
from tenants import addresses, guarded

MAX_ANSWER_BYTES = 8 * 1024 * 1024
CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def json_object(self) -> dict | None:
        """The body as a JSON object; None for anything else."""
        try:
            answer = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return answer if isinstance(answer, dict) else None


def post(url: str, *, headers: Mapping[str, str], content: bytes, seconds: float) -> Answer:
    """The portal's answer, whatever its status; redirections are not followed.

    Raises Refused for an address that may not be called, Unreached when nothing surely arrived, InDoubt when
    it may have.
    """
    if not settings.ALLOW_PRIVATE_ADDRESSES and not url.startswith("https://"):
        raise Refused("L’adresse du portail doit commencer par https://.")
    waits = {"connect": CONNECT_SECONDS, "read": seconds, "write": seconds, "pool": CONNECT_SECONDS}
    sent = {
        "User-Agent": "Halle",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Content-Length": str(len(content)),
        **headers,
    }
    try:
        with (
            guarded.connections(until=time.monotonic() + seconds) as pool,
            pool.stream("POST", url, headers=sent, content=content, extensions={"timeout": waits}) as answer,
        ):
            return Answer(status=answer.status, body=_bounded(answer))
    except addresses.PrivateAddress as error:
        raise Refused("L’adresse du portail mène à un réseau privé.") from error
    except addresses.NameUnknown as error:
        raise Unreached("Le nom du portail est introuvable.") from error
    except (httpcore.ConnectTimeout, httpcore.ConnectError) as error:
        raise Unreached("Le portail ne répond pas.") from error
    except httpcore.TimeoutException as error:
        raise InDoubt("Le portail met trop de temps à répondre.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise InDoubt("La liaison avec le portail s’est rompue.") from error


def _bounded(answer: httpcore.Response) -> bytes:
    body = bytearray()
    for piece in answer.iter_stream():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise InDoubt("La réponse du portail est trop longue.")
    return bytes(body)
