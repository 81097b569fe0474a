"""How a vendor opens services, from what happened: published on its sheets, so that it matters."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Aggregate, Count, Exists, F, FloatField, OuterRef, Q, QuerySet
from django.db.models.functions import Extract

from catalog.models import Vendor
from provisioning.models import (
    Call,
    Drift,
    DriftKind,
    Errand,
    Event,
    Run,
    Settled,
    StepState,
    TrackRecord,
)

DAYS = 90
ENOUGH = 5  # fewer openings say nothing of a vendor


class _Quantile(Aggregate):
    """Within how much that share of them is; "half" is the median."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def count_track_records(*, on: date) -> None:
    """Counts again what each vendor opened in the DAYS before `on`. Runs for every tenant: four queries and
    the writes. The clock of an opening starts when its vendor is first asked."""
    since = on - timedelta(days=DAYS)
    by_person = Call.objects.filter(step__run=OuterRef("pk"), outcome="needsperson")
    lasted = Extract(F("finished_at") - F("steps__first_tried_at"), "epoch")
    opened = (
        Run.objects.filter(event=Event.ACTIVATE, finished_at__date__gte=since, finished_at__date__lt=on)
        .filter(steps__first_tried_at__isnull=False, steps__position=1, steps__state=StepState.DONE)
        .annotate(vendor=F("steps__lane__vendor"), aided=Exists(by_person))
        .values("vendor")
        .annotate(
            opened=Count("pk", distinct=True),
            unaided=Count("pk", distinct=True, filter=Q(aided=False)),
            seconds=_Quantile(lasted, share=0.5),
            slow_seconds=_Quantile(lasted, share=0.9),
        )
        .order_by("vendor")
    )
    doubts = _by_vendor(
        Call.objects.filter(doubtful=True, started_at__date__gte=since, started_at__date__lt=on),
        "step__lane__vendor",
    )
    given_up = _by_vendor(
        Errand.objects.filter(
            settled_as=Settled.GIVEN_UP, settled_at__date__gte=since, settled_at__date__lt=on
        ),
        "step__lane__vendor",
    )
    orphans = _by_vendor(
        Drift.objects.filter(kind=DriftKind.ORPHAN, opened_at__date__gte=since, opened_at__date__lt=on),
        "subscription__listing__offer__product__sheet__vendor",
    )
    records = [
        TrackRecord(
            vendor_id=one["vendor"],
            since=since,
            counted_on=on,
            opened=one["opened"],
            unaided=one["unaided"],
            median_minutes=max(0, round(one["seconds"] / 60)),
            slow_minutes=max(0, round(one["slow_seconds"] / 60)),
            doubts=doubts.get(one["vendor"], 0),
            given_up=given_up.get(one["vendor"], 0),
            orphans=orphans.get(one["vendor"], 0),
        )
        for one in opened
    ]
    with transaction.atomic():
        TrackRecord.objects.all().delete()
        TrackRecord.objects.bulk_create(records)


def _by_vendor(rows: QuerySet, vendor: str) -> dict[int, int]:
    """How many rows by vendor."""
    return dict(rows.values_list(vendor).annotate(Count("pk")).order_by())


def track_record_of(vendor: Vendor) -> TrackRecord | None:
    """Its record as it was counted last; None while it opened too little to tell. One query."""
    return TrackRecord.objects.filter(vendor=vendor, opened__gte=ENOUGH).first()
