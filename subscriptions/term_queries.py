"""Reads for the pages of an operator: which contracts of its members near the end of a term."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.core.paginator import Page, Paginator

from subscriptions.models import RUNNING, Subscription
from subscriptions.terms import Outlook, outlook_read, with_last_terms
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
    running = Subscription.objects.filter(operator=operator, state__in=RUNNING).select_related("tenant")
    rows = (
        with_last_terms(running)
        .filter(last_end__lte=on + AHEAD)
        .order_by("last_end", "tenant__plain_name", "service_name", "pk")
    )
    found = Paginator(rows, PAGE_SIZE).get_page(page)
    return found, [Ending(one, outlook_read(one)) for one in found]
