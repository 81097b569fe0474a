"""The catalogue: a list with facets and prices, a search, a page of the API, at the size of G-Cloud.

Each figure is taken over HTTP as visitors get it: two web processes on this machine, four clients at once.
"""

import http.client
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from devstack import database
from devstack.paths import ROOT
from tests.bench import Figure
from tests.bench.catalog_world import SERVICES, VENDORS, list_addresses, make_catalogue, search_addresses
from tests.bench.site import site
from tests.bench.spine import detail
from tests.bench.tenants import p95
from tests.bench.tenants_world import load_whole_register
from tests.tools.ports import free_port

WORKERS, CLIENTS = 2, 4
COMMUNES = 400  # different ones among the visitors
REQUESTS = 1_500
ROUNDS = 3
FEW = 500
MOST_QUERIES = 12


def catalogue() -> Iterator[Figure]:
    """Every figure of the catalogue, on two shelves of the same world."""
    with site():
        from django.db import connection

        from tests.bench.spine import queries_of

        load_whole_register()
        large = make_catalogue()
        small = make_catalogue(services=FEW, vendors=VENDORS // 30, seed=18)
        codes = _communes()
        page = f"/halles/{large.slug}/"
        lists = [page + address for address in list_addresses(communes=codes, count=REQUESTS)]
        searches = [page + address for address in search_addresses(communes=codes)]
        yield from _queries(queries_of, lists + searches)
        with served(connection.settings_dict["NAME"]) as port:
            warm(port, lists[:40] + [address.replace(large.slug, small.slug) for address in lists[:40]])
            yield from _list(port, lists, searches)
            yield from _scale(port, lists, large.slug, small.slug)
            yield from _api(port)


def _communes() -> list[str]:
    from tenants.models import Territory

    rng = random.Random(4)
    codes = Territory.objects.filter(kind="commune", ended_on__isnull=True).exclude(siren="").order_by("code")
    return rng.sample(list(codes.values_list("code", flat=True)), COMMUNES)


def _queries(queries_of, addresses: list[str]) -> Iterator[Figure]:
    from django.test import Client

    client = Client()
    asked = [address for address in addresses if "insee=" in address][::20]
    # Some find nothing at all, such as a vendor of a département that has none.
    priced = [address for address in asked if "€" in client.get(address).content.decode()]
    counts = {address: queries_of(client, address) for address in priced}
    worst = max(counts, key=counts.__getitem__)
    yield Figure(
        "catalog.list_queries", counts[worst], "queries",
        f"{SERVICES:,} services, {len(counts)} addresses; most for {worst}; limit {MOST_QUERIES}",
    )  # fmt: skip


def _list(port: int, lists: list[str], searches: list[str]) -> Iterator[Figure]:
    rounds = [ask(port, _shuffled(lists, turn)) for turn in range(ROUNDS)]
    times = statistics.median(p95(taken) for taken, _ in rounds)
    rate = statistics.median(len(taken) / seconds for taken, seconds in rounds)
    what = (
        f"{SERVICES:,} services of {VENDORS:,} vendors, facets and prices of {COMMUNES} communes; "
        f"{WORKERS} workers, {CLIENTS} clients on the same machine; median of {ROUNDS} rounds of "
        f"{len(lists):,} requests"
    )
    half = statistics.median(statistics.median(taken) for taken, _ in rounds)
    yield Figure(
        "catalog.list_p95_ms", round(times, 1), "ms", detail(f"{what}; median {half:.1f} ms; limit 60")
    )
    yield Figure("catalog.list_rps", round(rate), "requests/s", detail(f"{what}; at least 120"))
    rounds = [ask(port, _shuffled(searches, turn)) for turn in range(ROUNDS)]
    yield Figure(
        "catalog.search_p95_ms", round(statistics.median(p95(taken) for taken, _ in rounds), 1), "ms",
        detail(f"{len(searches)} searches, bad and hostile ones among them, {CLIENTS} clients; limit 60"),
    )  # fmt: skip


def _scale(port: int, lists: list[str], large: str, small: str) -> Iterator[Figure]:
    """The same questions to both shelves in turns, by one client."""
    taken: dict[str, list[float]] = {large: [], small: []}
    for turn in range(ROUNDS):
        for slug in (large, small):
            addresses = [address.replace(large, slug) for address in _shuffled(lists, turn)[:300]]
            taken[slug] += ask(port, addresses, clients=1)[0]
    ratio = statistics.median(taken[large]) / statistics.median(taken[small])
    yield Figure(
        "catalog.scale_ratio", round(ratio, 2), "",
        detail(
            f"median {statistics.median(taken[large]):.1f} ms at {SERVICES:,} services, "
            f"{statistics.median(taken[small]):.1f} ms at {FEW}; one client, in turns; limit 1.5"
        ),
    )  # fmt: skip


def _api(port: int) -> Iterator[Figure]:
    addresses = [f"/api/v1/services?page_size=100&page={page}" for page in range(1, 101)]
    warm(port, addresses[:5])
    rounds = [ask(port, _shuffled(addresses * 4, turn)) for turn in range(ROUNDS)]
    rate = statistics.median(len(taken) / seconds for taken, seconds in rounds)
    what = f"pages of 100 services among {SERVICES:,}, 100 different pages; {CLIENTS} clients"
    yield Figure("catalog.api100_rps", round(rate), "requests/s", detail(f"{what}; at least 100"))


def _shuffled(addresses: list[str], turn: int) -> list[str]:
    return random.Random(turn).sample(addresses, len(addresses))


@contextmanager
def served(name: str) -> Iterator[int]:
    """The site as in production, on that database: its port. Two processes of one thread each."""
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
        *("--workers", str(WORKERS), "--blocking-threads", "1", "--log-level", "warning"),
        "marketplace.wsgi:application",
    ]
    web = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _until_up(port, web)
        yield port
    finally:
        web.terminate()
        web.wait(30)


def _until_up(port: int, web: subprocess.Popen, *, give_up: float = 60) -> None:
    deadline = time.monotonic() + give_up
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/accessibilite/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            if web.poll() is not None or time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def warm(port: int, addresses: list[str]) -> None:
    """Until both processes have answered: each has its own templates, connections and shelves."""
    for _ in range(3):
        ask(port, addresses)


def ask(port: int, addresses: list[str], *, clients: int = CLIENTS) -> tuple[list[float], float]:
    """(milliseconds of each request, seconds of all): each client asks as soon as it is answered."""
    taken: list[float] = []
    wrong: list[str] = []
    queue = iter(addresses)
    lock = threading.Lock()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while not wrong:
            with lock:
                address = next(queue, None)
            if address is None:
                return
            start = time.perf_counter()
            connection.request("GET", address)
            answer = connection.getresponse()
            answer.read()
            milliseconds = (time.perf_counter() - start) * 1000
            with lock:
                taken.append(milliseconds)
                if answer.status != 200:
                    wrong.append(f"{answer.status} for {address}")

    threads = [threading.Thread(target=client) for _ in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if wrong:
        raise RuntimeError(wrong[0])
    return taken, seconds


MEASURES = [catalogue]
