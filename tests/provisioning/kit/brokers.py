"""The example broker as it is, another that takes its time, and one for each fault that may be planted."""

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

from provisioning.kit.example_broker import CATALOG, GONE, PLAN, SERVICE, Broker, Handler
from provisioning.kit.line import Target

USER, WORD = "halle", "secret"
OPENING_SECONDS = 0.05


class Quiet(Handler):
    """Says nothing on the terminal; `Content-Type` and other headers are the broker's own, if it has some."""

    wbufsize = -1  # headers and body in one packet: a hundred tests do not wait for as many acknowledgements

    def log_message(self, *arguments):
        """Stay silent: pytest's output is for results."""

    def send_header(self, keyword, value):
        own = getattr(self.server.broker, "headers", {})
        super().send_header(keyword, own.get(keyword, value))

    def end_headers(self):
        for name, value in getattr(self.server.broker, "more_headers", {}).items():
            super().send_header(name, value)
        super().end_headers()

    def finish(self):
        with contextlib.suppress(OSError, ValueError):  # the kit hangs up on purpose
            super().finish()

    def handle(self):
        with contextlib.suppress(OSError):
            super().handle()


class Takes(Broker):
    """Opens and closes in a while: 202, then the operation is followed."""

    word = "ouverture"

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.ready: dict[str, float] = {}
        self.closing: dict[str, float] = {}

    def act(self, verb, route, wanted):
        instance, now = route["instance"], time.monotonic()
        if self.closing.get(instance, now + 1) <= now:
            del self.closing[instance]
            super().act("DELETE instance", route, wanted)
        if verb == "GET operation" and instance in self.closing:
            return 200, {"state": "in progress"}
        if verb == "GET operation" and self.ready.get(instance, 0) > now and self.held(instance):
            return 200, {"state": "in progress"}
        if verb == "GET instance" and self.ready.get(instance, 0) > now:
            return 404, {}
        if verb == "PUT instance" and instance in self.closing:
            return 422, {"error": "ConcurrencyError"}
        if verb == "DELETE instance" and self.held(instance):
            self.closing.setdefault(instance, now + OPENING_SECONDS)
            return 202, {"operation": "fermeture"}
        status, said = super().act(verb, route, wanted)
        if verb == "PUT instance" and status == 201:
            self.ready[instance] = now + OPENING_SECONDS
        if verb == "PUT instance" and status < 300 and self.ready[instance] > now:
            return 202, {**said, "operation": self.word}
        return status, said


class Changes(Broker):
    """Answers as the example, but for one request: `instead(verb, answer)` says what."""

    def act(self, verb, route, wanted):
        return self.instead(verb, super().act(verb, route, wanted))


class NoAuthentication(Broker):
    def answer(self, method, target, headers, raw):
        version = headers.get("X-Broker-API-Version", "")
        known = {"Authorization": self.key.decode(), "X-Broker-API-Version": version}
        return super().answer(method, target, known, raw)


class AnyVersion(Broker):
    def answer(self, method, target, headers, raw):
        known = {"Authorization": headers.get("Authorization", ""), "X-Broker-API-Version": "2.17"}
        return super().answer(method, target, known, raw)


class NoVersionIsWell(Broker):
    def answer(self, method, target, headers, raw):
        known = {"X-Broker-API-Version": "2.17", **dict(headers.items())}
        return super().answer(method, target, known, raw)


class BreaksOnMalformed(Broker):
    def answer(self, method, target, headers, raw):
        if method == "PUT" and raw:
            with contextlib.suppress(UnicodeDecodeError):
                try:
                    json.loads(raw)
                except json.JSONDecodeError:
                    return 500, {}
        return super().answer(method, target, headers, raw)


class BreaksOnBytes(Broker):
    def answer(self, method, target, headers, raw):
        try:
            raw.decode()
        except UnicodeDecodeError:
            return 500, {}
        return super().answer(method, target, headers, raw)


