"""Under which purchasing vehicle a listing is subscribed to: the operator's choice, one for each listing."""

from datetime import datetime

from django.db import transaction

from catalog.models import Listing
from subscriptions.models import LegalBasis, PurchasingVehicle
from tenants import audit
from tenants.models import Operator, User


def vehicles_of(operator: Operator) -> list[PurchasingVehicle]:
    """The operator's, in the order they were made."""
    return list(PurchasingVehicle.objects.filter(operator=operator).order_by("pk"))


def vehicle_of(listing: Listing) -> PurchasingVehicle | None:
    """The one that new subscriptions to this listing follow."""
    return PurchasingVehicle.objects.filter(listings=listing, operator=listing.operator_id).first()


@transaction.atomic
def ensure_vehicle(*, listing: Listing) -> None:
    """What comes onto the shelf may be subscribed to: in no vehicle yet, it is put in its operator's first
    one, but for framework agreements, whose lots name what they hold. Nothing when the operator has none."""
    vehicles = PurchasingVehicle.objects.filter(operator=listing.operator_id)
    first = vehicles.exclude(legal_basis=LegalBasis.FRAMEWORK).order_by("pk").first()
    if first is not None and vehicle_of(listing) is None:
        first.listings.add(listing)


@transaction.atomic
def set_vehicle(*, listing: Listing, vehicle: PurchasingVehicle, by: User, now: datetime) -> None:
    """New subscriptions to the listing follow this vehicle of its operator's; those asked for before keep
    theirs. Nothing is recorded when nothing changes."""
    before = vehicle_of(listing)
    if before == vehicle:
        return
    for other in PurchasingVehicle.objects.filter(listings=listing, operator=listing.operator_id):
        other.listings.remove(listing)
    vehicle.listings.add(listing)
    audit.record(
        tenant=listing.operator.organisation,
        actor=by,
        what="listing.vehicle",
        sentence=f"{{actor}} a mis « {listing.sheet.name} » dans « {vehicle.name} ».",
        subject_id=listing.pk,
        now=now,
        changes={"vehicle": [before.name if before else "", vehicle.name]},
    )
