"""What the measures of tenants stand on: 35,000 organisations, a million subscriptions, what people type.

Import this module's needs from Django inside functions only: see `tests.bench.site`.
"""

import random
import string
from collections.abc import Iterable
from datetime import date

import psycopg
from psycopg import sql

from devstack import database

MEMBERS = 35_000
SINCE = date(2025, 1, 1)
PER_TENANT = 30  # subscriptions, of which five are open
OPEN = ("requested", "provisioning", "active", "active", "active")


def load_whole_register() -> None:
    """The register of the year, with the statistics that the server makes by itself within a minute."""
    from tenants.register.loading import load_register
    from tests.tools.database import as_worker

    with as_worker():
        load_register()
    analyse("tenants_territory", "tenants_formercode", "tenants_population")


def analyse(*tables: str) -> None:
    """Have the server look at these tables, as it does by itself after many changes."""
    from django.db import connection

    from tests.tools.database import acting_as

    with acting_as("owner"), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {table}")


def make_member_organisations() -> list[int]:
    """The ids of 35,000 organisations: all communes of the register, and intercommunalities to make it up."""
    from tenants.models import Organisation, Territory
    from tenants.models.organisation import OrganisationKind
    from tests.tools.database import as_worker

    places = Territory.objects.filter(kind__in=("commune", "epci")).exclude(siren="")
    # Factories draw theirs among the SIRENs of Ille-et-Vilaine.
    places = places.exclude(siren__startswith="2135")
    rows = [
        Organisation(
            siren=place.siren,
            name=f"Commune de {place.name}" if place.kind == "commune" else place.name,
            kind=OrganisationKind(place.kind),
            territory=place,
            city=place.name,
        )
        for place in places.order_by("kind", "code")[:MEMBERS]
    ]
    with as_worker():
        made = Organisation.objects.bulk_create(rows, batch_size=5_000)
    analyse("tenants_organisation")
    return [organisation.pk for organisation in made]


def adhere(operator, organisations: list[int]) -> None:
    """Make them members of the operator, in turn in two colleges."""
    from tenants.models import Adhesion, College
    from tests.tools.database import as_worker

    with as_worker():
        colleges = [College.objects.create(operator=operator, name=name) for name in ("Communes", "Autres")]
        Adhesion.objects.bulk_create(
            [
                Adhesion(operator=operator, organisation_id=pk, since=SINCE, college=colleges[number % 2])
                for number, pk in enumerate(organisations)
            ],
            batch_size=5_000,
        )
    analyse("tenants_adhesion")


