"""A mail server that keeps what it is given: a real one over a real socket, with the moods of real ones."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from tests.tools.ports import free_port


class MailServer(socketserver.ThreadingTCPServer):
    """`received` holds the letters taken. `moods` change what it answers:

    - `recipient`, `data`: the line said instead of yes ("550 no such user");
    - `slow`: seconds before it answers anything; `silent_after_data`: takes the letter, then says nothing
      to QUIT.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", free_port()), _Conversation)
        self.received: list[EmailMessage] = []
        self.recipient = self.data = ""
        self.slow = 0.0
        self.silent_after_data = False

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self):
        time.sleep(self.server.slow)
        self._say("220 fake.example")
        while line := self.rfile.readline().decode().strip():
            match line.upper().split(" ")[0].split(":")[0]:
                case "EHLO" | "HELO":
                    self._say("250 fake.example")
                case "RCPT":
                    self._say(self.server.recipient or "250 yes")
                case "DATA":
                    self._take()
                case "QUIT":
                    if self.server.silent_after_data:
                        time.sleep(5)
                    self._say("221 goodbye")
                    return
                case _:
                    self._say("250 yes")

    def _take(self):
        if self.server.data:
            return self._say(self.server.data)
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        self.server.received.append(message_from_bytes(b"".join(lines), policy=policy.default))
        return self._say("250 taken")

    def _say(self, line: str):
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A mail server that is up, until the end of the block."""
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
