"""How a vendor opens services, from what happened: published on its sheets, so that it matters."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Aggregate, Count, Exists, F, FloatField, OuterRef, Q
from django.db.models.functions import Extract

from catalog.models import Vendor
from provisioning.models import Call, Event, Run, TrackRecord

DAYS = 90
ENOUGH = 5  # fewer openings say nothing of a vendor


class _Median(Aggregate):
    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def count_track_records(*, on: date) -> None:
    """Counts again what each vendor opened in the DAYS before `on`. Runs for every tenant: one query and the
    writes. The clock of an opening starts when its vendor is first asked."""
    since = on - timedelta(days=DAYS)
    by_person = Call.objects.filter(step__run=OuterRef("pk"), outcome="needsperson")
    opened = (
        Run.objects.filter(event=Event.ACTIVATE, finished_at__date__gte=since, finished_at__date__lt=on)
        .filter(steps__first_tried_at__isnull=False, steps__position=1)
        .annotate(vendor=F("steps__lane__vendor"), aided=Exists(by_person))
        .values("vendor")
        .annotate(
            opened=Count("pk", distinct=True),
            unaided=Count("pk", distinct=True, filter=Q(aided=False)),
            seconds=_Median(Extract(F("finished_at") - F("steps__first_tried_at"), "epoch")),
        )
        .order_by("vendor")
    )
    doubts = dict(
        Call.objects.filter(doubtful=True, started_at__date__gte=since, started_at__date__lt=on)
        .values_list("step__lane__vendor")
        .annotate(Count("pk"))
        .order_by()
    )
    records = [
        TrackRecord(
            vendor_id=one["vendor"],
            since=since,
            counted_on=on,
            opened=one["opened"],
            unaided=one["unaided"],
            median_minutes=max(0, round(one["seconds"] / 60)),
            doubts=doubts.get(one["vendor"], 0),
        )
        for one in opened
    ]
    with transaction.atomic():
        TrackRecord.objects.all().delete()
        TrackRecord.objects.bulk_create(records)


def track_record_of(vendor: Vendor) -> TrackRecord | None:
    """Its record as it was counted last; None while it opened too little to tell. One query."""
    return TrackRecord.objects.filter(vendor=vendor, opened__gte=ENOUGH).first()
