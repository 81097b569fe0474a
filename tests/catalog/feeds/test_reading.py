"""Reading sources over real HTTP: what is proposed, what is set aside, and that nothing is published."""

import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client

from catalog.feeds import operations, reading
from catalog.feeds.errors import FeedRefused, ItemRefused
from catalog.feeds.queries import vendor_for
from catalog.models import FeedKind, FeedState, ImportedItem, ItemState, ServiceSheet, VendorState
from catalog.sheets.drafts import draft_of, save_draft
from marketplace.web.api.answers import remembered
from tenants.models import AuditEvent, Letter, Role
from tests.catalog.publiccode.files import RIGHT, changed
from tests.factories import (
    ImportFeedFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    ServiceSheetFactory,
    UserFactory,
    VendorFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.jobs import run_jobs, waiting
from tests.tools.stranger import say, stranger

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def _nothing_remembered():
    remembered.clear()


def read(feed, now=NOW):
    with as_worker():
        reading.read(feed_id=feed.pk, now=now)
    feed.refresh_from_db()


def serving(pages: dict):
    """Answers with the bytes of each path; whatever else is 404."""

    def answer(handler, path):
        body = pages.get(path)
        say(handler, body or b"", status=200 if body is not None else 404)

    return stranger(answer)


# --- publiccode.yml -----------------------------------------------------------------------------------


def test_a_right_file_is_proposed_once():
    with serving({"/publiccode.yml": changed("name", "Cantine Libre").encode()}) as site:
        feed = ImportFeedFactory(url=site.url("/publiccode.yml"))
        read(feed)
        read(feed, LATER)
    (item,) = feed.items.all()
    assert (item.state, item.problems) == (ItemState.PROPOSED, [])
    assert item.content["name"] == "Cantine Libre"
    assert item.content["values"]["licence_spdx"] == "AGPL-3.0-or-later"
    assert (item.first_seen_at, item.last_seen_at) == (NOW, LATER)
    assert (feed.state, feed.problem, feed.read_at) == (FeedState.OK, "", LATER)
    assert not ServiceSheet.objects.exists()


def test_a_wrong_file_is_set_aside_with_each_reason_then_proposed_when_mended():
    pages = {"/p.yml": changed("legal.license", "Maison").encode()}
    with serving(pages) as site:
        feed = ImportFeedFactory(url=site.url("/p.yml"))
        read(feed)
        (item,) = feed.items.all()
        assert item.state == ItemState.REJECTED
        assert "« Maison »" in item.problems[0].replace("\u00a0", " ")
        assert feed.state == FeedState.OK
        pages["/p.yml"] = changed("legal.license", "MIT").encode()
        read(feed, LATER)
    (item,) = feed.items.all()
    assert (item.state, item.problems) == (ItemState.PROPOSED, [])


def test_an_unchanged_file_is_not_sent_again():
    def answer(handler, path):
        unchanged = handler.headers.get("If-None-Match") == '"1"'
        body = changed("name", "Cantine").encode()
        say(handler, b"" if unchanged else body, status=304 if unchanged else 200, etag='"1"')

    with stranger(answer) as site:
        feed = ImportFeedFactory(url=site.url())
        read(feed)
        assert feed.etag == '"1"'
        read(feed, LATER)
        assert site.asked[-1][1]["If-None-Match"] == '"1"'
    assert (feed.state, feed.etag, feed.read_at) == (FeedState.OK, '"1"', LATER)


def test_a_source_that_does_not_answer():
    with serving({}) as site:
        feed = ImportFeedFactory(url=site.url("/p.yml"))
        read(feed)
        read(feed, LATER)
    assert feed.state == FeedState.FAILED
    assert "404" in feed.problem
    with as_worker():
        failures = AuditEvent.objects.filter(what="feed.failed").count()
    assert failures == 1, "the log tells that it began to fail, not every night"


def test_a_private_address_is_never_asked(settings):
    with serving({"/p.yml": b"secret"}) as site:
        feed = ImportFeedFactory(url="https://127.0.0.1/p.yml")
        settings.ALLOW_PRIVATE_ADDRESSES = False
        read(feed)
        assert not site.asked
    assert (feed.state, "réseau privé" in feed.problem) == (FeedState.FAILED, True)


def test_a_decision_stands_until_the_source_changes():
    pages = {"/p.yml": changed("name", "Un").encode()}
    with serving(pages) as site:
        feed = ImportFeedFactory(url=site.url("/p.yml"))
        read(feed)
        ImportedItem.objects.update(state=ItemState.DISMISSED)
        read(feed, LATER)
        assert feed.items.get().state == ItemState.DISMISSED
        pages["/p.yml"] = changed("name", "Deux").encode()
        read(feed, LATER + timedelta(days=1))
    assert feed.items.get().state == ItemState.PROPOSED


def test_two_workers_read_once_and_a_dead_one_is_replaced():
    with serving({"/p.yml": changed("name", "Un").encode()}) as site:
        feed = ImportFeedFactory(url=site.url("/p.yml"), state=FeedState.RUNNING, started_at=NOW)
        read(feed, NOW + timedelta(minutes=1))
        assert (feed.state, site.asked) == (FeedState.RUNNING, [])
        with as_worker():
            operations.sweep(now=NOW + timedelta(minutes=20))
        assert ("catalog.tasks.read_feed", {"feed_id": feed.pk}) in waiting()
        read(feed, NOW + timedelta(minutes=20))
    assert feed.state == FeedState.OK


def test_a_removed_source_is_not_read():
    with serving({"/p.yml": b"x"}) as site:
        feed = ImportFeedFactory(url=site.url("/p.yml"), removed_at=NOW)
        read(feed, LATER)
        assert not site.asked


# --- Another Halle ------------------------------------------------------------------------------------


@pytest.fixture
def other_halle():
    """The answers of a real Halle, by path: ours, with one service on a shelf."""
    vendor = VendorFactory(organisation__name="Éditeur commun")
    listing = ListingFactory(
        operator=OperatorFactory(slug="ailleurs"),
        sheet=ServiceSheetFactory(
            name="Archives",
            slug="archives",
            vendor=vendor,
            population_max=3500,
            options=[{"code": "a", "name": "A"}],
        ),
    )
    client = Client()
    listed = "/api/v1/services?page=1&page_size=100"
    pages = {path: client.get(path).content for path in (listed, "/api/v1/services/archives")}
    return listing, pages


def test_another_halle_s_services_are_proposed(other_halle):
    listing, pages = other_halle
    with serving(pages) as site:
        feed = ImportFeedFactory(kind=FeedKind.HALLE, url=site.url("/api/v1/"))
        read(feed)
        assert len(site.asked) == 2
        read(feed, LATER)
        assert len(site.asked) == 3, "what has not changed is not asked again"
    (item,) = feed.items.all()
    assert (item.key, item.state) == ("archives", ItemState.PROPOSED)
    assert item.content["vendor"] == {"siren": listing.vendor.organisation.siren, "name": "Éditeur commun"}
    assert item.content["values"]["population_max"] == 3500
    assert vendor_for(item=item, siren="") == listing.vendor


def test_what_is_taken_is_a_draft_of_the_vendor_and_nothing_more(other_halle):
    listing, pages = other_halle
    with serving(pages) as site:
        feed = ImportFeedFactory(kind=FeedKind.HALLE, url=site.url("/api/v1"))
        read(feed)
    item, curator = feed.items.get(), UserFactory()
    editor = MembershipFactory(organisation=listing.vendor.organisation, role=Role.VENDOR_EDITOR).user
    with as_worker():
        sheet = operations.take(item=item, vendor=listing.vendor, family="archives", by=curator, now=LATER)
    assert (sheet.live, sheet.vendor) == (False, listing.vendor)
    draft = draft_of(ServiceSheet.objects.get(pk=sheet.pk)).sheet
    assert (draft.name, draft.family, draft.population_max) == ("Archives", "archives", 3500)
    assert draft.options == [{"code": "a", "name": "A", "summary": "", "needs": ""}]
    assert not sheet.product.stockrecords.exists(), "it stands on no shelf"
    with as_worker(), pytest.raises(ItemRefused):
        operations.take(item=item, vendor=listing.vendor, family="archives", by=curator, now=LATER)
    item.refresh_from_db()
    assert (item.state, item.sheet) == (ItemState.TAKEN, sheet)
    with as_worker():
        letter = Letter.objects.get(to=editor.email)
    assert sheet.slug in letter.body


def test_a_change_at_the_source_updates_the_same_draft(other_halle):
    listing, pages = other_halle
    with serving(pages) as site:
        feed = ImportFeedFactory(kind=FeedKind.HALLE, url=site.url("/api/v1"))
        read(feed)
        with as_worker():
            first = operations.take(
                item=feed.items.get(), vendor=listing.vendor, family="archives", by=UserFactory(), now=NOW
            )
        for path in pages:
            pages[path] = pages[path].replace(b"Archives", b"Archives deux")
        read(feed, LATER)
        item = feed.items.get()
        assert item.state == ItemState.PROPOSED
        with as_worker():
            second = operations.take(
                item=item, vendor=listing.vendor, family="archives", by=UserFactory(), now=LATER
            )
    assert second == first
    assert draft_of(ServiceSheet.objects.get(pk=first.pk)).sheet.name == "Archives deux"


def test_a_suspended_vendor_gets_no_draft(other_halle):
    listing, pages = other_halle
    with serving(pages) as site:
        feed = ImportFeedFactory(kind=FeedKind.HALLE, url=site.url("/api/v1"))
        read(feed)
    with as_worker():
        listing.vendor.state, listing.vendor.suspension_reason = VendorState.SUSPENDED, "Essai"
        listing.vendor.save()
        with pytest.raises(ItemRefused):
            operations.take(
                item=feed.items.get(), vendor=listing.vendor, family="archives", by=UserFactory(), now=LATER
            )
    assert feed.items.get().state == ItemState.PROPOSED


def page(*items, total=None) -> bytes:
    return json.dumps({"items": list(items), "total": len(items) if total is None else total}).encode()


HOSTILE = {"id": "x", "name": "X"}


@pytest.mark.parametrize(
    "detail",
    [
        b"not json", b"[]", b"[" * 100_000, b"{}", json.dumps(HOSTILE).encode(),
        json.dumps({**HOSTILE, "name": {"a": 1}}).encode(),
        json.dumps({**HOSTILE, "summary": "a\u0000b", "description": "", "family": "archives",
                    "vendor": {"siren": "1", "name": ""}}).encode(),
        json.dumps({**HOSTILE, "description": "x" * 20_000}).encode(),
    ],
)  # fmt: skip
def test_a_service_that_is_wrong_is_set_aside(detail):
    with serving({"/services?page=1&page_size=100": page(HOSTILE), "/services/x": detail}) as site:
        feed = ImportFeedFactory(kind=FeedKind.HALLE, url=site.url())
        read(feed)
    (item,) = feed.items.all()
    assert item.state == ItemState.REJECTED
    assert item.problems
    assert feed.state == FeedState.OK


@pytest.mark.parametrize("key", ["../../admin", "a/b", "x?y", "\u0000", "\ud800", "é", "A" * 1000, ""])
def test_an_identifier_leads_nowhere_else(key):
    with serving({"/services?page=1&page_size=100": page({"id": key, "name": "X"})}) as site:
        feed = ImportFeedFactory(kind=FeedKind.HALLE, url=site.url())
        read(feed)
        assert [urlsplit(path).path for path, _ in site.asked] == ["/services"]
    assert feed.items.get().state == ItemState.REJECTED


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", page({"name": "no id"}), page("text"), page(total="many"),
     page(*[HOSTILE] * 101)],
)  # fmt: skip
def test_a_site_that_is_no_halle(body):
    with serving({"/services?page=1&page_size=100": body}) as site:
        feed = ImportFeedFactory(kind=FeedKind.HALLE, url=site.url())
        read(feed)
    assert (feed.state, bool(feed.problem)) == (FeedState.FAILED, True)
    assert not feed.items.exists()


