"""Asking for an address as somebody, then undoing what it did."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.shortcuts import resolve_url

from tests.permissions.table import SIGN_IN
from tests.permissions.world import People
from tests.tools.database import undone


@dataclass(frozen=True)
class Answer:
    """`status` as in the table; `written` are the tables that the request tried to write, even in vain."""

    status: int | str
    written: set[str]
    content: str


def ask(people: People, who: str, method: str, url: str, data: dict | None = None, **client) -> Answer:
    """What this person is answered. Whatever was written is undone."""
    with undone():
        before = _rows_written()
        response = getattr(people.client(who, **client), method)(url, data or {})
        written = {table for table, rows in _rows_written().items() if rows != before.get(table, 0)}
        content = response.getvalue().decode(errors="replace")
    return Answer(_status(response), written, content)


def _status(response) -> int | str:
    sign_in = resolve_url(settings.LOGIN_URL) + "?"
    if response.status_code == 302 and response.headers["Location"].startswith(sign_in):
        return SIGN_IN
    return response.status_code


def _rows_written() -> dict[str, int]:
    """How many rows this transaction inserted, updated or deleted, by table: PostgreSQL counts them.

    Sessions are left out: they are the browser's own.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, rows FROM pg_class, LATERAL (SELECT pg_stat_get_xact_tuples_inserted(oid)"
            " + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid)) AS written(rows)"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND relname <> 'django_session' AND rows > 0"
        )
        return dict(cursor.fetchall())
