"""Asking for a listing on behalf of many members, by their intercommunality or by their operator.

A job makes the requests batch by batch; each batch is one transaction, each line a request like any other,
by the same verb and the same rules. A worker may be killed anywhere and another one go on.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.files.base import ContentFile, File
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import localdate

from catalog.models import Listing
from catalog.prices import counted_by, goes_by_college, grid_price, territory_facts
from catalog.pricing import parse_grid
from subscriptions import operations, tasks
from subscriptions.acts import Act, check_act
from subscriptions.bulk_letters import tell_signatories
from subscriptions.deciding import needs_deliberation
from subscriptions.exceptions import (
    AlreadySubscribed,
    BulkRefused,
    NotAvailable,
    SamePerson,
    SubscriptionRefused,
    WrongState,
)
from subscriptions.models import BulkLine, BulkRequest, BulkState, LineState, PurchasingVehicle, Subscription
from subscriptions.models.bulk import AT_WORK, BULK_TRANSITIONS
from subscriptions.pooling import groups_of, is_pooled, with_newcomer
from tenants import audit, jobs
from tenants.constraints import violated
from tenants.members.adhesions import members_of
from tenants.models import Operator, Organisation, User

BATCH = 100
MAX_LINES = 2_000
PATIENCE = timedelta(seconds=30)  # younger than this, a job is most likely on its way
NOBODY = "Cette ligne ne désigne aucune des collectivités pour lesquelles vous pouvez demander ce service."
TWICE = "Cette collectivité est déjà dans la liste."
EACH_VOTES = (
    "Pour ce cadre d’achat, l’assemblée de chaque collectivité délibère elle-même : une convention ne décide "
    "pas à sa place."
)
NO_TERRITORY = "Le prix ne peut pas être calculé : cet organisme n’a pas de territoire."


@dataclass(frozen=True)
class Wanted:
    """One line: what was typed, and whom it names (None: nobody who may be asked for)."""

    typed: str
    organisation: Organisation | None
    commitment_number: str = ""


def reachable(*, initiator: Organisation, operator: Operator, on: date) -> QuerySet[Organisation]:
    """For whom an organisation may ask an operator's services that day: an operator for its members, an
    intercommunality for its communes that adhere, nobody else for anybody."""
    living = Q(closed_on__isnull=True) | Q(closed_on__gt=on)
    members = members_of(operator=operator, on=on).filter(living).exclude(pk=initiator.pk)
    if initiator.pk == operator.organisation_id:
        return members
    if initiator.territory_id is None:
        return members.none()
    return members.filter(territory__epci=initiator.territory_id)


@transaction.atomic
def prepare_bulk(
    *,
    initiator: Organisation,
    listing: Listing,
    wanted: Sequence[Wanted],
    convention: Act | None,
    by: User,
    request_key: uuid.UUID,
    now: datetime,
    vehicle_id: int | None = None,
) -> BulkRequest:
    """Keeps a list with the price of each, for a person to confirm. The same key is the same list.

    Raises BulkRefused, NotAvailable or DecisionInvalid (the convention's) with nothing written.
    """
    if again := BulkRequest.objects.filter(tenant=initiator, request_key=request_key).first():
        return again
    today = localdate(now)
    if not wanted:
        raise BulkRefused("Choisissez au moins une collectivité.")
    if len(wanted) > MAX_LINES:
        raise BulkRefused(f"La liste compte {len(wanted)} lignes, le maximum est de {MAX_LINES}. Coupez-la.")
    vehicle = operations.open_vehicle(listing=listing, vehicle_id=vehicle_id)
    named = [one.organisation for one in wanted if one.organisation]
    if convention is not None:
        _check_mandate(vehicle, named)
        check_act(number=convention.number, date=convention.date, file=convention.file, today=today)
    prices = prices_for(listing=listing, organisations=named, on=today)
    bulk = BulkRequest(
        tenant=initiator,
        request_key=request_key,
        listing=listing,
        vehicle=vehicle,
        requested_by=by,
        requested_at=now,
    )
    if convention is not None:
        bulk.convention_number, bulk.convention_date = convention.number, convention.date
        bulk.convention_file = convention.file
    try:
        with transaction.atomic():
            bulk.save(force_insert=True)
    except IntegrityError as error:
        # A double click: the first one is being written, or is.
        if violated(error) != "bulk_once":
            raise
        return BulkRequest.objects.get(tenant=initiator, request_key=request_key)
    lines = list(_lines(bulk, wanted, prices))
    BulkLine.objects.bulk_create(lines)
    return bulk


def _check_mandate(vehicle: PurchasingVehicle, organisations: Sequence[Organisation]) -> None:
    if any(needs_deliberation(vehicle=vehicle, organisation=one) for one in organisations):
        raise BulkRefused(f"{EACH_VOTES} Choisissez « chaque collectivité décide ».")


def _lines(bulk: BulkRequest, wanted: Sequence[Wanted], prices: dict[int, int | str]):
    seen: set[int] = set()
    for position, one in enumerate(wanted, start=1):
        line = BulkLine(
            tenant_id=bulk.tenant_id,
            bulk=bulk,
            position=position,
            typed=one.typed[:100],
            organisation=one.organisation,
            commitment_number=one.commitment_number[:50],
        )
        price = prices[one.organisation.pk] if one.organisation else NOBODY
        if one.organisation and one.organisation.pk in seen:
            price = TWICE
        if isinstance(price, str):
            line.state, line.reason = LineState.REFUSED, price[:500]
        else:
            seen.add(one.organisation.pk)
            line.yearly_cents = price
        yield line


def prices_for(*, listing: Listing, organisations: Sequence[Organisation], on: date) -> dict[int, int | str]:
    """By organisation, the yearly price in cents, net of tax, or why there is none, in French. A few queries,
    whatever their number.

    Raises BulkRefused where the price counts what each has to say of itself.
    """
    grid = listing.grid_on(on)
    if grid is None:
        raise NotAvailable("Aucun tarif n’est en vigueur pour ce service.")
    territories = {one.territory_id: one.territory for one in organisations if one.territory_id}
    facts = territory_facts(
        territories=territories.values(),
        on=on,
        college_at=listing.operator if goes_by_college(grid.definition) else None,
    )
    parsed = parse_grid(grid.definition)
    group = groups_of(listings=[listing], on=on).get(listing.pk) if is_pooled(grid) else None
    found: dict[int, int | str] = {}
    for one in organisations:
        known = facts.get(one.territory_id)
        if known is None:
            found[one.pk] = NO_TERRITORY
            continue
        if counted_by(grid.definition, facts=known):
            raise BulkRefused(
                "Le prix de ce service dépend de ce que chaque collectivité déclare (agents, postes…) : il "
                "se demande une collectivité à la fois."
            )
        priced = grid_price(grid=grid, facts=with_newcomer(facts=known, grid=parsed, group=group))
        found[one.pk] = priced.problem if priced.quote is None else priced.net_cents
    return found


@transaction.atomic
def confirm_bulk(*, bulk: BulkRequest, by: User, now: datetime) -> None:
    """Has the requests made, by a job, in the name of whoever prepared the list; the log says who confirmed.
    Raises BulkRefused, or WrongState when it was confirmed already."""
    waiting = BulkLine.objects.filter(bulk=bulk, state=LineState.WAITING).count()
    if not waiting and bulk.state == BulkState.DRAFT:
        raise BulkRefused("Aucune ligne de cette liste ne peut être demandée.")
    _move(bulk, BulkState.RUNNING, done=0, total=waiting)
    audit.record(
        tenant=bulk.tenant,
        actor=by,
        what="bulk.confirmed",
        sentence=f"{{actor}} a demandé {bulk.listing.sheet.name} pour {waiting} collectivités.",
        subject_id=bulk.public_id,
        now=now,
    )
    _defer(bulk.pk)


@transaction.atomic
def discard_bulk(*, bulk: BulkRequest, by: User, now: datetime) -> None:
    """Throws away a list that nobody confirmed; the log keeps who did. Raises WrongState."""
    deleted, _ = BulkRequest.objects.filter(pk=bulk.pk, state=BulkState.DRAFT).delete()
    if not deleted:
        raise WrongState("Cette liste vient d’être confirmée ou jetée. Rechargez la page.")
    audit.record(
        tenant=bulk.tenant,
        actor=by,
        what="bulk.discarded",
        sentence=f"{{actor}} a jeté une liste préparée pour {bulk.listing.sheet.name}.",
        subject_id=bulk.public_id,
        now=now,
    )


@transaction.atomic
def approve_bulk(*, bulk: BulkRequest, act: Act, by: User, now: datetime) -> None:
    """Decides for all with one act; a job approves each request. Raises BulkRefused, SamePerson,
    DecisionInvalid or WrongState."""
    if not bulk.decides_for_all:
        raise BulkRefused("Chaque collectivité décide pour elle-même.")
    if bulk.vehicle.separate_approver and by.pk == bulk.requested_by_id:
        raise SamePerson
    check_act(number=act.number, date=act.date, file=act.file, today=localdate(now))
    made = BulkLine.objects.filter(bulk=bulk, state=LineState.MADE).count()
    bulk.act_file.save("acte.pdf", act.file, save=False)
    _move(
        bulk,
        BulkState.APPROVING,
        done=0,
        total=made,
        approved_by=by,
        approved_at=now,
        act_number=act.number,
        act_date=act.date,
        act_file=bulk.act_file.name,
    )
    audit.record(
        tenant=bulk.tenant,
        actor=by,
        what="bulk.approved",
        sentence=f"{{actor}} a approuvé {bulk.listing.sheet.name} pour {made} collectivités "
        f"(acte n° {act.number}).",
        subject_id=bulk.public_id,
        now=now,
    )
    _defer(bulk.pk)


def run(*, bulk_id: int, now: datetime) -> None:
    """Makes, or approves, what is left to be. Killed anywhere and called again, it goes on with the next
    line; called too often, does nothing. For a worker, which sees every tenant."""
    while _run_batch(bulk_id, now):
        pass


def sweep(*, now: datetime) -> None:
    """Enqueues again what a dead worker or a lost job left behind."""
    waiting = jobs.waiting(tasks.run_bulk, "bulk_id")
    left = BulkRequest.objects.filter(state__in=AT_WORK, requested_at__lt=now - PATIENCE)
    for pk in left.order_by("pk").values_list("pk", flat=True):
        if pk not in waiting:
            _defer(pk)


@transaction.atomic
def _run_batch(bulk_id: int, now: datetime) -> bool:
    """False when there is nothing more to do."""
    bulk = (
        BulkRequest.objects.select_for_update(of=("self",), no_key=True)
        .select_related(
            "tenant", "vehicle", "requested_by", "approved_by", "listing__operator__organisation",
            "listing__offer__product__sheet__vendor__organisation", "listing__approved_revision",
        )
        .prefetch_related("listing__grids")
        .filter(pk=bulk_id, state__in=AT_WORK)
        .first()
    )  # fmt: skip
    if bulk is None:
        return False
    makes = bulk.state == BulkState.RUNNING
    left = BulkLine.objects.filter(bulk=bulk, state=LineState.WAITING if makes else LineState.MADE)
    # Requests are made in one order for every list: two lists for the same communes, each in its own, would
    # wait for each other until the database kills one. Orders are placed as listed: the first find room.
    order = "organisation_id" if makes else "position"
    lines = list(left.select_related("organisation__territory").order_by(order)[:BATCH])
    if not lines:
        _move(bulk, BulkState.MADE if makes else BulkState.DONE)
        return False
    if makes:
        _each(lines, lambda line: _ask(bulk, line, now))
        if not bulk.decides_for_all:
            tell_signatories(bulk=bulk, lines=[one for one in lines if one.state == LineState.MADE], now=now)
    else:
        content = bulk.act_file.open("rb").read()
        subscriptions = Subscription.objects.select_related(
            "tenant__territory", "operator", "vehicle", "listing__offer__product__sheet"
        ).in_bulk([line.subscription_id for line in lines])
        _each(lines, lambda line: _approve(bulk, line, subscriptions[line.subscription_id], content, now))
    BulkLine.objects.bulk_update(lines, ["state", "reason", "subscription_id"])
    BulkRequest.objects.filter(pk=bulk.pk).update(done=bulk.done + len(lines))
    return True


def _each(lines: list[BulkLine], does: Callable[[BulkLine], None]) -> None:
    """One line after the other: each verb is all or nothing, one that is refused takes nothing else back."""
    for line in lines:
        before = line.state
        try:
            does(line)
        except AlreadySubscribed as refusal:
            line.state, line.reason = LineState.THERE, str(refusal)[:500]
        except SubscriptionRefused as refusal:
            refused = LineState.REFUSED if before == LineState.WAITING else LineState.NOT_APPROVED
            line.state, line.reason = refused, str(refusal)[:500]


def _ask(bulk: BulkRequest, line: BulkLine, now: datetime) -> None:
    subscription = operations.request_subscription(
        organisation=line.organisation,
        listing=bulk.listing,
        requested_by=bulk.requested_by,
        request_key=uuid.uuid5(bulk.public_id, line.organisation.siren),
        shown_cents=line.yearly_cents,
        commitment_number=line.commitment_number,
        vehicle_id=bulk.vehicle_id,
        now=now,
    )
    line.state, line.subscription_id = LineState.MADE, subscription.pk


def _approve(bulk: BulkRequest, line: BulkLine, subscription: Subscription, content: bytes, now) -> None:
    if subscription.deliberation_required:  # the vehicle may have changed since the list was prepared
        raise BulkRefused(EACH_VOTES)
    act: File = ContentFile(content, name="acte.pdf")
    operations.approve(
        subscription=subscription,
        approved_by=bulk.approved_by,
        number=bulk.act_number,
        date=bulk.act_date,
        file=act,
        now=now,
    )
    line.state = LineState.APPROVED


def _move(bulk: BulkRequest, to: BulkState, **fields) -> None:
    """By a conditional UPDATE whose row count is read: of two people at once, the second gets WrongState."""
    if (bulk.state, to) not in BULK_TRANSITIONS:
        raise WrongState(f"Impossible : cette demande groupée est « {bulk.get_state_display()} ».")
    if BulkRequest.objects.filter(pk=bulk.pk, state=bulk.state).update(state=to, **fields) != 1:
        raise WrongState("Cette demande groupée vient d’avancer. Rechargez la page.")
    bulk.state = to


def _defer(bulk_id: int) -> None:
    # One at a time for a list: the one that waits finds nothing to do.
    tasks.run_bulk.configure(lock=f"subscriptions.bulk:{bulk_id}").defer(bulk_id=bulk_id)