def test_an_endless_catalogue_ends(monkeypatch):
    monkeypatch.setattr(reading, "MAX_SERVICES", 300)
    with stranger(lambda h, path: say(h, page(HOSTILE, total=10**9))) as site:
        read(ImportFeedFactory(kind=FeedKind.HALLE, url=site.url()))
        assert len([path for path, _ in site.asked if path.startswith("/services?")]) == 3


def test_a_reading_that_stops_on_the_way_keeps_what_it_read():
    one = {"id": "one", "name": "One"}
    two = {"id": "two", "name": "Two"}

    def answer(handler, path):
        if path.startswith("/services?"):
            say(handler, page(one, two))
        else:
            say(handler, b"{}", status=200 if path.endswith("one") else 503)

    with stranger(answer) as site:
        feed = ImportFeedFactory(kind=FeedKind.HALLE, url=site.url())
        read(feed)
    assert [item.key for item in feed.items.all()] == ["one"]
    assert (feed.state, "arrêtée en route" in feed.problem) == (FeedState.OK, True)


# --- A vendor's own file --------------------------------------------------------------------------------


@pytest.fixture
def sheet():
    return ServiceSheetFactory(name="Avant", vendor=VendorFactory())


def vendor_feed(sheet, url):
    return ImportFeedFactory(operator=None, vendor=sheet.vendor, sheet=sheet, url=url)


