"""An Open Service Broker that fails as told: it keeps its instances, and a script says how it answers.

A judge, not a mock: it speaks HTTP on a socket, and what it holds is what it really did.
"""

import contextlib
import hashlib
import http.server
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PASSWORD = "mot-de-passe-du-courtier"
HANG_SECONDS = 1.0  # longer than the tests let a call last


@dataclass(frozen=True)
class Fault:
    """How the next request of that method is answered: `works` says whether the work is done all the same.
    Methods are those of `Broker.methods`.

    `body` bytes as they are; `hang`: no answer in time; `reset`: the connection is broken; `slow`: seconds
    before the answer."""

    method: str
    status: int = 200
    body: bytes = b"{}"
    headers: dict = field(default_factory=dict)
    works: bool = False
    hang: bool = False
    reset: bool = False
    slow: float = 0.0


class Broker:
    """What it holds, what it was asked, and the faults still to come. Each answer takes `pause` seconds."""

    def __init__(self):
        self.pause = 0.0
        self.at_once = self.most_at_once = 0
        self.instances: set[str] = set()
        self.bindings: dict[str, dict] = {}  # credentials by binding
        self.bodies: list[dict] = []  # of what was asked with one
        self.asked: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.catalogue: dict | bytes = {"services": []}  # bytes as they are; what it says has an ETag
        self.not_modified = 0
        self.identities: list[str] = []  # of the requests, as the platform names them
        self.lock = threading.Lock()
        self.url = ""

    def methods(self) -> list[str]:
        """What was asked, in order: "PUT", "GET" (its last operation), "FETCH" (the instance), "DELETE"; and
        of credentials "BIND", "BIND-GET", "BIND-FETCH", "UNBIND"."""
        return [method for method, _ in self.asked]

    def work(self, method: str, instance: str, *, within: str = "") -> tuple[int, dict]:
        """What a good broker does. Of credentials: `instance` names them, `within` what they reach."""
        with self.lock:
            if method.startswith(("BIND", "UNBIND")) and within not in self.instances:
                return 404, {}
            there = instance in self.instances
            match method:
                case "PUT":
                    self.instances.add(instance)
                    return (200 if there else 201), {"dashboard_url": f"https://vendor.example/{instance}"}
                case "DELETE":
                    self.instances.discard(instance)
                    return (200 if there else 410), {}
                case "BIND":
                    there = instance in self.bindings
                    secret = {"user": f"u-{instance[:8]}", "password": f"{PASSWORD}-{instance}"}
                    self.bindings[instance] = secret
                    return (200 if there else 201), {"credentials": secret}
                case "UNBIND":
                    there = self.bindings.pop(instance, None) is not None
                    return (200 if there else 410), {}
                case "BIND-FETCH":
                    there = instance in self.bindings
                    return (200, {"credentials": self.bindings[instance]}) if there else (404, {})
                case "BIND-GET":
                    return (200, {"state": "succeeded"}) if instance in self.bindings else (410, {})
                case "FETCH":
                    return (
                        (200, {"dashboard_url": f"https://vendor.example/{instance}"}) if there else (404, {})
                    )
                case _:
                    return (200, {"state": "succeeded"}) if there else (410, {})

    def next_fault(self, method: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.method == method:
                    self.faults.remove(fault)
                    return fault
        return None


@contextlib.contextmanager
def failing_broker() -> Iterator[Broker]:
    """A broker at `url`, on a port of its own, until the end."""
    broker = Broker()

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            with broker.lock:
                broker.at_once += 1
                broker.most_at_once = max(broker.most_at_once, broker.at_once)
            try:
                time.sleep(broker.pause)
                self.really_answer()
            finally:
                with broker.lock:
                    broker.at_once -= 1

        def really_answer(self):
            if content := self.rfile.read(int(self.headers.get("Content-Length", 0))):
                broker.bodies.append(json.loads(content))
            if self.path == "/v2/catalog":
                self.say_catalogue()
                return
            path = self.path.partition("?")[0].split("/v2/service_instances/")[1]
            instance, _, rest = path.partition("/")
            within = ""
            last = rest.endswith("last_operation")
            method = "FETCH" if self.command == "GET" and not last else self.command
            if rest.startswith("service_bindings/"):
                within, instance = instance, rest.split("/")[1]
                method = {"PUT": "BIND", "DELETE": "UNBIND"}.get(method, f"BIND-{method}")
            broker.asked.append((method, instance))
            broker.identities.append(self.headers.get("X-Broker-API-Request-Identity", ""))
            fault = broker.next_fault(method)
            if fault is None:
                status, said = broker.work(method, instance, within=within)
                self.say(status, json.dumps(said).encode())
                return
            if fault.works:
                broker.work(method, instance, within=within)
            time.sleep(fault.slow)
            if fault.hang:
                time.sleep(HANG_SECONDS)
            elif fault.reset:
                # Not an orderly end: the peer gets a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            else:
                self.say(fault.status, fault.body, fault.headers)

        do_PUT = do_GET = do_DELETE = do_PATCH = answer

        def say_catalogue(self):
            said = broker.catalogue
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            etag = f'"{hashlib.sha256(content).hexdigest()}"'
            if self.headers.get("If-None-Match") == etag:
                broker.not_modified += 1
                self.say(304, b"")
            else:
                self.say(200, content, {"ETag": etag})

        def say(self, status: int, content: bytes, headers: dict | None = None):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):  # the caller may have hung up
                self.wfile.write(content)

        def finish(self):
            with contextlib.suppress(OSError, ValueError):
                super().finish()

        def log_message(self, *arguments):
            """Stay silent: pytest's output is for results."""

    with serving(Handler) as broker.url:
        yield broker


@contextlib.contextmanager
def serving(handler: Callable) -> Iterator[str]:
    """The address of a server with that handler."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