def fill_subscriptions(
    name: str,
    tenants: list[int],
    *,
    first_operator,
    members_of_first: int,
    other,
    each: int = PER_TENANT,
    opened: Iterable[str] = OPEN,
) -> int:
    """`each` subscriptions for each tenant, the first of them in the states `opened`, through its operator;
    how many there are in all.

    Copies of one real row, written by the server itself as superuser with foreign keys at rest (their
    checks alone would take minutes). What is frozen at the request is left out, being large and unread.
    """
    from subscriptions.models import Subscription
    from tests.factories import ListingFactory, SubscriptionFactory

    model = SubscriptionFactory(listing__operator=first_operator)
    listings = [listing.pk for listing in ListingFactory.create_batch(each, operator=first_operator)]
    fresh = {
        "id": "%(last)s + row_number() OVER ()",
        "public_id": "gen_random_uuid()",
        "request_key": "gen_random_uuid()",
        "tenant_id": "tenant",
        "operator_id": "CASE WHEN place <= %(of_first)s THEN %(first)s ELSE %(other)s END",
        "listing_id": "(%(listings)s::bigint[])[n]",
        "state": "coalesce((%(open)s::text[])[n], 'ended')",
        "approved_by_id": "source.requested_by_id + 1",
        "approved_at": "source.requested_at + interval '1 day'",
        "requested_at": "source.requested_at - (place * n %% 700) * interval '1 hour'",
        "active_from": "date '2026-01-01'",
        "ended_on": "CASE WHEN n > cardinality(%(open)s::text[]) THEN date '2026-07-01' END",
        "service_name": "source.service_name || ' ' || n",
        "grid": "'{}'",
        "quote": "'{}'",
        "separate_approver": "false",
    }
    columns = [field.column for field in Subscription._meta.concrete_fields]
    statement = sql.SQL(
        "INSERT INTO subscriptions_subscription ({columns}) SELECT {values}"
        " FROM subscriptions_subscription source,"
        " unnest(%(tenants)s::bigint[]) WITH ORDINALITY AS tenants (tenant, place),"
        " generate_series(1, %(each)s) AS n WHERE source.id = %(model)s"
    ).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(
            sql.SQL(fresh[column]) if column in fresh else sql.SQL("source.{}").format(sql.Identifier(column))
            for column in columns
        ),
    )
    values = {
        "tenants": tenants, "each": each, "model": model.pk, "last": model.pk, "listings": listings,
        "open": list(opened), "first": first_operator.pk, "of_first": members_of_first, "other": other.pk,
    }  # fmt: skip
    with psycopg.connect(database.urls(name)["admin"], autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        filled = admin.execute(statement, values).rowcount
        admin.execute("VACUUM ANALYZE subscriptions_subscription")
    return filled


def setting_of(tenants: Iterable[int]) -> str:
    """The value of `halle.tenant_ids` that opens these tenants."""
    return "{" + ",".join(map(str, sorted(tenants))) + "}"


def typed_by_people() -> list[str]:
    """Some four hundred searches as a town hall types them; the same ones each time."""
    from tenants.models import FormerCode, Territory

    rng = random.Random(3)
    communes = list(Territory.objects.filter(kind="commune").order_by("code"))
    parts = list(Territory.objects.filter(kind="commune_deleguee").order_by("code"))
    old = list(FormerCode.objects.order_by("code").values_list("code", flat=True))
    some = rng.sample(communes, 260)
    names = [place.name for place in some]
    return list(
        dict.fromkeys(
            [
                *names[:60],
                *(badly_typed(name, rng) for name in names[60:180]),
                *(name[: rng.randint(3, 6)] for name in names[180:210]),
                *("saint", "st", "la", "le", "sainte colombe", "st pierre en auge", "l'ile d'yeu", "evreux"),
                *("zzzzqq", "mairie de saint-denis la chevasse en bas", "a b c d", "%", "x" * 100),
                *(place.postcodes[0] for place in some[:50] if place.postcodes),
                *(place.siren for place in some[50:80] if place.siren),
                *(f"{place.siren}00012" for place in some[80:110] if place.siren),
                *(f"{place.siren[:3]} {place.siren[3:6]} {place.siren[6:]}" for place in some[110:120]),
                *(place.code for place in some[120:150]),
                *(place.name for place in rng.sample(parts, 20)),
                *(place.code for place in rng.sample(parts, 20)),
                *rng.sample(old, 20),
            ]
        )
    )


def badly_typed(name: str, rng: random.Random) -> str:
    """Without accents or hyphens, abbreviated, or with one letter lost, doubled, swapped or wrong."""
    from tenants.register.names import normalise

    plain = normalise(name)
    if rng.random() < 0.4:
        return plain.replace("saint ", "st ", 1).replace("sainte ", "ste ", 1).upper()
    place = rng.randrange(1, len(plain))
    return {
        "lost": plain[:place] + plain[place + 1 :],
        "doubled": plain[:place] + plain[place - 1] + plain[place:],
        "swapped": plain[: place - 1] + plain[place] + plain[place - 1] + plain[place + 1 :],
        "wrong": plain[:place] + rng.choice(string.ascii_lowercase) + plain[place + 1 :],
    }[rng.choice(["lost", "doubled", "swapped", "wrong"])]