def test_the_draft_follows_the_file_and_nothing_is_published(sheet):
    pages = {"/p.yml": changed("name", "Cantine Libre").encode()}
    with serving(pages) as site:
        feed = vendor_feed(sheet, site.url("/p.yml"))
        read(feed)
        sheet.refresh_from_db()
        draft = draft_of(sheet)
        assert (draft.sheet.name, sheet.name) == ("Cantine Libre", "Avant")
        assert draft.sheet.contractors[0]["until"] == "2028-06-30"
        assert feed.items.get().state == ItemState.TAKEN

        # What the vendor wrote by hand stays, unless the file changes that very field.
        with as_worker():
            save_draft(
                sheet=sheet, values={"summary": "Écrit à la main", "name": "À la main"},
                based_on=draft.revision.pk, by=UserFactory(), now=NOW,
            )  # fmt: skip
        pages["/p.yml"] = changed("name", "Cantine 2").encode()
        read(feed, LATER)
    sheet.refresh_from_db()
    after = draft_of(sheet).sheet
    assert (after.name, after.summary) == ("Cantine 2", "Écrit à la main")


def test_a_file_that_the_sheet_refuses_is_told_to_the_vendor(sheet):
    with serving({"/p.yml": changed("name", GONE_FROM_SHEET).encode()}) as site:
        feed = vendor_feed(sheet, site.url("/p.yml"))
        read(feed)
    assert feed.state == FeedState.OK
    item = feed.items.get()
    assert item.state in (ItemState.TAKEN, ItemState.REJECTED)
    assert (item.state == ItemState.REJECTED) == bool(item.problems)


