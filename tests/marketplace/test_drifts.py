"""A difference with a vendor, settled by the operator's staff or by the vendor."""

import pytest
from django.urls import reverse

from provisioning.models import Drift, Run
from subscriptions.models import State
from tenants.models import Role
from tests.factories import DriftFactory, SubscriptionFactory
from tests.tools.database import as_worker
from tests.tools.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def drift():
    subscription = SubscriptionFactory(state=State.ACTIVE)
    return DriftFactory(subscription=subscription, kind="different", words="D’autres quantités.")


@pytest.fixture
def staff(drift):
    return signed_in(drift.subscription.operator.organisation, Role.CURATOR)


def runs() -> list[str]:
    with as_worker():
        return list(Run.objects.values_list("event", flat=True))


def at(name, drift):
    return reverse(name, args=[drift.subscription.operator.slug, drift.pk])


def test_the_staff_finds_it_and_has_it_put_right(staff, drift):
    page = at("operator_drift", drift)
    listed = staff.get(reverse("operator_tasks", args=[drift.subscription.operator.slug])).content.decode()
    assert page in listed
    assert "Remettre comme chez nous" in staff.get(page).content.decode()
    for _ in range(2):
        said = staff.post(at("operator_drift_right", drift), follow=True).content.decode()
        assert "La remise en accord est demandée" in said
    assert runs() == ["change"]
    assert "Remettre comme chez nous" not in staff.get(page).content.decode()


def test_the_staff_keeps_it_for_a_reason(staff, drift):
    keep = at("operator_drift_keep", drift)
    assert "Dites pourquoi en une phrase." in staff.post(keep, {"reason": " "}).content.decode()
    said = staff.post(keep, {"reason": "Essai de rentrée"}, follow=True).content.decode()
    assert "Essai de rentrée" in said
    with as_worker():
        assert Drift.objects.get().kept_because == "Essai de rentrée"
    assert runs() == []


def test_its_vendor_has_it_told_again_and_cannot_keep_it(drift):
    vendor = drift.subscription.listing.vendor.organisation
    client = signed_in(vendor, Role.VENDOR_EDITOR)
    page = reverse("vendor_drift", args=[vendor.siren, drift.pk])
    assert page in client.get(reverse("vendor_queue", args=[vendor.siren])).content.decode()
    assert "Remettre comme convenu" in client.get(page).content.decode()
    client.post(page)
    assert runs() == ["change"]
    assert client.post(at("operator_drift_keep", drift), {"reason": "Non"}).status_code == 404


def test_what_is_over_or_of_another_kind_is_not_found(staff, drift):
    with as_worker():
        Drift.objects.update(closed_at=drift.opened_at)
    assert staff.get(at("operator_drift", drift)).status_code == 404
    other = DriftFactory(subscription=drift.subscription, kind="missing")
    assert staff.post(at("operator_drift_right", other)).status_code == 404
