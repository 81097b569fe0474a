"""Administrators are warned, once, that a lot nears its maximum or its end."""

from datetime import date, timedelta

import pytest

from subscriptions import ordering
from subscriptions.lot_letters import write_alerts
from subscriptions.models import LegalBasis, State
from subscriptions.tasks import write_lot_alerts
from tenants.models import Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import FrameworkLotFactory, ListingFactory, MembershipFactory, SubscriptionFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def lot_with(percent: int, **values):
    """A lot of which `percent` is ordered, and its administrator."""
    listing = ListingFactory(vehicle__legal_basis=LegalBasis.FRAMEWORK)
    asked = SubscriptionFactory(listing=listing, state=State.APPROVED)
    lot = FrameworkLotFactory(
        vehicle=listing.vehicles.get(),
        listing=listing,
        buyers=[asked.tenant],
        ceiling_cents=asked.yearly_cents * 100 // percent,
        **values,
    )
    with tenant_scope([asked.tenant_id]):
        ordering.place_order(subscription=asked, now=NOW)
    told = MembershipFactory(organisation=listing.operator.organisation, role=Role.OPERATOR_ADMIN).user
    return lot, told


def written(on=TODAY) -> list[tuple[str, str]]:
    """(address, subject) of the letters there are once the job has run twice."""
    with as_worker():
        for _ in range(2):
            write_alerts(on=on, now=NOW)
        return [(letter.to, letter.subject) for letter in Letter.objects.order_by("pk")]


@pytest.mark.parametrize(("percent", "told"), [(69, None), (70, "70"), (89, "70"), (90, "90"), (100, "90")])
def test_near_the_maximum(percent, told):
    _, administrator = lot_with(percent)
    letters = written()
    assert len(letters) == (told is not None)
    if told:
        assert letters[0][0] == administrator.email
        assert f"{told} % du maximum" in letters[0][1]


@pytest.mark.parametrize(("days", "count"), [(181, 0), (180, 1), (60, 1), (1, 1), (0, 0)])
def test_near_the_end(days, count):
    lot_with(10)
    assert len(written(on=date(2029, 1, 1) - timedelta(days=days))) == count


def test_each_threshold_has_its_letter():
    lot_with(10)
    for days in (180, 100, 60, 20):
        found = written(on=date(2029, 1, 1) - timedelta(days=days))
    assert len(found) == 2
    assert all("fin le 31 décembre 2028" in subject for _, subject in found)


def test_only_those_who_administer():
    lot, told = lot_with(95)
    organisation = lot.vehicle.operator.organisation
    MembershipFactory(organisation=organisation, role=Role.CURATOR)
    MembershipFactory(organisation=organisation, role=Role.OPERATOR_ADMIN, suspended_at=NOW)
    MembershipFactory(role=Role.OPERATOR_ADMIN)
    assert [to for to, _ in written()] == [told.email]


def test_a_lot_in_preparation_warns_of_nothing():
    lot = FrameworkLotFactory(published_on=None, ends_on=TODAY + timedelta(days=10))
    MembershipFactory(organisation=lot.vehicle.operator.organisation, role=Role.OPERATOR_ADMIN)
    assert written() == []


def test_the_job_of_the_morning():
    lot_with(75)
    with as_worker():
        write_lot_alerts(timestamp=0)
        assert "75\u00a0%" in Letter.objects.get().body
