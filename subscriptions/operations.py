"""The verbs of a subscription's life. Each is one transaction; nothing outside is ever called here."""

import uuid
from collections.abc import Collection
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from catalog.models import Listing, ListingState, VendorState
from subscriptions import chain, envelopes, signals, terms, wanted_covers
from subscriptions.acts import check_decision
from subscriptions.choosing import Choices, offer_to, option_problem, price_of
from subscriptions.deciding import needs_deliberation
from subscriptions.exceptions import (
    AlreadySubscribed,
    NotAMember,
    NotAvailable,
    OptionsApart,
    OrderRefused,
    PriceChanged,
    SamePerson,
    WrongState,
)
from subscriptions.models import (
    Approval,
    ApprovalState,
    Authority,
    Decision,
    Party,
    PurchasingVehicle,
    State,
    Subscription,
    Transition,
)
from subscriptions.models.subscription import TRANSITIONS
from subscriptions.ordering import check_room, other_routes, place_order
from subscriptions.places import hold_places
from subscriptions.prerequisites import check_prerequisites
from subscriptions.requesting import check_chorus, check_start, chorus_rules
from subscriptions.sharing import check_not_covered
from subscriptions.tried import check_after_trial
from subscriptions.vat import told
from tenants import audit
from tenants.members.adhesions import adheres
from tenants.models import Organisation, User

NOTHING_CHOSEN = Choices()


@transaction.atomic
def request_subscription(
    *,
    organisation: Organisation,
    listing: Listing,
    requested_by: User,
    request_key: uuid.UUID,
    shown_cents: int,
    now: datetime,
    choices: Choices = NOTHING_CHOSEN,
    wanted_from: date | None = None,
    commitment_number: str = "",
    service_code: str = "",
    vehicle_id: int | None = None,
    together: Collection[Listing] = (),
    covers: Collection[Organisation] = (),
) -> Subscription:
    """Asks for a listing, with the price of the day frozen on the request.

    `request_key` was drawn with the form: sending it twice returns the first request. `shown_cents` is
    the yearly price, net of tax, that the person saw for these `choices`. `vehicle_id` names another vehicle
    than the first. `wanted_from`: the service is not opened before that day; once approved if None. Without
    `service_code`, invoices go to the service that its head office named. `together`: what was asked for just
    before, in the same go: it counts among what the service needs. `covers`: the communes that an
    intercommunality covers with it, from its opening on. What fits an envelope of the organisation
    is approved by it (subscriptions.envelopes).

    Raises AlreadySubscribed, NotAvailable, NotAMember, OptionGone, OptionsApart, CountsMissing, PriceChanged,
    StartInvalid,
    PrerequisiteMissing, CoverRefused, OrderRefused with the other routes there are, or CommitmentMissing and
    ServiceCodeMissing when the head office wants these on its invoices.
    """
    hold_places(organisations=[organisation], listing_id=listing.pk)
    if again := Subscription.objects.filter(request_key=request_key, tenant=organisation).first():
        return again
    today = localdate(now)
    vehicle = vehicle_for(listing=listing, organisation=organisation, today=today, vehicle_id=vehicle_id)
    communes = wanted_covers.check_wanted(
        organisation=organisation, listing=listing, communes=covers, on=today
    )
    offer = offer_to(listing=listing, organisation=organisation, today=today)
    choices = wanted_covers.with_covered(choices, offer=offer, organisation=organisation, communes=communes)
    priced = price_of(offer=offer, choices=choices)
    if problem := option_problem([one.rules for one in offer.options], chosen=priced.choices.options):
        raise OptionsApart(problem)
    if priced.net_cents != shown_cents:
        raise PriceChanged(shown_cents=shown_cents, current_cents=priced.net_cents)
    find_room(
        vehicle=vehicle, listing=listing, organisation=organisation, yearly_cents=priced.net_cents, on=today
    )
    check_prerequisites(listing=listing, organisation=organisation, on=today, together=together)
    check_start(wanted_from=wanted_from, today=today)
    check_after_trial(organisation=organisation, listing=listing, wanted_from=wanted_from)
    check_chorus(
        rules=chorus_rules(organisation=organisation),
        commitment_number=commitment_number,
        service_code=service_code,
    )
    grid = priced.price.grid
    subscription = Subscription(
        tenant=organisation,
        request_key=request_key,
        listing=listing,
        operator=listing.operator,
        vehicle=vehicle,
        requested_by=requested_by,
        requested_at=now,
        separate_approver=vehicle.separate_approver,
        deliberation_required=needs_deliberation(vehicle=vehicle, organisation=organisation),
        service_name=listing.shown.name,
        grid=grid.definition,
        yearly_cents=priced.net_cents,
        options=[option.terms for option in priced.options],
        counts=priced.choices.counts,
        **told(vat=priced.price.vat, grid=grid, quote=priced.price.quote),
        wanted_from=wanted_from,
        commitment_number=commitment_number,
        service_code=service_code,
        **terms.rules_of(vehicle),
    )
    try:
        with transaction.atomic():
            subscription.save(force_insert=True)
    except IntegrityError:
        # Two tabs, two people: the partial unique constraint let one through.
        existing = Subscription.objects.open().paid().filter(tenant=organisation, listing=listing).first()
        if existing is None:
            raise
        if existing.request_key == request_key:
            return existing
        raise AlreadySubscribed(existing) from None
    log(subscription, before="", by=requested_by, now=now)
    chain.write_chain(subscription=subscription)
    wanted_covers.write_wanted(subscription=subscription, communes=communes)
    audit.record(
        tenant=organisation,
        actor=requested_by,
        what="subscription.requested",
        sentence=f"{{actor}} a demandé l’abonnement à {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
        details={"yearly_cents": subscription.yearly_cents},
    )
    _approve_by_envelope(subscription, now=now)
    return subscription


