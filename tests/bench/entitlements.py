"""What a service waits for when it asks what an organisation and an agent may do."""

import asyncio
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

from devstack import database
from devstack.paths import ROOT
from tests.bench import Figure
from tests.bench.catalog import _until_up
from tests.bench.site import site
from tests.bench.spine import detail
from tests.bench.tenants import p95
from tests.tools.ports import free_port

COMMUNES = 300
PER_SECOND, SECONDS, ROUNDS, CLIENTS = 200, 10, 3, 16
SECRET = "halle_a-secret-of-the-bench"
PATHS = {"": "/api/v1.0/entitlements/", "signed_": "/api/v1.0/entitlements/signed/"}


def entitlements() -> Iterator[Figure]:
    """Answers to a service at a fixed rate, by one web process of one thread: agents of different communes,
    most of which subscribe."""
    with site():
        from django.db import connection

        asked = subscribers()
        with served_by_one(connection.settings_dict["NAME"]) as port:
            for name, path in PATHS.items():
                addresses = [f"{path}?{urlencode(parameters)}" for parameters in asked]
                at_a_rate(port, addresses, seconds=2)
                rounds = [at_a_rate(port, addresses, seconds=SECONDS) for _ in range(ROUNDS)]
                half = statistics.median(statistics.median(taken) for taken in rounds)
                what = (
                    f"{PER_SECOND} requests/s for {SECONDS} s, {COMMUNES} communes, one web process of one "
                    f"thread; from the moment due to the answer; median of {ROUNDS} rounds; "
                    f"half of them in {half:.1f} ms; limit 15 ms"
                )
                yield Figure(
                    f"provisioning.{name}entitlement_p95_ms",
                    round(statistics.median(p95(taken) for taken in rounds), 1),
                    "ms",
                    detail(what),
                )


def subscribers() -> list[dict[str, str]]:
    """What a service asks about one agent of each commune; a tenth of them do not subscribe."""
    from subscriptions.models import State
    from tests.factories import (
        ListingFactory,
        MembershipFactory,
        ServiceKeyFactory,
        SubscriptionFactory,
        UserFactory,
    )

    listing = ListingFactory()
    ServiceKeyFactory(sheet=listing.sheet, secret=SECRET)
    asker, approver = UserFactory(), UserFactory()
    asked = []
    for number in range(COMMUNES):
        made = SubscriptionFactory(
            listing=listing, state=State.REFUSED if number % 10 == 0 else State.ACTIVE,
            requested_by=asker, approved_by=approver, transitions=False, decision=False,
        )  # fmt: skip
        agent = MembershipFactory(organisation=made.tenant).user
        asked.append(
            {
                "service_id": listing.sheet.slug,
                "account_type": "user",
                "account_email": agent.email,
                "siret": made.tenant.siret,
            }
        )
    return asked


@contextmanager
def served_by_one(name: str) -> Iterator[int]:
    """The site as in production, on that database, by one process of one thread: its port."""
    port = free_port()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "marketplace.settings.development",
        "HALLE_DEBUG": "0",
        "HALLE_DB_ROLE": "web",
        "DATABASE_URL": database.urls(name)["web"],
    }
    command = [
        os.path.join(os.path.dirname(sys.executable), "granian"),
        *("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"),
        *("--workers", "1", "--blocking-threads", "1", "--log-level", "warning"),
        "marketplace.wsgi:application",
    ]
    web = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _until_up(port, web)
        yield port
    finally:
        web.terminate()
        web.wait(30)


def at_a_rate(port: int, addresses: list[str], *, seconds: int) -> list[float]:
    """Milliseconds from the moment each request was due to its answer, whether or not the one before it was
    answered: whoever is slow makes the next ones wait, and it shows."""
    return asyncio.run(_at_a_rate(port, [_asked(port, address) for address in addresses], seconds))


async def _at_a_rate(port: int, requests: list[bytes], seconds: int) -> list[float]:
    taken: list[float] = []
    numbers = iter(range(PER_SECOND * seconds))
    start = time.perf_counter() + 0.2

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            due = start + number / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(requests[number % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(f"{head.splitlines()[0]!r} for an entitlement")
            await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", head)[1]))
            taken.append((time.perf_counter() - due) * 1000)
        writer.close()

    async with asyncio.timeout(seconds + 60):
        await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return taken


def _asked(port: int, address: str) -> bytes:
    """Written once: what the client costs is taken from the web process, on a machine of two processors."""
    head = f"GET {address} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"X-Service-Auth: Bearer {SECRET}"
    return "\r\n".join((*head, "", "")).encode()
