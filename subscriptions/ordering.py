"""Orders: what an approval commits, within what the law and the notice allow.

The database has the last word (trigger `subscriptions_order_within_bounds`): two people at once on the last
euro of a ceiling are told apart by the lock on the lot. What is read here first only spares a request that
could never be approved.
"""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from catalog.models import Listing
from subscriptions.exceptions import BuyerNotNamed, CeilingReached, OrderRefused, OutOfForce, ThresholdReached
from subscriptions.models import (
    Amendment,
    DirectNeed,
    EligibleBuyer,
    FrameworkLot,
    LegalBasis,
    Order,
    PurchasingVehicle,
    Renewal,
    Subscription,
    Threshold,
    ThresholdCode,
)
from subscriptions.models.renewal import RenewalRules
from subscriptions.terms import Fate, outlook
from tenants.days import years_after
from tenants.models import Organisation

REFUSALS = {
    "order_while_in_force": OutOfForce,
    "order_by_a_named_buyer": BuyerNotNamed,
    "order_below_the_ceiling": CeilingReached,
    "order_under_the_threshold": ThresholdReached,
}
COUNTED = (LegalBasis.FRAMEWORK, LegalBasis.DIRECT)


def lot_for(*, vehicle: PurchasingVehicle, listing: Listing) -> FrameworkLot | None:
    """The lot of a framework agreement in which a listing is, its amendments at hand; None when it is in
    none. Two queries."""
    lots = FrameworkLot.objects.filter(vehicle=vehicle, listings=listing).prefetch_related("amendments")
    return lots.order_by("number").first()


def committed_cents(*, yearly_cents: int, rules: RenewalRules) -> int:
    """What a subscription commits over its whole term, net of tax (CCP R2121-1): each year at the price of
    the first. `rules`: those of the vehicle before the request, those copied from it afterwards."""
    return yearly_cents * rules.term_years


def months_left(subscription: Subscription, *, since: date) -> int:
    """Months of the contract from a first of a month on: to the end of its last term written, and of the
    renewals that may still follow it; a year at least where it has no term. Two queries."""
    if found := outlook(subscription):
        left = 0 if found.fate == Fate.ENDS else found.left
        ends = years_after(found.term.ends, left * subscription.period_years)
    else:
        ends = years_after(subscription.active_from, subscription.term_years)
    months = (ends.year - since.year) * 12 + ends.month - since.month + (1 if ends.day > 1 else 0)
    return max(months, 12 if subscription.renewal == Renewal.OPEN else 0)


def extra_committed_cents(amendment: Amendment) -> int:
    """What an amendment adds to what its subscription commits, to the end of the term; rounded up, negative
    where it costs less."""
    months = months_left(amendment.subscription, since=amendment.effective_on)
    return -(-amendment.extra_cents * months // 12)


def check_room(
    *, vehicle: PurchasingVehicle, listing: Listing, organisation: Organisation, yearly_cents: int, on: date
) -> None:
    """Raises the OrderRefused that an order placed that day would meet, if any. Three queries at most."""
    if not vehicle.is_in_force(on=on):
        raise OutOfForce
    amount = committed_cents(yearly_cents=yearly_cents, rules=vehicle)
    if vehicle.legal_basis == LegalBasis.FRAMEWORK:
        lot = lot_for(vehicle=vehicle, listing=listing)
        if lot is None or not lot.is_in_force(on=on):
            raise OutOfForce
        if not EligibleBuyer.objects.filter(lot=lot, organisation=organisation).exists():
            raise BuyerNotNamed
        if amount > lot.left_cents(on=on):
            raise CeilingReached
    if vehicle.legal_basis == LegalBasis.DIRECT:
        spent = direct_total(organisation=organisation, family=listing.sheet.family)
        threshold = threshold_cents(code=ThresholdCode.DIRECT, on=on)
        if threshold is None or spent + amount >= threshold:
            raise ThresholdReached


@transaction.atomic
def place_order(
    *, subscription: Subscription, now: datetime, amendment: Amendment | None = None
) -> Order | None:
    """Commits what a subscription costs over its term, or what an amendment adds to it, in the caller's
    transaction; None where nothing is counted (a free trial, a grouping, an in-house service…) or added.
    Raises OrderRefused, and nothing is left of it."""
    vehicle = subscription.vehicle
    if subscription.is_trial or vehicle.legal_basis not in COUNTED:
        return None
    lot, family = None, ""
    if vehicle.legal_basis == LegalBasis.DIRECT:
        family = subscription.listing.sheet.family
    else:
        lot = lot_for(vehicle=vehicle, listing=subscription.listing)
        if lot is None:
            raise OutOfForce
    if amendment is None:
        amount = committed_cents(yearly_cents=subscription.yearly_cents, rules=subscription)
    else:
        amount = extra_committed_cents(amendment)
        if amount <= 0:
            return None
    order = Order(
        tenant=subscription.tenant,
        subscription=subscription,
        amendment=amendment,
        lot=lot,
        family=family,
        amount_cents=amount,
        placed_on=localdate(now),
    )
    try:
        with transaction.atomic():
            order.save(force_insert=True)
    except IntegrityError as error:
        refusal = REFUSALS.get(error.__cause__.diag.constraint_name)
        if refusal is None:
            raise
        raise refusal from None
    return order


def direct_total(*, organisation: Organisation, family: str) -> int:
    """What an organisation has committed for needs of this family without competition, in cents."""
    total = DirectNeed.objects.filter(tenant=organisation, family=family).values_list(
        "total_cents", flat=True
    )
    return total.first() or 0


def threshold_cents(*, code: str, on: date) -> int | None:
    """The threshold in force that day, None before its first row."""
    rows = Threshold.objects.filter(code=code, in_force_from__lte=on).order_by("-in_force_from")
    return rows.values_list("amount_cents", flat=True).first()


def other_routes(
    *, listing: Listing, organisation: Organisation, besides: PurchasingVehicle, yearly_cents: int, on: date
) -> list[PurchasingVehicle]:
    """The operator's other vehicles in which this listing is and under which the order would find room."""
    found = []
    rows = PurchasingVehicle.objects.filter(listings=listing, operator=listing.operator_id)
    for vehicle in rows.exclude(pk=besides.pk).order_by("pk"):
        try:
            check_room(
                vehicle=vehicle, listing=listing, organisation=organisation, yearly_cents=yearly_cents, on=on
            )
        except OrderRefused:
            continue
        found.append(vehicle)
    return found
