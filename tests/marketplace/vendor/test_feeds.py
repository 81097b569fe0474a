"""A vendor's draft follows the publiccode.yml of its repository."""

import pytest
from django.urls import reverse

from catalog.models import ImportFeed, ServiceSheet
from catalog.sheets.drafts import draft_of
from tenants.models import Role
from tests.catalog.publiccode.files import changed
from tests.factories import ImportFeedFactory, MembershipFactory, ServiceSheetFactory, VendorFactory
from tests.tools.jobs import run_jobs
from tests.tools.queries import snapshot_queries
from tests.tools.stranger import say, stranger

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor():
    return VendorFactory()


@pytest.fixture
def signed_in(vendor, client):
    client.force_login(MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_EDITOR).user)
    return client


def feeds(vendor):
    return reverse("vendor_feeds", args=[vendor.organisation.siren])


def test_the_draft_follows_and_mistakes_are_told(vendor, signed_in):
    sheet = ServiceSheetFactory(vendor=vendor, name="Avant")
    said = [changed("name", "Cantine Libre").encode()]
    with stranger(lambda h, path: say(h, said[0])) as site:
        signed_in.post(feeds(vendor), {"sheet": sheet.slug, "url": site.url("/publiccode.yml")})
        run_jobs()
        assert draft_of(ServiceSheet.objects.get()).sheet.name == "Cantine Libre"
        said[0] = changed("legal.license", "Maison").encode()
        ImportFeed.objects.update(read_at=None)
        feed = ImportFeed.objects.get()
        signed_in.post(reverse("vendor_feed_read", args=[vendor.organisation.siren, feed.pk]))
        run_jobs()
    page = signed_in.get(feeds(vendor)).content.decode()
    assert "legal/license, ligne" in page
    signed_in.post(reverse("vendor_feed_remove", args=[vendor.organisation.siren, feed.pk]))
    assert "legal/license" not in signed_in.get(feeds(vendor)).content.decode()


def test_somebody_else_s_sheet_cannot_follow(vendor, signed_in):
    ServiceSheetFactory(vendor=vendor)
    other = ServiceSheetFactory()
    page = signed_in.post(feeds(vendor), {"sheet": other.slug, "url": "https://a.example/p.yml"})
    assert page.status_code == 200
    assert not ImportFeed.objects.exists()


def test_without_a_sheet_there_is_nothing_to_follow(vendor, signed_in):
    assert "Aucune fiche" in signed_in.get(feeds(vendor)).content.decode()


def test_queries(vendor, signed_in, snapshot):
    for _ in range(3):
        ImportFeedFactory(operator=None, vendor=vendor, sheet=ServiceSheetFactory(vendor=vendor))
    with snapshot_queries(snapshot):
        signed_in.get(feeds(vendor))
