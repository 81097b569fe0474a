"""What an answer is made of, read by statements written by hand: a service asks at each sign-in, and the ORM
takes longer to write them than the database to answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection

from subscriptions.models import State
from subscriptions.models.exit import OVER


@dataclass(frozen=True)
class Body:
    """An organisation, and the roles there of the agent who is asked about."""

    id: int
    siren: str
    name: str
    kind: str
    territory_code: str | None
    roles: list[str]


@dataclass(frozen=True)
class OperatorCard:
    """An operator as services are told of it; `siret` of its head office, None when unknown."""

    slug: str
    name: str
    contact_email: str
    siret: str | None


@dataclass(frozen=True)
class Held:
    """A subscription that opened the service. `leaves_on`: the day its data are erased, if it is being
    left."""

    id: int
    public_id: str
    state: str
    tenant_id: int
    ended_on: date | None
    trial_until: date | None
    leaves_on: date | None
    operator: OperatorCard


# The organisation of the SIRET, then whoever took over from it, as long as the one before is no more.
_LINE = """
WITH RECURSIVE line AS (
    SELECT o.*, 0 AS step
    FROM tenants_establishment e JOIN tenants_organisation o ON o.id = e.organisation_id
    WHERE e.siret = %(siret)s
    UNION ALL
    SELECT o.*, line.step + 1
    FROM line JOIN tenants_organisation o ON o.id = line.successor_id
    WHERE line.closed_on <= %(today)s AND line.step < 20
)
SELECT line.id, line.siren, line.name, line.kind, t.code, ARRAY(
    SELECT m.role
    FROM tenants_membership m JOIN tenants_user u ON u.id = m.user_id
    WHERE m.organisation_id = line.id AND m.ended_at IS NULL AND m.suspended_at IS NULL AND u.is_active
        AND CASE WHEN %(email)s <> '' THEN upper(u.email) = upper(%(email)s)
            ELSE %(sub)s <> '' AND u.sub = %(sub)s AND u.issuer = %(issuer)s END
)
FROM line LEFT JOIN tenants_territory t ON t.id = line.territory_id
ORDER BY line.step
"""

_HELD = """
SELECT s.id, s.public_id, s.state, s.tenant_id, s.ended_on, s.trial_until,
    (SELECT e.erasure_from FROM subscriptions_exit e
     WHERE e.subscription_id = s.id AND e.state <> ALL (%(over)s) LIMIT 1),
    op.slug, body.name, op.contact_email, seat.siret
FROM subscriptions_subscription s
    JOIN catalog_listing l ON l.id = s.listing_id
    JOIN partner_stockrecord offer ON offer.id = l.offer_id
    JOIN tenants_operator op ON op.id = s.operator_id
    JOIN tenants_organisation body ON body.id = op.organisation_id
    LEFT JOIN tenants_establishment seat ON seat.organisation_id = body.id AND seat.is_seat
WHERE s.tenant_id = ANY (%(tenants)s) AND offer.product_id = %(product)s AND s.state = ANY (%(states)s)
    AND (%(only)s::bigint[] IS NULL OR s.id = ANY (%(only)s))
ORDER BY s.id
"""

_COVERS = """
SELECT c.subscription_id, c.covering_id
FROM subscriptions_cover c
    JOIN catalog_listing l ON l.id = c.listing_id
    JOIN partner_stockrecord offer ON offer.id = l.offer_id
WHERE c.tenant_id = ANY (%(tenants)s) AND offer.product_id = %(product)s
    AND c.since <= %(today)s AND (c.until IS NULL OR c.until > %(today)s)
"""
_STATES = [State.ACTIVE.value, State.SUSPENDED.value, State.TERMINATING.value]
_OVER = [state.value for state in OVER]


def line_of(*, siret: str, email: str, sub: str, issuer: str, today: date) -> list[Body]:
    """The organisation of this SIRET, then those it became; none when nobody has it. One query."""
    asked = {"siret": siret, "email": email, "sub": sub, "issuer": issuer, "today": today}
    return [Body(*row) for row in _rows(_LINE, asked)]


def held_by(*, tenants: Iterable[int], product: int, only: Iterable[int] | None = None) -> list[Held]:
    """Their subscriptions to this service that were opened and not ended; of these ids only, if some are
    given. One query. Needs the tenants' scope."""
    asked = {
        "tenants": list(tenants),
        "product": product,
        "states": _STATES,
        "over": _OVER,
        "only": None if only is None else list(only),
    }
    return [Held(*row[:7], operator=OperatorCard(*row[7:])) for row in _rows(_HELD, asked)]


def covers_of(*, tenants: Iterable[int], product: int, today: date) -> dict[int, int]:
    """By the id of the subscription that covers one of them today, the tenant whose it is. One query. Needs
    the tenants' scope."""
    return dict(_rows(_COVERS, {"tenants": list(tenants), "product": product, "today": today}))


def _rows(statement: str, values: dict) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
