"""The PostgreSQL roles of Halle and what each may do, on any server of version 15 or later.

- `halle_owner` owns the database and its tables, and runs the migrations. No superuser.
- `halle_web` reads and writes rows under row-level security. It owns nothing, cannot TRUNCATE, cannot change
  the schema.
- `halle_worker` is the same with BYPASSRLS, for jobs that cross tenants.
- `halle_test` (development only) may make databases and become any of the three with SET ROLE.
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql

OWNER, WEB, WORKER, TEST = "halle_owner", "halle_web", "halle_worker", "halle_test"
EXTENSIONS = ("pg_trgm", "unaccent", "btree_gist")

ATTRIBUTES = {
    OWNER: "LOGIN NOSUPERUSER NOBYPASSRLS",
    WEB: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
    WORKER: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS",
    # NOINHERIT means "only through SET ROLE": on version 15 always, from 16 on as the default of its grants.
    TEST: "LOGIN NOSUPERUSER CREATEDB NOINHERIT NOBYPASSRLS",
}


def prepare(
    admin_url: str, dbname: str, *, passwords: Mapping[str, str] | None = None, test_role: bool = False
) -> list[str]:
    """Make the roles and the database `dbname` where they are missing; put their privileges right.

    May be run again at any time. `passwords` maps a role to its password; a role without one keeps its own.
    `admin_url` is a superuser, or an administrator able to make roles with BYPASSRLS. Returns the new ones.
    """
    with psycopg.connect(admin_url, autocommit=True) as admin:
        created = make_roles(admin, passwords=passwords or {}, test_role=test_role)
        if not database_exists(admin, dbname):
            make_database(admin, dbname)
        grant_database(admin, dbname, test_role=test_role)
    with psycopg.connect(admin_url, dbname=dbname, autocommit=True) as admin:
        grant_schema(admin)
    return created


def make_roles(admin: psycopg.Connection, *, passwords: Mapping[str, str], test_role: bool) -> list[str]:
    """Create the missing roles and give each its attributes. Returns the names of those created."""
    created = []
    for role in (OWNER, WEB, WORKER, TEST) if test_role else (OWNER, WEB, WORKER):
        name = sql.Identifier(role)
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            admin.execute(sql.SQL("CREATE ROLE {} " + ATTRIBUTES[role]).format(name))
            created.append(role)
        if role in passwords:
            admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(passwords[role])))
    # An administrator who is no superuser must be a member of the owner to hand databases over to it.
    if admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() != (True,):
        admin.execute(f"GRANT {OWNER} TO CURRENT_USER")
    if test_role:
        admin.execute(f"GRANT {OWNER}, {WEB}, {WORKER} TO {TEST}")
    return created


def database_exists(admin: psycopg.Connection, dbname: str) -> bool:
    """Whether the server has a database of that name."""
    return admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [dbname]).fetchone() is not None


def make_database(admin: psycopg.Connection, dbname: str, *, template: str = "template0") -> None:
    """Create `dbname`, owned by `halle_owner`, as a copy of `template` (nobody may be connected to it)."""
    statement = "CREATE DATABASE {} OWNER {} TEMPLATE {}"
    if template == "template0":
        statement += " ENCODING 'UTF8'"
    names = (sql.Identifier(name) for name in (dbname, OWNER, template))
    admin.execute(sql.SQL(statement).format(*names))


def grant_database(admin: psycopg.Connection, dbname: str, *, test_role: bool) -> None:
    """Who may connect to `dbname`: Halle's roles only. A copy of a template does not carry these."""
    name = sql.Identifier(dbname)
    for statement in (
        "REVOKE ALL ON DATABASE {} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {{}} TO {WEB}, {WORKER}" + (f", {TEST}" if test_role else ""),
        f"GRANT TEMPORARY ON DATABASE {{}} TO {WORKER}",
    ):
        admin.execute(sql.SQL(statement).format(name))


def grant_schema(admin: psycopg.Connection) -> None:
    """In the connected database: the extensions; rows for web and worker in every table, now and later."""
    rows, both = "SELECT, INSERT, UPDATE, DELETE", f"{WEB}, {WORKER}"
    admin.execute(f"SET ROLE {OWNER}")
    for extension in EXTENSIONS:
        admin.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {both}",
        f"GRANT {rows} ON ALL TABLES IN SCHEMA public TO {both}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {both}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rows} ON TABLES TO {both}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {both}",
    ):
        admin.execute(statement)
    admin.execute("RESET ROLE")
