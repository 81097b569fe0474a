"""Whether an organisation has a service today, by which subscription, and who an agent is there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.timezone import localdate

from catalog.models import ListingState, ServiceSheet
from subscriptions.models import Cover, Exit, State, Subscription
from subscriptions.models.exit import OVER
from tenants.members.adhesions import operators_of
from tenants.models import Establishment, Membership, Operator, Organisation, Role
from tenants.tenancy import tenant_scope

OPEN_AT_VENDOR = (State.ACTIVE, State.SUSPENDED, State.TERMINATING)


@dataclass(frozen=True)
class Account:
    """The agent that a service asks about: her e-mail, or her `sub` at our identity provider."""

    email: str = ""
    sub: str = ""


@dataclass(frozen=True)
class Entitlement:
    """`organisation` is the one that has the service now: the commune nouvelle of one that merged. `until`:
    the first day without access, when it is known. Without access, `state` says where the subscription
    stands ("" when there is none), `open_to` which operators offer the service to this member.
    """

    organisation: Organisation | None
    subscription: Subscription | None = None
    access: bool = False
    until: date | None = None
    roles: frozenset[str] = frozenset()
    open_to: list[Operator] = field(default_factory=list)

    @property
    def is_admin(self) -> bool:
        return Role.ORG_ADMIN in self.roles

    @property
    def state(self) -> str:
        return self.subscription.state if self.subscription else ""


def entitlement_of(*, sheet: ServiceSheet, siret: str, account: Account, now: datetime) -> Entitlement:
    """What the organisation of this establishment, and this agent of it, may do with a service.

    Needs a transaction. Two queries when the organisation subscribes itself, two more when its
    intercommunality does, one more when nobody does.
    """
    today = localdate(now)
    organisations, roles = _organisations(siret, account, today)
    if not organisations:
        return Entitlement(organisation=None)
    with tenant_scope(one.pk for one in organisations):
        found = _best(_own(sheet, organisations), today)
        if not _gives_access(found, today):
            found = _covering(sheet, organisations, today) or found
    organisation = organisations[-1]
    if found and found.tenant_id in {one.pk for one in organisations}:
        organisation = next(one for one in organisations if one.pk == found.tenant_id)
    access = _gives_access(found, today)
    return Entitlement(
        organisation=organisation,
        subscription=found,
        access=access,
        until=_until(found, today) if access else None,
        roles=roles.get(organisation.pk, frozenset()),
        open_to=[] if access else _open_to(sheet, organisation, today),
    )


def _organisations(
    siret: str, account: Account, today: date
) -> tuple[list[Organisation], dict[int, frozenset[str]]]:
    """The organisation of the SIRET, then whoever took over from it when it is no more; the agent's roles in
    each."""
    places = Establishment.objects.filter(siret=siret).select_related("organisation__territory")
    place = places.annotate(roles=_roles(account, "organisation")).first()
    if place is None:
        return [], {}
    found, roles = [place.organisation], {place.organisation_id: frozenset(place.roles)}
    while found[-1].is_closed(on=today) and found[-1].successor_id not in (None, *roles):
        heirs = Organisation.objects.select_related("territory").annotate(roles=_roles(account, "pk"))
        heir = heirs.get(pk=found[-1].successor_id)
        found.append(heir)
        roles[heir.pk] = frozenset(heir.roles)
    return found, roles


def _roles(account: Account, organisation: str) -> ArraySubquery:
    held = Membership.objects.in_force().filter(organisation=OuterRef(organisation), user__is_active=True)
    if account.email:
        held = held.filter(user__email__iexact=account.email)
    else:
        # An empty `sub` is nobody's.
        held = held.filter(user__sub=account.sub).exclude(user__sub="")
    return ArraySubquery(held.values("role"))


def _own(sheet: ServiceSheet, organisations: list[Organisation]) -> QuerySet[Subscription]:
    return _with_its_end(
        Subscription.objects.filter(
            tenant__in=[one.pk for one in organisations],
            listing__offer__product=sheet.product_id,
            state__in=OPEN_AT_VENDOR,
        )
    )


def _with_its_end(subscriptions: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """Each with its operator, the SIRET of that one, and the day its data are erased if it is being left."""
    leaving = Exit.objects.filter(subscription=OuterRef("pk")).exclude(state__in=OVER)
    seat = Establishment.objects.filter(organisation=OuterRef("operator__organisation"), is_seat=True)
    return (
        subscriptions.select_related("operator__organisation")
        .annotate(
            leaves_on=Subquery(leaving.values("erasure_from")[:1]),
            operator_siret=Subquery(seat.values("siret")[:1]),
        )
        .defer("grid", "quote", "options")
        .order_by("pk")
    )


def _covering(sheet: ServiceSheet, organisations: list[Organisation], today: date) -> Subscription | None:
    """The subscription of another that covers one of these today."""
    covers = Cover.objects.in_force(on=today).filter(
        tenant__in=[one.pk for one in organisations], listing__offer__product=sheet.product_id
    )
    found = dict(covers.values_list("subscription_id", "covering_id"))
    if not found:
        return None
    with tenant_scope(found.values()):
        return _best(_with_its_end(Subscription.objects.filter(pk__in=found)), today)


def _best(subscriptions: Iterable[Subscription], today: date) -> Subscription | None:
    """One that gives access if any does; else any of them."""
    found = list(subscriptions)
    return next((one for one in found if _gives_access(one, today)), None) or next(iter(found), None)


def _gives_access(subscription: Subscription | None, today: date) -> bool:
    """While the data of a service that is left can be fetched, its agents still enter it (Regulation (EU)
    2023/2854, article 25, 2, g)."""
    if subscription is None:
        return False
    if subscription.state == State.TERMINATING:
        return today < (subscription.leaves_on or subscription.ended_on)
    return subscription.state == State.ACTIVE


def _until(subscription: Subscription, today: date) -> date | None:
    last = subscription.ended_on if subscription.state == State.TERMINATING else None
    known = [subscription.leaves_on or last, subscription.trial_until]
    return min((day for day in known if day and day > today), default=None)


def _open_to(sheet: ServiceSheet, organisation: Organisation, today: date) -> list[Operator]:
    """The operators of this member that have the service on their shelf."""
    offering = Operator.objects.filter(
        listings__offer__product=sheet.product_id, listings__state=ListingState.LISTED
    )
    seat = Establishment.objects.filter(organisation=OuterRef("organisation"), is_seat=True)
    return list(
        operators_of(organisation=organisation, on=today)
        .filter(pk__in=offering.values("pk"))
        .select_related("organisation")
        .annotate(siret=Subquery(seat.values("siret")[:1]))
        .order_by("short_name", "pk")
    )
