"""Many rows written at once: what a run makes by the hundred thousand.

`COPY` takes a tenth of the time of `bulk_create`. PostgreSQL refuses it to a role under row-level security:
for workers alone.
"""

from operator import attrgetter

from django.db import connection, models
from pydantic_core import to_json


def copy_rows(rows: list[models.Model]) -> None:
    """Inserts new rows of one model by COPY, and gives each its id. In the caller's transaction."""
    if not rows:
        return
    fields = rows[0]._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = attrgetter(*(field.attname for field in fields))
    dumped = [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]
    table = rows[0]._meta.db_table
    with connection.cursor() as cursor:
        for row, (pk,) in zip(rows, _new_ids(cursor, table, len(rows)), strict=True):
            row.pk = pk
        with cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN') as copy:
            for row in rows:
                written = list(values(row))
                for place in dumped:
                    written[place] = to_json(written[place]).decode()
                copy.write_row(written)
                row._state.adding = False


def _new_ids(cursor, table: str, count: int) -> list[tuple[int]]:
    sequence = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
    cursor.execute(sequence, [f'"{table}"', count])
    return cursor.fetchall()
