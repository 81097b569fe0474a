"""Reads of departures for the pages of an operator. All need its scope, members included."""

from django.db.models import Count, Q, QuerySet

from subscriptions.models import Exit
from subscriptions.models.exit import OVER
from tenants.models import Operator


def exits_of_operator(*, operator: Operator, over: bool | None = None) -> QuerySet[Exit]:
    """Departures from this operator's services with all that a row shows, the next to be erased first; only
    those that are over, or not, if said."""
    rows = Exit.objects.filter(subscription__operator=operator)
    if over is not None:
        rows = rows.filter(state__in=OVER) if over else rows.exclude(state__in=OVER)
    return rows.select_related(
        "subscription__tenant",
        "subscription__operator",
        "subscription__listing__offer__product__sheet__vendor__organisation",
        "requested_by",
        "retrieved_by",
    ).order_by("erasure_from", "pk")


def counts_of_exits(*, operator: Operator) -> dict[str, int]:
    """How many departures are under way and over. One query."""
    return Exit.objects.filter(subscription__operator=operator).aggregate(
        **{
            "en-cours": Count("pk", filter=~Q(state__in=OVER)),
            "termines": Count("pk", filter=Q(state__in=OVER)),
        }
    )
