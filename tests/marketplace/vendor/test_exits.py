"""The pages of the departures from a vendor's services."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from freezegun import freeze_time

from subscriptions.models import Exit, ExitState, State
from tenants.models import Role
from tests.factories import ExitFactory, MembershipFactory, SubscriptionFactory
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def leaving():
    return ExitFactory()


def signed_in(leaving, role) -> Client:
    client = Client()
    vendor = leaving.subscription.listing.vendor
    client.force_login(MembershipFactory(organisation=vendor.organisation, role=role).user)
    return client


def address(leaving, name, *rest) -> str:
    return reverse(name, args=[leaving.subscription.listing.vendor.organisation.siren, *rest])


def test_a_vendor_follows_who_leaves_its_services_and_nobody_else(leaving, snapshot):
    other = ExitFactory()
    client = signed_in(leaving, Role.VENDOR_EDITOR)
    with snapshot_queries(snapshot(name="list")):
        page = client.get(address(leaving, "vendor_exits"))
    assert [row["member"] for row in page.context["rows"]] == [leaving.subscription.tenant.name]
    assert client.get(address(leaving, "vendor_exit", other.public_id)).status_code == 404
    shown = client.get(address(leaving, "vendor_exit", leaving.public_id))
    assert (shown.status_code, shown.context["extend_form"]) == (200, None)  # an editor only reads


def test_a_vendor_prolongs_the_transition_for_a_reason_that_the_member_reads(leaving):
    client = signed_in(leaving, Role.VENDOR_ADMIN)
    url = address(leaving, "vendor_exit_extend", leaving.public_id)
    with freeze_time("2026-03-20 12:00"):
        refused = client.post(url, {"until": "2026-12-10", "reason": "Trois millions de pièces."})
        assert "jusqu’au 09/12/2026." in refused.content.decode()
        said = client.post(url, {"until": "2026-12-09", "reason": "Trois millions de pièces."}, follow=True)
        assert "Prolongée : Trois millions de pièces." in said.content.decode()
        with as_worker():
            assert Exit.objects.get(pk=leaving.pk).retrieval_from == date(2026, 12, 9)


def test_a_vendor_puts_its_certificate_on_record():
    leaving = ExitFactory(subscription=SubscriptionFactory(state=State.TERMINATING), state=ExitState.ERASURE)
    client = signed_in(leaving, Role.VENDOR_ADMIN)
    url = address(leaving, "vendor_exit_certify", leaving.public_id)
    client.post(url, {"on": "2026-07-08", "file": SimpleUploadedFile("effacement.pdf", PDF)})
    file = client.get(address(leaving, "vendor_exit_certificate", leaving.public_id))
    assert file.content == PDF
