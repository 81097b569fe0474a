"""Every night: what each vendor says there is, against what Halle believes.

Only vendors that say they may be asked. As elsewhere nothing outside is called inside a transaction: the
threads of each lane ask, and touch no database; what they bring back is recorded only if nothing of the
subscription has moved since.
"""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.timezone import localdate

from catalog.models import Vendor
from provisioning.connectors import ServiceRequest
from provisioning.connectors.outcomes import Absent, Seen
from provisioning.engine.asking import look
from provisioning.errands import LISTED, STAFF
from provisioning.models import Drift, DriftKind, Endpoint, Event, Lane, Run, Step, StepState
from provisioning.models.endpoint import ConnectorKind
from provisioning.operations import plan_undoing
from subscriptions.in_force import approved_amendments, terms_on
from subscriptions.models import RUNNING, State, Subscription
from tenants import letters
from tenants.models import Operator
from tenants.people.telling import people_to_tell

AT_ONCE = 5  # of one lane: the night is long, and the day's work goes on
BATCH = 500
ENDED_SINCE = timedelta(days=90)
MOST_REPAIRS = 3  # then a person is asked
WORDS = {
    DriftKind.MISSING: "L’éditeur ne connaît pas ce service, que l’adhérent croit ouvert. Appelez "
    "l’éditeur : des données sont peut-être perdues. Halle ne le rouvre pas d’elle-même.",
    DriftKind.ORPHAN: "L’abonnement est terminé, mais l’éditeur dit que le service est encore là. Halle en "
    "redemande l’effacement.",
    DriftKind.DIFFERENT: "Le service n’est pas chez l’éditeur ce qui est convenu : {}.",
}

STAYS = (
    f"L’éditeur a dit {MOST_REPAIRS} fois que ce service est effacé, et il est encore là. Appelez-le : "
    "les données de l’adhérent devraient être détruites. Dites ici ce qu’il a fait."
)


@dataclass(frozen=True)
class Look:
    """One service to look at. `there`: whether Halle believes that it is."""

    subscription: Subscription
    lane: int
    endpoint: Endpoint
    request: ServiceRequest
    there: bool


def look_at_all(*, now: datetime) -> list[Drift]:
    """Asks every vendor that may be asked about each of its services; the differences that are new. A lane
    that is cut is left for the next night. Must run outside a transaction."""
    found, ids = [], _ids(now)
    for start in range(0, len(ids), BATCH):
        found += _look_at(_looks(ids[start : start + BATCH], now=now), now=now)
    tell(found, now=now)
    return found


def _ids(now: datetime) -> list[int]:
    """Services that are open, or were closed lately and that nobody goes on with; none on which something is
    being done."""
    under_way = Run.objects.filter(subscription=OuterRef("pk"), finished_at__isnull=True)
    under_way = under_way.filter(starts_at__lte=now)
    closed = Run.objects.filter(
        subscription=OuterRef("pk"),
        event__in=(Event.CLOSE, Event.UNDO),
        finished_at__gte=now - ENDED_SINCE,
    )
    rows = Subscription.objects.filter(
        ~Exists(under_way), listing__offer__endpoint__connector=ConnectorKind.OSB
    )
    here = rows.filter(state__in=(*RUNNING, State.TERMINATING))
    gone = rows.filter(
        Exists(closed),
        state__in=(State.ENDED, State.CANCELLED),
        followed_by__isnull=True,
        became__isnull=True,
    )
    return sorted({*here.values_list("pk", flat=True), *gone.values_list("pk", flat=True)})


def _looks(ids: list[int], *, now: datetime) -> list[Look]:
    rows = (
        Subscription.objects.filter(pk__in=ids)
        .select_related("tenant__territory", "operator", "listing__offer__endpoint", "follows", "after_trial")
        .prefetch_related(approved_amendments())
    )
    subscriptions = list(rows)
    opened_as = {one.pk: one.opened_as.pk for one in subscriptions}
    steps = Step.objects.filter(
        run__subscription__in=opened_as.values(), run__event=Event.ACTIVATE, position=1
    )
    opened = {step.run.subscription_id: step for step in steps.select_related("run", "lane")}
    found: list[Look] = []
    for one in subscriptions:
        step = opened.get(opened_as[one.pk])
        there = one.state not in (State.ENDED, State.CANCELLED)
        if step is None or (there and step.state != StepState.DONE):
            continue  # Halle did not open it
        if step.lane.cut_until and step.lane.cut_until > now:
            continue
        terms = terms_on(one, localdate(now))
        request = ServiceRequest(
            key=step.key,
            subscription_id=str(one.public_id),
            organisation_name=one.tenant.name,
            siren=one.tenant.siren,
            insee_code=one.tenant.territory.code if one.tenant.territory else "",
            operator_name=one.operator.short_name,
            options=tuple(option["code"] for option in terms.options),
            counts=terms.counts,
            suspended=one.state == State.SUSPENDED,
        )
        found.append(Look(one, step.lane_id, one.listing.offer.endpoint, request, there))
    return found


def _look_at(looks: list[Look], *, now: datetime) -> list[Drift]:
    by_lane: dict[int, list[Look]] = defaultdict(list)
    for one in looks:
        by_lane[one.lane].append(one)
    limits = dict(Lane.objects.filter(pk__in=by_lane).values_list("pk", "at_once"))
    drifts = []
    for one, said in _answers(by_lane, limits):
        drift = _record(one, said, now=now)
        if drift:
            drifts.append(drift)
    return drifts


