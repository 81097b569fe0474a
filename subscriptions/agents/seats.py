"""Agents counted for prices that go by agent: from who has access, not from what was declared."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import TextField
from django.db.models.functions import Cast, Concat
from django.utils.timezone import localdate

from catalog.pricing.counted import AGENTS
from subscriptions.choosing import counted_in
from subscriptions.models import RUNNING, Access, Cover, ListedService, SeatCount, Subscription
from tenants.models import Membership
from tenants.people.roles import MEMBER_ROLES

# Subscriptions counted together: what is read for them stays small.
BATCH = 200


def count_seats(*, now: datetime) -> int:
    """Counts the agents of each open subscription whose price goes by agent and that has no count for this
    month; how many were counted. May run any number of times. Runs for every tenant: six queries for BATCH of
    them.
    """
    today = localdate(now)
    month = today.replace(day=1)
    words = Concat(Cast("grid", TextField()), Cast("options", TextField()))
    found = Subscription.objects.paid().filter(state__in=RUNNING).annotate(words=words)
    uncounted = found.filter(words__contains='"agent').exclude(seat_counts__month=month)
    due = [one for one in uncounted.order_by("pk") if goes_by_agent(one)]
    for start in range(0, len(due), BATCH):
        batch = due[start : start + BATCH]
        seats = _seats(batch, on=today)
        SeatCount.objects.bulk_create(
            [
                SeatCount(
                    tenant_id=one.tenant_id,
                    subscription=one,
                    month=month,
                    counted_at=now,
                    agents=len(seats[one.pk]),
                    named=sum(seats[one.pk].values()),
                )
                for one in batch
            ],
            ignore_conflicts=True,
        )
    return len(due)


def goes_by_agent(subscription: Subscription) -> bool:
    """Whether its price, or that of an option, counts agents."""
    return any(one.name == AGENTS for one in counted_in(subscription))


def last_count(subscription: Subscription) -> SeatCount | None:
    """The count of the last month; None when there was none yet. One query."""
    counts = SeatCount.objects.filter(tenant=subscription.tenant_id, subscription=subscription)
    return counts.order_by("-month").first()


def counts_on(subscriptions: Iterable[Subscription], day: date) -> dict[int, SeatCount]:
    """By subscription id, its last count of a month begun by that day, if it had any. One query."""
    counts = SeatCount.objects.filter(subscription__in=subscriptions, month__lte=day)
    return {one.subscription_id: one for one in counts.order_by("month")}


def _seats(subscriptions: Iterable[Subscription], *, on: date) -> dict[int, dict[int, bool]]:
    """By subscription, each person who uses the service, once, and whether a list names her: of the
    subscriber, and of the organisations that it covers. Whoever is suspended uses nothing."""
    sheets = dict(
        Subscription.objects.filter(pk__in=[one.pk for one in subscriptions]).values_list(
            "pk", "listing__offer__product__sheet"
        )
    )
    places: dict[int, set[int]] = {one.pk: {one.tenant_id} for one in subscriptions}
    for subscription, tenant in (
        Cover.objects.in_force(on=on).filter(subscription__in=places).values_list("subscription", "tenant")
    ):
        places[subscription].add(tenant)
    everywhere = set().union(*places.values())
    here: dict[int, set[int]] = defaultdict(set)
    mandates = Membership.objects.in_force().filter(organisation__in=everywhere, role__in=MEMBER_ROLES)
    for organisation, user in mandates.values_list("organisation", "user"):
        here[organisation].add(user)
    listed = set(
        ListedService.objects.filter(tenant__in=everywhere, sheet__in=sheets.values()).values_list(
            "tenant", "sheet"
        )
    )
    named: dict[tuple[int, int], set[int]] = defaultdict(set)
    accesses = Access.objects.filter(tenant__in=everywhere, sheet__in=sheets.values(), closed_at__isnull=True)
    for tenant, sheet, user in accesses.values_list("tenant", "sheet", "user"):
        named[tenant, sheet].add(user)
    found: dict[int, dict[int, bool]] = {}
    for subscription, organisations in places.items():
        sheet, people = sheets[subscription], {}
        for organisation in organisations:
            by_name = (organisation, sheet) in listed
            users = here[organisation] & named[organisation, sheet] if by_name else here[organisation]
            people |= {user: by_name or people.get(user, False) for user in users}
        found[subscription] = people
    return found
