"""The vendor's last word: publish and submit, now or on a day; what is incomplete is told, not published."""

from datetime import timedelta

import pytest

from catalog.models import Listing, PlannedPublication, PlannedState, ServiceSheet, Submission, VendorState
from catalog.sheets import publishing
from catalog.sheets.drafts import create_service, draft_of, save_draft
from catalog.sheets.errors import (
    AlreadyPlanned,
    BadMoment,
    NothingToPublish,
    NotPlanned,
    SheetChanged,
    SheetIncomplete,
)
from catalog.vendors.terms import MayNotSubmit
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    MembershipFactory,
    OperatorFactory,
    ServiceSheetFactory,
    UserFactory,
    VendorFactory,
    VendorTermsFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

COMPLETE = {
    "summary": "Les repas, de l’inscription à la facture.",
    "description": "Les familles inscrivent leurs enfants, la cuisine compte les repas. " * 2,
    "contacts": [{"label": "Aide", "email": "aide@essai.example"}],
    "hosting": "En France",
}
LATER = NOW + timedelta(days=10)


@pytest.fixture
def vendor():
    return VendorFactory()


@pytest.fixture
def by(vendor):
    return MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_ADMIN).user


@pytest.fixture
def scope(vendor):
    with tenant_scope([vendor.organisation_id]):
        yield


@pytest.fixture
def sheet(vendor, by, scope):
    made = create_service(vendor=vendor, name="Cantine facile", family="canteen", by=by, now=NOW)
    write(made, by, **COMPLETE)
    return made


@pytest.fixture
def operators():
    return [OperatorFactory(short_name=name) for name in ("Alpha", "Bravo")]


def fresh(sheet) -> ServiceSheet:
    return ServiceSheet.objects.get(pk=sheet.pk)


def write(sheet, by, **values):
    return save_draft(
        sheet=sheet, values=values, based_on=fresh(sheet).latest_revision_id, by=by, now=NOW
    ).revision


def publish(sheet, by, operators=(), **options):
    asked = {"revision_id": fresh(sheet).latest_revision_id, "by": by, "now": NOW} | options
    return publishing.publish(sheet=sheet, operators=list(operators), **asked)


def plan(sheet, by, operators=(), at=LATER, **options):
    asked = {"revision_id": fresh(sheet).latest_revision_id, "by": by, "now": NOW} | options
    return publishing.plan(sheet=sheet, operators=list(operators), at=at, **asked)


def due(now=LATER) -> int:
    with as_worker():
        return publishing.publish_due(now=now)


def test_published_and_put_before_each_operator_chosen(sheet, by, operators):
    OperatorFactory(short_name="Charlie")
    published = publish(sheet, by, operators, note="Bonjour")
    row = fresh(sheet)
    assert (row.live, row.summary, row.live_revision_id) == (
        True,
        COMPLETE["summary"],
        row.latest_revision_id,
    )
    assert not row.has_unpublished_changes
    assert row.first_published_at is not None
    assert [submission.listing.operator.short_name for submission in published.submissions] == [
        "Alpha",
        "Bravo",
    ]
    assert {submission.revision_id for submission in published.submissions} == {row.live_revision_id}
    assert {submission.note for submission in published.submissions} == {"Bonjour"}
    assert not published.refused


def test_a_sheet_from_before_there_were_revisions(vendor, by, scope):
    old = ServiceSheetFactory(vendor=vendor, **COMPLETE)
    assert publish(old, by, [OperatorFactory()], revision_id=0).submissions
    assert fresh(old).live_revision is not None
    with pytest.raises(SheetChanged):
        publish(old, by, [OperatorFactory()], revision_id=0)


def test_the_name_follows_on_the_product(sheet, by):
    write(sheet, by, name="Cantine très facile")
    publish(sheet, by)
    assert fresh(sheet).product.title == "Cantine très facile"


def test_what_is_missing_is_told_and_nothing_is_published(sheet, by, operators):
    write(sheet, by, summary="", contacts=[], hosting="", description="Court.")
    with pytest.raises(SheetIncomplete) as refusal:
        publish(sheet, by, operators)
    assert [one.field for one in refusal.value.missing] == ["summary", "description", "contacts", "hosting"]
    assert not fresh(sheet).live
    assert not Submission.objects.exists()
    write(sheet, by, personal_data=False)
    with pytest.raises(SheetIncomplete) as refusal:
        publish(sheet, by, operators)
    assert "hosting" not in [one.field for one in refusal.value.missing]


def test_code_without_a_licence_is_incomplete(sheet, by):
    write(sheet, by, repository_url="https://code.example/cantine")
    with pytest.raises(SheetIncomplete, match="licence"):
        publish(sheet, by)
    write(sheet, by, licence_spdx="EUPL-1.2")
    assert publish(sheet, by)


def test_only_the_version_that_was_read(sheet, by):
    read = fresh(sheet).latest_revision_id
    write(sheet, UserFactory(), summary="Autre chose.")
    with pytest.raises(SheetChanged):
        publish(sheet, by, revision_id=read)
    assert not fresh(sheet).live