GONE_FROM_SHEET = RIGHT["name"] + " " + "x" * 190


# --- The verbs ------------------------------------------------------------------------------------------


def test_adding_a_source_reads_it_by_a_job():
    operator, curator = OperatorFactory(), UserFactory()
    with serving({"/p.yml": changed("name", "Un").encode()}) as site:
        with as_worker():
            feed = operations.add_operator_feed(
                operator=operator,
                kind=FeedKind.PUBLICCODE,
                url=f" {site.url('/p.yml')}#top ",
                by=curator,
                now=NOW,
            )
        assert feed.url == site.url("/p.yml")
        run_jobs()
    feed.refresh_from_db()
    assert feed.state == FeedState.OK
    with as_worker():
        said = list(AuditEvent.objects.filter(tenant=operator.organisation).values_list("what", flat=True))
        with pytest.raises(FeedRefused):
            operations.ask_reading(feed=feed, by=curator, now=feed.read_at)
        operations.ask_reading(feed=feed, by=curator, now=feed.read_at + timedelta(minutes=2))
        operations.remove(feed=feed, by=curator, now=LATER)
        with pytest.raises(FeedRefused):
            operations.remove(feed=feed, by=curator, now=LATER)
    assert said == ["feed.added", "feed.read"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "publiccode.yml",
        "ftp://a.example/x",
        "https://user:pw@a.example/",
        "https://a.example/" + "a" * 600,
    ],
)
def test_addresses_that_cannot_be_added(url):
    with as_worker(), pytest.raises(FeedRefused) as refused:
        operations.add_operator_feed(
            operator=OperatorFactory(), kind=FeedKind.HALLE, url=url, by=UserFactory(), now=NOW
        )
    assert refused.value.field == "url"


def test_the_same_source_is_followed_once(sheet):
    operator, person = OperatorFactory(), UserFactory()
    with as_worker():
        same = {"operator": operator, "kind": FeedKind.HALLE, "url": "https://a.example/api/v1/"}
        operations.add_operator_feed(**same, by=person, now=NOW)
        with pytest.raises(FeedRefused):
            operations.add_operator_feed(**same, by=person, now=NOW)
        operations.add_vendor_feed(sheet=sheet, url="https://a.example/p.yml", by=person, now=NOW)
        with pytest.raises(FeedRefused):
            operations.add_vendor_feed(sheet=sheet, url="https://b.example/p.yml", by=person, now=NOW)


def test_every_night_each_source_is_read_again():
    kept, removed = ImportFeedFactory(), ImportFeedFactory(removed_at=NOW)
    with as_worker():
        operations.enqueue_all(now=LATER)
        operations.enqueue_all(now=LATER)
    asked = [args["feed_id"] for name, args in waiting() if name.endswith("read_feed")]
    assert asked == [kept.pk]
    assert removed.pk not in asked


def test_dismissing_once():
    feed = ImportFeedFactory()
    with as_worker():
        item = ImportedItem.objects.create(
            feed=feed, key="x", content={"name": "X", "values": {}, "vendor": None}, content_hash="0",
            first_seen_at=NOW, last_seen_at=NOW,
        )  # fmt: skip
        operations.dismiss(item=item, by=UserFactory(), now=NOW)
        with pytest.raises(ItemRefused):
            operations.dismiss(item=item, by=UserFactory(), now=NOW)
