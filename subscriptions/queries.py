"""Reads for the pages that show subscriptions. All need a tenant scope, and filter by the organisation."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet

from catalog.models import Listing
from subscriptions import operations
from subscriptions.approval_queries import approvals
from subscriptions.choosing import Choices, Offer, PricedChoices, price_of
from subscriptions.deciding import needs_deliberation
from subscriptions.exceptions import CountsMissing, OptionGone
from subscriptions.in_force import price_in_force
from subscriptions.models import (
    Envelope,
    EnvelopeHold,
    PurchasingVehicle,
    State,
    Subscription,
    Transition,
)
from tenants.models import Membership, Organisation, Role, User

# What a person looks for in the list, in the order of the tabs.
GROUPS: dict[str, tuple[State, ...]] = {
    "a-approuver": (State.REQUESTED,),
    "en-cours": (State.APPROVED, State.PROVISIONING),
    "ouverts": (State.ACTIVE, State.SUSPENDED, State.TERMINATING),
    "termines": (State.REFUSED, State.CANCELLED, State.ENDED),
}


def subscriptions_of_member(
    *, organisation: Organisation, on: date, group: str = ""
) -> QuerySet[Subscription]:
    """An organisation's subscriptions, newest first, with all that a row shows, its `in_force_cents` too (see
    `price_in_force`); one of GROUPS if named."""
    rows = (
        Subscription.objects.filter(tenant=organisation)
        .annotate(in_force_cents=price_in_force(on=on))
        .select_related(
            "operator", "requested_by", "listing__offer__product__sheet", "listing__approved_revision"
        )
        .prefetch_related(approvals())
        .order_by("-requested_at", "-pk")
    )
    return rows.filter(state__in=GROUPS[group]) if group else rows


def group_counts(*, organisation: Organisation) -> dict[str, int]:
    """How many subscriptions each of GROUPS holds. One query."""
    by_state = dict(
        Subscription.objects.filter(tenant=organisation)
        .order_by()
        .values_list("state")
        .annotate(number=Count("pk"))
    )
    return {group: sum(by_state.get(state, 0) for state in states) for group, states in GROUPS.items()}


def subscription_for_member(*, organisation: Organisation) -> QuerySet[Subscription]:
    """To fetch one subscription of an organisation with all that its page shows, its log included."""
    return (
        Subscription.objects.filter(tenant=organisation)
        .select_related(
            "operator",
            "vehicle",
            "requested_by",
            "approved_by",
            "decision",
            "tenant",
            "listing__offer__product__sheet__vendor__organisation",
        )
        .prefetch_related(
            approvals(),
            "approvals__reminders",
            Prefetch("transitions", queryset=Transition.objects.select_related("by").order_by("at", "pk")),
        )
    )


def open_subscription(*, organisation: Organisation, listing: Listing) -> Subscription | None:
    """The open request or subscription of an organisation to a listing, free trials left out, or None."""
    return Subscription.objects.open().paid().filter(tenant=organisation, listing=listing).first()


def envelopes_of(*, organisation: Organisation) -> QuerySet[Envelope]:
    """An organisation's envelopes, the newest first, with who opened and closed them; `signs`: whether who
    signed each is still a signatory there."""
    signatory = Membership.objects.in_force().filter(
        organisation=organisation, role=Role.SIGNATORY, user=OuterRef("signed_by")
    )
    rows = Envelope.objects.filter(tenant=organisation).annotate(signs=Exists(signatory))
    shown = ("listing__approved_revision", "listing__offer__product__sheet")
    return rows.select_related("signed_by", "closed_by", *shown).order_by("-number")


def holds_of(*, envelope: Envelope) -> QuerySet[EnvelopeHold]:
    """What an envelope approved, the last first, with all that a row shows."""
    rows = EnvelopeHold.objects.filter(tenant=envelope.tenant_id, envelope=envelope)
    return rows.select_related("subscription__requested_by").order_by("-at", "-pk")


def signatories(*, organisation: Organisation) -> list[User]:
    """Who may approve for an organisation today, by name."""
    people = User.objects.filter(
        memberships__organisation=organisation,
        memberships__role=Role.SIGNATORY,
        memberships__ended_at__isnull=True,
        memberships__suspended_at__isnull=True,
        is_active=True,
    )
    return list(people.order_by("last_name", "first_name", "pk"))


@dataclass(frozen=True)
class Conditions:
    """On what terms a listing may be requested today: the rules to follow and the price."""

    vehicle: PurchasingVehicle
    priced: PricedChoices | None  # None while the choices are not complete, or no longer offered
    deliberation: bool  # nobody but the assembly may decide


def request_conditions(
    *,
    organisation: Organisation,
    offer: Offer,
    choices: Choices,
    today: date,
    vehicle_id: int | None = None,
) -> Conditions:
    """What `operations.request_subscription` would freeze today of these choices, by the same rules.

    Raises NotAvailable, NotAMember or OrderRefused.
    """
    vehicle = operations.vehicle_for(
        listing=offer.listing, organisation=organisation, today=today, vehicle_id=vehicle_id
    )
    try:
        priced = price_of(offer=offer, choices=choices)
    except (CountsMissing, OptionGone):
        priced = None
    yearly_cents = priced.net_cents if priced else 0
    operations.find_room(
        vehicle=vehicle,
        listing=offer.listing,
        organisation=organisation,
        yearly_cents=yearly_cents,
        on=today,
    )
    return Conditions(
        vehicle=vehicle,
        priced=priced,
        deliberation=needs_deliberation(vehicle=vehicle, organisation=organisation),
    )
