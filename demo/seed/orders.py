"""A framework agreement of two lots, one of them three quarters full and amended once, and what was ordered
since January."""

import uuid
from datetime import date

from catalog.models import Listing
from demo.seed.decisions import act_pdf
from demo.seed.moments import at
from demo.seed.operators import BRUMELLE
from subscriptions.lot_amending import LotChanges, amend_lot
from subscriptions.models import (
    EligibleBuyer,
    FrameworkLot,
    LegalBasis,
    LotHolder,
    ModificationGround,
    Order,
    PurchasingVehicle,
    Subscription,
)
from subscriptions.ordering import committed_cents
from tenants.members.adhesions import members_of
from tenants.models import Role, User

PUBLISHED = date(2025, 12, 1)
VALID = {"starts_on": date(2026, 1, 1), "ends_on": date(2030, 1, 1)}
ORDERED_PERCENT = 75
AMENDED_ON, ADDED_PERCENT = date(2026, 9, 21), 4
STEP = 10_000  # the maximum, in whole hundreds of euros
IN_PREPARATION = ("patrimoine-funeraire", 4_000_000)  # what the second lot will hold, and its maximum


def place_orders(*, history: list[Subscription]) -> None:
    """The lots of the syndicat's agreement, then one order for each subscription that counts one."""
    agreement = PurchasingVehicle.objects.get(operator__slug=BRUMELLE.slug, legal_basis=LegalBasis.FRAMEWORK)
    counted = [one for one in history if one.vehicle.legal_basis in (LegalBasis.FRAMEWORK, LegalBasis.DIRECT)]
    ordered = sum(_amount(one) for one in counted if one.vehicle_id == agreement.pk)
    lot = _lot(
        agreement,
        number=1,
        title="Lire et voter",
        ceiling_cents=-(-ordered * 100 // ORDERED_PERCENT // STEP) * STEP,
        renewals=3,
        revision_formula="P = P0 × (0,15 + 0,85 × S / S0), S étant l’indice Syntec",
        notice_reference="BOAMP 25-104211",
        listings=list(agreement.listings.all()),
    )
    slug, ceiling = IN_PREPARATION
    _lot(
        agreement,
        number=2,
        title="Cimetières",
        ceiling_cents=ceiling,
        listings=[Listing.objects.get(operator=agreement.operator, offer__product__sheet__slug=slug)],
    )
    FrameworkLot.objects.filter(pk=lot.pk).update(published_on=PUBLISHED)
    Order.objects.bulk_create(
        Order(
            tenant=one.tenant,
            subscription=one,
            lot=lot if one.vehicle_id == agreement.pk else None,
            family="" if one.vehicle_id == agreement.pk else one.listing.sheet.family,
            amount_cents=_amount(one),
            placed_on=one.approved_at.date(),
        )
        for one in counted
    )
    _amend(lot)


def _amend(lot: FrameworkLot) -> None:
    """A little more room, as a small modification."""
    organisation = lot.vehicle.operator.organisation
    curators = User.objects.filter(memberships__organisation=organisation, memberships__role=Role.CURATOR)
    amend_lot(
        lot=lot,
        changes=LotChanges(
            effective_on=date(2026, 10, 1),
            ceiling_cents=lot.ceiling_cents * (100 + ADDED_PERCENT) // 100 // STEP * STEP,
            ends_on=lot.ends_on,
            renewals=lot.renewals,
            revision_formula=lot.revision_formula,
            ground=ModificationGround.SMALL,
            reason="Des communes nommées dans l’avis commandent plus tôt que prévu",
            paper=act_pdf(
                organisation=organisation.name,
                number="AC-2026-1-A1",
                day=AMENDED_ON,
                subject=f"Avenant, {lot}",
            ),
        ),
        seen=0,
        by=curators.order_by("pk")[0],
        request_key=uuid.uuid4(),
        now=at(AMENDED_ON),
    )


def _amount(subscription: Subscription) -> int:
    return committed_cents(yearly_cents=subscription.yearly_cents, rules=subscription)


def _lot(agreement: PurchasingVehicle, *, listings: list[Listing], **values) -> FrameworkLot:
    """A lot of which every member of the day of its notice is a buyer, held by who makes its services."""
    lot = FrameworkLot.objects.create(vehicle=agreement, **VALID, **values)
    lot.listings.set(listings)
    vendors = dict.fromkeys(listing.vendor for listing in listings)
    LotHolder.objects.bulk_create(
        LotHolder(lot=lot, vendor=vendor, rank=rank) for rank, vendor in enumerate(vendors, start=1)
    )
    buyers = members_of(operator=agreement.operator, on=VALID["starts_on"]).order_by("siren")
    EligibleBuyer.objects.bulk_create(EligibleBuyer(lot=lot, organisation=buyer) for buyer in buyers)
    return lot
