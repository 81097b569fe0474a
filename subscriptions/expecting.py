"""When a service asked for may be expected open: from what the last requests took, else from usual delays."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median_high

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils.timezone import localdate

from catalog.models import Listing
from subscriptions.chain import parties_of, waiting_since, waiting_step
from subscriptions.models import (
    Approval,
    ApprovalState,
    OpeningDelay,
    PurchasingVehicle,
    Stage,
    State,
    Subscription,
    Transition,
)

YEAR = timedelta(days=365)
MOST = 30  # the last requests tell what is done today
ENOUGH = 5  # fewer say nothing
# In days, where too few requests were opened. A council meets once a quarter at least (CGCT L2121-7 and, for
# an intercommunality, L5211-11): half a quarter on average.
COUNCIL_DAYS = 45
USUAL_DAYS = {Stage.MEMBER: 7, Stage.OPERATOR: 7, Stage.VENDOR: 7, Stage.OPENING: 3}


@dataclass(frozen=True)
class Expected:
    """`on`: the day, today or later; None for a request that takes longer than any before. `requests`: how
    many it is drawn from, 0 for usual delays. `wanted`: it is the day that was asked for."""

    on: date | None
    requests: int = 0
    wanted: bool = False


def record_delays(*, on: date) -> None:
    """Counts again what the requests opened in the last year took. Runs for every tenant: two queries and
    the writes. Those wanted for a later day say nothing, nor
    do free trials and what goes on after one."""
    opened = Transition.objects.filter(
        subscription=OuterRef("pk"), before=State.PROVISIONING, after=State.ACTIVE
    ).order_by("at")
    rows = (
        Subscription.objects.paid()
        .filter(wanted_from__isnull=True, approved_at__isnull=False, after_trial__isnull=True)
        .annotate(opened_at=Subquery(opened.values("at")[:1]))
        .filter(opened_at__date__gt=on - YEAR, opened_at__date__lte=on)
        .order_by("-opened_at", "-pk")
    )
    vendor = "listing__offer__product__sheet__vendor"
    found: dict[tuple[int, int], list[tuple]] = defaultdict(list)
    for pk, vehicle, sold_by, *moments in rows.values_list(
        "pk", "vehicle", vendor, "requested_at", "approved_at", "opened_at"
    ).iterator():
        if len(found[vehicle, sold_by]) < MOST:
            found[vehicle, sold_by].append((pk, *map(localdate, moments)))
    given = _given({pk for kept in found.values() for pk, *_ in kept})
    delays: dict[tuple[int, int, str], list[int]] = defaultdict(list)
    for key, kept in found.items():
        for pk, requested, approved, open_on in kept:
            began = requested
            for party, given_on in given.get(pk, ()):
                delays[*key, party].append((open_on - began).days)
                began = given_on
            delays[*key, Stage.OPENING].append((open_on - approved).days)
    with transaction.atomic():
        OpeningDelay.objects.all().delete()
        OpeningDelay.objects.bulk_create(
            OpeningDelay(
                vehicle_id=vehicle,
                vendor_id=sold_by,
                stage=stage,
                days=sorted(max(0, one) for one in days),
                counted_on=on,
            )
            for (vehicle, sold_by, stage), days in sorted(delays.items())
        )


def _given(subscriptions: set[int]) -> dict[int, list[tuple[str, date]]]:
    """(party, day) of each step given, in order, by subscription id."""
    steps = Approval.objects.filter(subscription__in=subscriptions, state=ApprovalState.GIVEN)
    found = defaultdict(list)
    for pk, party, at in steps.order_by("position").values_list("subscription", "party", "at"):
        found[pk].append((party, localdate(at)))
    return found


def expected_opening(subscription: Subscription, *, on: date) -> Expected | None:
    """When a request or an opening under way should be open; None for any other. One query where `approvals`
    are prefetched."""
    step = waiting_step(subscription)
    if step is not None:
        left = [Stage(one.party) for one in subscription.approvals.all() if one.position >= step.position]
        since = localdate(waiting_since(subscription))
    elif subscription.state in (State.APPROVED, State.PROVISIONING):
        left, since = [], localdate(subscription.approved_at)
    else:
        return None
    found = _expected(
        vehicle=subscription.vehicle_id,
        vendor=subscription.listing.sheet.vendor_id,
        stages=[*left, Stage.OPENING],
        by_council=subscription.deliberation_required,
        since=since,
        on=on,
    )
    wanted = subscription.wanted_from
    if wanted and wanted > on and (found.on is None or found.on < wanted):
        return Expected(on=wanted, wanted=True)
    return found


def expected_of_new(*, vehicle: PurchasingVehicle, listing: Listing, by_council: bool, on: date) -> Expected:
    """The same for what would be requested that day. One query."""
    return _expected(
        vehicle=vehicle.pk,
        vendor=listing.sheet.vendor_id,
        stages=[*map(Stage, parties_of(vehicle)), Stage.OPENING],
        by_council=by_council,
        since=on,
        on=on,
    )


def _expected(
    *, vehicle: int, vendor: int, stages: Sequence[Stage], by_council: bool, since: date, on: date
) -> Expected:
    rows = OpeningDelay.objects.filter(vehicle=vehicle, vendor=vendor, stage=stages[0])
    days = rows.values_list("days", flat=True).first() or []
    waited = (on - since).days
    if len(days) >= ENOUGH:
        # Of those that had waited as long, how long it took: never a day that is over.
        longer = [one for one in days if one >= waited]
        return Expected(since + timedelta(days=median_high(longer)) if longer else None, len(days))
    usual = [COUNCIL_DAYS if stage == Stage.MEMBER and by_council else USUAL_DAYS[stage] for stage in stages]
    if waited > usual[0]:
        return Expected(None)
    return Expected(since + timedelta(days=sum(usual)))