class NoIdempotency(Changes):
    """Creates again whatever it holds already."""

    def instead(self, verb, answer):
        return (201, answer[1]) if verb == "PUT instance" and answer[0] == 200 else answer


class Overwrites(Changes):
    """Another organisation's request is taken for the same."""

    def instead(self, verb, answer):
        return (200, {}) if verb == "PUT instance" and answer[0] == 409 else answer


class TwoAtOnce(Broker):
    """Looks whether it holds the instance, then creates it: in between, another one has done the same."""

    def answer(self, method, target, headers, raw):
        instance = target.split("/")[-1].split("?")[0]
        before = self.held(instance)
        if method == "PUT" and before is None and headers.get("Authorization"):
            time.sleep(0.1)
            status, said = super().answer(method, target, headers, raw)
            return (201 if status == 200 else status), said
        return super().answer(method, target, headers, raw)


class TwoWhenAskedAgain(Broker):
    """A request that comes again within a moment opens a second service, which one closing does not close."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.twice: set[str] = set()

    def act(self, verb, route, wanted):
        instance = route["instance"]
        if verb == "DELETE instance" and instance in self.twice:
            self.twice.remove(instance)
            return 200, {}
        status, said = super().act(verb, route, wanted)
        if verb == "PUT instance" and status == 200:
            self.twice.add(instance)
        return status, said


class DeletesNothing(Broker):
    def act(self, verb, route, wanted):
        if verb == "DELETE instance" and self.held(route["instance"]):
            return 200, {}
        return super().act(verb, route, wanted)


class RefusesToClose(Broker):
    def act(self, verb, route, wanted):
        return (403, {}) if verb == "DELETE instance" else super().act(verb, route, wanted)


class KeepsKeys(Broker):
    """The keys of a service outlive it."""

    def act(self, verb, route, wanted):
        return (200, {}) if verb == "GET binding" else super().act(verb, route, wanted)


class UnknownIsClosed(Changes):
    def instead(self, verb, answer):
        return (200, {}) if verb == "DELETE instance" and answer == GONE else answer


class IdsChange(Changes):
    """Draws its identifiers at each read, but for the plan that is sold."""

    def instead(self, verb, answer):
        if verb != "GET catalog":
            return answer
        service = CATALOG["services"][0]
        other = {"id": str(uuid.uuid4()), "name": "autre", "description": "Autre"}
        return 200, {"services": [{**service, "plans": [*service["plans"], other]}]}


class NoPlans(Changes):
    """Does not offer the plan of the connection."""

    def instead(self, verb, answer):
        if verb != "GET catalog":
            return answer
        service = CATALOG["services"][0]
        return 200, {"services": [{**service, "plans": [{**service["plans"][0], "id": "autre"}]}]}


class Nameless(Changes):
    def instead(self, verb, answer):
        if verb != "GET catalog":
            return answer
        return 200, {"services": [{**CATALOG["services"][0], "description": ""}]}


class AnyPlan(Broker):
    """Opens whatever service and plan it is asked for."""

    def answer(self, method, target, headers, raw):
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if method == "PUT" and isinstance(body, dict) and {"service_id", "plan_id"} <= body.keys():
            body |= {"service_id": SERVICE, "plan_id": PLAN}
            raw = json.dumps(body).encode()
        return super().answer(method, target, headers, raw)


class NoPlanIsWell(Broker):
    def answer(self, method, target, headers, raw):
        with contextlib.suppress(ValueError):
            if method == "PUT" and isinstance(body := json.loads(raw), dict):
                raw = json.dumps({"plan_id": PLAN, **body}).encode()
        return super().answer(method, target, headers, raw)


class AnyPlanToChange(Broker):
    def answer(self, method, target, headers, raw):
        with contextlib.suppress(ValueError):
            if method == "PATCH":
                raw = json.dumps({**json.loads(raw), "plan_id": PLAN}).encode()
        return super().answer(method, target, headers, raw)


class ChangesNothing(Changes):
    def instead(self, verb, answer):
        return (404, {}) if verb == "PATCH instance" else answer


class CreatesWhenChanged(Changes):
    def instead(self, verb, answer):
        return (200, {}) if verb == "PATCH instance" and answer[0] == 404 else answer


class Pages(Broker):
    """Answers web pages."""

    headers = {"Content-Type": "text/html"}


class TooLongWord(Takes):
    word = "x" * 20_000


class ForgetsOperations(Takes):
    """Once the end of an operation was told, it knows nothing of it."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.told: set[str] = set()

    def act(self, verb, route, wanted):
        instance = route["instance"]
        status, said = super().act(verb, route, wanted)
        if verb == "PUT instance":
            self.told.discard(instance)
        if verb == "GET operation" and said.get("state") == "succeeded":
            if instance in self.told:
                return 404, {}
            self.told.add(instance)
        return status, said


