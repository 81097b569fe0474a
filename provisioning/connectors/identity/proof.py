"""Whether a domain says, by a TXT record (RFC 1035, §3.3.14), that it lets Halle sign its agents in."""

from enum import Enum

import dns.exception
import dns.name
import dns.resolver
from django.conf import settings

SECONDS = 6.0
PLACE = "_halle-verification"
MAX_RECORDS = 50


class Proof(Enum):
    """What the DNS says now."""

    SEEN = "seen"
    ABSENT = "absent"  # surely: there is no such record
    OTHER = "other"  # there is one, that says something else
    UNKNOWN = "unknown"  # no answer, or one that means nothing: ask later


def record_name(domain: str) -> str:
    """Where the record is to be."""
    return f"{PLACE}.{domain}"


def record_text(token: str) -> str:
    """What it is to say."""
    return f"halle-verification={token}"


def look(domain: str, *, token: str) -> Proof:
    """Asks the resolver of the settings (DNS_RESOLVER, "" for the machine's own) once, for SECONDS at most.
    Nothing is kept: the record may have come a moment ago."""
    try:
        name = dns.name.from_text(record_name(domain))
        answer = _resolver().resolve(name, "TXT", lifetime=SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Proof.ABSENT
    except (dns.exception.DNSException, OSError):
        return Proof.UNKNOWN
    said = [b"".join(one.strings).strip() for one in list(answer)[:MAX_RECORDS]]
    return Proof.SEEN if record_text(token).encode() in said else Proof.OTHER


def _resolver() -> dns.resolver.Resolver:
    if not settings.DNS_RESOLVER:
        return dns.resolver.Resolver()
    address, _, port = settings.DNS_RESOLVER.rpartition(":")
    own = dns.resolver.Resolver(configure=False)
    own.nameservers, own.port = [address.strip("[]")], int(port)
    return own
