"""What waits for a merged commune to be handed over, and what that would do. Reads only.

What is decided, and why, is told in `subscriptions.handover`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from catalog.prices import TerritoryFacts
from catalog.pricing import PricingError, Quote, format_date
from subscriptions.facts import facts_of_subscribers
from subscriptions.handover_shares import paid_by, paid_for_others
from subscriptions.in_force import approved_amendments, terms_on
from subscriptions.models import RUNNING, Cover, PayerShare, State, Subscription
from subscriptions.vat import vat_cents_asked
from tenants.models import Adhesion, ChangeKind, Membership, Operator, Organisation, TerritoryChange
from tenants.tenancy import tenant_scope

OPENING = (State.APPROVED, State.PROVISIONING)
WAITING = (State.REQUESTED, *OPENING, *RUNNING)


class Fate(StrEnum):
    """What becomes of a subscription of the merged commune."""

    FOLLOWED = "followed"
    # The commune nouvelle has its own, or is covered, or it is a free trial: it is closed at the vendor's.
    ENDED = "ended"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Item:
    """One subscription and its fate. `on` is the day it changes hands; `quote` the year's price for the
    merged population, with `vat_cents`, when it is followed; `reason` why it is not, in French."""

    subscription: Subscription
    fate: Fate
    on: date
    quote: Quote | None = None
    vat_cents: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """What handing over would do. `new` is None while the commune nouvelle has no SIREN; `adhesions` those of
    the merged commune that end; `joins` whether the commune nouvelle becomes a member by this; `readers` how
    many people hold a mandate in the merged commune; `obstacles` why it cannot be done now, in French;
    `shares` what the merged commune pays, or is asked to, for others."""

    change: TerritoryChange
    operator: Operator
    old: Organisation
    new: Organisation | None
    items: list[Item]
    adhesions: list[Adhesion]
    joins: bool
    readers: int
    obstacles: list[str]
    shares: Sequence[PayerShare] = ()

    @property
    def nothing(self) -> bool:
        """Whether nothing of this operator's waits any more."""
        return not self.items and not self.adhesions and not self.shares


def mergers_of(*, operator: Operator) -> QuerySet[TerritoryChange]:
    """Mergers of communes that were ever this operator's members or subscribers, last first.

    Each has `waiting_subscriptions`, `waiting_adhesions` and `waiting_shares`, with the organisations at
    hand. The caller's scope holds the operator's members.
    """
    old = OuterRef("territory__organisation")
    subscriptions = Subscription.objects.filter(tenant=old, operator=operator)
    adhesions = Adhesion.objects.filter(organisation=old, operator=operator)
    shares = paid_by(old, operator=operator)
    return (
        TerritoryChange.objects.filter(
            Exists(subscriptions) | Exists(adhesions) | Exists(shares), kind=ChangeKind.MERGER
        )
        .annotate(
            waiting_subscriptions=_count(subscriptions.filter(state__in=WAITING), by="tenant"),
            waiting_shares=_count(
                shares.filter(Q(ends__isnull=True) | Q(ends__gt=OuterRef("effective_on"))), by="payer"
            ),
            waiting_adhesions=_count(
                adhesions.filter(lasts_beyond(OuterRef("effective_on"))), by="organisation"
            ),
        )
        .select_related("territory__organisation__successor", "successor")
        .order_by("-effective_on", "territory__organisation__plain_name", "pk")
    )


def _count(rows: QuerySet, *, by: str) -> Coalesce:
    counted = rows.order_by().values(by).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


def lasts_beyond(day) -> Q:
    """Adhesions that have not ended by that day."""
    return Q(until__isnull=True) | Q(until__gt=day)


def waiting_for(*, change: TerritoryChange, operator: Operator, today: date) -> Plan:
    """What of this operator's waits for a merger to be handed over, and what that would do. Writes nothing.

    Opens the scope it needs: the commune nouvelle may not be a member yet.
    """
    old, new = organisations_of(change)
    with tenant_scope(scope_of(operator, old, new)):
        return make_plan(change, operator, old, new, today=today, lock=False)


def organisations_of(change: TerritoryChange) -> tuple[Organisation, Organisation | None]:
    """The merged commune, and the commune nouvelle once it is registered."""
    old = change.territory.organisation
    return old, old.successor


def scope_of(operator: Operator, old: Organisation, new: Organisation | None) -> set[int]:
    """The tenants a hand-over reads and writes."""
    return {operator.organisation_id, old.pk} | ({new.pk} if new else set())


