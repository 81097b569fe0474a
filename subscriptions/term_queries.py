"""Reads for the pages of an operator: which contracts of its members near the end of a term."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import OuterRef, Prefetch, Q, Subquery

from subscriptions.models import RUNNING, NonRenewal, Subscription, Term
from subscriptions.terms import Outlook, outlook_of
from tenants.models import Operator

PAGE_SIZE = 25
AHEAD = timedelta(days=365)


@dataclass(frozen=True)
class Ending:
    """A running subscription, `tenant` at hand, and what comes after its term."""

    subscription: Subscription
    outlook: Outlook


def ending_terms(*, operator: Operator, on: date, page: str | None) -> tuple[Page, list[Ending]]:
    """A page of the running subscriptions whose last term ends within a year, or is over, the nearest end
    first. Four queries, whatever their number."""
    last = Term.objects.filter(subscription=OuterRef("pk")).order_by("-rank").values("ends")[:1]
    rows = (
        Subscription.objects.filter(operator=operator, state__in=RUNNING)
        .annotate(last_end=Subquery(last))
        .filter(Q(last_end__lte=on + AHEAD))
        .select_related("tenant")
        .prefetch_related(
            Prefetch("terms", queryset=Term.objects.order_by("-rank")),
            Prefetch(
                "terms__non_renewals",
                queryset=NonRenewal.objects.filter(withdrawn_at__isnull=True).select_related("by"),
            ),
        )
        .order_by("last_end", "tenant__plain_name", "service_name", "pk")
    )
    found = Paginator(rows, PAGE_SIZE).get_page(page)
    return found, [Ending(one, _outlook(one)) for one in found]


def _outlook(subscription: Subscription) -> Outlook:
    term = next(iter(subscription.terms.all()))
    return outlook_of(subscription, term, next(iter(term.non_renewals.all()), None))
