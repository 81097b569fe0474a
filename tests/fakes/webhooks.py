"""A vendor that takes signed messages: it keeps what it was sent, answers as told, and calls back.

It verifies and signs by itself, as the specification "Standard Webhooks" 1.0.0 says, not by our code.
"""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.fakes.broker import HANG_SECONDS, serving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CALLBACK_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
OLD_SECRET = "whsec_b2xkIHNlY3JldCBvZiB0aGUgdmVuZG9yIQ=="


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b'{"state": "done", "url": "https://vendor.example/1"}'
    headers: dict = field(default_factory=dict)
    hang: bool = False


@dataclass(frozen=True)
class Message:
    """As it came: header names in lower case."""

    headers: dict
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def json(self) -> dict:
        return json.loads(self.body)

    def signed_with(self, secret: str) -> bool:
        """Whether one of its signatures is of that secret."""
        expected = signature(secret, self.id, self.headers["webhook-timestamp"], self.body)
        return expected in self.headers["webhook-signature"].split(" ")


class Vendor:
    """What came, and the answers still to be given; afterwards, done."""

    def __init__(self):
        self.messages: list[Message] = []
        self.answers: list[Answer] = []
        self.lock = threading.Lock()
        self.url = ""

    def take(self, message: Message) -> Answer:
        with self.lock:
            self.messages.append(message)
            return self.answers.pop(0) if self.answers else Answer()


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    code = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(code.digest()).decode()


def called_back(
    body, *, message_id: str = "msg_1", secret: str = CALLBACK_SECRET, at: float | None = None
) -> dict:
    """The arguments of a request of Django's test client: what the vendor sends of its own."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    timestamp = str(int(time.time() if at is None else at))
    return {
        "data": content,
        "content_type": "application/json",
        "headers": {
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(secret, message_id, timestamp, content),
        },
    }


@contextlib.contextmanager
def vendor_listening() -> Iterator[Vendor]:
    """A vendor at `url`, on a port of its own, until the end."""
    vendor = Vendor()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = vendor.take(Message(headers=headers, body=body))
            if answer.hang:
                time.sleep(HANG_SECONDS)
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):  # the caller may have hung up
                self.wfile.write(answer.body)

        def finish(self):
            with contextlib.suppress(OSError, ValueError):
                super().finish()

        def log_message(self, *arguments):
            """Stay silent: pytest's output is for results."""

    with serving(Handler) as vendor.url:
        yield vendor
