"""Trying a service for nothing, before a subscription or instead of it.

A trial is a subscription that costs nothing and ends by itself: it is opened, shown, left and erased as any
other, and that is why it is one. What sets it apart:

- It lasts the days that the tariff in force promised on the day it was asked for, counted from the opening,
  and an organisation has one of a service, ever.
- It commits nobody to pay: no order, no ceiling, no threshold, no place in a pooled price, no invoice. So
  no assembly decides, nor a signatory: whoever may ask for a service gives her organisation's word by asking.
  The operator gave its word with the tariff it published; where the purchasing vehicle wants its word, or the
  vendor's, on each request, they are asked here too.
- It becomes a subscription by nothing but a request, with the price of its day and all its approvals. The
  service then goes on at the vendor's instance, its data kept (`go_on`), and is paid for once the promised
  days are over. Approved late, that holds as long as the data are not being erased.
- Otherwise it ends on its day, or any day before (`stop`), as every departure does: the data are fetched,
  then erased, with a certificate. Nothing is paid, nothing is given back.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from catalog.models import Listing, PriceGrid
from catalog.pricing import Quote
from subscriptions import chain, trial_letters
from subscriptions.exceptions import AlreadySubscribed, OrderRefused, TrialRefused, WrongState
from subscriptions.leaving import move_exit, open_exit, stop_at_term
from subscriptions.models import (
    RUNNING,
    ApprovalState,
    Exit,
    ExitState,
    Party,
    PurchasingVehicle,
    State,
    Subscription,
)
from subscriptions.opening import activate
from subscriptions.operations import conclude, find_room, log, move, vehicle_for
from subscriptions.places import hold_places
from subscriptions.prerequisites import check_prerequisites
from subscriptions.tried import trial_of
from tenants import audit
from tenants.constraints import violated
from tenants.days import in_words
from tenants.models import Organisation, User

# What the engine reads of a trial, should it ever be asked: nothing to pay, whoever it is.
FREE = {"pattern": "flat_by_stratum", "strata": [{"amount": "0"}]}
FOLLOWED = "suivi de l’abonnement"


@transaction.atomic
def request_trial(
    *,
    organisation: Organisation,
    listing: Listing,
    requested_by: User,
    request_key: uuid.UUID,
    now: datetime,
) -> Subscription:
    """Asks to try a listing, for as many days as its tariff promises today. Opened at once where nobody else
    must agree.

    `request_key` was drawn with the form: sending it twice returns the first request. Raises what
    `trial_conditions` does.
    """
    hold_places(organisations=[organisation], listing_id=listing.pk)
    if again := Subscription.objects.filter(request_key=request_key, tenant=organisation).first():
        return again
    found = trial_conditions(organisation=organisation, listing=listing, today=localdate(now))
    trial = Subscription(
        tenant=organisation,
        request_key=request_key,
        listing=listing,
        operator=listing.operator,
        vehicle=found.vehicle,
        requested_by=requested_by,
        requested_at=now,
        separate_approver=False,
        deliberation_required=False,
        service_name=listing.shown.name,
        grid=FREE,
        quote=Quote.of().to_dict(),
        yearly_cents=0,
        vat_category=found.grid.vat_category,
        vat_rate=found.grid.vat_rate,
        vat_reason=found.grid.vat_reason,
        trial_days=found.days,
    )
    try:
        with transaction.atomic():
            trial.save(force_insert=True)
    except IntegrityError as error:
        if violated(error) != "trial_once_per_listing":
            raise
        raise AlreadySubscribed(trial_of(organisation=organisation, listing=listing)) from None
    log(trial, before="", by=requested_by, now=now)
    chain.write_chain(subscription=trial)
    said = "{actor} a demandé l’essai gratuit de {service}."
    _record(trial, "trial.requested", said, by=requested_by, now=now)
    given = {"party": Party.MEMBER, "to": ApprovalState.GIVEN}
    if chain.decide(subscription=trial, by=requested_by, now=now, **given):
        conclude(subscription=trial, by=requested_by, now=now)
    return trial


@dataclass(frozen=True)
class TrialConditions:
    """How a listing may be tried: for so many days, by the tariff `grid`, once `others` have agreed."""

    vehicle: PurchasingVehicle
    grid: PriceGrid
    days: int
    others: list[Party]


def trial_conditions(*, organisation: Organisation, listing: Listing, today: date) -> TrialConditions:
    """On what conditions an organisation may try a listing that day. Whoever could not order the service is
    not let into it either, by any vehicle.

    Raises what `request_subscription` does of the member, the shelf and the vehicle (NotAvailable,
    AlreadyCovered, NotAMember, PrerequisiteMissing, OrderRefused); AlreadySubscribed with the open
    subscription, or trial; TrialRefused when none is promised, or it was had.
    """
    vehicle = vehicle_for(listing=listing, organisation=organisation, today=today)
    check_untried(organisation=organisation, listing=listing)
    grid = listing.grid_on(today)
    if grid is None or grid.trial_days is None:
        raise TrialRefused(
            "Ce service ne propose pas d’essai gratuit aujourd’hui. Demandez l’abonnement, ou écrivez à "
            "votre opérateur."
        )
    try:
        find_room(vehicle=vehicle, listing=listing, organisation=organisation, yearly_cents=0, on=today)
    except OrderRefused as refusal:
        if not refusal.routes:
            raise
        vehicle = refusal.routes[0]
    check_prerequisites(listing=listing, organisation=organisation, on=today)
    others = [party for party in chain.parties_of(vehicle) if party != Party.MEMBER]
    return TrialConditions(vehicle, grid, grid.trial_days, others)


def check_untried(*, organisation: Organisation, listing: Listing) -> None:
    """Raises AlreadySubscribed when the organisation has the service, or asked for it, on trial or not;
    TrialRefused when it had its trial. Two queries."""
    open_ones = Subscription.objects.open().filter(tenant=organisation, listing=listing)
    if existing := open_ones.order_by("-trial_days").first():  # the subscription before the trial
        raise AlreadySubscribed(existing)
    if trial := trial_of(organisation=organisation, listing=listing):
        last = in_words(max(trial.active_from, trial.ended_on - timedelta(days=1)))
        raise TrialRefused(
            f"Votre collectivité a déjà essayé ce service, jusqu’au {last}, et un essai ne se fait qu’une "
            "fois. Pour l’utiliser, demandez l’abonnement."
        )


@transaction.atomic
def stop(*, trial: Subscription, by: User, now: datetime) -> Exit:
    """Ends a trial before its day, without notice: from today on. Raises WrongState when it is not running,
    or ExitRefused."""
    trial = Subscription.objects.select_for_update(of=("self",), no_key=True).get(pk=trial.pk)
    if not trial.is_trial or trial.state not in RUNNING:
        raise WrongState("Cet essai n’est pas en cours. Rechargez la page.")
    on = min(localdate(now), trial.trial_until)
    _record(trial, "trial.stopped", "{actor} a arrêté l’essai gratuit de {service}.", by=by, now=now)
    return stop_at_term(subscription=trial, on=on, by=by, now=now)


def end_due(*, now: datetime) -> int:
    """Ends the trials whose days are over, each in its own transaction; how many. May be called any number of
    times. For a worker, which sees every tenant."""
    due = Subscription.objects.trials().filter(state__in=RUNNING, trial_until__lte=localdate(now))
    return sum(_end(pk, now=now) for pk in due.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _end(pk: int, *, now: datetime) -> bool:
    """False when it was stopped, or went on as a subscription, meanwhile."""
    trial = Subscription.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if trial.state not in RUNNING:
        return False
    stop_at_term(subscription=trial, on=trial.trial_until, now=now)
    return True


@transaction.atomic
def go_on(*, subscription: Subscription, now: datetime) -> bool:
    """Opens a subscription that was just approved by going on with its trial: the same instance at the
    vendor's, billed once the trial is over. False when there is none to go on with: it is to be opened."""
    trial = (
        Subscription.objects.select_for_update(of=("self",), no_key=True)
        .trials()
        .filter(tenant=subscription.tenant_id, listing=subscription.listing_id)
        .filter(state__in=(*RUNNING, State.TERMINATING))
        .first()
    )
    if subscription.is_trial or trial is None:
        return False
    leaving = open_exit(subscription=trial)
    if leaving and leaving.state == ExitState.ERASURE:
        return False
    if leaving:
        move_exit(leaving=leaving, to=ExitState.WITHDRAWN, by=None, now=now)
    free_until = trial.ended_on or trial.trial_until
    ends = trial.ended_on or max(free_until, localdate(now))
    move(subscription=trial, to=State.ENDED, by=None, now=now, reason=FOLLOWED, ended_on=ends)
    move(subscription=subscription, to=State.PROVISIONING, by=None, now=now, after_trial=trial)
    activate(subscription=subscription, service_url=trial.service_url, now=now, free_until=free_until)
    trial_letters.tell_goes_on(subscription=subscription, now=now)
    return True


def _record(trial: Subscription, what: str, sentence: str, *, by: User, now: datetime) -> None:
    audit.record(
        tenant=trial.tenant,
        actor=by,
        what=what,
        sentence=sentence.replace("{service}", trial.service_name),
        subject_id=trial.public_id,
        now=now,
        details={"trial_days": trial.trial_days},
    )
