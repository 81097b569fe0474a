"""The pages of an operator's sources: added, read, and each service decided on by a person."""

import pytest
from django.urls import reverse

from catalog.models import FeedState, ImportedItem, ImportFeed, ItemState, ServiceSheet
from tenants.models import Role
from tests.catalog.publiccode.files import changed
from tests.factories import ImportedItemFactory, ImportFeedFactory, VendorFactory
from tests.tools.jobs import run_jobs
from tests.tools.queries import snapshot_queries
from tests.tools.stranger import say, stranger

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in, operator):
    return sign_in(Role.CURATOR, operator)


def url(name, operator, *arguments):
    return reverse(name, args=[operator.slug, *arguments])


def test_from_an_address_to_a_draft(client, operator):
    vendor = VendorFactory(organisation__name="Éditeur libre")
    with stranger(lambda h, path: say(h, changed("name", "Cantine Libre").encode())) as site:
        answer = client.post(
            url("operator_feeds", operator), {"kind": "publiccode", "url": site.url("/publiccode.yml")}
        )
        feed = ImportFeed.objects.get()
        assert answer["Location"] == url("operator_feed", operator, feed.pk)
        run_jobs()
    item = ImportedItem.objects.get()
    page = client.get(answer["Location"]).content.decode()
    assert "Cantine Libre" in page
    address = url("operator_feed_item", operator, feed.pk, item.pk)
    assert "AGPL-3.0-or-later" in client.get(address).content.decode()

    wrong = client.post(address, {"siren": "123", "family": "canteen"}).content.decode()
    assert "Aucun éditeur inscrit ici ne porte ce SIREN." in wrong
    assert 'value="123"' in wrong
    client.post(address, {"siren": vendor.organisation.siren, "family": "canteen"})
    sheet = ServiceSheet.objects.get()
    assert (sheet.vendor, sheet.live) == (vendor, False)
    again = client.post(address, {"family": "canteen"}, follow=True).content.decode()
    assert "Quelqu’un a déjà décidé" in again


def test_an_unknown_vendor_is_told(client, operator):
    item = ImportedItemFactory(
        feed__operator=operator,
        content={"name": "X", "values": {"name": "X"}, "vendor": {"siren": "732829320", "name": "Ailleurs"}},
    )
    page = client.get(url("operator_feed_item", operator, item.feed_id, item.pk)).content.decode()
    assert "L’éditeur n’est pas encore inscrit ici" in page
    client.post(url("operator_feed_item", operator, item.feed_id, item.pk), {"family": "canteen"})
    item.refresh_from_db()
    assert item.state == ItemState.PROPOSED


def test_what_was_typed_stays_with_its_mistake(client, operator):
    page = client.post(
        url("operator_feeds", operator), {"kind": "halle", "url": "ftp://a.example/"}
    ).content.decode()
    assert "L’adresse doit commencer par https://." in page
    assert 'value="ftp://a.example/"' in page
    assert not ImportFeed.objects.exists()
    assert client.post(url("operator_feeds", operator), {"url": "a\0b"}).status_code == 200


def test_dismissing_and_removing(client, operator):
    item = ImportedItemFactory(feed__operator=operator)
    client.post(url("operator_feed_item_dismiss", operator, item.feed_id, item.pk))
    item.refresh_from_db()
    assert item.state == ItemState.DISMISSED
    client.post(url("operator_feed_remove", operator, item.feed_id))
    assert client.get(url("operator_feed", operator, item.feed_id)).status_code == 404


@pytest.mark.parametrize("state", FeedState.values)
def test_each_state_has_its_words(client, operator, state):
    feed = ImportFeedFactory(operator=operator, state=state, problem="Le site ne répond pas.")
    for tab in ("a-examiner", "mis-de-cote", "repris", "ecartes", "autre"):
        assert client.get(url("operator_feed", operator, feed.pk), {"etat": tab}).status_code == 200


def test_queries(client, operator, snapshot):
    for _ in range(3):
        feed = ImportFeedFactory(operator=operator)
        for _ in range(3):
            ImportedItemFactory(feed=feed)
    with snapshot_queries(snapshot(name="sources")):
        client.get(url("operator_feeds", operator))
    with snapshot_queries(snapshot(name="source")):
        client.get(url("operator_feed", operator, feed.pk))
