"""The rows that are searched and filtered say what stands on the shelf."""

from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command
from django.db import connection

from catalog.finding.indexing import rebuild, record_usage, refresh, refresh_sheet, refresh_vendor
from catalog.models import ListingState, ModerationState, SearchWord, ShelfEntry, Vendor
from tests.factories import (
    ClaimFactory,
    ListingFactory,
    ReviewFactory,
    ServiceSheetFactory,
    VendorFactory,
    succeeding_grid,
)
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


def entry_of(listing) -> ShelfEntry:
    return ShelfEntry.objects.get(listing=listing)


def test_it_reads_the_approved_revision_not_what_the_vendor_published_since():
    listing = ListingFactory(sheet__name="Cantine simple", sheet__body_types=["commune", "ccas"])
    with as_worker():
        listing.sheet.name = "Cantine nouvelle"
        listing.sheet.save()
        refresh(listings=[listing.pk])
    entry = entry_of(listing)
    assert (entry.name, entry.listed, entry.body_types) == ("Cantine simple", True, ["ccas", "commune"])


@pytest.mark.parametrize("state", set(ListingState) - {ListingState.LISTED})
def test_only_what_is_listed_is_seen(state):
    assert not entry_of(ListingFactory(state=state)).listed


def test_a_suspended_vendor_takes_its_services_away():
    listing = ListingFactory()
    with as_worker():
        Vendor.objects.update(state="suspended", suspension_reason="Défaut de paiement")
        refresh_vendor(vendor_id=listing.vendor.pk)
    assert not entry_of(listing).listed


def test_claims_and_reviews_follow_the_sheet():
    listing = ListingFactory()
    ClaimFactory(sheet=listing.sheet, topic="rgaa", verified=True, valid_until=date(2026, 12, 31))
    ClaimFactory(sheet=listing.sheet, topic="sla", replaced_at=datetime(2026, 1, 1, tzinfo=UTC))
    ReviewFactory(sheet=listing.sheet, rating=4, state=ModerationState.PUBLISHED)
    ReviewFactory(sheet=listing.sheet, rating=1, state=ModerationState.PENDING)
    with as_worker():
        refresh_sheet(sheet_id=listing.sheet.pk)
    entry = entry_of(listing)
    assert entry.claims == [{"topic": "rgaa", "level": "verified", "until": "2026-12-31"}]
    assert (entry.rating_sum, entry.rating_count) == (4, 1)


def test_refreshing_again_writes_nothing_but_a_grid_published_since_is_told():
    listing = ListingFactory()
    before = entry_of(listing).version
    with as_worker():
        refresh(listings=[listing.pk])
        rebuild()
    assert entry_of(listing).version == before
    succeeding_grid(listing, effective_from=date(2027, 1, 1), flat=True)
    assert entry_of(listing).version > before


def test_usage_outlives_a_refresh():
    listing = ListingFactory()
    with as_worker():
        record_usage(usage={listing.pk: {"500-999": 3}})
        listing.position = 3
        listing.save()
        refresh(listings=[listing.pk])
    assert (entry_of(listing).usage, entry_of(listing).position) == ({"500-999": 3}, 3)


def test_a_constant_number_of_statements():
    def statements() -> int:
        sent = []

        def note(execute, sql, params, many, context):
            sent.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            rebuild()
        return len(sent)

    vendor = VendorFactory()
    with as_worker():
        ListingFactory(sheet__vendor=vendor)
        one = statements()
        ListingFactory.create_batch(4)
        assert statements() == one


def test_words_are_learnt_and_forgotten():
    listing = ListingFactory(sheet=ServiceSheetFactory(name="Trottinettes d’été"))
    assert SearchWord.objects.filter(word="trottinettes").exists()
    with as_worker():
        listing.approved_revision.content["name"] = "Autre"
        listing.approved_revision.save()
        call_command("rebuild_shelf")
    assert not SearchWord.objects.filter(word="trottinettes").exists()


def test_everything_written_again_keeps_the_usage():
    listing = ListingFactory()
    with as_worker():
        record_usage(usage={listing.pk: {"500-999": 3}})
        version = entry_of(listing).version
        call_command("rebuild_shelf", "--rewrite")
    assert entry_of(listing).usage == {"500-999": 3}
    assert entry_of(listing).version > version
