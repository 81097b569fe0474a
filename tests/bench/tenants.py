"""Tenants: finding one commune among 35,000, an operator's whole list, what row-level security costs."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date

import psycopg

from devstack import database, schema
from devstack.paths import ROOT
from tests.bench import Figure
from tests.bench.site import site
from tests.bench.spine import detail
from tests.bench.tenants_world import (
    MEMBERS,
    adhere,
    fill_subscriptions,
    load_whole_register,
    make_member_organisations,
    setting_of,
    typed_by_people,
)

TODAY = date(2026, 11, 21)
SOME = 1_500  # members of an ordinary operator
ROUNDS = 200


def register_import() -> Iterator[Figure]:
    """`manage.py load_register` on an empty database, in a process of its own."""
    name = f"halle_bench_{os.getpid()}"
    with database.in_use():
        database.create_database(name)
        try:
            schema.ensure_schema(name)
            seconds, megabytes = first_import(name)
            again, _ = first_import(name)
        finally:
            database.drop_database(name)
    conditions = (
        f"fresh database, interpreter's start included; peak memory {megabytes:.0f} MB (limit 300); "
        f"a second import over it {again:.1f} s; limit 60 s"
    )
    yield Figure("tenants.register_import_s", round(seconds, 2), "s", detail(conditions))


def first_import(name: str) -> tuple[float, float]:
    """Seconds and peak resident megabytes of one import."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "marketplace.settings.development",
        "HALLE_DB_ROLE": "worker",
        "WORKER_DATABASE_URL": database.urls(name)["worker"],
    }
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, "manage.py", "load_register"], cwd=ROOT, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"load_register ended with code {child.returncode}: see above")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes here
    return time.perf_counter() - start, usage.ru_maxrss * unit / 1e6


def commune_search() -> Iterator[Figure]:
    """What people type to find their commune, over the whole register, as the web role."""
    with site():
        from tenants.territories.search import find_communes

        load_whole_register()
        queries = typed_by_people()
        for query in queries[:10]:
            find_communes(query=query, on=TODAY)
        taken = {query: milliseconds(lambda q=query: find_communes(query=q, on=TODAY)) for query in queries}
    worst = max(taken, key=taken.__getitem__)
    conditions = (
        f"{len(taken)} queries: names, most of them typed badly, beginnings, postcodes, SIREN, SIRET, codes "
        f"old and new; median {statistics.median(taken.values()):.1f} ms, "
        f"worst {taken[worst]:.1f} ms for “{worst}”; limit 30 ms"
    )
    yield Figure("tenants.commune_search_p95_ms", round(p95(taken.values()), 1), "ms", detail(conditions))


def operator_list() -> Iterator[Figure]:
    """The page of an operator with 35,000 members: searched, filtered, leafed through."""
    with site():
        from django.test import Client
        from django.urls import reverse

        from tenants.models import Role
        from tests.factories import MembershipFactory, OperatorFactory

        operator = OperatorFactory()
        page = reverse("operator_members", args=[operator.slug])
        load_whole_register()
        adhere(operator, make_member_organisations())
        client = Client()
        person = MembershipFactory(organisation=operator.organisation, role=Role.OPERATOR_ADMIN).user
        client.force_login(person)
        colleges = operator.colleges.values_list("pk", flat=True)
        addresses = [page + query for query in list_queries(colleges)]
        client.get(page)  # templates, connection
        counted = {address: statements_of(client, address) for address in addresses}
        taken = {address: milliseconds(lambda a=address: client.get(a)) for address in addresses}
    most, worst = (max(found, key=found.__getitem__) for found in (counted, taken))
    what = f"{MEMBERS:,} members, {len(addresses)} addresses"
    yield Figure(
        "tenants.operator_list_queries", counted[most], "queries",
        detail(f"{what}; most for {most.removeprefix(page) or 'the bare page'}; limit 8"),
    )  # fmt: skip
    yield Figure(
        "tenants.operator_list_p95_ms", round(p95(taken.values()), 1), "ms",
        detail(
            f"{what}; median {statistics.median(taken.values()):.1f} ms, worst {taken[worst]:.1f} ms "
            f"for {worst.removeprefix(page) or 'the bare page'}; limit 60 ms"
        ),
    )  # fmt: skip


def list_queries(colleges: Iterable[int]) -> list[str]:
    """Forty ways to look at the list."""
    searches = ("saint", "evreux", "plou", "villeneuve", "l'ile", "ste colombe", "xyz", "212900195")
    return [
        "",
        *(f"?page={number}" for number in (2, 3, 10, 50, 100, 200, 350, 500, 650, 699, 700, 100_000)),
        *(f"?q={search}" for search in searches),
        *(f"?departement={code}" for code in ("29", "2A", "59", "62", "75", "973", "99")),
        *(f"?kind={kind}" for kind in ("commune", "epci", "syndicat")),
        *(f"?kind=commune&departement={code}&page=2" for code in ("02", "76", "80")),
        *(f"?q=saint&departement={code}" for code in ("14", "29", "48")),
        *(f"?college={college}" for college in colleges),
        "?q=saint&page=4",
    ]


