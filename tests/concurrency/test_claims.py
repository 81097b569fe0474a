"""Two people act on the same claim at the same moment: one is done, the other is told."""

import pytest
from django.db import transaction

from catalog.claims.operations import ClaimChanged, contest_claim, make_claim, verify_claim, withdraw_claim
from catalog.claims.reminders import send_reminders
from catalog.models import Claim, ShelfEntry
from tenants.models import Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import ClaimFactory, ListingFactory, MembershipFactory, UserFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def listing():
    return ListingFactory()


def acting(listing, verb, /, **values):
    """What a page does: one operation in a transaction, in the scope of the operator and of the vendor."""
    scope = [listing.operator.organisation_id, listing.sheet.vendor.organisation_id]
    values |= {"by": UserFactory(), "now": NOW}

    def run():
        with transaction.atomic(), tenant_scope(scope):
            return verb(**values)

    return run


def verifying(listing, claim):
    return acting(listing, verify_claim, claim=claim, note="Lu.", operator=listing.operator)


def contesting(listing, claim):
    return acting(
        listing, contest_claim, claim=claim, level="declared", reason="Non.", operator=listing.operator
    )


def withdrawing(listing, claim):
    return acting(listing, withdraw_claim, claim=claim)


def correcting(listing, claim):
    return acting(
        listing, make_claim, sheet=claim.sheet, topic=claim.topic, data={"spdx_id": "MIT"}, replaces=claim
    )


@pytest.mark.parametrize("other", [verifying, contesting, correcting, withdrawing])
def test_of_two_who_act_at_once_one_is_told(other, listing):
    for _ in range(6):
        claim = ClaimFactory(sheet=listing.sheet, documented=True)
        results = at_once(verifying(listing, claim), other(listing, claim))
        for result in results:
            assert isinstance(result, ClaimChanged) or not isinstance(result, Exception), repr(result)
        assert [isinstance(result, ClaimChanged) for result in results].count(True) == 1
        current = list(Claim.objects.current().filter(sheet=listing.sheet))
        shown = ShelfEntry.objects.get(listing=listing).claims
        assert [(c["topic"], c["level"]) for c in shown] == [(c.topic, c.level) for c in current]
        with as_worker():
            Claim.objects.filter(sheet=listing.sheet).delete()


def test_two_first_words_at_once_are_one(listing):
    said = [
        acting(listing, make_claim, sheet=listing.sheet, topic="licence", data={"spdx_id": spdx})
        for spdx in ("MIT", "EUPL-1.2")
    ]
    results = at_once(*said)
    assert sorted(type(result).__name__ for result in results) == ["Claim", "ClaimChanged"]
    assert Claim.objects.current().filter(sheet=listing.sheet).count() == 1


def test_two_workers_remind_once(listing):
    MembershipFactory(organisation=listing.sheet.vendor.organisation, role=Role.VENDOR_ADMIN)
    for topic in ("licence", "sla", "rgaa"):
        ClaimFactory(sheet=listing.sheet, topic=topic, valid_until=NOW.date())

    def morning():
        with as_worker():
            return send_reminders(now=NOW)

    results = at_once(morning, morning)
    assert sorted(results) in ([0, 1], [1, 1])
    with as_worker():
        assert Letter.objects.count() == 1
        assert set(Claim.objects.values_list("reminded", flat=True)) == {7}
