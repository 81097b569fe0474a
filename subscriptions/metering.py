"""What services tell of their use: taken once, never changed, counted month by month."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.paginator import Page, Paginator
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Sum
from django.db.models.functions import TruncMonth
from django.utils.timezone import localdate

from catalog.pricing.usage import usage_of
from subscriptions.models import Subscription, UsageEvent
from subscriptions.signals import subscription_repriced

PAGE_SIZE = 25


@dataclass(frozen=True)
class Told:
    """One event as a service tells it; `corrects` is the identifier of the event that it stands instead of,
    "" for a new one."""

    id: str
    unit: str
    quantity: int
    used_at: datetime
    corrects: str = ""


@dataclass(frozen=True)
class Taken:
    """How many events were new, and how many were known already."""

    new: int
    known: int


@dataclass(frozen=True)
class Used:
    """What was used of a unit in a month: the events that stand, and the last of them."""

    quantity: int
    events: int
    last_event: int


class UsageRefused(Exception):
    """Nothing was taken. `errors`: by place in what was told, a French sentence that says what to do."""

    def __init__(self, errors: dict[int, str]):
        super().__init__("; ".join(errors.values()))
        self.errors = errors


@transaction.atomic
def take(*, subscription: Subscription, source: str, told: Sequence[Told], now: datetime) -> Taken:
    """Keeps what a service tells of one subscription, all or nothing; what it told before, word for word, is
    known and changes nothing. What is billed already is put right by `subscription_repriced`. Under the
    subscriber's own scope. Raises UsageRefused."""
    # Two deliveries of the same events wait for one another here.
    Subscription.objects.select_for_update(of=("self",), no_key=True).get(pk=subscription.pk)
    asked = [name for one in told for name in (one.id, one.corrects) if name]
    found = UsageEvent.objects.filter(source=source, source_event_id__in=asked).select_related("corrects")
    by_name = {one.source_event_id: one for one in found}
    corrections = UsageEvent.objects.filter(corrects__in=by_name.values())
    corrected = set(corrections.values_list("corrects", flat=True))
    errors: dict[int, str] = {}
    made: list[UsageEvent] = []
    known, months = 0, set()
    for place, one in enumerate(told):
        event = _event(subscription, source, one, by_name, now)
        before = by_name.get(one.id)
        if before and _same(before, event):
            known += 1
        elif problem := _problem(subscription, one, event, before, by_name, corrected, now):
            errors[place] = problem
        else:
            try:
                with transaction.atomic():
                    event.save(force_insert=True)
            except IntegrityError:  # under this name, an event of another organisation
                errors[place] = _taken(one.id)
                continue
            by_name[one.id] = event
            made.append(event)
            months |= {event.used_on.replace(day=1)}
            if event.corrects:
                corrected.add(event.corrects_id)
                months |= {event.corrects.used_on.replace(day=1)}
    if errors:
        raise UsageRefused(errors)
    if months:
        subscription_repriced.send(sender=Subscription, subscription=subscription, on=min(months), now=now)
    return Taken(len(made), known)


def _event(subscription, source, one: Told, by_name: dict[str, UsageEvent], now) -> UsageEvent:
    return UsageEvent(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        source=source,
        source_event_id=one.id,
        unit=one.unit,
        quantity=one.quantity,
        used_on=localdate(one.used_at),
        received_at=now,
        corrects=by_name.get(one.corrects),
    )


def _same(before: UsageEvent, event: UsageEvent) -> bool:
    names = ("subscription_id", "unit", "quantity", "used_on", "corrects_id")
    return all(getattr(before, name) == getattr(event, name) for name in names)


def _taken(name: str) -> str:
    return (
        f"L’identifiant « {name} » a déjà servi à un autre relevé : envoyez une correction sous un nouvel "
        f"identifiant, avec « corrects » : « {name} »."
    )


def _problem(
    subscription: Subscription,
    told: Told,
    event: UsageEvent,
    before: UsageEvent | None,
    by_name: dict[str, UsageEvent],
    corrected: set[int],
    now: datetime,
) -> str:
    """Why an event cannot be taken, "" when it can."""
    if before:
        return _taken(told.id)
    units = [one.unit for one in usage_of(subscription.grid)]
    if event.unit not in units:
        listed = ", ".join(f"« {unit} »" for unit in units)
        return f"L’unité « {event.unit} » n’a pas de prix dans le tarif de cet abonnement : " + (
            f"choisissez parmi {listed}." if listed else "il ne compte aucun usage, n’en envoyez pas."
        )
    if told.corrects:
        wrong = by_name.get(told.corrects)
        if wrong is None or wrong.subscription_id != subscription.pk or wrong.unit != event.unit:
            return (
                f"Aucun relevé « {told.corrects} » de cette unité n’est connu pour cet abonnement : vérifiez "
                "« corrects »."
            )
        if wrong.pk in corrected:
            return f"Le relevé « {told.corrects} » est déjà corrigé : corrigez sa dernière correction."
    if event.used_on > localdate(now):
        return "« used_at » est dans l’avenir : envoyez ce qui est utilisé, une fois que ce l’est."
    if event.used_on < subscription.active_from or (
        subscription.ended_on and event.used_on >= subscription.ended_on
    ):
        return (
            "« used_at » est en dehors de l’abonnement : vérifiez la date, envoyez à part ce qui est d’un "
            "autre abonnement, ou écrivez à l’opérateur."
        )
    return ""


def told_of(*, subscription: Subscription, page: str | None) -> Page:
    """What its service told, newest first; each with the names of the event that it stands `instead_of`, and
    of the one by which it is `corrected`, None where there is none. Two queries."""
    events = UsageEvent.objects.filter(subscription=subscription).annotate(
        instead_of=F("corrects__source_event_id"), corrected=F("correction__source_event_id")
    )
    return Paginator(events.order_by("-received_at", "-pk"), PAGE_SIZE).get_page(page)


def used_in(
    subscriptions: Iterable[Subscription], *, start: date, end: date
) -> dict[int, dict[tuple[date, str], Used]]:
    """By subscription id, what was used in the months of [start, end), by first day of the month and unit:
    the events that stand, corrections instead of what they correct. One query."""
    standing = UsageEvent.objects.filter(
        subscription__in=subscriptions, used_on__gte=start, used_on__lt=end, correction__isnull=True
    )
    rows = (
        standing.order_by()
        .annotate(month=TruncMonth("used_on"))
        .values_list("subscription", "month", "unit")
        .annotate(Sum("quantity"), Count("pk"), Max("pk"))
    )
    found: dict[int, dict[tuple[date, str], Used]] = defaultdict(dict)
    for subscription, month, unit, quantity, events, last in rows:
        found[subscription][month, unit] = Used(int(quantity), events, last)
    return found