def row_security() -> Iterator[Figure]:
    """Each query of two lists under row-level security, and the same one without it.

    Interleaved, on two connections logged in as in production: the web role in its tenant scope, and the
    worker, which bypasses row security. The statements are the pages' own, with the filter by organisation
    or by operator that a page always writes. The figure is the worst page's: the time of its statements with
    row security, over their time without. `detail` has each statement's own, better or worse.
    """
    with site():
        from django.db import connection

        from tests.factories import OperatorFactory

        name = connection.settings_dict["NAME"]
        load_whole_register()
        everybody = make_member_organisations()
        operator, other = OperatorFactory(), OperatorFactory()
        adhere(operator, everybody[:SOME])
        rows = fill_subscriptions(
            name, everybody, first_operator=operator, members_of_first=SOME, other=other
        )
        urls = database.urls(name)
        found, pages = [], []
        with psycopg.connect(urls["web"]) as web, psycopg.connect(urls["worker"]) as worker:
            for page, tenants, statements in lists(everybody[SOME // 2], operator):
                medians = interleaved(web, worker, statements, setting_of(tenants))
                with_it, without = (sum(times) for times in zip(*medians, strict=True))
                pages.append(with_it / without)
                found += [
                    (f"{page}, statement {number}", *two) for number, two in enumerate(medians, start=1)
                ]
    ratios = [with_it / without for _, with_it, without in found]
    words = (
        f"{what} {with_it:.2f} / {without:.2f} ms = {ratio:.2f}"
        for (what, with_it, without), ratio in zip(found, ratios, strict=True)
    )
    conditions = (
        f"{rows:,} subscriptions of {len(everybody):,} tenants; medians of {ROUNDS} interleaved turns, "
        f"with / without: {'; '.join(words)}; worst statement alone {max(ratios):.2f}; limit 1.2 for a page"
    )
    yield Figure("tenants.rls_overhead_ratio", round(max(pages), 2), "", detail(conditions))


def lists(member: int, operator) -> Iterator[tuple]:
    """(label, tenants in scope, statements with values) of a member's list and of an operator's."""
    from subscriptions.operator_queries import operator_subscriptions
    from subscriptions.queries import group_counts, subscriptions_of_member
    from tenants.models import Organisation
    from tests.tools.database import as_worker

    organisation = Organisation.objects.get(pk=member)
    with as_worker():
        with sent() as statements:
            list(subscriptions_of_member(organisation=organisation, on=date.today()))
            group_counts(organisation=organisation)
        yield "a member’s subscriptions", [member], list(statements)
        with sent() as statements:
            list(
                operator_subscriptions(
                    operator=operator, search="", group="demandes", page="2", on=date.today()
                ).page
            )
        members = operator.adhesions.values_list("organisation", flat=True)
        yield f"an operator’s over {SOME:,} members", [operator.organisation_id, *members], list(statements)


def interleaved(web, worker, statements: list[tuple], setting: str) -> list[tuple[float, float]]:
    """Median milliseconds of each statement under row security and without; the rows must be the same."""
    medians = []
    for statement, values in statements:
        taken: dict[object, list[float]] = {web: [], worker: []}
        seen: dict[object, list[str]] = {}
        for _ in range(ROUNDS):
            for connection in (web, worker):
                with connection.transaction():
                    connection.execute("SELECT set_config('halle.tenant_ids', %s, true)", [setting])
                    start = time.perf_counter()
                    rows = connection.execute(statement, values, prepare=False).fetchall()
                    taken[connection].append((time.perf_counter() - start) * 1000)
                    seen[connection] = sorted(map(repr, rows))
        if not seen[web] or seen[web] != seen[worker]:
            raise RuntimeError(f"web and worker do not see the same rows of: {statement}")
        medians.append((statistics.median(taken[web]), statistics.median(taken[worker])))
    return medians


@contextmanager
def sent() -> Iterator[list[tuple]]:
    """What is sent to the database inside: (statement, values) in order."""
    from django.db import connection

    statements: list[tuple] = []

    def note(execute, statement, values, many, context):
        statements.append((statement, values))
        return execute(statement, values, many, context)

    with connection.execute_wrapper(note):
        yield statements


def statements_of(client, address: str) -> int:
    """How many statements a page sends; it must answer 200."""
    with sent() as statements:
        answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answers {answer.status_code}")
    return len(statements)


def milliseconds(call: Callable) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def p95(values) -> float:
    """The value that 95 % of them do not exceed."""
    return statistics.quantiles(values, n=20, method="inclusive")[18]


MEASURES = [register_import, commune_search, row_security, operator_list]