def _approve_by_envelope(subscription: Subscription, *, now: datetime) -> None:
    """A request that fits an envelope of its member is approved by it at once; where its vehicle has no room
    after all, a person decides."""
    try:
        with transaction.atomic():
            approved = envelopes.approve_within(subscription=subscription, now=now)
            if approved:
                hold, last = approved
                if last:
                    conclude(subscription=subscription, by=hold.envelope.signed_by, now=now)
    except OrderRefused:
        subscription.refresh_from_db()


def find_room(*, vehicle: PurchasingVehicle, **asked) -> None:
    """What `ordering.check_room` raises, with the other routes there are."""
    try:
        check_room(vehicle=vehicle, **asked)
    except OrderRefused as refusal:
        refusal.routes = other_routes(besides=vehicle, **asked)
        raise


def vehicle_for(
    *, listing: Listing, organisation: Organisation, today: date, vehicle_id: int | None = None
) -> PurchasingVehicle:
    """The purchasing vehicle under which an organisation may request a listing that day: the one named, or
    the first.

    Raises NotAvailable when the listing is withdrawn or in no vehicle of its operator's, and NotAMember
    when the organisation adheres to that operator no longer, or not yet; AlreadyCovered when it has the
    service by its intercommunality's subscription.
    """
    vehicle = open_vehicle(listing=listing, vehicle_id=vehicle_id)
    if organisation.is_closed(on=today):
        raise NotAMember("Votre collectivité a fusionné ou n’existe plus : elle ne demande plus de service.")
    if not adheres(organisation=organisation, operator=listing.operator, on=today):
        raise NotAMember(f"Votre collectivité n’adhère pas à {listing.operator.short_name}.")
    check_not_covered(organisation=organisation, listing=listing, on=today)
    return vehicle


def open_vehicle(*, listing: Listing, vehicle_id: int | None = None) -> PurchasingVehicle:
    """The vehicle named of those in which a listing may be requested, or the first. Raises NotAvailable."""
    if listing.state != ListingState.LISTED or listing.vendor.state != VendorState.ACTIVE:
        raise NotAvailable("Ce service n’est plus proposé par votre opérateur.")
    vehicles = PurchasingVehicle.objects.filter(listings=listing, operator=listing.operator).order_by("pk")
    vehicle = vehicles.filter(pk=vehicle_id).first() if vehicle_id else vehicles.first()
    if vehicle is None:
        raise NotAvailable("Ce service n’est pas encore ouvert à l’abonnement.")
    return vehicle


