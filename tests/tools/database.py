"""The test database: real PostgreSQL, one copy of a ready template for each test process.

A test runs as the web role, under row-level security, as a page does. `acting_as` and `as_worker` change the
role of the same connection for a while, inside the test's own transaction.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection, transaction
from psycopg import sql
from psycopg.pq import TransactionStatus

from devstack import database, migrations, postgres, roles, schema
from devstack.paths import data_dir
from tenants.tenancy import every_tenant

PREFIX = "halle_test_"
TEMPLATE = "halle_template_"
ROLES = {"web": roles.WEB, "worker": roles.WORKER, "owner": roles.OWNER}


@contextmanager
def test_database() -> Iterator[str]:
    """The name of a database with the newest schema, dropped at the end.

    The template is made once for each set of migrations; whoever makes a newer one removes the older ones,
    and the databases that killed test runs left behind. The server runs for as long as somebody uses it.
    """
    with database.in_use():
        name = f"{PREFIX}{os.getpid()}"
        with postgres.exclusive(data_dir() / "test-template.lock"):
            template = TEMPLATE + migrations.fingerprint()
            if template not in (names := _databases(TEMPLATE)):
                _make_template(template)
                for old in names:
                    database.drop_database(old)
            for left in _databases(PREFIX):
                if left == name or not _is_alive(int(left.removeprefix(PREFIX))):
                    database.drop_database(left)
            database.create_database(name, template)
        try:
            yield name
        finally:
            database.drop_database(name)


def _databases(prefix: str) -> list[str]:
    with psycopg.connect(database.urls("postgres")["admin"]) as admin:
        rows = admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        return [name for (name,) in rows]


def _make_template(name: str) -> None:
    half = "halle_half_template"  # a killed run leaves no half-made template behind
    database.drop_database(half)
    database.create_database(half)
    schema.ensure_schema(half)
    with psycopg.connect(database.urls("postgres")["admin"], autocommit=True) as admin:
        statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        admin.execute(statement.format(sql.Identifier(half), sql.Identifier(name)))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def point_django_at(entry: dict, name: str) -> None:
    """Make Django's database `entry` lead to the test database: logged in as `halle_test`, acting as web."""
    from marketplace.settings.base import database as django_entry

    entry.update(django_entry(database.urls(name)["test"], role="web"))
    entry["OPTIONS"]["options"] += f" -c role={roles.WEB} -c synchronous_commit=off"


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Inside, this connection has the rights of "web", "worker" or "owner"; afterwards, those it had."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (before,) = cursor.fetchone()
        cursor.execute(f"SET ROLE {ROLES[name]}")
    try:
        yield
    finally:
        # A failed transaction takes no statement; its rollback gives the role back.
        if connection.connection and not _has_failed():
            with connection.cursor() as cursor:
                cursor.execute(f"SET ROLE {before}")


def _has_failed() -> bool:
    status = connection.connection.info.transaction_status
    return connection.needs_rollback or status == TransactionStatus.INERROR


@contextmanager
def as_worker() -> Iterator[None]:
    """Inside, the code runs as in a background worker: the role that crosses tenants, every tenant open."""
    with acting_as("worker"), every_tenant():
        yield


@contextmanager
def undone() -> Iterator[None]:
    """Inside, whatever is written is there; afterwards it is not."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Emptier:
    """Puts a database back as the migrations left it, after a test that really committed.

    Rows are deleted as superuser with triggers and foreign keys at rest: a few milliseconds, where TRUNCATE
    of every table takes as many hundreds, and a new copy of the template half a second. Tables that the
    migrations filled are written again from memory when they differ.
    """

    def __init__(self, name: str):
        self.url = database.urls(name)["admin"]
        with self._connect() as admin:
            rows = admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            self.tables = sorted(table for (table,) in rows)
            filled = self._filled(admin)
            self.reference = {table: self._copy_out(admin, table) for table in filled}

    def empty(self) -> None:
        """Delete what the test wrote; write back what it changed of the migrations' rows."""
        with self._connect() as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute("SET lock_timeout = '10s'")  # a connection that a test left in a transaction
            for table in self._filled(admin) | self.reference.keys():
                if table not in self.reference:
                    admin.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                elif self._copy_out(admin, table) != self.reference[table]:
                    admin.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                    with admin.cursor().copy(self._copy(table, "FROM STDIN")) as copy:
                        copy.write(self.reference[table])

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url, options="-c synchronous_commit=off")  # nothing of it must last

    def _filled(self, admin: psycopg.Connection) -> set[str]:
        question = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        questions = (question.format(sql.Literal(table), sql.Identifier(table)) for table in self.tables)
        return {table for (table,) in admin.execute(sql.SQL(" UNION ALL ").join(questions))}

    def _copy_out(self, admin: psycopg.Connection, table: str) -> bytes:
        with admin.cursor().copy(self._copy(table, "TO STDOUT")) as copy:
            return b"".join(copy)

    def _copy(self, table: str, direction: str) -> sql.Composed:
        return sql.SQL(f"COPY {{}} {direction}").format(sql.Identifier(table))
