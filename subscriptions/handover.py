"""A commune merged: what it had with an operator goes on with the commune nouvelle.

The commune nouvelle takes the place of the merged one in its contracts, on the same terms until they end
(CGCT L2113-5): no new request, no new act, no new opening at the vendor's. What is decided here:

- open subscriptions (active, suspended) end on the day of the merger and are followed by one of the commune
  nouvelle, unless it has its own to the same listing;
- a request that nobody approved is cancelled: the new council decides;
- one that is being opened at the vendor's stops the hand-over until it is open;
- one that is being closed goes on closing, for the merged commune;
- mandates are left as they are: people keep reading the merged commune's files, and are invited to the
  commune nouvelle by its own administrators. Commitment numbers are not copied: they are of another budget.

Each operator hands over its own share; the merger is done when nothing is left for any of them.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.timezone import localdate

from catalog.prices import TerritoryFacts, territory_facts, vat_of
from catalog.pricing import PricingError, Quote, format_date, parse_grid, price
from subscriptions import signals
from subscriptions.exceptions import HandOverBlocked
from subscriptions.handover_letters import write_letters
from subscriptions.models import State, Subscription, Transition
from subscriptions.operations import move
from tenants import audit
from tenants.adhesion_operations import join
from tenants.models import Adhesion, ChangeKind, Membership, Operator, Organisation, TerritoryChange, User
from tenants.tenancy import tenant_scope

RUNNING = (State.ACTIVE, State.SUSPENDED)
OPENING = (State.APPROVED, State.PROVISIONING)
WAITING = (State.REQUESTED, *OPENING, *RUNNING)
NAMESPACE = uuid.UUID("6d6c3f0e-5a1b-4f8e-9a40-3c1f8f3a7d27")


class Fate(StrEnum):
    """What becomes of a subscription of the merged commune."""

    FOLLOWED = "followed"
    ENDED = "ended"  # the commune nouvelle has its own
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
    many people hold a mandate in the merged commune; `obstacles` why it cannot be done now, in French."""

    change: TerritoryChange
    operator: Operator
    old: Organisation
    new: Organisation | None
    items: list[Item]
    adhesions: list[Adhesion]
    joins: bool
    readers: int
    obstacles: list[str]

    @property
    def nothing(self) -> bool:
        """Whether nothing of this operator's waits any more."""
        return not self.items and not self.adhesions


def mergers_of(*, operator: Operator) -> QuerySet[TerritoryChange]:
    """Mergers of communes that were ever this operator's members or subscribers, last first.

    Each has `waiting_subscriptions` and `waiting_adhesions`, with the organisations at hand. The caller's
    scope holds the operator's members.
    """
    old = OuterRef("territory__organisation")
    subscriptions = Subscription.objects.filter(tenant=old, operator=operator)
    adhesions = Adhesion.objects.filter(organisation=old, operator=operator)
    return (
        TerritoryChange.objects.filter(Exists(subscriptions) | Exists(adhesions), kind=ChangeKind.MERGER)
        .annotate(
            waiting_subscriptions=_count(subscriptions.filter(state__in=WAITING), by="tenant"),
            waiting_adhesions=_count(
                adhesions.filter(_lasts_beyond(OuterRef("effective_on"))), by="organisation"
            ),
        )
        .select_related("territory__organisation__successor", "successor")
        .order_by("-effective_on", "territory__organisation__plain_name", "pk")
    )


def _count(rows: QuerySet, *, by: str) -> Coalesce:
    counted = rows.order_by().values(by).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


def _lasts_beyond(day) -> Q:
    return Q(until__isnull=True) | Q(until__gt=day)


def waiting_for(*, change: TerritoryChange, operator: Operator, today: date) -> Plan:
    """What of this operator's waits for a merger to be handed over, and what that would do. Writes nothing.

    Opens the scope it needs: the commune nouvelle may not be a member yet.
    """
    old, new = _organisations(change)
    with tenant_scope(_scope(operator, old, new)):
        return _plan(change, operator, old, new, today=today, lock=False)


