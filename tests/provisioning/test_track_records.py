"""How a vendor opens services, from what happened."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import make_aware

from marketplace.web.openings import opening_record, usual_time
from provisioning.models import Call, Run, StepState, TrackRecord
from provisioning.track_records import DAYS, ENOUGH, count_track_records, track_record_of
from tests.factories import (
    DriftFactory,
    ErrandFactory,
    ListingFactory,
    StepFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.provisioning import CallFactory
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

ON = datetime(2026, 6, 1).date()
MORNING = make_aware(datetime(2026, 5, 20, 9))


def opened(listing, *, minutes, at=MORNING, outcomes=("done",), doubtful=False) -> Run:
    """A service that this vendor opened so many minutes after it was first asked."""
    step = StepFactory(
        run__subscription=SubscriptionFactory(listing=listing, state="provisioning"),
        run__finished_at=at + timedelta(minutes=minutes),
        state=StepState.DONE,
        first_tried_at=at,
        done_at=at + timedelta(minutes=minutes),
    )
    for outcome in outcomes:
        CallFactory(step=step, started_at=at, outcome=outcome, doubtful=doubtful and outcome == "retry")
    return step.run


def counted(on=ON) -> None:
    with as_worker():
        count_track_records(on=on)


def test_what_a_vendor_opened_is_counted_with_its_median_and_what_needed_a_person():
    listing, other = ListingFactory(), ListingFactory()
    for minutes in (2, 10, 600):
        opened(listing, minutes=minutes)
    opened(listing, minutes=4, outcomes=("retry", "done"), doubtful=True)
    opened(listing, minutes=5_000, outcomes=("needsperson",))
    opened(other, minutes=1)
    counted()
    record = track_record_of(listing.vendor)
    assert (record.opened, record.unaided, record.median_minutes, record.doubts) == (5, 4, 10, 1)
    assert record.slow_minutes == 3_240
    assert (record.counted_on - record.since).days == DAYS
    assert track_record_of(other.vendor) is None  # too few to tell
    assert TrackRecord.objects.count() == 2


@pytest.mark.parametrize(("days_before", "there"), [(1, True), (DAYS, True), (DAYS + 1, False), (0, False)])
def test_the_days_that_count(days_before, there):
    at = make_aware(datetime(ON.year, ON.month, ON.day, 12)) - timedelta(days=days_before)
    opened(ListingFactory(), minutes=0, at=at)
    counted()
    assert TrackRecord.objects.exists() == there


def test_counting_again_writes_the_same_and_forgets_who_opens_no_more():
    listing = ListingFactory()
    opened(listing, minutes=3)
    counted()
    counted()
    assert TrackRecord.objects.count() == 1
    counted(on=ON + timedelta(days=DAYS + 30))
    assert not TrackRecord.objects.exists()


def record(**values) -> TrackRecord:
    values = {"opened": 40, "unaided": 39, "median_minutes": 12, "doubts": 0, **values}
    return TrackRecord(since=ON - timedelta(days=DAYS), counted_on=ON, **values)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "d’une minute"),
        (12, "de 13 minutes"),
        (60, "de 2 heures"),
        (47 * 60, "de 48 heures"),
        (72 * 60, "de 4 jours"),
    ],
)
def test_a_duration_is_said_so_that_half_took_less(minutes, said):
    assert f"la moitié en moins {said}." in opening_record(record(median_minutes=minutes))[0]


def test_all_but_one_is_not_all_and_none_is_said_as_it_is():
    assert opening_record(record())[1].startswith("97 % se sont ouverts sans que personne")
    assert opening_record(record(opened=1_000, unaided=999))[1].startswith("99 %")
    assert opening_record(record(unaided=40))[1] == "Aucun n’a demandé qu’une personne intervienne."
    assert opening_record(record(unaided=0))[1] == "Une personne a ouvert chacun à la main."


def test_doubts_are_said_when_there_are_some():
    assert len(opening_record(record())) == 2
    assert opening_record(record(doubts=1))[2].startswith("Une réponse de son système a laissé un doute")
    assert opening_record(record(doubts=3))[2].startswith("3 réponses de son système ont laissé")
    assert opening_record(None) == []


def test_it_stands_on_the_sheet(client):
    listing = ListingFactory()
    for _ in range(ENOUGH):
        opened(listing, minutes=4)
    counted()
    page = client.get(reverse("service", args=[listing.operator.slug, listing.sheet.slug])).content.decode()
    assert "Cet éditeur a ouvert 5 services du 3 mars 2026 au 31 mai 2026, la moitié en moins de 5" in page
    assert "Aucun n’a demandé qu’une personne intervienne." in page
    with as_worker():
        assert Call.objects.count() == ENOUGH


def test_what_was_given_up_is_no_opening_and_what_stayed_is_told():
    listing = ListingFactory()
    for _ in range(5):
        opened(listing, minutes=3)
    given_up = opened(listing, minutes=9_000)
    with as_worker():
        given_up.steps.update(state=StepState.MOOT)
        step = given_up.steps.get()
    by = {"settled_at": MORNING, "settled_by": UserFactory(), "settled_as": "given_up"}
    ErrandFactory(step=step, **by)
    DriftFactory(subscription__listing=listing, kind="orphan", opened_at=MORNING, seen_at=MORNING)
    counted()
    record = track_record_of(listing.vendor)
    assert (record.opened, record.given_up, record.orphans, record.slow_minutes) == (5, 1, 1, 3)
    said = opening_record(record)
    assert said[2] == "1 ouverture a été abandonnée."
    assert said[3].startswith("1 service était encore là")


def test_who_waits_reads_how_long_it_takes():
    assert usual_time(record(slow_minutes=70)) == (
        "Cet éditeur ouvre en général en moins de 13 minutes ; 9 fois sur 10, en moins de 2 heures."
    )
    assert usual_time(record(slow_minutes=12)) == "Cet éditeur ouvre en général en moins de 13 minutes."
    assert usual_time(None) == ""
