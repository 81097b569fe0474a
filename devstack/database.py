"""The development database: an embedded PostgreSQL with Halle's three roles, behind a few functions.

python -m devstack.database start | stop | urls | psql [DBNAME] | prepare --admin-url URL
"""

import argparse
import os
import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from devstack import postgres, roles
from devstack.problem import Problem, tell_problems

ROLES = {
    "web": roles.WEB,
    "worker": roles.WORKER,
    "owner": roles.OWNER,
    "test": roles.TEST,
    "admin": postgres.SUPERUSER,
}
VARIABLES = {"web": "DATABASE_URL", "worker": "WORKER_DATABASE_URL", "owner": "OWNER_DATABASE_URL"}


@dataclass(frozen=True)
class Server:
    """The running embedded server."""

    admin_url: str
    started_now: bool


def urls(dbname: str = "halle") -> dict[str, str]:
    """Addresses of a database of the embedded server, by role: web, worker, owner, test, admin (superuser).

    Only says where it is: `ensure_server` makes it run. No passwords: nobody else can reach the socket.
    """
    place = quote(str(postgres.socket_dir()), safe="")
    return {name: f"postgresql://{role}@/{quote(dbname)}?host={place}" for name, role in ROLES.items()}


def ensure_server() -> Server:
    """Start the embedded server or find it running, with its roles and the database `halle`. May be repeated.

    Raises `Problem`, in one line, when that cannot be.
    """
    started = postgres.start()
    admin = urls("postgres")["admin"]
    if not has_roles(admin):
        with postgres.exclusive(postgres.data_dir() / "postgres.lock"):
            roles.prepare(admin, "halle", test_role=True)
            mark_roles(admin)
    return Server(admin_url=admin, started_now=started)


def in_use() -> AbstractContextManager[None]:
    """Keep the server running during the block; the last one to leave stops it."""
    return postgres.in_use()


def has_roles(admin_url: str) -> bool:
    """Whether `prepare` came to its end on this server."""
    with psycopg.connect(admin_url) as admin:
        row = admin.execute(
            "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s", [roles.TEST]
        )
        return row.fetchone() == ("prepared 1",)


def mark_roles(admin_url: str) -> None:
    """Remember that `prepare` came to its end: on the last role. Change the number with them."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f"COMMENT ON ROLE {roles.TEST} IS 'prepared 1'")


def create_database(name: str, template: str | None = None) -> dict[str, str]:
    """Make a database with Halle's privileges, empty or as a copy of `template`; returns its `urls`.

    Raises `psycopg.errors.DuplicateDatabase` when there is one of that name.
    """
    admin_url = ensure_server().admin_url
    with psycopg.connect(admin_url, autocommit=True) as admin:
        roles.make_database(admin, name, template=template or "template0")
    roles.prepare(urls(name)["admin"], name, test_role=True)
    return urls(name)


def drop_database(name: str) -> None:
    """Remove a database with its connections; nothing happens when there is none."""
    with psycopg.connect(ensure_server().admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def prepare(admin_url: str, dbname: str = "halle") -> dict[str, str]:
    """Make the roles and the database on any PostgreSQL >= 15. Returns the addresses, by role.

    Roles made now get a new password, told only here; for a role that was there, ``PASSWORD`` stands in.
    """
    new = {role: secrets.token_urlsafe(24) for role in (roles.OWNER, roles.WEB, roles.WORKER)}
    with psycopg.connect(admin_url) as admin:
        if admin.info.server_version < 150000:
            version = admin.info.server_version // 10000
            raise Problem(f"this server is PostgreSQL {version}; Halle needs 15 or later")
        known = {
            row[0]
            for row in admin.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(new)])
        }
    roles.prepare(
        admin_url, dbname, passwords={role: word for role, word in new.items() if role not in known}
    )
    words = {role: "PASSWORD" if role in known else word for role, word in new.items()}
    return {name: with_user(admin_url, ROLES[name], words[ROLES[name]], dbname) for name in VARIABLES}


def with_user(url: str, user: str, password: str, dbname: str) -> str:
    """The same server, as another user, on another database."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(
        (parts.scheme, f"{user}:{quote(password)}@{place}", f"/{quote(dbname)}", parts.query, "")
    )


def main() -> int:
    """The command line: see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m devstack.database", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help="start the embedded server, and leave it running")
    commands.add_parser("stop", help="stop it")
    commands.add_parser("urls", help="print the addresses, ready for a .env file")
    psql = commands.add_parser("psql", help="open psql (as superuser unless --role is given)")
    psql.add_argument("dbname", nargs="?", default="halle")
    psql.add_argument("--role", choices=sorted(ROLES), default="admin")
    other = commands.add_parser("prepare", help="make the roles and the database on another server")
    other.add_argument("--admin-url", required=True)
    other.add_argument("--dbname", default="halle")
    options = parser.parse_args()
    if options.command == "start":
        server = ensure_server()
        print(
            "PostgreSQL",
            "started" if server.started_now else "was running already",
            "in",
            postgres.cluster_dir(),
        )
    elif options.command == "stop":
        print("PostgreSQL stopped" if postgres.stop() else "PostgreSQL was not running")
    elif options.command == "psql":
        ensure_server()
        program = postgres.binaries_of_wheel() / "psql"
        os.execv(program, [str(program), urls(options.dbname)[options.role]])  # noqa: S606
    else:
        found = prepare(options.admin_url, options.dbname) if options.command == "prepare" else urls()
        for name, variable in VARIABLES.items():
            print(f"{variable}={found[name]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(tell_problems(main))
