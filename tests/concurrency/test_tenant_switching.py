"""Fifty threads change tenants over one pool of connections, and go wrong in every way a page can.

Four seconds in the suite. A real minute, with the counts:

    HALLE_HAMMER_SECONDS=60 pytest -s tests/concurrency/test_tenant_switching.py
"""

import contextlib
import logging
import os
import random
import threading
import time
from collections import Counter
from copy import deepcopy

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper

from tenants.models import AuditEvent, Organisation
from tenants.tenancy import NoTenantScope, every_tenant, tenant_scope
from tests.factories import AuditEventFactory, OrganisationFactory

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = float(os.environ.get("HALLE_HAMMER_SECONDS", "4"))
THREADS, CONNECTIONS, TENANTS = 50, 8, 12


@pytest.fixture
def pool(monkeypatch):
    """Threads started now share eight connections through Django's own pool (psycopg_pool)."""
    settings = deepcopy(connection.settings_dict)
    settings["CONN_MAX_AGE"] = 0  # given back after each "request"
    settings["OPTIONS"]["pool"] = {"min_size": CONNECTIONS, "max_size": CONNECTIONS, "timeout": 30}
    monkeypatch.setitem(connections.settings, "default", settings)
    yield
    if opened := DatabaseWrapper._connection_pools.pop("default", None):
        opened.close()


class Hammer:
    """Tenants with one to three rows each; `wrong`: rows seen by who should not; `errors`: unforeseen."""

    def __init__(self):
        self.own: dict[int, set[tuple[int, int]]] = {}
        for number in range(TENANTS):
            tenant = OrganisationFactory()
            events = AuditEventFactory.create_batch(1 + number % 3, tenant=tenant)
            self.own[tenant.pk] = {(tenant.pk, event.pk) for event in events}
        self.wrong: list = []
        self.errors: list = []
        self.backends: set[int] = set()
        self.switches: Counter = Counter()
        self.lock = threading.Lock()

    def run(self, seconds: float) -> None:
        """Every thread on its way until the time is over."""
        end = time.monotonic() + seconds
        threads = [threading.Thread(target=self._thread, args=(number, end)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(seconds + 60)
            assert not thread.is_alive(), "a thread is still waiting"

    def _thread(self, number: int, end: float) -> None:
        rng, counts, backends = random.Random(number), Counter(), set()
        try:
            while time.monotonic() < end:
                way = rng.choice(WAYS)
                tenants = rng.sample(sorted(self.own), 2)
                try:
                    with transaction.atomic():
                        self.check([], "on arrival")  # whatever the connection did before
                        backends.add(connection.connection.info.backend_pid)
                    way(self, *tenants)
                    with transaction.atomic():
                        self.check([], f"after {way.__name__}")
                finally:
                    connection.close()
                counts[way.__name__] += 1
        except Exception as error:
            self.errors.append((number, repr(error)))
        with self.lock:
            self.switches += counts
            self.backends |= backends

    def check(self, tenants, when: str) -> None:
        """What is seen now, by plain SQL, is exactly what these tenants own."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT tenant_id, id FROM tenants_auditevent")
            seen = set(cursor.fetchall())
        if seen != set().union(*(self.own[tenant] for tenant in tenants)):
            self.wrong.append((when, tenants, seen))

    def check_orm(self, tenants, when: str) -> None:
        """The same, asked by the ORM."""
        seen = set(AuditEvent.objects.values_list("tenant", "pk"))
        if seen != set().union(*(self.own[tenant] for tenant in tenants)):
            self.wrong.append((when, tenants, seen))


def page(hammer, tenant, other):
    with transaction.atomic(), tenant_scope([tenant]):
        hammer.check([tenant], "page")
        hammer.check_orm([tenant], "page")


def two_tenants(hammer, tenant, other):
    with transaction.atomic(), tenant_scope([tenant, other]):
        hammer.check([tenant, other], "two tenants")


def one_request_after_another(hammer, tenant, other):
    """On a connection kept open, as with CONN_MAX_AGE."""
    for each in (tenant, other, tenant):
        with transaction.atomic(), tenant_scope([each]):
            hammer.check([each], "one after another")


def nested_scope(hammer, tenant, other):
    with transaction.atomic(), tenant_scope([tenant]):
        with tenant_scope([other]):
            hammer.check([other], "inner scope")
            with tenant_scope([]):
                hammer.check([], "innermost scope")
            hammer.check([other], "inner scope again")
        hammer.check_orm([tenant], "outer scope again")


def page_that_fails(hammer, tenant, other):
    with contextlib.suppress(ZeroDivisionError), transaction.atomic(), tenant_scope([tenant]):
        hammer.check([tenant], "page that fails")
        raise ZeroDivisionError


def database_error(hammer, tenant, other):
    """The transaction is aborted inside the scope, which therefore cannot take its setting back."""
    with contextlib.suppress(IntegrityError), transaction.atomic(), tenant_scope([tenant]):
        hammer.check([tenant], "before the error")
        Organisation.objects.create(siren="12", name="SIREN faux", kind="other")


def savepoint_rolled_back(hammer, tenant, other):
    with transaction.atomic(), tenant_scope([tenant]):
        with contextlib.suppress(IntegrityError), transaction.atomic(), tenant_scope([other]):
            hammer.check([other], "in the savepoint")
            Organisation.objects.create(siren="12", name="SIREN faux", kind="other")
        hammer.check([tenant], "after the savepoint")


def statement_cancelled(hammer, tenant, other):
    with contextlib.suppress(DatabaseError), transaction.atomic(), tenant_scope([tenant]):
        cursor = connection.cursor()
        cursor.execute("SET LOCAL statement_timeout = 1")
        cursor.execute("SELECT count(*), pg_sleep(0.01) FROM tenants_auditevent")


def left_open(hammer, tenant, other):
    """A transaction never ended by its owner: the connection goes back to the pool as it is."""
    connection.set_autocommit(False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('halle.tenant_ids', %s, true)", [f"{{{tenant}}}"])
    hammer.check([tenant], "left open")
    connection.close()


def left_aborted(hammer, tenant, other):
    connection.set_autocommit(False)
    with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('halle.tenant_ids', %s, true)", [f"{{{tenant}}}"])
        cursor.execute("SELECT 1 / 0")
    connection.close()


def scope_forgotten(hammer, tenant, other):
    with transaction.atomic():
        with contextlib.suppress(NoTenantScope):
            hammer.wrong.append(("no scope", [], set(AuditEvent.objects.values_list("tenant", "pk"))))
        with every_tenant():
            hammer.check_orm([], "every tenant, as the web role")


WAYS = [
    page, page, page, two_tenants, one_request_after_another, nested_scope, page_that_fails, database_error,
    savepoint_rolled_back, statement_cancelled, left_open, left_aborted, scope_forgotten,
]  # fmt: skip


def test_no_thread_ever_sees_a_foreign_row(pool, caplog):
    caplog.set_level(logging.ERROR, logger="psycopg.pool")  # it tells of each transaction left open
    hammer = Hammer()
    hammer.run(SECONDS)
    total = hammer.switches.total()
    print(f"\n{total:,} turns in {SECONDS:g} s, {THREADS} threads over {len(hammer.backends)} connections:")
    for way, count in hammer.switches.most_common():
        print(f"  {count:7,} {way}")
    assert hammer.errors == []
    assert hammer.wrong == []
    assert len(hammer.backends) == CONNECTIONS
    assert hammer.switches.keys() == {way.__name__ for way in WAYS}
    assert total > THREADS
