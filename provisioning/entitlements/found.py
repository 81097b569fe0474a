"""What an answer is made of: a service asks at each sign-in, so it is found by two statements at most."""

from dataclasses import dataclass
from datetime import date

from catalog.models import ListingState
from provisioning.entitlements.prepared import rows
from tenants.members.adhesions import MAKES_A_MEMBER


@dataclass(frozen=True)
class Service:
    """The service that asks: its sheet's number and address, Oscar's product that offers are of, and whose
    `sub` it says."""

    id: int
    slug: str
    product_id: int
    issuer: str


@dataclass(frozen=True)
class Body:
    """An organisation, and the roles there of the agent who is asked about. `left`: a role of hers there has
    ended."""

    id: int
    siren: str
    name: str
    kind: str
    territory_code: str | None
    roles: list[str]
    left: bool = False


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


@dataclass(frozen=True)
class Found:
    """`key`: that of the service, and the day it last served. `line`: the organisation asked about, then
    those it became. `held`: the subscriptions of these to the service, opened and not ended, then those of
    others that cover one of them today. `lists`: by the id of an organisation that names who uses the
    service, the role of this agent there, None for none."""

    key: int
    last_used_on: date | None
    service: Service
    line: list[Body]
    held: list[Held]
    lists: dict[int, str | None]


_OFFERING = f"""
SELECT op.slug, body.name, op.contact_email, seat.siret
FROM tenants_operator op
    JOIN tenants_organisation body ON body.id = op.organisation_id
    LEFT JOIN tenants_establishment seat ON seat.organisation_id = body.id AND seat.is_seat
WHERE op.id IN (SELECT a.operator_id FROM tenants_adhesion a WHERE {MAKES_A_MEMBER})
    AND EXISTS (
        SELECT FROM catalog_listing l JOIN partner_stockrecord offer ON offer.id = l.offer_id
        WHERE l.operator_id = op.id AND offer.product_id = %(product)s AND l.state = %(listed)s
    )
ORDER BY op.short_name, op.id
"""  # noqa: S608 – a constant of ours


def found_with(*, digest: str, siret: str, email: str, sub: str, issuer: str, today: date) -> Found | None:
    """By the digest of its key, the service that asks, and what is known of the organisation and of the agent
    it asks about; None when nobody has the key. One query. `issuer`: who gives the `sub` where the key does
    not say.

    The database function opens the scope of the organisation and of those that cover it, for itself alone.
    """
    asked = [digest, siret, email, sub, issuer, today]
    [row] = rows("SELECT * FROM provisioning_entitlement_found(%s, %s, %s, %s, %s, %s)", asked)
    key, last_used_on, *service, line, held, lists = row
    if key is None:
        return None
    return Found(
        key,
        last_used_on,
        service=Service(*service),
        line=[Body(*one) for one in line or ()],
        held=[_held(*one) for one in held or ()],
        lists=dict(lists or ()),
    )


def offered_to(*, member: int, product: int, today: date) -> list[OperatorCard]:
    """The operators of this member that have the service on their shelf. One query."""
    asked = {"member": member, "product": product, "today": today, "listed": ListingState.LISTED.value}
    return [OperatorCard(*row) for row in rows(_OFFERING, asked)]


def _held(id_: int, public_id: str, state: str, tenant_id: int, *more) -> Held:
    days, operator = more[:3], more[3:]
    return Held(
        id_,
        public_id,
        state,
        tenant_id,
        *(day and date.fromisoformat(day) for day in days),
        operator=OperatorCard(*operator),
    )