class StillSucceeded(Changes):
    """Says of what is closed that it was opened."""

    def instead(self, verb, answer):
        return (200, {"state": "succeeded"}) if verb == "GET operation" else answer


class RefusesToStop(Takes):
    """Does not let a closing overtake an opening."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.open: set[str] = set()

    def act(self, verb, route, wanted):
        instance = route["instance"]
        if verb == "DELETE instance" and self.held(instance) and instance not in self.open:
            return 500, {}
        status, said = super().act(verb, route, wanted)
        if said.get("state") == "succeeded":
            self.open.add(instance)
        return status, said


class OneNameForEver(Broker):
    """An id that was deleted can never be used again."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.used: set[str] = set()

    def act(self, verb, route, wanted):
        if verb == "PUT instance" and route["instance"] in self.used and not self.held(route["instance"]):
            return 409, {}
        if verb == "DELETE instance":
            self.used.add(route["instance"])
        return super().act(verb, route, wanted)


class OnePlaceForAll(Changes):
    def instead(self, verb, answer):
        return (answer[0], {"dashboard_url": "https://exemple.fr/"}) if verb == "PUT instance" else answer


class UnsafePlace(Changes):
    def instead(self, verb, answer):
        if verb != "PUT instance" or answer[0] > 299:
            return answer
        return answer[0], {"dashboard_url": answer[1]["dashboard_url"].replace("https://", "ftp://")}


class OtherPlan(Changes):
    """What it gives to read is not what was asked for."""

    def instead(self, verb, answer):
        return (
            (200, {**answer[1], "plan_id": "autre"})
            if verb == "GET instance" and answer[0] == 200
            else answer
        )


class DatesForDelays(Broker):
    more_headers = {"Retry-After": "Fri, 27 Nov 2026 18:00:00 GMT"}


class OtherEtagEachTime(Broker):
    @property
    def more_headers(self):
        return {"ETag": f'"{uuid.uuid4()}"'}


class Hangs(Changes):
    """Never answers a request to open."""

    def instead(self, verb, answer):
        if verb == "PUT instance":
            time.sleep(1.0)
        return answer


class BreaksWhenRead(Changes):
    """Fails when an instance is read."""

    def instead(self, verb, answer):
        return (500, {}) if verb == "GET instance" and answer[0] == 200 else answer


class Impatient(Quiet):
    """Does not wait for the rest of a body."""

    def do_PUT(self):
        size = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read1(size)
        if len(raw) < size < 2_000:
            self.rfile.read(size - len(raw))
            raw = raw[:1]
        else:
            raw += self.rfile.read(size - len(raw))
        status, said = self.server.broker.answer(self.command, self.path, self.headers, raw)
        content = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextlib.contextmanager
def serving(kind: type[Broker], handler: type[Handler] = Quiet) -> Iterator[tuple[Broker, Target]]:
    """A broker of that kind on a port of its own, and how to reach it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.broker = broker = kind(":memory:", USER, WORD)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield broker, Target(f"http://127.0.0.1:{server.server_port}", USER, WORD, SERVICE, PLAN)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
