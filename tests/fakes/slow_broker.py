"""`python -m tests.fakes.slow_broker PORT SECONDS`: an Open Service Broker that takes its time, in its own
process.

Every operation is asynchronous and ends `SECONDS` after it was asked for; -1: no answer ever comes.
"""

import http.server
import json
import sys
import time


def main(port: int, seconds: float) -> None:
    """Serves until it is killed."""
    ready: dict[str, float] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            instance = self.path.partition("?")[0].split("/v2/service_instances/")[1].partition("/")[0]
            if seconds < 0:
                time.sleep(3_600)
            if self.command == "GET":
                done = time.monotonic() >= ready.get(instance, float("inf"))
                said, status = {"state": "succeeded" if done else "in progress"}, 200
                if "last_operation" not in self.path:
                    said = {"dashboard_url": f"https://vendor.example/{instance}"}
            else:
                ready.setdefault(instance, time.monotonic() + seconds)
                url = f"https://vendor.example/{instance}"
                said, status = {"operation": self.command, "dashboard_url": url}, 202
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Retry-After", str(max(1, round(seconds))))
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_GET = do_DELETE = answer

        def log_message(self, *arguments):
            """Stay silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
