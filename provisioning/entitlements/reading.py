"""Whether an organisation has a service today, by which subscription, and who an agent is there."""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.conf import settings
from django.utils.timezone import localdate

from provisioning.entitlements.found import Body, Found, Held, OperatorCard, Service, found_with, offered_to
from provisioning.entitlements.keys import digest_of, served
from subscriptions.models import AccessRole, State
from tenants.models import Role


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

    `listed`: that organisation names who uses the service, and `named` is this agent's role there, None when
    she has none.
    """

    organisation: Body | None
    subscription: Held | None = None
    access: bool = False
    until: date | None = None
    open_to: list[OperatorCard] = field(default_factory=list)
    listed: bool = False
    named: str | None = None

    @property
    def is_admin(self) -> bool:
        if self.listed:
            return self.is_member and self.named == AccessRole.MANAGER
        return self.is_member and Role.ORG_ADMIN in self.organisation.roles

    @property
    def is_member(self) -> bool:
        return bool(self.organisation and self.organisation.roles) and (not self.listed or bool(self.named))

    @property
    def is_shut(self) -> bool:
        """Whether the organisation has the service, and does not let this agent in: its list does not name
        her, or she has left. Of somebody it never knew it says nothing, without a list."""
        left = bool(self.organisation) and self.organisation.left
        return self.access and (self.listed or left) and not self.is_member


@dataclass(frozen=True)
class Told:
    """Which service asked, and what it may be told."""

    service: Service
    entitlement: Entitlement


def ask(*, secret: str, siret: str, account: Account, now: datetime) -> Told | None:
    """What the organisation of this establishment, and this agent of it, may do with the service that has
    this key; None when nobody has it.

    One query, one more when there is no access, and a write a key and day. Needs no transaction.
    """
    today = localdate(now)
    found = found_with(
        digest=digest_of(secret),
        siret=siret,
        email=account.email,
        sub=account.sub,
        issuer=settings.OIDC_ISSUER,
        today=today,
    )
    if found is None:
        return None
    if found.last_used_on != today:
        served(key=found.key, on=today)
    return Told(found.service, _entitlement(found, today))


def _entitlement(found: Found, today: date) -> Entitlement:
    if not found.line:
        return Entitlement(organisation=None)
    by_id = {one.id: one for one in found.line}
    best = _best([one for one in found.held if one.tenant_id in by_id], today)
    if not _gives_access(best, today):
        best = _best([one for one in found.held if one.tenant_id not in by_id], today) or best
    last = found.line[-1]
    # The covering one is another's: the commune itself is told of.
    organisation = by_id.get(best.tenant_id, last) if best else last
    if not _gives_access(best, today):
        open_to = offered_to(member=organisation.id, product=found.service.product_id, today=today)
        return Entitlement(organisation, best, open_to=open_to)
    return Entitlement(
        organisation,
        best,
        access=True,
        until=_until(best, today),
        listed=organisation.id in found.lists,
        named=found.lists.get(organisation.id),
    )


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