@transaction.atomic
def approve(
    *,
    subscription: Subscription,
    approved_by: User,
    number: str,
    date: date,
    file,
    now: datetime,
    authority: Authority = Authority.COUNCIL,
    transmitted_on: date | None = None,
) -> None:
    """Records the member's decision, with the act and who took it: its assembly, which may always, or its
    head where that was delegated. Where nobody else must agree, the request is approved.

    `file` is an uploaded PDF of at most 10 MB; `transmitted_on` the day the act was sent to the préfecture.

    Raises OrganisationClosed, SamePerson, DecisionInvalid, WrongState, or the OrderRefused of a vehicle that
    has no room for it.
    """
    if subscription.separate_approver and approved_by.pk == subscription.requested_by_id:
        raise SamePerson
    check_decision(
        subscription=subscription,
        decision=Decision(number=number, date=date, authority=authority, transmitted_on=transmitted_on),
        file=file,
        today=localdate(now),
    )
    last = chain.decide(
        subscription=subscription, party=Party.MEMBER, to=ApprovalState.GIVEN, by=approved_by, now=now
    )
    Decision.objects.create(
        tenant=subscription.tenant,
        subscription=subscription,
        number=number.strip(),
        date=date,
        file=file,
        authority=authority,
        transmitted_on=transmitted_on,
    )
    audit.record(
        tenant=subscription.tenant,
        actor=approved_by,
        what="subscription.approved",
        sentence=f"{{actor}} a approuvé l’abonnement à {subscription.service_name} (acte n° {number}).",
        subject_id=subscription.public_id,
        now=now,
        details={"authority": str(authority)},
    )
    if last:
        conclude(subscription=subscription, by=approved_by, now=now)


@transaction.atomic
def conclude(*, subscription: Subscription, by: User, now: datetime) -> None:
    """Everybody concerned has agreed, `by` the last: the request is approved, its order placed and its
    opening planned, in the caller's transaction. Raises WrongState, or the OrderRefused of a vehicle that has
    no room for it."""
    decided = Approval.objects.select_related("by").get(subscription=subscription, party=Party.MEMBER)
    move(
        subscription=subscription,
        to=State.APPROVED,
        by=by,
        now=now,
        approved_by=decided.by,
        approved_at=now,
    )
    place_order(subscription=subscription, now=now)
    signals.subscription_approved.send(sender=Subscription, subscription=subscription, now=now)


@transaction.atomic
def refuse(
    *, subscription: Subscription, by: User, reason: str, now: datetime, party: Party = Party.MEMBER
) -> None:
    """Refuses a request for the party whose turn it is, with a reason that everybody concerned reads.

    Raises WrongState or NotYourTurn."""
    chain.decide(
        subscription=subscription, party=party, to=ApprovalState.REFUSED, by=by, reason=reason, now=now
    )
    _close(subscription, State.REFUSED, by=by, reason=reason, now=now, verb="refusé")


def cancel(*, subscription: Subscription, by: User, now: datetime) -> None:
    """Takes a request back before it is approved. Raises WrongState."""
    _close(subscription, State.CANCELLED, by=by, reason="", now=now, verb="annulé")


@transaction.atomic
def _close(subscription, to, *, by, reason, now, verb):
    move(subscription=subscription, to=to, by=by, now=now, reason=reason)
    envelopes.give_back(subscription=subscription, now=now)
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what=f"subscription.{to}",
        sentence=f"{{actor}} a {verb} la demande d’abonnement à {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )


def start_provisioning(*, subscription: Subscription, now: datetime) -> None:
    """The vendor is being asked. Raises WrongState."""
    move(subscription=subscription, to=State.PROVISIONING, by=None, now=now)


@transaction.atomic
def move(
    *, subscription: Subscription, to: State, by: User | None, now: datetime, reason: str = "", **fields
):
    """Moves a subscription along the table of transitions and logs it.

    The state is changed by a conditional UPDATE whose row count is read: of two people at once, the
    second gets WrongState. `subscription` is updated in memory too.
    """
    before = subscription.state
    if (before, to) not in TRANSITIONS:
        raise WrongState(f"Impossible : cet abonnement est « {subscription.get_state_display()} ».")
    changed = Subscription.objects.filter(pk=subscription.pk, state=before).update(state=to, **fields)
    if changed != 1:
        raise WrongState("Cet abonnement vient d’être modifié par quelqu’un d’autre. Rechargez la page.")
    for name, value in {"state": to, **fields}.items():
        setattr(subscription, name, value)
    log(subscription, before=before, by=by, now=now, reason=reason)


def log(subscription: Subscription, *, before: str, by: User | None, now: datetime, reason: str = "") -> None:
    """Writes the row beside a move, or beside a new request (`before` "")."""
    Transition.objects.create(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        before=before,
        after=subscription.state,
        at=now,
        by=by,
        reason=reason,
    )
