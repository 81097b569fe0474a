"""Services that are open at last, and where: a worker says so of many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils.timezone import localdate

from subscriptions import terms, wanted_covers
from subscriptions.exceptions import WrongState
from subscriptions.models import RUNNING, State, Subscription, Transition
from subscriptions.signals import subscriptions_opened
from tenants import audit

OPEN = """
UPDATE subscriptions_subscription AS mine
SET state = 'active', service_url = opened.url, active_from = opened.starts, trial_until = opened.trial_until
FROM unnest(%s::bigint[], %s::text[], %s::date[], %s::date[]) AS opened (id, url, starts, trial_until)
WHERE mine.id = opened.id AND mine.state = 'provisioning'
"""


@dataclass(frozen=True)
class Opened:
    """A subscription whose service is open at `url`, "" when it has no address, and free until that day."""

    subscription: Subscription
    url: str
    free_until: date | None = None


def activate(
    *, subscription: Subscription, service_url: str, now: datetime, free_until: date | None = None
) -> None:
    """As `activate_together`, of one."""
    activate_together(opened=[Opened(subscription, service_url, free_until)], now=now)


def activate_together(*, opened: Sequence[Opened], now: datetime) -> None:
    """These services are open: billing starts today, never before the day that was wanted, nor before
    `free_until`. The days of a free trial are counted from today. The communes chosen with a request are
    covered from now on. What is billed already of their first days comes after, by `subscriptions_opened`. In
    the caller's transaction, which a refusal undoes; the subscriptions are updated in memory too. Three
    queries, besides those of terms and covers, and of whoever is told.

    Raises WrongState when one of them is not being opened any more.
    """
    if not opened:
        return
    for one in opened:
        if one.subscription.state != State.PROVISIONING:
            said = one.subscription.get_state_display()
            raise WrongState(f"Impossible : cet abonnement est « {said} ».")
    days = [(one, *_days_of(one, now)) for one in opened]
    with connection.cursor() as cursor:
        columns = [(one.subscription.pk, one.url, starts, until) for one, starts, until in days]
        cursor.execute(OPEN, [list(column) for column in zip(*columns, strict=True)])
        if cursor.rowcount != len(opened):
            raise WrongState("Cet abonnement vient d’être modifié par quelqu’un d’autre. Rechargez la page.")
    for one, starts, until in days:
        mine = one.subscription
        mine.state, mine.service_url = State.ACTIVE, one.url
        mine.active_from, mine.trial_until = starts, until
    Transition.objects.bulk_create(
        Transition(
            tenant_id=one.subscription.tenant_id,
            subscription=one.subscription,
            before=State.PROVISIONING,
            after=State.ACTIVE,
            at=now,
        )
        for one in opened
    )
    for one in opened:
        terms.open_first(subscription=one.subscription, now=now)
        wanted_covers.cover_wanted(subscription=one.subscription, now=now)
    audit.record_together([_fact(one.subscription, now) for one in opened])
    subscriptions_opened.send(
        sender=Subscription, subscriptions=[one.subscription for one in opened], now=now
    )


def note_address(*, subscription: Subscription, url: str, now: datetime) -> None:
    """Its vendor says that an open service is at this address from now on: nothing where it was already. In
    the caller's transaction."""
    running = Subscription.objects.filter(pk=subscription.pk, state__in=RUNNING)
    if running.exclude(service_url=url).update(service_url=url):
        audit.record(
            tenant=subscription.tenant,
            actor=None,
            what="subscription.address_changed",
            sentence=f"L’éditeur a donné une nouvelle adresse au service {subscription.service_name}.",
            subject_id=subscription.public_id,
            now=now,
        )


def _days_of(one: Opened, now: datetime) -> tuple[date, date | None]:
    """From when it is billed, and the first day after its trial."""
    starts = max(localdate(now), one.subscription.wanted_from or date.min, one.free_until or date.min)
    days = one.subscription.trial_days
    return starts, starts + timedelta(days=days) if days else None


def _fact(subscription: Subscription, now: datetime) -> dict:
    return {
        "tenant": subscription.tenant,
        "actor": None,
        "what": "subscription.activated",
        "sentence": f"Le service {subscription.service_name} est ouvert.",
        "subject_id": subscription.public_id,
        "now": now,
    }