@transaction.atomic
def hand_over(*, change: TerritoryChange, operator: Operator, by: User, now: datetime) -> Plan:
    """Hands over all that `operator` has with the merged commune. Returns what was done; called again, does
    nothing.

    Raises HandOverBlocked with the reasons, or what billing refuses (its drafts are shared out in the same
    transaction).
    """
    change = (
        TerritoryChange.objects.select_for_update(of=("self",), no_key=True)
        .select_related("territory__organisation__successor__territory", "successor")
        .get(pk=change.pk)
    )
    old, new = _organisations(change)
    with tenant_scope(_scope(operator, old, new)):
        plan = _plan(change, operator, old, new, today=localdate(now), lock=True)
        if plan.nothing:
            return plan
        if plan.obstacles:
            raise HandOverBlocked(plan.obstacles)
        _hand_adhesions(plan, by=by, now=now)
        for item in plan.items:
            _hand_subscription(plan, item, by=by, now=now)
        _record(plan, by=by, now=now)
        write_letters(plan, now=now)
        left = Subscription.objects.filter(tenant=old, state__in=WAITING).exists()
        if not left and not old.adhesions.filter(_lasts_beyond(change.effective_on)).exists():
            TerritoryChange.objects.filter(pk=change.pk, handed_over_at__isnull=True).update(
                handed_over_at=now, handed_over_by=by
            )
    return plan


def _organisations(change: TerritoryChange) -> tuple[Organisation, Organisation | None]:
    old = change.territory.organisation
    return old, old.successor


def _scope(operator: Operator, old: Organisation, new: Organisation | None) -> set[int]:
    return {operator.organisation_id, old.pk} | ({new.pk} if new else set())


def _plan(change, operator, old, new, *, today: date, lock: bool) -> Plan:
    rows = Subscription.objects.filter(tenant=old, operator=operator, state__in=WAITING).order_by(
        "service_name", "pk"
    )
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    subscriptions = list(rows.select_related("listing", "vehicle", "follows"))
    adhesions = list(
        old.adhesions.filter(_lasts_beyond(change.effective_on), operator=operator).select_related("college")
    )
    items = _items(change, new, subscriptions)
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
    )


def _adheres(organisation: Organisation, operator: Operator, day: date) -> bool:
    return organisation.adhesions.filter(_lasts_beyond(day), operator=operator).exists()


def _obstacles(
    change: TerritoryChange, new: Organisation | None, items: list[Item], today: date
) -> list[str]:
    obstacles = []
    if new is None:
        obstacles.append(
            f"Le registre ne donne pas encore le SIREN de {change.successor.name} : la commune nouvelle ne "
            "peut pas encore être enregistrée. Écrivez à la plateforme."
        )
    if today < change.effective_on:
        obstacles.append(
            f"La fusion prend effet le {format_date(change.effective_on)} : "
            "la reprise se fait à partir de ce jour."
        )
    return obstacles + [
        f"{item.subscription.service_name} : {item.reason}" for item in items if item.fate == Fate.BLOCKED
    ]


def _items(
    change: TerritoryChange, new: Organisation | None, subscriptions: list[Subscription]
) -> list[Item]:
    own = {}
    if new is not None:
        rows = Subscription.objects.open().filter(
            tenant=new, listing__in=[subscription.listing_id for subscription in subscriptions]
        )
        own = {row.listing_id: row for row in rows}
    # Days differ only for what was opened after the merger.
    facts: dict[date, TerritoryFacts] = {}
    items = []
    for subscription in subscriptions:
        on = max(change.effective_on, subscription.active_from or change.effective_on)
        if new is not None and on not in facts:
            facts[on] = territory_facts(territories=[new.territory], on=on)[new.territory_id]
        items.append(_item(subscription, on, own.get(subscription.listing_id), new, facts.get(on)))
    return items


def _item(subscription, on, own: Subscription | None, new, facts: TerritoryFacts | None) -> Item:
    if subscription.state == State.REQUESTED:
        return Item(subscription, Fate.CANCELLED, on, reason="demande non approuvée, à refaire si besoin")
    if subscription.state in OPENING:
        return Item(
            subscription,
            Fate.BLOCKED,
            on,
            reason="son ouverture est en cours chez l’éditeur. Attendez qu’elle soit finie.",
        )
    if own is not None and own.state in RUNNING:
        return Item(subscription, Fate.ENDED, on, reason=f"{new.name} a déjà ce service")
    if own is not None:
        return Item(
            subscription,
            Fate.BLOCKED,
            on,
            reason=f"{new.name} a déjà une demande « {own.get_state_display()} ». "
            "Attendez qu’elle aboutisse.",
        )
    if facts is None:
        return Item(subscription, Fate.FOLLOWED, on)
    try:
        quote = year_of(subscription, facts)
    except PricingError as error:
        return Item(subscription, Fate.BLOCKED, on, reason=str(error))
    vat = vat_of(quote=quote, category=subscription.vat_category, rate=subscription.vat_rate)
    return Item(subscription, Fate.FOLLOWED, on, quote, vat)


