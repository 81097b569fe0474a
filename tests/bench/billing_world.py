"""What the measures of billing stand on: all of France subscribed to five services of one operator.

Import this module's needs from Django inside functions only: see `tests.bench.site`.
"""

import time
from datetime import date

import psycopg
from psycopg import sql

from devstack import database

# One line each, priced in three ways, under two VAT regimes: taxed and exempt lines share an invoice.
SINCE = date(2026, 1, 1)
GRIDS = (
    {},
    {"grid__flat": True},
    {"grid__marginal": True},
    {"grid__exempt": True},
    {"grid__flat": True, "grid__exempt": True},
)
_COPIES = """
    INSERT INTO subscriptions_subscription ({columns})
    SELECT {values} FROM subscriptions_subscription source, unnest(%(tenants)s::bigint[]) AS tenant
    WHERE source.id = ANY (%(models)s)
"""
_FRESH = {
    "id": "nextval(pg_get_serial_sequence('subscriptions_subscription', 'id'))",
    "public_id": "gen_random_uuid()",
    "request_key": "gen_random_uuid()",
    "tenant_id": "tenant",
    "state": "'active'",
    "active_from": f"date '{SINCE}'",
    "ended_on": "NULL",
}
DRAFTED = ("billing_ledgerentry", "billing_invoice", "billing_invoiceline")


def subscribe_all(name: str, operator, tenants: list[int]) -> int:
    """An active subscription of each tenant to each of five services; how many there are.

    Copies of real rows, frozen grid and quote included, written by the server itself as superuser with
    foreign keys at rest (their checks alone would take minutes).
    """
    from subscriptions.models import State, Subscription
    from tenants.models import Organisation
    from tests.factories import ListingFactory, SubscriptionFactory
    from tests.tools.database import as_worker

    with as_worker():
        somebody = Organisation.objects.get(pk=tenants[0])
    listings = [ListingFactory(operator=operator, **grid) for grid in GRIDS]
    # Over since before the years that are billed.
    models = [
        SubscriptionFactory(tenant=somebody, listing=listing, state=State.ENDED, ended_on=SINCE).pk
        for listing in listings
    ]
    columns = [field.column for field in Subscription._meta.concrete_fields]
    statement = sql.SQL(_COPIES).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(
            sql.SQL(_FRESH[column])
            if column in _FRESH
            else sql.SQL("source.{}").format(sql.Identifier(column))
            for column in columns
        ),
    )
    with psycopg.connect(database.urls(name)["admin"], autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        filled = admin.execute(statement, {"tenants": tenants, "models": models}).rowcount
        admin.execute("VACUUM ANALYZE subscriptions_subscription")
    return filled


def forget_drafts(name: str) -> None:
    """Empties what the runs wrote, so that the next measure meets tables as they were."""
    with psycopg.connect(database.urls(name)["admin"], autocommit=True) as admin:
        admin.execute(f"TRUNCATE {', '.join(DRAFTED)} CASCADE")


def seconds_to_copy(name: str) -> float:
    """A bare COPY of what is in the tables of drafts into empty twins with the same indexes, checks and
    foreign keys, one transaction a table, the rows being at hand in memory."""
    with psycopg.connect(database.urls(name)["admin"], autocommit=True) as admin:
        taken = 0.0
        for table in DRAFTED:
            twin = f"twin_of_{table}"
            admin.execute(f"CREATE TABLE {twin} (LIKE {table} INCLUDING ALL)")
            keys = admin.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass"
                " AND contype = 'f'",
                [table],
            ).fetchall()
            for [key] in keys:
                admin.execute(f"ALTER TABLE {twin} ADD {key}")
            with admin.cursor() as cursor:
                with cursor.copy(f"COPY {table} TO STDOUT") as source:
                    rows = [bytes(block) for block in source]
                start = time.perf_counter()
                with cursor.copy(f"COPY {twin} FROM STDIN") as target:
                    for at in range(0, len(rows), 500):
                        target.write(b"".join(rows[at : at + 500]))
                taken += time.perf_counter() - start
            admin.execute(f"DROP TABLE {twin}")
    return taken
