"""Telling vendors before their claims end: 60, 30 and 7 days before, and once they have ended."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from catalog.claims import letters
from catalog.models import Claim, VendorState

STEPS = (60, 30, 7)  # days before the last one
ENDED = 0


def step_of(claim: Claim, *, on: date) -> int | None:
    """The nearest reminder that is due: 60, 30, 7, 0 once ended; None while the end is far."""
    if claim.valid_until is None:
        return None
    if claim.is_expired(on=on):
        return ENDED
    left = (claim.valid_until - on).days
    return next((step for step in reversed(STEPS) if left <= step), None)


def send_reminders(*, now: datetime) -> int:
    """Writes to each vendor whose claims have come to a step, once a day; how many vendors.

    May run any number of times: a claim remembers its step, and a day without a run is made up by the next.
    """
    today = localdate(now)
    return sum(_remind(claims, now) for claims in _by_vendor(today))


def _by_vendor(today: date) -> Iterator[list[Claim]]:
    """The claims to tell of, vendor by vendor."""
    near = Q(valid_until__lt=today) & (Q(reminded=None) | Q(reminded__gt=ENDED))
    for step in STEPS:
        last = today + timedelta(days=step)
        near |= Q(valid_until__gte=today, valid_until__lte=last) & (Q(reminded=None) | Q(reminded__gt=step))
    due = (
        Claim.objects.current()
        .filter(near, sheet__vendor__state=VendorState.ACTIVE)
        .select_related("sheet__vendor__organisation")
        .order_by("sheet__vendor_id", "valid_until", "pk")
    )
    for _, claims in groupby(due, key=lambda claim: claim.sheet.vendor_id):
        yield list(claims)


@transaction.atomic
def _remind(claims: list[Claim], now: datetime) -> bool:
    """Marks the claims and writes the letter, both or neither. Whoever was written to today waits a day."""
    today, vendor = localdate(now), claims[0].sheet.vendor
    if letters.reminded_on(vendor=vendor, on=today):
        return False
    told = [claim for claim in claims if _mark(claim, today)]
    if told:
        letters.remind(vendor=vendor, claims=told, now=now)
    return bool(told)


def _mark(claim: Claim, today: date) -> bool:
    """Whether it is this run that tells of the claim's step."""
    step = step_of(claim, on=today)
    not_yet = Q(reminded=None) | Q(reminded__gt=step)
    return Claim.objects.current().filter(not_yet, pk=claim.pk).update(reminded=step) == 1
