"""How the API answers: JSON with its fingerprint, errors as RFC 9457 tells them, for any site's scripts."""

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import get_conditional_response

MAX_AGE = 300  # seconds that anybody may keep an answer
READ_ONLY = ("GET", "HEAD")
PROBLEM = "application/problem+json"


class _Encoder(DjangoJSONEncoder):
    """Dates as ISO 8601."""


def written(payload) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(payload, cls=_Encoder, ensure_ascii=False, separators=(",", ":")).encode()


def answer(request: HttpRequest, body: bytes, *, content_type: str = "application/json") -> HttpResponse:
    """`body`, or 304 when the reader has it already."""
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    response = HttpResponse(body, content_type=content_type)
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={MAX_AGE}"
    found = get_conditional_response(request, etag=etag, response=response)
    if isinstance(found, HttpResponseNotModified):
        found["ETag"], found["Cache-Control"] = etag, response["Cache-Control"]
    # The guard of all pages looked at who is asking; the answer does not depend on it: caches may share it.
    request.session.accessed = False
    return found


def problem(status: int, title: str, detail: str, **more) -> HttpResponse:
    """An error in French: `title` names the kind of error, `detail` speaks of this request."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    response = HttpResponse(written(body), content_type=PROBLEM, status=status)
    response["Cache-Control"] = "no-store"
    return response


def not_found(detail: str = "Il n’y a rien à cette adresse.") -> HttpResponse:
    return problem(404, "Introuvable", detail)


def read_only() -> HttpResponse:
    response = problem(405, "Lecture seule", "Cette interface se lit seulement (GET).")
    response["Allow"] = ", ".join(READ_ONLY)
    return response


def open_to_scripts(response: HttpResponse) -> HttpResponse:
    """Scripts of any site may read it: there is nothing here that a sign-in would show."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = "ETag, Link"
    return response


class Remembered:
    """Answers already written, by this process, until the catalogue changes; the oldest go when there are too
    many. A minute at most: a change committed out of order would otherwise go unseen until the next one."""

    def __init__(self, *, max_bytes: int = 16 * 1024 * 1024, seconds: float = 60):
        self.max_bytes, self.seconds = max_bytes, seconds
        self.kept: OrderedDict[object, tuple[float, bytes]] = OrderedDict()
        self.size = 0
        self.lock = threading.Lock()

    def get(self, key: object, make: Callable[[], bytes]) -> bytes:
        """What `make` answered for this key, made now if need be."""
        now = time.monotonic()
        with self.lock:
            found = self.kept.get(key)
            if found and now - found[0] < self.seconds:
                self.kept.move_to_end(key)
                return found[1]
        body = make()
        with self.lock:
            self._forget(key)
            self.kept[key] = (now, body)
            self.size += len(body)
            while self.size > self.max_bytes:
                self._forget(next(iter(self.kept)))
        return body

    def _forget(self, key: object) -> None:
        if found := self.kept.pop(key, None):
            self.size -= len(found[1])

    def clear(self) -> None:
        with self.lock:
            self.kept.clear()
            self.size = 0


remembered = Remembered()
