"""An intercommunality's subscription covers its communes: they have the service, and ask and pay for nothing.

A cover belongs to the commune; the verbs of the intercommunality open the scope of its communes for as long
as they need it. What happens to a commune ends its cover on the day it happens: it leaves the
intercommunality, it merges, or the subscription ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import localdate

from catalog.models import Listing
from subscriptions.cover_letters import tell_covered, tell_ended
from subscriptions.exceptions import AlreadyCovered, CoverRefused
from subscriptions.models import RUNNING, Cover, Subscription
from subscriptions.places import hold_places
from subscriptions.signals import covers_changed
from tenants import audit
from tenants.models import Organisation, User
from tenants.models.organisation import OrganisationKind
from tenants.tenancy import tenant_scope


def covering(*, organisation: Organisation, listing: Listing, on: date) -> Cover | None:
    """The cover by which an organisation has a listing that day, the intercommunality at hand. One query."""
    covers = Cover.objects.in_force(on=on).filter(tenant=organisation, listing=listing)
    return covers.select_related("covering").first()


def check_not_covered(*, organisation: Organisation, listing: Listing, on: date) -> None:
    """Raises AlreadyCovered."""
    if cover := covering(organisation=organisation, listing=listing, on=on):
        raise AlreadyCovered(cover)


def covers_for(*, organisation: Organisation, on: date) -> QuerySet[Cover]:
    """All that an organisation has that day by its intercommunality, by service."""
    covers = Cover.objects.in_force(on=on).filter(tenant=organisation)
    return covers.select_related("covering", "operator").order_by("service_name", "pk")


def communes_of(*, organisation: Organisation, on: date) -> QuerySet[Organisation]:
    """The communes that the register gives an intercommunality, merged ones left out; nobody for others."""
    if organisation.kind != OrganisationKind.EPCI or organisation.territory_id is None:
        return Organisation.objects.none()
    living = Q(closed_on__isnull=True) | Q(closed_on__gt=on)
    return Organisation.objects.filter(
        living, kind=OrganisationKind.COMMUNE, territory__epci=organisation.territory_id
    ).order_by("plain_name", "pk")


def may_cover(subscription: Subscription) -> bool:
    """Whether it is that of an intercommunality, no free trial, and the service is open."""
    epci = subscription.tenant.kind == OrganisationKind.EPCI
    return epci and subscription.state in RUNNING and not subscription.is_trial


@dataclass(frozen=True)
class Candidate:
    """A commune as the page of the intercommunality shows it; `has_own`: it subscribes by itself."""

    organisation: Organisation
    cover: Cover | None
    has_own: bool

    @property
    def why_not(self) -> str:
        """Why it cannot be covered, in French; "" when it can."""
        if self.cover:
            return f"a déjà le service par {self.cover.covering.name}"
        return "a déjà son propre abonnement ou sa demande" if self.has_own else ""


def candidates(*, subscription: Subscription, on: date) -> list[Candidate]:
    """The communes of the day, and what each has of this service. Opens their scope. Three queries."""
    communes = list(communes_of(organisation=subscription.tenant, on=on))
    with both_sides(subscription, communes):
        covers = {one.tenant_id: one for one in _in_force(subscription, communes, on)}
        own = with_their_own(subscription, communes)
    return [Candidate(one, covers.get(one.pk), one.pk in own) for one in communes]


def candidates_at(*, organisation: Organisation, listing: Listing, on: date) -> list[Candidate]:
    """The communes that an intercommunality might cover, were it to ask for a listing, and what each has of
    it by whatever way. Opens their scope. Three queries, none for others."""
    if not (communes := list(communes_of(organisation=organisation, on=on))):
        return []
    with tenant_scope({organisation.pk, *(one.pk for one in communes)}):
        rows = Cover.objects.in_force(on=on).filter(listing=listing, tenant__in=communes)
        covers = {one.tenant_id: one for one in rows.select_related("covering")}
        held = Subscription.objects.open().filter(listing=listing, tenant__in=communes)
        own = set(held.values_list("tenant", flat=True))
    return [Candidate(one, covers.get(one.pk), one.pk in own) for one in communes]


@transaction.atomic
def cover(
    *, subscription: Subscription, organisations: Iterable[Organisation], by: User, now: datetime
) -> int:
    """Covers communes from today on; those that are already are left as they are. How many were added.

    Raises CoverRefused, with nothing written, when the service is not open, when one is no commune of this
    intercommunality, or when one has its own subscription to the service.
    """
    today = localdate(now)
    if not may_cover(subscription):
        raise CoverRefused("Le service doit être ouvert pour couvrir vos communes.")
    asked = {one.pk for one in organisations}
    communes = list(communes_of(organisation=subscription.tenant, on=today).filter(pk__in=asked))
    if not asked:
        raise CoverRefused("Choisissez au moins une commune.")
    if len(communes) < len(asked):
        raise CoverRefused("Une des communes choisies ne fait pas partie de votre intercommunalité.")
    hold_places(organisations=communes, listing_id=subscription.listing_id)
    with both_sides(subscription, communes):
        own = with_their_own(subscription, communes)
        if names := [one.name for one in communes if one.pk in own]:
            raise CoverRefused(
                f"{', '.join(names)} : a déjà son propre abonnement ou sa demande pour ce service."
            )
        already = {one.tenant_id for one in _in_force(subscription, communes, today)}
        made = [new_cover(subscription, one, today) for one in communes if one.pk not in already]
        try:
            with transaction.atomic():
                Cover.objects.bulk_create(made)
        except IntegrityError as error:
            raise CoverRefused("Quelqu’un vient de couvrir ces communes. Rechargez la page.") from error
        for one in made:
            record(one, f"a couvert {one.tenant.name}", "subscription.covered", by=by, now=now)
        tell_covered(covers=made, now=now)
        covers_changed.send(sender=Cover, subscription=subscription, now=now)
    return len(made)


@transaction.atomic
def uncover(*, subscription: Subscription, organisation: Organisation, by: User, now: datetime) -> None:
    """A commune is covered no longer, from today on. Raises CoverRefused when it is not."""
    today = localdate(now)
    with both_sides(subscription, [organisation]):
        found = _in_force(subscription, [organisation], today).first()
        because = f"{subscription.tenant.name} ne couvre plus {organisation.name}"
        if found is None or not _end(found, on=today, because=because, by=by, now=now):
            raise CoverRefused("Cette commune n’est plus couverte. Rechargez la page.")


@transaction.atomic
def end_covers(*, subscription: Subscription, on: date, now: datetime) -> int:
    """Ends what a subscription covers with the subscription itself, on the first day without it; how many.
    May be called again. For a worker, which sees every tenant."""
    because = f"l’abonnement de {subscription.tenant.name} a pris fin"
    return sum(
        _end(one, on=on, because=because, by=None, now=now)
        for one in _running().filter(subscription=subscription)
    )


def end_lapsed(*, now: datetime) -> int:
    """Ends the covers of communes that left their intercommunality or merged, and those of subscriptions
    that ended; how many. May run any number of times. For a worker, which sees every tenant."""
    today = localdate(now)
    return sum(
        _end(one, on=on, because=because, by=None, now=now)
        for one in _running()
        for on, because in _lapse(one, today)
    )


def _running() -> QuerySet[Cover]:
    covers = Cover.objects.filter(until__isnull=True)
    return covers.select_related("tenant__territory", "covering", "subscription").order_by("pk")


def _lapse(one: Cover, today: date) -> Iterable[tuple[date, str]]:
    commune, epci, stops = one.tenant, one.covering, one.subscription.ended_on
    if commune.closed_on and commune.closed_on <= today:
        yield commune.closed_on, f"{commune.name} a fusionné ou n’existe plus"
    elif stops and stops <= today:
        yield stops, f"l’abonnement de {epci.name} a pris fin"
    elif commune.territory is None or commune.territory.epci_id != epci.territory_id:
        yield today, f"{commune.name} ne fait plus partie de {epci.name}"


@transaction.atomic
def _end(one: Cover, *, on: date, because: str, by: User | None, now: datetime) -> bool:
    """False when somebody else has just ended it."""
    until = max(on, one.since)
    changed = Cover.objects.filter(pk=one.pk, until__isnull=True).update(
        until=until, ended_because=because[:200]
    )
    if changed != 1:
        return False
    one.until, one.ended_because = until, because
    record(one, f"ne couvre plus {one.tenant.name}", "subscription.uncovered", by=by, now=now)
    tell_ended(cover=one, now=now)
    covers_changed.send(sender=Cover, subscription=one.subscription, now=now)
    return True


def new_cover(subscription: Subscription, commune: Organisation, today: date) -> Cover:
    """Not written yet."""
    return Cover(
        tenant=commune,
        subscription=subscription,
        covering=subscription.tenant,
        listing_id=subscription.listing_id,
        operator_id=subscription.operator_id,
        service_name=subscription.service_name,
        since=today,
    )


def _in_force(subscription: Subscription, communes: Iterable[Organisation], on: date) -> QuerySet[Cover]:
    covers = Cover.objects.in_force(on=on).filter(subscription=subscription, tenant__in=list(communes))
    return covers.select_related("tenant", "covering").order_by("pk")


def with_their_own(subscription: Subscription, communes: Iterable[Organisation]) -> set[int]:
    rows = Subscription.objects.open().filter(tenant__in=list(communes), listing=subscription.listing_id)
    return set(rows.values_list("tenant", flat=True))


def both_sides(subscription: Subscription, communes: Iterable[Organisation]):
    """The scope of an intercommunality and of these communes, for as long as it is entered."""
    return tenant_scope({subscription.tenant_id, *(one.pk for one in communes)})


def record(one: Cover, did: str, what: str, *, by: User | None, now: datetime) -> None:
    """The same event in both logs."""
    who = "{actor}" if by else one.covering.name
    for tenant in (one.tenant, one.covering):
        audit.record(
            tenant=tenant,
            actor=by,
            what=what,
            sentence=f"{who} {did} pour {one.service_name} ({one.covering.name}).",
            subject_id=one.subscription_id,
            now=now,
            details={"because": one.ended_because} if one.ended_because else {},
        )
