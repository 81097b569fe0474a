"""Whose row is it? The tenant scope: the second and third of the four fences.

Second fence: a tenant-owned model's manager refuses to run outside a scope (`NoTenantScope`).
Third fence: the scope tells PostgreSQL which tenants the transaction may see, and one row-level
security policy per table (tenants/rls.py) hides and refuses all others, whatever the query says.

The scope says who the caller *may* see; a page still filters by the one organisation in its URL.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, models
from psycopg.pq import TransactionStatus

SETTING = "halle.tenant_ids"

_scope: ContextVar[frozenset[int] | None] = ContextVar("tenant_scope", default=None)
# Every tenant: only for a connection whose role bypasses row-level security (worker).
_EVERY_TENANT: frozenset[int] = frozenset({-1})


class NoTenantScope(RuntimeError):
    """A tenant-owned table was queried without saying for whom."""


@contextmanager
def tenant_scope(tenant_ids: Iterable[int]) -> Iterator[None]:
    """Inside, only rows of these organisations exist. Must run inside a transaction.

    Raises RuntimeError outside a transaction: the setting is local to it, so that a pooled
    connection can never carry it to the next request.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("tenant_scope() needs a transaction: the setting would not outlive the statement")
    ids = frozenset(tenant_ids)
    before = _scope.get()
    token = _scope.set(ids)
    _tell_database(ids)
    try:
        yield
    finally:
        _scope.reset(token)
        # A failed transaction accepts no statement, and its rollback takes the setting back by itself: to
        # send one would hide the error that made it fail.
        if connection.in_atomic_block and not _has_failed():
            _tell_database(before)


@contextmanager
def every_tenant() -> Iterator[None]:
    """For workers and commands that cross tenants: the manager agrees, and the database role must too.

    Under the web role this opens nothing: without a setting, row-level security shows no row.
    """
    token = _scope.set(_EVERY_TENANT)
    try:
        yield
    finally:
        _scope.reset(token)


def _has_failed() -> bool:
    status = connection.connection.info.transaction_status
    return connection.needs_rollback or status == TransactionStatus.INERROR


def _tell_database(ids: frozenset[int] | None) -> None:
    value = "" if ids is None or ids is _EVERY_TENANT else ",".join(map(str, sorted(ids)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, f"{{{value}}}" if value else ""])


def require_scope(model: type[models.Model]) -> None:
    """Raises NoTenantScope when no scope is open."""
    if _scope.get() is None:
        raise NoTenantScope(
            f"{model.__name__} belongs to a tenant: open tenant_scope() or every_tenant() first"
        )


class TenantManager(models.Manager):
    """Refuses to build a query outside a tenant scope."""

    def get_queryset(self):
        require_scope(self.model)
        return super().get_queryset()


class TenantOwned(models.Model):
    """A row that belongs to one organisation.

    The migration that creates the table must also call `tenants.rls.EnableRowSecurity`; a consistency
    test refuses a tenant-owned table without its policy.
    """

    tenant = models.ForeignKey(
        "tenants.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="organisation"
    )

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
