"""Letters before claims end: each step once, one letter a vendor and day."""

from datetime import date, timedelta

import pytest
from django.utils.timezone import localdate

from catalog import tasks
from catalog.claims.reminders import send_reminders
from catalog.models import Claim, VendorState
from tenants.models import Letter, Role
from tests.factories import ClaimFactory, MembershipFactory, ServiceSheetFactory, VendorFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
END = date(2026, 12, 31)


@pytest.fixture
def vendor():
    vendor = VendorFactory()
    MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_ADMIN)
    return vendor


@pytest.fixture
def sheet(vendor):
    return ServiceSheetFactory(vendor=vendor, name="Cantinelle")


def run(days_before):
    """The morning so many days before the last one."""
    with as_worker():
        send_reminders(now=NOW + (END - localdate(NOW)) - timedelta(days=days_before))
        return Letter.objects.count()


def test_sixty_thirty_seven_and_once_ended(sheet):
    ClaimFactory(sheet=sheet, valid_until=END)
    counts = {days: run(days) for days in (91, 61, 60, 59, 31, 30, 29, 8, 7, 1, 0, -1, -2, -60)}
    assert counts == {
        91: 0, 61: 0, 60: 1, 59: 1, 31: 1, 30: 2, 29: 2, 8: 2, 7: 3, 1: 3, 0: 3, -1: 4, -2: 4, -60: 4,
    }  # fmt: skip


def test_the_same_morning_twice_writes_once(sheet):
    ClaimFactory(sheet=sheet, valid_until=END)
    assert [run(30), run(30)] == [1, 1]


def test_a_day_without_a_run_is_made_up(sheet):
    ClaimFactory(sheet=sheet, valid_until=END)
    assert [run(60), run(28), run(5), run(-9)] == [1, 2, 3, 4]


def test_a_letter_lists_all_that_ends(sheet, vendor):
    ClaimFactory(sheet=sheet, topic="licence", valid_until=END)
    ClaimFactory(sheet=sheet, topic="rgaa", valid_until=END + timedelta(days=30))
    ClaimFactory(sheet__vendor=vendor, sheet__name="Garderie", topic="sla", valid_until=END)
    ClaimFactory(sheet=sheet, topic="sla", valid_until=END + timedelta(days=300))
    ClaimFactory(sheet=sheet, topic="rgesn", valid_until=None)
    assert run(30) == 1
    with as_worker():
        letter = Letter.objects.get()
    lines = [line for line in letter.body.splitlines() if line.startswith("- ")]
    assert lines == [
        "- Cantinelle, Logiciel libre : jusqu’au 31 décembre 2026",
        "- Garderie, Engagement de service : jusqu’au 31 décembre 2026",
        "- Cantinelle, Accessibilité (RGAA) : jusqu’au 30 janvier 2027",
    ]
    assert letter.subject == "Des engagements prennent fin bientôt"


def test_who_was_written_to_today_waits_for_tomorrow(sheet):
    ClaimFactory(sheet=sheet, valid_until=END)
    run(30)
    ClaimFactory(sheet=sheet, topic="sla", valid_until=END)
    assert [run(30), run(29)] == [1, 2]


def test_what_was_replaced_or_withdrawn_or_suspended_is_not_told(sheet):
    ClaimFactory(sheet=sheet, valid_until=END, replaced_at=NOW)
    ClaimFactory(sheet=sheet, topic="sla", valid_until=END, withdrawn_at=NOW)
    ClaimFactory(
        sheet__vendor__state=VendorState.SUSPENDED,
        sheet__vendor__suspension_reason="Impayés.",
        valid_until=END,
    )
    assert run(30) == 0


def test_each_administrator_has_hers_or_else_the_editors(vendor, sheet):
    MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_ADMIN)
    MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_EDITOR)
    ClaimFactory(sheet=sheet, valid_until=END)
    assert run(30) == 2
    other = MembershipFactory(organisation=VendorFactory().organisation, role=Role.VENDOR_EDITOR)
    ClaimFactory(sheet__vendor=other.organisation.vendor, valid_until=END)
    assert run(30) == 3


def test_the_daily_job(sheet):
    ClaimFactory(sheet=sheet, valid_until=localdate() + timedelta(days=3))
    with as_worker():
        tasks.remind_of_claims.func(timestamp=0)
        assert Letter.objects.count() == 1
        assert Claim.objects.get().reminded == 7
