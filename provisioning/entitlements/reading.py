"""Whether an organisation has a service today, by which subscription, and who an agent is there."""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import OuterRef, Subquery
from django.utils.timezone import localdate

from catalog.models import ListingState
from provisioning.entitlements.found import Body, Held, OperatorCard, covers_of, held_by, line_of
from provisioning.entitlements.keys import Service
from subscriptions.models import State
from tenants.members.adhesions import operators_of
from tenants.models import Establishment, Operator, Organisation, Role
from tenants.tenancy import tenant_scope


@dataclass(frozen=True)
class Account:
    """The agent that a service asks about: her e-mail, or her `sub` at the provider of the service's key."""

    email: str = ""
    sub: str = ""


@dataclass(frozen=True)
class Entitlement:
    """`organisation` is the one that has the service now: the commune nouvelle of one that merged. `until`:
    the first day without access, when it is known. Without access, `state` says where the subscription
    stands ("" when there is none), `open_to` which operators offer the service to this member.
    """

    organisation: Body | None
    subscription: Held | None = None
    access: bool = False
    until: date | None = None
    open_to: list[OperatorCard] = field(default_factory=list)

    @property
    def is_admin(self) -> bool:
        return self.is_member and Role.ORG_ADMIN in self.organisation.roles

    @property
    def is_member(self) -> bool:
        return bool(self.organisation and self.organisation.roles)


def entitlement_of(*, service: Service, siret: str, account: Account, now: datetime) -> Entitlement:
    """What the organisation of this establishment, and this agent of it, may do with a service.

    Needs a transaction. Two queries when the organisation subscribes itself, two more when its
    intercommunality does, four more when nobody does.
    """
    today = localdate(now)
    line = line_of(siret=siret, email=account.email, sub=account.sub, issuer=service.issuer, today=today)
    if not line:
        return Entitlement(organisation=None)
    by_id = {one.id: one for one in line}
    with tenant_scope(by_id):
        found = _best(held_by(tenants=by_id, product=service.product_id), today)
        if not _gives_access(found, today):
            found = _covering(service, by_id, today) or found
    # The covering one is another's: the commune itself is told of.
    organisation = by_id.get(found.tenant_id, line[-1]) if found else line[-1]
    access = _gives_access(found, today)
    return Entitlement(
        organisation=organisation,
        subscription=found,
        access=access,
        until=_until(found, today) if access else None,
        open_to=[] if access else _open_to(service, organisation, today),
    )


def _covering(service: Service, line: dict[int, Body], today: date) -> Held | None:
    """The subscription of another that covers one of these today."""
    covers = covers_of(tenants=line, product=service.product_id, today=today)
    if not covers:
        return None
    owners = set(covers.values())
    with tenant_scope(owners):
        return _best(held_by(tenants=owners, product=service.product_id, only=covers), today)


def _best(held: list[Held], today: date) -> Held | None:
    """One that gives access if any does; else any of them."""
    return next((one for one in held if _gives_access(one, today)), None) or next(iter(held), None)


def _gives_access(held: Held | None, today: date) -> bool:
    """While the data of a service that is left can be fetched, its agents still enter it (Regulation (EU)
    2023/2854, article 25, 2, g)."""
    if held is None:
        return False
    if held.state == State.TERMINATING:
        return today < (held.leaves_on or held.ended_on)
    return held.state == State.ACTIVE


def _until(held: Held, today: date) -> date | None:
    last = held.ended_on if held.state == State.TERMINATING else None
    known = [held.leaves_on or last, held.trial_until]
    return min((day for day in known if day and day > today), default=None)


def _open_to(service: Service, organisation: Body, today: date) -> list[OperatorCard]:
    """The operators of this member that have the service on their shelf."""
    member = Organisation.objects.select_related("territory").get(pk=organisation.id)
    offering = Operator.objects.filter(
        listings__offer__product=service.product_id, listings__state=ListingState.LISTED
    )
    seat = Establishment.objects.filter(organisation=OuterRef("organisation"), is_seat=True)
    found = (
        operators_of(organisation=member, on=today)
        .filter(pk__in=offering.values("pk"))
        .annotate(siret=Subquery(seat.values("siret")[:1]))
        .order_by("short_name", "pk")
    )
    return [
        OperatorCard(*row)
        for row in found.values_list("slug", "organisation__name", "contact_email", "siret")
    ]