def _answers(by_lane: dict[int, list[Look]], limits: dict[int, int]) -> Iterator[tuple[Look, Seen | Absent]]:
    """What vendors say, as it comes; what they do not is left for the next night."""
    pools = {lane: ThreadPoolExecutor(min(limits[lane], AT_ONCE)) for lane in by_lane}
    try:
        asked = {
            pools[lane].submit(look, one.endpoint, one.request): one
            for lane, mine in by_lane.items()
            for one in mine
        }
        for answer in as_completed(asked):
            if (said := answer.result()) is not None:
                yield asked[answer], said
    finally:
        for pool in pools.values():
            pool.shutdown(cancel_futures=True)


@transaction.atomic
def _record(one: Look, said: Seen | Absent, *, now: datetime) -> Drift | None:
    """The difference, if it is new."""
    current = Subscription.objects.select_for_update(of=("self",), no_key=True).get(pk=one.subscription.pk)
    moved = Run.objects.filter(subscription=current, created_at__gte=now)
    if current.state != one.subscription.state or moved.exists():
        return None
    kind, words = _judged(one, said)
    open_ones = Drift.objects.filter(subscription=current, closed_at__isnull=True)
    open_ones = open_ones.exclude(kind=DriftKind.CLIENT)  # of Keycloak (client_drift)
    open_ones.exclude(kind=kind).update(closed_at=now)
    if not kind:
        return None
    drift, new = open_ones.get_or_create(
        kind=kind,
        defaults={
            "tenant_id": current.tenant_id,
            "subscription": current,
            "words": words,
            "opened_at": now,
            "seen_at": now,
        },
    )
    if not new:
        if drift.kept_at is not None and drift.words != words:
            # Somebody kept something else: this is for a person to see.
            new, drift.kept_at, drift.kept_by, drift.kept_because = True, None, None, ""
        drift.seen_at, drift.words = now, words
        drift.save(update_fields=["seen_at", "words", "kept_at", "kept_by", "kept_because"])
    if kind == DriftKind.ORPHAN:
        _delete_again(drift, current, now=now)
    return drift if new else None


def _judged(one: Look, said: Seen | Absent) -> tuple[str, str]:
    match said:
        case Absent() if one.there:
            return DriftKind.MISSING, WORDS[DriftKind.MISSING]
        case Seen(differences=differences) if one.there and differences:
            return DriftKind.DIFFERENT, WORDS[DriftKind.DIFFERENT].format(" ; ".join(differences))[:500]
        case Seen() if not one.there:
            return DriftKind.ORPHAN, WORDS[DriftKind.ORPHAN]
        case _:
            return "", ""


def _delete_again(drift: Drift, subscription: Subscription, *, now: datetime) -> None:
    """By the vendor's system; after MOST_REPAIRS times, by a person who is named and reminded (`errands`)."""
    run = plan_undoing(subscription=subscription, now=now)
    if drift.repairs < MOST_REPAIRS:
        Drift.objects.filter(pk=drift.pk).update(repairs=F("repairs") + 1)
    else:
        run.steps.filter(position=1).update(state=StepState.NEEDS_PERSON, problem=STAYS)


@transaction.atomic
def tell(drifts: list[Drift], *, now: datetime) -> None:
    """One letter a night to each of an operator's staff, on what a person has to settle."""
    rows = Drift.objects.filter(pk__in=[one.pk for one in drifts]).exclude(kind=DriftKind.ORPHAN)
    by_operator: dict[Operator, list[Drift]] = defaultdict(list)
    for one in rows.select_related("subscription__operator__organisation", "subscription__tenant"):
        by_operator[one.subscription.operator].append(one)
    for operator, mine in by_operator.items():
        lines = [
            f"- {one.subscription.service_name} pour {one.subscription.tenant.name} : {one.words}"
            for one in mine[:LISTED]
        ]
        if len(mine) > LISTED:
            lines.append(f"… et {len(mine) - LISTED} autres")
        for mandate in people_to_tell(organisations=[operator.organisation_id], roles=STAFF):
            letters.write(
                tenant=operator.organisation,
                key=f"drift:{now:%Y%m%d}:{operator.pk}:{mandate.user_id}",
                to=mandate.user.email,
                subject="Des services ne sont pas chez l’éditeur ce qu’ils doivent être",
                body=BODY.format(lines="\n".join(lines)),
                now=now,
            )


def drifts_of(*, operator: Operator) -> QuerySet[Drift]:
    """The differences of its members' services that are not over, the oldest first; those that are kept,
    last."""
    return _open_ones().filter(subscription__operator=operator)


def drifts_at(*, vendor: Vendor) -> QuerySet[Drift]:
    """Those of a vendor's services that are not as agreed and that nobody keeps so, the oldest first."""
    rows = _open_ones().filter(kind=DriftKind.DIFFERENT, kept_at__isnull=True)
    return rows.filter(subscription__listing__offer__partner__vendor=vendor)


def _open_ones() -> QuerySet[Drift]:
    rows = Drift.objects.filter(closed_at__isnull=True)
    return rows.select_related(
        "subscription__tenant", "subscription__operator", "repair", "kept_by"
    ).order_by(F("kept_at").asc(nulls_first=True), "opened_at", "pk")


BODY = """\
Bonjour,

Cette nuit, Halle a demandé aux éditeurs ce qu’ils ont. Ceci n’est pas comme convenu :

{lines}

La liste est dans Halle, page « Ouvertures et fermetures ». Un écart disparaît de lui-même une fois réglé.
"""