def make_plan(change, operator, old, new, *, today: date, lock: bool) -> Plan:
    """As `waiting_for`, in a scope that is open; `lock` holds both kinds of rows to the transaction's end."""
    rows = Subscription.objects.filter(tenant=old, operator=operator, state__in=WAITING).order_by(
        "service_name", "pk"
    )
    lasting = old.adhesions.filter(lasts_beyond(change.effective_on), operator=operator)
    if lock:
        rows, lasting = (each.select_for_update(of=("self",), no_key=True) for each in (rows, lasting))
    subscriptions = list(
        rows.select_related("listing", "vehicle", "follows").prefetch_related(approved_amendments())
    )
    adhesions = list(lasting.select_related("college"))
    items = _items(change, new, subscriptions, today)
    return Plan(
        change=change,
        operator=operator,
        old=old,
        new=new,
        items=items,
        adhesions=adhesions,
        joins=bool(adhesions) and new is not None and not _adheres(new, operator, change.effective_on),
        readers=Membership.objects.in_force().filter(organisation=old).values("user").distinct().count(),
        obstacles=_obstacles(change, new, items, today),
        shares=paid_for_others(old=old, operator=operator, on=change.effective_on),
    )


def _adheres(organisation: Organisation, operator: Operator, day: date) -> bool:
    return organisation.adhesions.filter(lasts_beyond(day), operator=operator).exists()


def _obstacles(
    change: TerritoryChange, new: Organisation | None, items: list[Item], today: date
) -> list[str]:
    obstacles = []
    if new is None:
        obstacles.append(
            f"Le registre ne donne pas encore le SIREN de {change.successor.name} : la commune nouvelle ne "
            "peut pas encore être enregistrée. Écrivez à la plateforme."
        )
    elif new.territory is None:
        obstacles.append(
            f"{new.name} n’a pas de territoire dans le registre : son prix ne peut pas être calculé. "
            "Écrivez à la plateforme."
        )
    if today < change.effective_on:
        obstacles.append(
            f"La fusion prend effet le {format_date(change.effective_on)} : "
            "la reprise se fait à partir de ce jour."
        )
    return obstacles + [
        f"{item.subscription.service_name} : {item.reason}" for item in items if item.fate == Fate.BLOCKED
    ]


def _items(
    change: TerritoryChange, new: Organisation | None, subscriptions: list[Subscription], today: date
) -> list[Item]:
    own: dict[int, Subscription] = {}
    covers: dict[int, Cover] = {}
    if new is not None:
        listings = [subscription.listing_id for subscription in subscriptions]
        rows = Subscription.objects.open().paid().filter(tenant=new, listing__in=listings)
        own = {row.listing_id: row for row in rows}
        found = Cover.objects.in_force(on=today).filter(tenant=new, listing__in=listings)
        covers = {one.listing_id: one for one in found.select_related("covering")}
    # Days differ only for what was opened after the merger.
    days = {one.pk: max(change.effective_on, one.active_from or change.effective_on) for one in subscriptions}
    facts: dict[int, TerritoryFacts] = {}
    if new is not None and new.territory:
        for on in set(days.values()):
            those = [one for one in subscriptions if days[one.pk] == on]
            facts |= facts_of_subscribers(those, on=on, territory=new.territory)
    return [
        _item(
            one,
            days[one.pk],
            own.get(one.listing_id) or covers.get(one.listing_id),
            new,
            facts.get(one.pk),
        )
        for one in subscriptions
    ]


def _item(subscription, on, own: Subscription | Cover | None, new, facts: TerritoryFacts | None) -> Item:
    if subscription.state == State.REQUESTED:
        return Item(subscription, Fate.CANCELLED, on, reason="demande non approuvée, à refaire si besoin")
    if subscription.state in OPENING:
        return Item(
            subscription,
            Fate.BLOCKED,
            on,
            reason="son ouverture est en cours chez l’éditeur. Attendez qu’elle soit finie.",
        )
    if subscription.is_trial:
        return Item(
            subscription,
            Fate.ENDED,
            on,
            reason="un essai gratuit ne se reprend pas",
        )
    if isinstance(own, Cover):
        return Item(
            subscription, Fate.ENDED, on, reason=f"{new.name} a déjà ce service par {own.covering.name}"
        )
    if own is not None and own.state in RUNNING:
        return Item(subscription, Fate.ENDED, on, reason=f"{new.name} a déjà ce service")
    if own is not None:
        return Item(
            subscription,
            Fate.BLOCKED,
            on,
            reason=f"{new.name} a déjà une demande « {own.get_state_display()} ». "
            "Attendez qu’elle aboutisse.",
        )
    if facts is None:
        return Item(subscription, Fate.FOLLOWED, on)
    try:
        quote = year_of(subscription, facts)
    except PricingError as error:
        return Item(subscription, Fate.BLOCKED, on, reason=str(error))
    return Item(subscription, Fate.FOLLOWED, on, quote, vat_cents_asked(subscription, quote))


def year_of(subscription: Subscription, facts: TerritoryFacts) -> Quote:
    """A year's price by the terms in force, for the territory of `facts` on its day.

    The service is in its first year as long as that of the first subscription is; one-off fees are not owed
    again. Raises PricingError.
    """
    terms = terms_on(subscription, facts.on)
    return terms.price(facts, first_year=subscription.in_first_year(facts.on)).recurring()
