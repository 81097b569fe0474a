"""Statements that the database plans once a connection: a service asks at each sign-in, and to plan one takes
PostgreSQL five times longer than to answer it."""

import psycopg
from django.db import connection


def rows(statement: str, values: dict | list) -> list[tuple]:
    """What a statement of ours finds, as Django's own cursor would: in the same transaction, under the same
    row-level security, seen by the same wrappers. Values are sent beside the statement, never inside it."""
    connection.ensure_connection()
    with connection.make_cursor(_Prepared(connection.connection)) as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


class _Prepared(psycopg.Cursor):
    """Prepares at the first time, where `prepare_threshold` allows it (marketplace.settings.base)."""

    def execute(self, query, params=None, **options):
        return super().execute(query, params, **{**options, "prepare": True})
