"""A whole Open Service Broker 2.17 to start yours from. What it holds is in one SQLite file."""

import base64
import hmac
import json
import os
import re
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

SERVICE, PLAN = "1a6d5b58-2f3c-4b7e-9c0d-5e8f7a9b0c1d", "9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a"
PLANS = [{"id": PLAN, "name": "adhesion", "description": "Tout le service"}]
FLAGS = {"bindable": True, "instances_retrievable": True, "bindings_retrievable": True}
CATALOG = {"services": [{"id": SERVICE, "name": "exemple", "description": "…", "plans": PLANS} | FLAGS]}
AFTER = "(?P<operation>/last_operation)|/service_bindings/(?P<binding>[^/]+)"
ROUTE = re.compile(f"/v2/(?:(?P<catalog>catalog)|service_instances/(?P<instance>[^/]+)(?:{AFTER})?)")
KEPT = ("service_id", "plan_id", "organization_guid", "space_guid", "parameters", "bind_resource")
BAD, NOT_FOUND, CONFLICT, GONE = (400, {"error": "BadRequest"}), (404, {}), (409, {}), (410, {})


class Broker:
    def __init__(self, state, username, password, site="https://exemple.fr"):
        self.site, self.lock = site, threading.Lock()
        self.key = b"Basic " + base64.b64encode(f"{username}:{password}".encode())
        self.db = sqlite3.connect(state, check_same_thread=False, isolation_level=None)
        self.db.execute("CREATE TABLE IF NOT EXISTS held (id TEXT PRIMARY KEY, instance TEXT, wanted TEXT)")

    def answer(self, method, target, headers, raw):
        if not hmac.compare_digest(headers.get("Authorization", "").encode(), self.key):
            return 401, {}
        if not re.fullmatch(r"2\.\d+", headers.get("X-Broker-API-Version", "")):
            return 412, {"description": "X-Broker-API-Version: 2.17"}
        url = urlsplit(target)
        try:
            said = json.loads(raw) if method in ("PUT", "PATCH") else dict(parse_qsl(url.query))
            wanted = {name: said[name] for name in KEPT if name in said}
        except (ValueError, TypeError, RecursionError):  # not JSON, no object, or nested without end
            return BAD
        known = ({} if method == "PUT" else {"service_id": SERVICE, "plan_id": PLAN}) | wanted
        if (known.get("service_id"), known.get("plan_id")) != (SERVICE, PLAN):
            return BAD
        route = ROUTE.fullmatch(url.path)
        with self.lock:  # one at a time: the same request sent twice at once makes one instance
            return self.act(f"{method} {route.lastgroup}", route, wanted) if route else NOT_FOUND

    def act(self, verb, route, wanted):
        instance, key = route["instance"], "/".join(filter(None, route.group("instance", "binding")))
        match verb:
            case "GET catalog":
                return 200, CATALOG
            case "PUT instance":
                return self.keep(instance, key, wanted, {"dashboard_url": f"{self.site}/{key}"})
            case "PATCH instance" if held := self.held(key):
                self.run("UPDATE held SET wanted = ? WHERE id = ?", json.dumps(held | wanted), key)
                return 200, {}
            case "GET operation":  # work that takes longer: 202 above, and "in progress" until it is done
                return (200, {"state": "succeeded"}) if self.held(instance) else GONE
            case "DELETE instance" | "DELETE binding":  # with whatever was made for it
                return (200, {}) if self.run("DELETE FROM held WHERE ? IN (id, instance)", key) else GONE
            case "PUT binding" if self.held(instance):
                return self.keep(instance, key, wanted, {"credentials": {"account": key}})
            case "GET instance" | "GET binding" if held := self.held(key):
                return 200, held
        return NOT_FOUND

    def run(self, sql, *values):
        return self.db.execute(sql, values).rowcount

    def held(self, key):
        row = self.db.execute("SELECT wanted FROM held WHERE id = ?", (key,)).fetchone()
        return row and json.loads(row[0])

    def keep(self, instance, key, wanted, said):
        if self.run("INSERT OR IGNORE INTO held VALUES (?, ?, ?)", key, instance, json.dumps(wanted)):
            return 201, said
        return (200, said) if self.held(key) == wanted else CONFLICT


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        raw = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 2**20))
        status, said = self.server.broker.answer(self.command, self.path, self.headers, raw)
        content = json.dumps(said).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", len(content))):
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_PATCH = do_DELETE = do_GET


if __name__ == "__main__":  # BROKER_USERNAME=… BROKER_PASSWORD=… python example_broker.py 8080 broker.db
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    server.broker = Broker(sys.argv[2], os.environ["BROKER_USERNAME"], os.environ["BROKER_PASSWORD"])
    server.serve_forever()
