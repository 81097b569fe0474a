"""A gate between a worker and a vendor: keeps requests from the one, or answers from the other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

OURS = {"host", "connection", "transfer-encoding", "content-length", "content-encoding", "server", "date"}


class Gate:
    """Open until told to hold. `held` is set while a PUT waits for an answer that never comes."""

    def __init__(self, vendor: httpx.Client):
        self.vendor = vendor
        self.url = ""
        self.held = threading.Event()
        self.over = threading.Event()
        self._hold = ""

    def hold_next_put(self, where: str) -> None:
        """ "before": the vendor never sees it. "after": it does its work, and nobody hears of it."""
        self.held.clear()
        self._hold = where

    def pass_on(self, request: BaseHTTPRequestHandler) -> None:
        """One request to the vendor and its answer back, unless this is where to hold."""
        hold = ""
        if request.command == "PUT":
            hold, self._hold = self._hold, ""
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if hold == "before":
            return self._wait()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in OURS}
        answer = self.vendor.request(request.command, request.path, content=body, headers=headers)
        if hold == "after":
            return self._wait()
        request.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name not in OURS:
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer.content)))
        request.end_headers()
        request.wfile.write(answer.content)
        return None

    def _wait(self) -> None:
        self.held.set()
        self.over.wait()


@contextmanager
def gate_to(vendor_url: str) -> Iterator[Gate]:
    """An open gate on a free port."""
    with httpx.Client(base_url=vendor_url, timeout=10) as vendor:
        gate = Gate(vendor)

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self):
                gate.pass_on(self)

            do_GET = do_PUT

            def log_message(self, *_):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            gate.url = f"http://127.0.0.1:{server.server_port}"
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield gate
            finally:
                gate.over.set()
                server.shutdown()