def year_of(subscription: Subscription, facts: TerritoryFacts) -> Quote:
    """A year's price by the terms frozen on the subscription, for the territory of `facts` on its day.

    The service is in its first year as long as that of the first subscription is. Raises PricingError.
    """
    grid = parse_grid(subscription.grid)
    return price(grid=grid, facts=facts.for_grid(grid, first_year=subscription.in_first_year(facts.on)))


def _hand_adhesions(plan: Plan, *, by: User, now: datetime) -> None:
    day = plan.change.effective_on
    for adhesion in plan.adhesions:
        # One that began after the merger (its import came late) was never anything: the shortest there is.
        until = max(day, adhesion.since + timedelta(days=1))
        Adhesion.objects.filter(pk=adhesion.pk).update(until=until)
    if plan.joins:
        last = max(plan.adhesions, key=lambda adhesion: adhesion.since)
        joined = join(
            operator=plan.operator,
            organisation=plan.new,
            college=last.college,
            since=day,
            deliberation_number=last.deliberation_number,
            deliberation_date=last.deliberation_date,
            covers_communes=False,
            by=by,
            now=now,
        )
        if last.until:
            # A withdrawal under way goes on: the commune nouvelle took the place of the one that asked.
            Adhesion.objects.filter(pk=joined.pk).update(
                until=last.until,
                withdrawal_on=last.withdrawal_on,
                withdrawal_number=last.withdrawal_number,
            )


def _hand_subscription(plan: Plan, item: Item, *, by: User, now: datetime) -> None:
    old = item.subscription
    taken_over = f"reprise par {plan.new.name} au {item.on:%d/%m/%Y}"
    if item.fate == Fate.CANCELLED:
        reason = f"{plan.old.name} a fusionné dans {plan.new.name} : {item.reason}"
        move(subscription=old, to=State.CANCELLED, by=by, now=now, reason=reason)
        return
    state = old.state
    reason = f"{taken_over} : {item.reason}" if item.reason else taken_over
    move(subscription=old, to=State.ENDED, by=by, now=now, reason=reason, ended_on=item.on)
    new = _follow(plan, item, state=state, by=by, now=now) if item.fate == Fate.FOLLOWED else None
    signals.subscription_handed_over.send(sender=Subscription, old=old, new=new, on=item.on, now=now)


def _follow(plan: Plan, item: Item, *, state: str, by: User, now: datetime) -> Subscription:
    old = item.subscription
    copied = (
        "listing", "operator", "vehicle", "requested_by", "requested_at", "approved_by", "approved_at",
        "separate_approver", "deliberation_required", "service_name", "grid", "vat_category", "vat_rate",
        "vat_reason", "service_url",
    )  # fmt: skip
    new = Subscription.objects.create(
        tenant=plan.new,
        request_key=uuid.uuid5(NAMESPACE, f"{old.public_id} {plan.new.siren}"),
        state=state,
        follows=old,
        quote=item.quote.to_dict(),
        yearly_cents=item.quote.total_cents,
        active_from=item.on,
        **{name: getattr(old, name) for name in copied},
    )
    Transition.objects.create(
        tenant=plan.new,
        subscription=new,
        before="",
        after=state,
        at=now,
        by=by,
        reason=f"reprise de l’abonnement de {plan.old.name}",
    )
    return new


def _record(plan: Plan, *, by: User, now: datetime) -> None:
    """The same event in both logs."""
    done = {
        str(item.subscription.public_id): {
            "service": item.subscription.service_name,
            "fate": item.fate,
            "yearly_cents": [item.subscription.yearly_cents, item.quote.total_cents if item.quote else None],
        }
        for item in plan.items
    }
    for tenant in (plan.old, plan.new):
        audit.record(
            tenant=tenant,
            actor=by,
            what="organisation.handed_over",
            sentence=f"{{actor}} a repris pour {plan.new.name} ce que {plan.old.name} avait chez "
            f"{plan.operator.short_name}.",
            subject_id=plan.change.pk,
            now=now,
            changes={"siren": [plan.old.siren, plan.new.siren]},
            details={"subscriptions": done, "effective_on": plan.change.effective_on.isoformat()},
        )
