"""A name server on a port of this machine, over UDP: it says the TXT records that a test has put there."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class NameServer:
    """`records`: texts by name, without final dot; a name that is not there does not exist. `silent` names
    are not answered, `broken` ones by SERVFAIL."""

    address: str = ""
    records: dict[str, list[str]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def answer(self, query: dns.message.Message) -> dns.message.Message | None:
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if name in self.silent:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif self.records[name] and question.rdtype == dns.rdatatype.TXT:
            texts = [f'"{text}"' for text in self.records[name]]
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *texts))
        return answer


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        content, socket = self.request
        if answer := self.server.names.answer(dns.message.from_wire(content)):
            socket.sendto(answer.to_wire(), self.client_address)


@contextmanager
def serving() -> Iterator[NameServer]:
    """A name server, until the end."""
    names = NameServer()
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Handler) as server:
        server.names = names
        names.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield names
        finally:
            server.shutdown()
            thread.join()
