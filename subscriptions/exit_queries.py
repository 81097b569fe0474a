"""Reads of departures for the pages of an operator and of a vendor. All need their scope, with the members or
the subscribers."""

from django.db.models import Count, Q, QuerySet

from catalog.models import Vendor
from subscriptions.models import Exit
from subscriptions.models.exit import OVER
from subscriptions.owners import owned_by
from tenants.models import Operator


def exits_of(*, owner: Operator | Vendor, over: bool | None = None) -> QuerySet[Exit]:
    """Departures from the services of this operator or vendor, with all that a row shows, the next to be
    erased first; only those that are over, or not, if said."""
    rows = Exit.objects.filter(owned_by(owner, through="subscription__"))
    if over is not None:
        rows = rows.filter(state__in=OVER) if over else rows.exclude(state__in=OVER)
    return rows.select_related(
        "subscription__tenant",
        "subscription__operator",
        "subscription__listing__offer__product__sheet__vendor__organisation",
        "requested_by",
        "retrieved_by",
    ).order_by("erasure_from", "pk")


def counts_of_exits(*, owner: Operator | Vendor) -> dict[str, int]:
    """How many departures are under way and over. One query."""
    return Exit.objects.filter(owned_by(owner, through="subscription__")).aggregate(
        **{
            "en-cours": Count("pk", filter=~Q(state__in=OVER)),
            "termines": Count("pk", filter=Q(state__in=OVER)),
        }
    )
