"""The schema of the development database: loaded from the baseline, migrated, and known to be so."""

import json

import psycopg
from psycopg import sql

from devstack import baseline, database
from devstack.migrations import fingerprint, migrate
from devstack.problem import tell_problems


def notes(dbname: str = "halle") -> dict[str, str]:
    """What is known of a database: the fingerprint of its `schema`, whether the `demo` data is in.

    Kept as the comment of the database itself, so that it lives and dies with it.
    """
    with psycopg.connect(database.urls(dbname)["owner"]) as owner:
        query = (
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
        row = owner.execute(query).fetchone()
    try:
        return json.loads((row and row[0]) or "{}")
    except ValueError:
        return {}


def note(dbname: str = "halle", **values: str) -> None:
    """Add to the `notes` of a database."""
    text = json.dumps({**notes(dbname), **values}, sort_keys=True)
    with psycopg.connect(database.urls(dbname)["owner"], autocommit=True) as owner:
        owner.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(dbname), sql.Literal(text))
        )


def ensure_schema(dbname: str = "halle") -> bool:
    """Bring the schema up to date; False when it was already.

    The baseline is loaded in one transaction and each migration runs in its own, so that a run killed
    here is taken up by the next one. Raises `Problem` when a migration fails.
    """
    wanted = fingerprint()
    if notes(dbname).get("schema") == wanted:
        return False
    made_from = None
    if not baseline.has_schema(database.urls(dbname)["owner"]):
        made_from = baseline.load_baseline(database.urls(dbname)["owner"])
    if made_from != wanted:
        migrate(dbname)
    note(dbname, schema=wanted)
    return True


def main() -> None:
    """`make migrate`: start the server if need be, bring its schema up to date."""
    database.ensure_server()
    print("Schema brought up to date" if ensure_schema() else "The schema was up to date")


if __name__ == "__main__":
    raise SystemExit(tell_problems(main))
