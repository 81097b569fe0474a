"""A commune merged: what it had with an operator goes on with the commune nouvelle.

The commune nouvelle takes the place of the merged one in its contracts, on the same terms until they end
(CGCT L2113-5): no new request, no new act, no new opening at the vendor's. What is decided here:

- open subscriptions (active, suspended) end on the day of the merger and are followed by one of the commune
  nouvelle; where it has its own to the same listing, nothing is billed from that day on, the data of the
  merged commune may be fetched, then its service is closed at the vendor's and erased, with its certificate;
- a request that nobody approved is cancelled: the new council decides;
- one that is being opened at the vendor's stops the hand-over until it is open;
- a free trial is not followed: it was promised to the merged commune, once. It ends as above; that of the
  commune nouvelle goes on beside what she takes over;
- one that is being closed goes on closing, for the merged commune;
- what others pay for it, and what it pays for others, goes on by the same conventions (`handover_shares`);
- a departure asked for goes on, on the same days, for the commune nouvelle;
- mandates are left as they are: people keep reading the merged commune's files, and are invited to the
  commune nouvelle by its own administrators. Commitment numbers are not copied: they are of another budget.

Each operator hands over its own share; the merger is done when nothing is left for any of them.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import localdate

from subscriptions import chain, in_force, leaving, signals, terms
from subscriptions.exceptions import HandOverBlocked
from subscriptions.facts import facts_of_subscribers
from subscriptions.handover_letters import write_letters
from subscriptions.handover_plan import (
    WAITING,
    Fate,
    Item,
    Plan,
    lasts_beyond,
    make_plan,
    organisations_of,
    scope_of,
)
from subscriptions.handover_shares import hand_paid, hand_received, pays_for_others
from subscriptions.models import State, Subscription, Transition
from subscriptions.operations import move
from subscriptions.places import hold_places
from subscriptions.vat import taken_over
from tenants import audit
from tenants.members.operations import join
from tenants.models import Adhesion, AuditEvent, Operator, Organisation, TerritoryChange, User
from tenants.tenancy import tenant_scope

NAMESPACE = uuid.UUID("6d6c3f0e-5a1b-4f8e-9a40-3c1f8f3a7d27")


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
    old, new = organisations_of(change)
    with tenant_scope(scope_of(operator, old, new)):
        if new is not None:
            _hold_places(operator, old, new)
        plan = make_plan(change, operator, old, new, today=localdate(now), lock=True)
        if plan.nothing:
            return plan
        if plan.obstacles:
            raise HandOverBlocked(plan.obstacles)
        ended = _hand_adhesions(plan, by=by, now=now)
        for item in plan.items:
            _hand_subscription(plan, item, by=by, now=now)
        if plan.shares:
            hand_paid(shares=plan.shares, old=old, new=new, on=change.effective_on, by=by, now=now)
        event = _record(plan, ended, by=by, now=now)
        write_letters(plan, occasion=event.pk, now=now)
        waits = Subscription.objects.filter(tenant=old, state__in=WAITING).exists()
        left = waits or pays_for_others(old, on=change.effective_on)
        if not left and not old.adhesions.filter(lasts_beyond(change.effective_on)).exists():
            TerritoryChange.objects.filter(pk=change.pk, handed_over_at__isnull=True).update(
                handed_over_at=now, handed_over_by=by
            )
    return plan


def _hold_places(operator: Operator, old: Organisation, new: Organisation) -> None:
    """The commune nouvelle asks for nothing meanwhile of what it is about to take over."""
    waiting = Subscription.objects.filter(tenant=old, operator=operator, state__in=WAITING)
    for listing_id in sorted(set(waiting.values_list("listing", flat=True))):
        hold_places(organisations=[new], listing_id=listing_id)


def _hand_adhesions(plan: Plan, *, by: User, now: datetime) -> dict[str, list[str | None]]:
    """By adhesion id of the merged commune, the end it had and the one it now has, for the log."""
    day, ended = plan.change.effective_on, {}
    for adhesion in plan.adhesions:
        # One that began after the merger (its import came late) was never anything: the shortest there is.
        until = max(day, adhesion.since + timedelta(days=1))
        Adhesion.objects.filter(pk=adhesion.pk).update(until=until)
        ended[str(adhesion.pk)] = [adhesion.until and adhesion.until.isoformat(), until.isoformat()]
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
    return ended


def _hand_subscription(plan: Plan, item: Item, *, by: User, now: datetime) -> None:
    old = item.subscription
    taken_over = f"reprise par {plan.new.name} au {item.on:%d/%m/%Y}"
    if item.fate == Fate.CANCELLED:
        reason = f"{plan.old.name} a fusionné dans {plan.new.name} : {item.reason}"
        move(subscription=old, to=State.CANCELLED, by=by, now=now, reason=reason)
        return
    new = None
    if item.fate == Fate.FOLLOWED:
        state = old.state
        move(subscription=old, to=State.ENDED, by=by, now=now, reason=taken_over, ended_on=item.on)
        new = _follow(plan, item, state=state, by=by, now=now)
    leaving.carry_over(old=old, new=new, by=by, now=now)
    if new is None:
        reason = f"{plan.old.name} a fusionné dans {plan.new.name} : {item.reason}"
        leaving.stop_at_term(subscription=old, on=item.on, reason=reason, now=now)
        old.refresh_from_db(fields=["state", "ended_on"])
    hand_received(old=old, new=new, on=item.on, by=by, now=now)
    signals.subscription_handed_over.send(sender=Subscription, old=old, new=new, on=item.on, now=now)


def _follow(plan: Plan, item: Item, *, state: str, by: User, now: datetime) -> Subscription:
    old = item.subscription
    copied = (
        "listing", "operator", "vehicle", "requested_by", "requested_at", "approved_by", "approved_at",
        "separate_approver", "deliberation_required", "service_name", "grid", "options", "counts",
        "vat_category", "vat_rate", "vat_reason", "service_url", *terms.RULES,
    )  # fmt: skip
    new = Subscription.objects.create(
        tenant=plan.new,
        request_key=uuid.uuid5(NAMESPACE, f"{old.public_id} {plan.new.siren}"),
        state=state,
        follows=old,
        quote=taken_over(old, item.quote),
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
    terms.follow(old=old, new=new, now=now)
    chain.show_to_vendor(subscription=new)
    facts = facts_of_subscribers([old], on=item.on, territory=plan.new.territory)[old.pk]
    in_force.follow(old=old, new=new, facts=facts)
    return new


def _record(plan: Plan, ended: dict, *, by: User, now: datetime) -> AuditEvent:
    """The same event in both logs; that of the merged commune."""
    done = {
        str(item.subscription.public_id): {
            "service": item.subscription.service_name,
            "fate": item.fate,
            "yearly_cents": [item.subscription.yearly_cents, item.quote.total_cents if item.quote else None],
        }
        for item in plan.items
    }
    told, _ = (
        audit.record(
            tenant=tenant,
            actor=by,
            what="organisation.handed_over",
            sentence=f"{{actor}} a repris pour {plan.new.name} ce que {plan.old.name} avait chez "
            f"{plan.operator.short_name}.",
            subject_id=plan.change.pk,
            now=now,
            changes={"siren": [plan.old.siren, plan.new.siren]},
            details={
                "subscriptions": done,
                "adhesions": ended,
                "effective_on": plan.change.effective_on.isoformat(),
            },
        )
        for tenant in (plan.old, plan.new)
    )
    return told
