"""One question to the identity provider over HTTP: bounded in time and in size, redirections not followed."""

import json
import time
from dataclasses import dataclass

import requests
from django.conf import settings

TOTAL_SECONDS = 10
MAX_ANSWER_BYTES = 1024 * 1024


class ProviderDown(Exception):
    """The provider gave no usable answer: unreachable, too slow, in error, or a page instead of data.

    `str()` says which, for the log: never what was sent nor what came back.
    """


@dataclass(frozen=True)
class Answer:
    status: int
    kind: str  # the media type, in lower case, without its parameters
    body: bytes

    def json_object(self) -> dict:
        """The body as a JSON object. Raises ProviderDown for anything else: the page of a proxy signs nobody
        in."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            raise ProviderDown("an answer that is not JSON") from None
        if not isinstance(value, dict):
            raise ProviderDown("an answer that is no object")
        return value


def ask(method: str, url: str, **sent) -> Answer:
    """What the provider answers, below 500. `sent` is what `requests` takes: data, headers, auth.

    Raises ProviderDown. Nothing is tried again: a code serves once.
    """
    until = time.monotonic() + TOTAL_SECONDS
    try:
        with requests.request(
            method, url, timeout=settings.OIDC_TIMEOUT, allow_redirects=False, stream=True, **sent
        ) as answer:
            body = bytearray()
            for piece in answer.iter_content(16_384):
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise ProviderDown("an answer without end")
                if time.monotonic() > until:
                    raise ProviderDown("an answer too slow")
    except requests.RequestException as error:
        # Its text holds the address, and sometimes more.
        raise ProviderDown(type(error).__name__) from None
    if answer.status_code >= 500 or 300 <= answer.status_code < 400:
        raise ProviderDown(f"status {answer.status_code}")
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
    return Answer(answer.status_code, kind, bytes(body))
