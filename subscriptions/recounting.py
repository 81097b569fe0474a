"""Each year, the parts of a key by inhabitants follow the populations in force on 1 January.

The key was agreed to, not the figure: nobody answers again, everybody is told. A key that began in the course
of the year, or was counted again for it, is left as its intercommunality decided. What is invoiced is never
touched: the new parts then begin with the first month that is not.
"""

import logging
from datetime import date, datetime
from fractions import Fraction

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import localdate

from subscriptions.cost_keys import counted_shares, parts_again, running, weights_of, who_counts
from subscriptions.exceptions import ShareRefused
from subscriptions.models import (
    CostKey,
    CostKeyRecount,
    KeyMethod,
    PayerShare,
    ShareSide,
    ShareState,
    Subscription,
)
from subscriptions.payer_letters import tell_not_counted
from tenants.models import Organisation, Population

logger = logging.getLogger(__name__)

UNCHANGED = "Les parts sont les mêmes."
INVOICED = "L’année est déjà facturée."


def recount_due(*, on: date, now: datetime) -> int:
    """Every night: the keys to count again for this year, and for the next one as soon as its populations are
    known; how many were. May be called any number of times; for a worker, one transaction each."""
    return sum(_recount(key, year, now) for year in (on.year, on.year + 1) for key in _due(year))


def _due(year: int) -> QuerySet[CostKey]:
    """Those by which somebody pays before 1 January and still does, and that were not looked at."""
    first = date(year, 1, 1)
    lasts = Q(ends__isnull=True) | Q(ends__gt=first)
    paid = PayerShare.objects.filter(lasts, key=OuterRef("pk"), state=ShareState.AGREED, starts__lt=first)
    done = CostKeyRecount.objects.filter(key=OuterRef("pk"), year=year)
    found = CostKey.objects.filter(Exists(paid), ~Exists(done), method=KeyMethod.INHABITANTS)
    found = found.filter(subscription__in=Subscription.objects.open())
    return found.select_related("subscription__tenant", "subscription__operator").order_by("pk")


def _recount(key: CostKey, year: int, now: datetime) -> bool:
    """Whether the parts of a key were counted again. One transaction; what is refused is told."""
    try:
        with transaction.atomic():
            return _count(key, year, now)
    except ShareRefused as refusal:
        logger.warning("cost key %s cannot be counted again for %s", key.pk, year)
        tell_not_counted(key=key, year=year, why=str(refusal), now=now)
        return False


def _known(key: CostKey, communes: list[Organisation], first: date) -> bool:
    """Whether each of these communes has a population that takes effect that day. One query."""
    rows = Population.objects.filter(
        territory__organisation__in=communes,
        kind=key.population_kind,
        in_force_from=first,
        value__isnull=False,
    )
    return rows.values("territory").distinct().count() == len(communes)


def _count(key: CostKey, year: int, now: datetime) -> bool:
    """Not before every commune has its new population."""
    # Two workers, or a worker and a payer's answer, go one after the other.
    Subscription.objects.select_for_update(of=("self",), no_key=True).get(pk=key.subscription_id)
    if CostKeyRecount.objects.filter(key=key, year=year).exists():
        return False
    first = date(year, 1, 1)
    communes = who_counts(key, running(key, first), on=localdate(now))
    if not _known(key, communes, first):
        return False
    if _same(key, communes, first):
        starts, why = None, UNCHANGED
    else:
        starts = _apply(key, first, now)
        why = "" if starts else INVOICED
    CostKeyRecount.objects.create(
        tenant_id=key.tenant_id, key=key, year=year, starts=starts, why=why, made_at=now
    )
    return starts is not None


def _same(key: CostKey, communes: list[Organisation], first: date) -> bool:
    """Whether those who pay would pay what they pay."""
    before = {one.payer_id: Fraction(one.part, one.whole) for one in running(key, first)}
    counted = counted_shares(key, weights_of(key, communes, first), first, first)
    after = {one.payer_id: Fraction(one.part, one.whole) for one in counted if one.payer_id in before}
    return after == before


def _apply(key: CostKey, first: date, now: datetime) -> date | None:
    """The day from which the new parts are paid, None where the whole year is invoiced. Raises
    ShareRefused."""
    halle = {"reference_on": first, "side": ShareSide.HALLE, "by": None, "now": now}
    try:
        with transaction.atomic():
            parts_again(key=key, starts=first, **halle)
    except ShareRefused as refusal:
        if refusal.not_before is None:
            raise
        if refusal.not_before.year > first.year:
            return None
        parts_again(key=key, starts=refusal.not_before, **halle)
        return refusal.not_before
    return first
