"""One place for a service at an organisation: filled by its own request or subscription, or by the cover of
its intercommunality, never by both."""

from collections.abc import Iterable

from django.db import connection

from tenants.models import Organisation

# The rows of an array come in its order: the locks are taken in it.
HOLD = """
SELECT pg_advisory_xact_lock(hashtextextended('halle.place:' || %s || ':' || place, 0))
FROM unnest(%s::bigint[]) AS place
"""


def hold_places(*, organisations: Iterable[Organisation], listing_id: int) -> None:
    """Holds the place of a listing at each of these organisations until the caller's transaction ends. One
    query.

    Whoever is about to fill a place calls it first, then looks whether the place is free. Everybody takes the
    places of a listing in the same order, so that two callers wait for one another and never both at once.
    """
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [str(listing_id), sorted({one.pk for one in organisations})])