def test_a_published_version_goes_to_more_operators(sheet, by, operators):
    publish(sheet, by, operators[:1])
    with pytest.raises(NothingToPublish):
        publish(sheet, by)
    published_at = fresh(sheet).last_published_at
    assert len(publish(sheet, by, operators[1:]).submissions) == 1
    assert fresh(sheet).last_published_at == published_at


def test_whoever_refuses_says_why_and_the_others_receive_it(sheet, by, operators):
    alpha = publish(sheet, by, operators[:1]).submissions[0]
    with as_worker():
        Listing.objects.filter(pk=alpha.listing_id).update(state="withdrawn")
    write(sheet, by, summary="Mieux dit.")
    published = publish(sheet, by, operators)
    assert [one.listing.operator.short_name for one in published.submissions] == ["Bravo"]
    assert "retiré" in published.refused[operators[0]]


def test_a_suspended_vendor_or_one_without_terms_proposes_nothing(sheet, by, vendor, operators):
    VendorTermsFactory()
    with pytest.raises(MayNotSubmit):
        publish(sheet, by, operators)
    assert not fresh(sheet).live
    with as_worker():
        type(vendor).objects.filter(pk=vendor.pk).update(
            state=VendorState.SUSPENDED, suspension_reason="Fausse déclaration"
        )
    with pytest.raises(MayNotSubmit):
        publish(sheet, by, operators)


def test_members_read_what_was_approved_whatever_comes_after(sheet, by, operators):
    """The submission keeps its revision; the approved one stays until the next is accepted."""
    submission = publish(sheet, by, operators[:1]).submissions[0]
    write(sheet, by, name="Cantine 2", summary="Plus tard.")
    publish(sheet, by)
    submission.refresh_from_db()
    assert submission.revision.content["name"] == "Cantine facile"
    with as_worker():
        Listing.objects.filter(pk=submission.listing_id).update(
            approved_revision=submission.revision, approved_at=NOW
        )
    listing = Listing.objects.get(pk=submission.listing_id)
    assert (listing.sheet.name, listing.shown.name) == ("Cantine 2", "Cantine facile")
    assert listing.shown.slug == "cantine-facile"


# --- On a day -------------------------------------------------------------------------------------------


def test_a_planned_publication_is_made_when_its_day_comes(sheet, by, operators):
    planned = plan(sheet, by, operators, note="En janvier")
    write(sheet, by, summary="Écrit après.")
    assert due(now=LATER - timedelta(seconds=1)) == 0
    assert not fresh(sheet).live
    assert due() == 1
    row = fresh(sheet)
    assert (row.live, row.summary, row.live_revision_id) == (True, COMPLETE["summary"], planned.revision_id)
    assert row.has_unpublished_changes
    assert draft_of(row).sheet.summary == "Écrit après."
    assert Submission.objects.filter(revision=planned.revision, note="En janvier").count() == 2
    planned.refresh_from_db()
    assert (planned.state, planned.ended_at) == (PlannedState.DONE, LATER)
    assert due() == 0
    assert Submission.objects.count() == 2


@pytest.mark.parametrize("at", [NOW, NOW - timedelta(days=1), NOW + timedelta(days=400)])
def test_a_day_to_come_and_not_too_far(sheet, by, at):
    with pytest.raises(BadMoment):
        plan(sheet, by, at=at)
    assert not PlannedPublication.objects.exists()


def test_one_plan_at_a_time_until_it_is_cancelled(sheet, by, operators):
    plan(sheet, by, operators)
    for again in (plan, publish):
        with pytest.raises(AlreadyPlanned):
            again(sheet, by, operators)
    publishing.cancel_plan(sheet=sheet, by=by, now=NOW)
    with pytest.raises(NotPlanned):
        publishing.cancel_plan(sheet=sheet, by=by, now=NOW)
    assert due() == 0
    assert not fresh(sheet).live
    assert plan(sheet, by, operators)


def test_a_vendor_suspended_meanwhile_is_told_and_nothing_is_published(sheet, by, vendor, operators):
    planned = plan(sheet, by, operators)
    with as_worker():
        type(vendor).objects.filter(pk=vendor.pk).update(
            state=VendorState.SUSPENDED, suspension_reason="Fausse déclaration"
        )
    assert due() == 1
    planned.refresh_from_db()
    assert planned.state == PlannedState.FAILED
    assert "suspendu" in planned.problem
    assert not fresh(sheet).live
    with as_worker():
        (letter,) = Letter.objects.filter(tenant=vendor.organisation, key__startswith="planned:")
    assert letter.to == by.email
    assert "suspendu" in letter.body


def test_every_verb_is_in_the_log(sheet, by, vendor, operators):
    plan(sheet, by, operators)
    publishing.cancel_plan(sheet=sheet, by=by, now=NOW)
    publish(sheet, by, operators)
    whats = (
        AuditEvent.objects.filter(tenant=vendor.organisation).order_by("pk").values_list("what", flat=True)
    )
    assert list(whats)[2:] == [
        "sheet.planned",
        "sheet.plan_cancelled",
        "sheet.published",
        "submission.sent",
        "submission.sent",
    ]
