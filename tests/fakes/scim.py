"""A SCIM server that does as told: with or without PATCH, filters, versions; and that fails as told.

A judge, not a mock: it speaks HTTP on a socket, and what it holds is what it really did.
"""

import contextlib
import http.server
import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.fakes.broker import HANG_SECONDS, serving

TOKEN = "a-token-of-the-tests"


@dataclass
class Fault:
    """How the next request of that method and kind is answered; `works`: the work is done all the same."""

    method: str
    path: str = "/Users"
    status: int = 500
    body: bytes = b"{}"
    headers: dict = field(default_factory=dict)
    works: bool = False
    hang: bool = False


@dataclass
class Server:
    patch: bool = True
    filter: bool = True
    versions: bool = True
    config: bool = True
    ignores_filter: bool = False
    most: int = 100
    url: str = ""
    held: dict = field(default_factory=lambda: {"Users": {}, "Groups": {}})
    asked: list = field(default_factory=list)  # (method, path with its query)
    faults: list = field(default_factory=list)
    pages: list = field(default_factory=list)  # bodies of the next listings, as they are

    def methods(self) -> list[str]:
        """What was written, in order."""
        return [method for method, _ in self.asked if method != "GET"]

    def user(self, name: str) -> dict:
        return next(one for one in self.held["Users"].values() if one["userName"] == name)

    def group(self, name: str) -> dict:
        return next(one for one in self.held["Groups"].values() if one["displayName"] == name)

    def add(self, kind: str, said: dict) -> dict:
        made = {**said, "id": uuid.uuid4().hex}
        return self.keep(kind, made)

    def keep(self, kind: str, one: dict) -> dict:
        if self.versions:
            one["meta"] = {"version": f'W/"{uuid.uuid4().hex}"'}
        self.held[kind][one["id"]] = one
        return one

    def listing(self, kind: str, query: dict) -> dict:
        rows = list(self.held[kind].values())
        asked = re.fullmatch(r'(\w+) eq "(.*)"', query.get("filter", ""))
        if asked and not self.ignores_filter:
            rows = [one for one in rows if one.get(asked[1]) == asked[2]]
        start, count = int(query["startIndex"]), min(int(query["count"]), self.most)
        page = rows[start - 1 : start - 1 + count]
        return {"totalResults": len(rows), "startIndex": start, "Resources": page}

    def work(self, method: str, kind: str, identifier: str, said: dict, match: str) -> tuple[int, dict]:
        held = self.held[kind]
        name = "userName" if kind == "Users" else "displayName"
        if method == "POST":
            if any(one[name] == said[name] for one in held.values()):
                return 409, {"scimType": "uniqueness"}
            return 201, self.add(kind, {key: value for key, value in said.items() if key != "schemas"})
        if identifier not in held:
            return 404, {}
        now = held[identifier]
        if self.versions and match != now["meta"]["version"]:
            return 412, {}
        if method == "PUT":
            return 200, self.keep(kind, {**said, "id": identifier})
        if not self.patch:
            return 501, {}
        for operation in said["Operations"]:
            now[operation["path"]] = operation["value"]
        return 200, self.keep(kind, now)


@contextlib.contextmanager
def directory(**does) -> Iterator[Server]:
    """A server at `url`, on a port of its own, until the end."""
    server = Server(**does)

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.asked.append((self.command, self.path))
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                return self.say(401, b"{}")
            fault = next(
                (
                    one
                    for one in server.faults
                    if one.method == self.command and self.path.startswith(one.path)
                ),
                None,
            )
            if fault is None:
                return self.say(*self.really(body))
            server.faults.remove(fault)
            if fault.works:
                self.really(body)
            if fault.hang:
                time.sleep(HANG_SECONDS)
            return self.say(fault.status, fault.body, fault.headers)

        def really(self, body: bytes) -> tuple[int, bytes]:
            address = urlsplit(self.path)
            _, kind, *rest = address.path.split("/")
            if kind == "ServiceProviderConfig":
                said = {"patch": {"supported": server.patch}, "filter": {"supported": server.filter}}
                return (200, json.dumps(said).encode()) if server.config else (404, b"")
            if self.command == "GET":
                if server.pages:
                    return 200, server.pages.pop(0)
                query = {name: values[0] for name, values in parse_qs(address.query).items()}
                return 200, json.dumps(server.listing(kind, query)).encode()
            status, said = server.work(
                self.command, kind, "".join(rest), json.loads(body), self.headers.get("If-Match", "")
            )
            return status, json.dumps(said).encode()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def say(self, status: int, content: bytes, headers: dict | None = None):
            with contextlib.suppress(OSError):  # the caller may have hung up
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *arguments):
            """Stay silent: pytest's output is for results."""

    with serving(Handler) as server.url:
        yield server
