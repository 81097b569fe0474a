"""A site that belongs to somebody else: a real HTTP server whose answers a test writes, byte by byte."""

import contextlib
import http.server
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Site:
    port: int
    scheme: str
    asked: list = field(default_factory=list)  # (path, headers) of each request

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"


@contextlib.contextmanager
def stranger(answer: Callable, *, certificate: str = ""):
    """`answer(handler, path)` writes the whole answer. `certificate`: a PEM file with its key, for https."""
    site = Site(port=0, scheme="https" if certificate else "http")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.close_connection = True
            site.asked.append((self.path, dict(self.headers)))
            with contextlib.suppress(OSError):  # whoever asked may have had enough
                answer(self, self.path)

        def log_message(self, *arguments):
            """Stay silent: pytest's output is for results."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # a refused certificate is the test's business
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(handler, body: bytes = b"", *, status: int = 200, length: bool = True, **headers) -> None:
    """A whole answer; `content_type="text/yaml"` becomes the header Content-Type."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-").title(), value)
    if length:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
