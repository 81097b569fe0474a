"""The schema baseline: the database as the migrations leave it. A fresh one takes seconds, not minutes.

    python -m devstack.baseline    migrate an empty database, write baseline/schema.sql.xz (`make baseline`)

Migrations newer than the file are applied after it. The text holds no owner, no privilege and nothing that
only one version of PostgreSQL knows; the same migrations give the same file, byte for byte. (Privileges come
from the default privileges of `devstack.roles`: a migration that grants or revokes would be forgotten here.)
"""

import lzma
import re
from pathlib import Path

import psycopg
from psycopg import sql

from devstack import database, migrations, postgres
from devstack.paths import data_dir
from devstack.problem import Problem, tell_problems
from devstack.progress import step

FILE = Path(__file__).with_name("baseline") / "schema.sql.xz"
SCRATCH = "halle_baseline"
FIXED_TIME = "2026-01-01 00:00:00+00"
# Lines of pg_dump 18 that an older server or a plain connection does not take.
NOT_FOR_ALL = re.compile(r"\\(un)?restrict |SET transaction_timeout ")
DUMP_OPTIONS = (
    "--no-owner", "--no-privileges", "--no-comments", "--no-tablespaces", "--no-security-labels",
    "--no-publications", "--no-subscriptions", "--inserts", "--rows-per-insert=500",
)  # fmt: skip


def has_schema(url: str) -> bool:
    """Whether Django's migrations were ever applied to that database."""
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT to_regclass('public.django_migrations')").fetchone() != (None,)


def load_baseline(url: str, file: Path = FILE) -> str | None:
    """Load the baseline into an empty database, as its owner, in one transaction: all of it or nothing.

    Returns the fingerprint of the migrations it was made from; None when there is no baseline.
    """
    if not file.exists():
        return None
    text = lzma.decompress(file.read_bytes()).decode()
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL synchronous_commit = off")
        connection.execute(text)
    return text.split("\n", 1)[0].removeprefix("-- migrations ")


def write_baseline(file: Path = FILE) -> None:
    """Migrate an empty scratch database as the owner and write it down. Takes two to three minutes."""
    database.ensure_server()
    with postgres.exclusive(data_dir() / "baseline.lock"):
        made_from = migrations.fingerprint()
        database.drop_database(SCRATCH)
        database.create_database(SCRATCH)
        try:
            with step("Migrating an empty database"):
                migrations.migrate(SCRATCH)
            make_reproducible(database.urls(SCRATCH)["admin"])
            text = f"-- migrations {made_from}\n" + dump(database.urls(SCRATCH)["admin"])
        finally:
            database.drop_database(SCRATCH)
        file.parent.mkdir(exist_ok=True)
        half = file.with_suffix(".part")
        half.write_bytes(lzma.compress(text.encode(), preset=9))
        half.rename(file)
    print(f"{file}: {file.stat().st_size // 1024} kB, {text.count('CREATE TABLE')} tables")


def make_reproducible(admin_url: str) -> None:
    """Replace what differs each time: times become one fixed time, random UUIDs become derived ones."""
    columns = """
        SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
        JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
        AND c.data_type IN ('timestamp with time zone', 'uuid') ORDER BY 1, 2"""
    with psycopg.connect(admin_url) as admin:
        admin.execute("SET session_replication_role = replica")  # append-only tables: the triggers stay still
        # Migrations' rows only: their times and UUIDs are never keys of other rows.
        for table, column, kind in admin.execute(columns).fetchall():
            value = sql.SQL("md5({} || t.ctid::text)::uuid" if kind == "uuid" else "{}::timestamptz").format(
                f"{table}.{column}" if kind == "uuid" else FIXED_TIME
            )
            statement = sql.SQL("UPDATE {} t SET {} = {} WHERE {} IS NOT NULL")
            table_name, column_name = sql.Identifier(table), sql.Identifier(column)
            admin.execute(statement.format(table_name, column_name, value, column_name))


def dump(url: str) -> str:
    """The whole database as SQL that any PostgreSQL from 15 takes, over one plain connection."""
    account = postgres.account_of_server()
    arguments = ["pg_dump", *DUMP_OPTIONS, url]
    done = postgres.run(postgres.reachable_binaries(account), arguments, account)
    if done.returncode:
        raise Problem(f"pg_dump failed: {done.stderr.strip().splitlines()[-1]}")
    return "\n".join(line for line in done.stderr.splitlines() if not NOT_FOR_ALL.match(line)) + "\n"


if __name__ == "__main__":
    raise SystemExit(tell_problems(write_baseline))
