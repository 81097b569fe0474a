"""Reads for the pages of an operator's purchasing vehicles."""

from django.db.models import Count, Prefetch

from catalog.models import Listing
from subscriptions.models import FrameworkLot, LotHolder, PurchasingVehicle
from tenants.models import Operator


def vehicle_rows(*, operator: Operator) -> list[PurchasingVehicle]:
    """The operator's vehicles by name, with `listing_count` and `lot_count`. One query."""
    return list(
        PurchasingVehicle.objects.filter(operator=operator)
        .annotate(
            listing_count=Count("listings", distinct=True),
            lot_count=Count("lots", distinct=True),
        )
        .order_by("name", "pk")
    )


def lots_of(vehicle: PurchasingVehicle) -> list[FrameworkLot]:
    """Its lots by number, with holders and who succeeded them, listings and amendments at hand, and
    `buyer_count`. Seven queries at the most."""
    holders = LotHolder.objects.select_related("vendor__organisation").order_by("rank")
    listings = Listing.objects.select_related("offer__product__sheet").order_by("position", "pk")
    return list(
        vehicle.lots.annotate(buyer_count=Count("buyers"))
        .prefetch_related(
            Prefetch("holders", queryset=holders),
            "successions__successor__organisation",
            Prefetch("listings", queryset=listings),
            "amendments",
        )
        .order_by("number")
    )
