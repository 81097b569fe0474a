"""The verbs of claims: levels nobody chooses, history kept, shelves brought up to date."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate
from freezegun import freeze_time

from catalog.claims import operations, queries
from catalog.models import Claim, ClaimLevel, FileKind, ListingState, ShelfEntry
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.catalog.claims.test_values import EXAMPLES
from tests.factories import (
    ClaimFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    ServiceSheetFactory,
    SheetFileFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
PROOF = "https://editeur.example/preuve.pdf"
TODAY = localdate(NOW)


@pytest.fixture
def listing():
    return ListingFactory()


@pytest.fixture
def sheet(listing):
    return listing.sheet


@pytest.fixture
def vendor_scope(sheet):
    with tenant_scope([sheet.vendor.organisation_id]):
        yield


@pytest.fixture
def make(sheet, vendor_scope):
    """A function: the vendor claims something of its service."""

    def made(topic="rgaa", replaces=None, now=NOW, **values):
        sent = {"evidence_url": PROOF} | {
            name: values.pop(name) for name in list(values) if name.startswith("evidence_")
        }
        return operations.make_claim(
            sheet=sheet,
            topic=topic,
            data=EXAMPLES[topic] | values,
            replaces=replaces,
            by=UserFactory(),
            now=now,
            **sent,
        )

    return made


def verify(claim, operator, **values):
    asked = {"note": "Lu la déclaration.", "operator": operator, "by": UserFactory(), "now": NOW}
    return operations.verify_claim(claim=claim, **asked | values)


def contest(claim, operator, **values):
    asked = {"reason": "Le lien est mort.", "level": "declared", "operator": operator}
    return operations.contest_claim(claim=claim, **asked | {"by": UserFactory(), "now": NOW} | values)


def levels(sheet):
    return {claim["topic"]: claim["level"] for claim in ShelfEntry.objects.get(slug=sheet.slug).claims}


def test_evidence_makes_it_documented_and_nothing_else_does(make, sheet):
    assert make().level == ClaimLevel.DOCUMENTED
    assert make("licence", evidence_url="").level == ClaimLevel.DECLARED
    assert levels(sheet) == {"rgaa": "documented", "licence": "declared"}


def test_a_claim_holds_as_long_as_its_rules_say(make):
    assert make(audit_date="2025-11-26").valid_until == date(2028, 11, 26)
    assert make("sla").valid_until == date(2027, 10, 1)


def test_what_contradicts_a_rule_is_not_kept(make, sheet):
    with pytest.raises(operations.ClaimInvalid) as caught:
        make(status="total", evidence_url="http://clair.example")
    assert set(caught.value.errors) == {"status", "evidence_url"}
    assert not sheet.claims.exists()


def test_a_correction_replaces_and_history_stays(make, sheet):
    first = make()
    second = make(replaces=first, rate_percent="80")
    assert [claim.pk for claim in Claim.objects.current().filter(sheet=sheet)] == [second.pk]
    assert [claim.pk for claim in queries.history_of(sheet=sheet, topic="rgaa")] == [first.pk]
    with pytest.raises(operations.ClaimChanged):
        make(replaces=first, rate_percent="90")
    with pytest.raises(operations.ClaimChanged):
        make(rate_percent="90")
    with pytest.raises(operations.ClaimChanged):
        make("sla", replaces=second)


def test_withdrawn_is_gone_and_may_be_said_again(make, sheet):
    claim = make()
    operations.withdraw_claim(claim=claim, by=UserFactory(), now=NOW)
    assert levels(sheet) == {}
    with pytest.raises(operations.ClaimChanged):
        operations.withdraw_claim(claim=claim, by=UserFactory(), now=NOW)
    assert make().pk != claim.pk


def test_renewing_says_it_again_from_today_to_be_checked_anew(make, listing):
    claim = make("sla")
    verified = verify(claim, listing.operator)
    later = NOW + timedelta(days=300)
    again = operations.renew_claim(claim=verified, by=UserFactory(), now=later)
    assert (again.value, again.evidence_url) == (claim.value, claim.evidence_url)
    assert (again.level, again.checked_on, again.check_note) == (ClaimLevel.DOCUMENTED, None, "")
    assert again.valid_until == date(2028, 7, 28)


def test_what_a_rule_no_longer_allows_cannot_be_renewed(make):
    claim = make("data_act", switching_fee="at_cost")
    assert claim.valid_until == date(2027, 1, 11)
    with pytest.raises(operations.ClaimInvalid) as caught:
        operations.renew_claim(claim=claim, by=UserFactory(), now=NOW + timedelta(days=103))
    assert set(caught.value.errors) == {"switching_fee"}


def test_a_curator_verifies_in_her_operators_name(make, listing, sheet):
    verified = verify(make(), listing.operator, valid_until=date(2027, 3, 1))
    assert (verified.level, verified.checked_for, verified.valid_until) == (
        ClaimLevel.VERIFIED,
        listing.operator,
        date(2027, 3, 1),
    )
    assert levels(sheet) == {"rgaa": "verified"}
    assert [claim.level for claim in queries.history_of(sheet=sheet, topic="rgaa")] == ["documented"]


def test_the_platform_verifies_on_no_shelf(vendor_scope):
    claim = ClaimFactory(documented=True)
    assert verify(claim, None, by=UserFactory(is_staff=True)).checked_for is None
    with pytest.raises(operations.CheckRefused):
        verify(ClaimFactory(documented=True), None, by=UserFactory())


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"note": "  "}, "note"),
        ({"note": "x" * 501}, "note"),
        ({"valid_until": TODAY - timedelta(days=1)}, "valid_until"),
        ({"valid_until": date(2029, 3, 18)}, "valid_until"),
    ],
)
def test_a_check_says_what_was_read_and_ends_with_the_audit(values, field, make, listing):
    claim = make(audit_date="2026-03-17")
    with pytest.raises(operations.ClaimInvalid) as caught:
        verify(claim, listing.operator, **values)
    assert set(caught.value.errors) == {field}
    assert verify(claim, listing.operator, valid_until=date(2029, 3, 17)).level == ClaimLevel.VERIFIED


def test_nothing_is_verified_without_evidence_nor_against_a_rule(make, listing):
    bare = make("licence", evidence_url="")
    with pytest.raises(operations.ClaimInvalid):
        verify(bare, listing.operator)
    old = make(audit_date="2023-10-01")
    with pytest.raises(operations.ClaimInvalid):
        verify(old, listing.operator, now=NOW + timedelta(days=1))


def test_another_operator_does_not_check_what_it_does_not_offer(make, listing):
    claim = make()
    with pytest.raises(operations.CheckRefused):
        verify(claim, OperatorFactory())
    with as_worker():
        listing.state = ListingState.WITHDRAWN
        listing.save()
    with pytest.raises(operations.CheckRefused):
        contest(claim, listing.operator)


@pytest.mark.parametrize("role", [Role.VENDOR_EDITOR, Role.VENDOR_ADMIN])
def test_nobody_of_the_vendor_checks_its_claims(role, make, listing, sheet):
    judge_and_party = MembershipFactory(organisation=sheet.vendor.organisation, role=role).user
    with as_worker():
        judge_and_party.is_staff = True
        judge_and_party.save()
    claim = make()
    with pytest.raises(operations.CheckRefused):
        verify(claim, listing.operator, by=judge_and_party)
    with pytest.raises(operations.CheckRefused):
        verify(claim, None, by=judge_and_party)


def test_contested_goes_down_with_its_reason_and_the_vendor_is_told(make, listing, sheet):
    admin = MembershipFactory(organisation=sheet.vendor.organisation, role=Role.VENDOR_ADMIN).user
    verified = verify(make(), listing.operator)
    contested = contest(verified, listing.operator)
    assert (contested.level, contested.is_contested, contested.check_note) == (
        ClaimLevel.DECLARED,
        True,
        "Le lien est mort.",
    )
    assert contested.evidence_url == PROOF
    letter = Letter.objects.get()
    assert (letter.to, "Le lien est mort." in letter.body) == (admin.email, True)
    with pytest.raises(operations.ClaimInvalid) as caught:
        contest(contested, listing.operator, level="documented", reason="")
    assert set(caught.value.errors) == {"level", "note"}
    with pytest.raises(operations.ClaimInvalid):
        contest(contested, listing.operator, level="verified")


def test_the_log_of_the_vendor_tells_each_step_and_names_nobody(make, listing):
    claim = make()
    operations.withdraw_claim(
        claim=contest(verify(claim, listing.operator), listing.operator), by=UserFactory(), now=NOW
    )
    events = list(AuditEvent.objects.order_by("pk"))
    assert [event.what for event in events] == [
        "claim.made",
        "claim.verified",
        "claim.contested",
        "claim.withdrawn",
    ]
    assert events[1].changes == {"level": ["documented", "verified"]}
    assert all("{actor}" in event.sentence for event in events)


def test_evidence_is_a_document_of_the_vendors_own(make, sheet):
    assert make(evidence_url="", evidence_file=SheetFileFactory(vendor=sheet.vendor)).level == "documented"
    for file in (SheetFileFactory(), SheetFileFactory(vendor=sheet.vendor, kind=FileKind.IMAGE)):
        with pytest.raises(operations.ClaimInvalid) as caught:
            make("sla", evidence_url="", evidence_file=file)
        assert set(caught.value.errors) == {"evidence_file"}


def test_an_expired_claim_is_gone_by_the_day_alone(make, sheet):
    claim = make(audit_date="2024-03-15")
    last = claim.valid_until
    with freeze_time(last):
        assert len(queries.public_claims(sheet=sheet, on=localdate())) == 1
    with freeze_time(last + timedelta(days=1)):
        assert queries.public_claims(sheet=sheet, on=localdate()) == []
    state = queries.topic_of(sheet=sheet, topic="rgaa", on=last + timedelta(days=1))
    assert {finding.field for finding in state.verdict.contradictions} == {"audit_date"}


def test_the_database_refuses_two_last_words(vendor_scope):
    claim = ClaimFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        ClaimFactory(sheet=claim.sheet, topic=claim.topic)


@pytest.mark.parametrize(
    "change",
    [
        {"level": "verified"},
        {"value": {"spdx_id": "MIT"}},
        {"check_note": "Autre chose."},
        {"valid_until": date(2099, 1, 1)},
        {"replaced_at": None},
    ],
)
def test_the_database_lets_nobody_write_it_again(change):
    claim = ClaimFactory(verified=True, level="documented", replaced_at=NOW)
    with as_worker(), pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.filter(pk=claim.pk).update(**change)


def test_a_stored_value_that_is_no_longer_readable_breaks_no_page(sheet):
    ClaimFactory(sheet=sheet, topic="rgaa", value={"status": "presque"})
    ClaimFactory(sheet=sheet, topic="sla", value=[])
    assert [read.words for read in queries.public_claims(sheet=sheet, on=TODAY)] == [[], []]
    assert queries.topics_of(sheet=sheet, on=TODAY)[2].verdict is None


def test_a_sheet_on_no_shelf_has_claims_too():
    sheet = ServiceSheetFactory()
    with tenant_scope([sheet.vendor.organisation_id]):
        made = operations.make_claim(
            sheet=sheet, topic="sign_in", data={"proconnect": True}, by=UserFactory(), now=NOW
        )
    assert made.level == ClaimLevel.DECLARED
