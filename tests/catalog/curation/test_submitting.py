"""A vendor puts a revision before an operator."""

from datetime import date

import pytest

from catalog.curation import errors
from catalog.curation.submitting import cancel, submit
from catalog.models import Listing, ListingState, Submission, SubmissionState, TermsAgreement, VendorState
from catalog.vendors.terms import MayNotSubmit
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    ServiceSheetFactory,
    UserFactory,
    VendorTermsFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


def sent(sheet, operator, *, revision=None, by=None, **values) -> Submission:
    if revision is None:
        with as_worker():
            revision = sheet.save_revision()
    with tenant_scope([sheet.vendor.organisation_id]):
        return submit(
            sheet=sheet, operator=operator, revision=revision, by=by or UserFactory(), now=NOW, **values
        )


@pytest.fixture
def sheet():
    return ServiceSheetFactory(name="Cantine Claire")


@pytest.fixture
def operator():
    return OperatorFactory(short_name="Syndicat des Essais")


def test_a_first_submission_prepares_the_listing(sheet, operator):
    submission = sent(sheet, operator, note="  Bonjour  ")
    listing = Listing.objects.get()
    assert (listing.state, listing.approved_revision) == (ListingState.DRAFT, None)
    assert listing.sheet == sheet
    assert (submission.listing, submission.state, submission.note) == (listing, "pending", "Bonjour")


def test_it_is_logged_and_the_curators_are_told_once(sheet, operator):
    curator = MembershipFactory(organisation=operator.organisation, role=Role.CURATOR).user
    MembershipFactory(organisation=operator.organisation, role=Role.OPERATOR_ADMIN)
    sent(sheet, operator)
    with tenant_scope([sheet.vendor.organisation_id]):
        assert AuditEvent.objects.get().sentence == (
            "{actor} a soumis la fiche « Cantine Claire » à Syndicat des Essais."
        )
        assert [letter.to for letter in Letter.objects.all()] == [curator.email]


def test_the_administrators_are_told_when_there_is_no_curator(sheet, operator):
    administrator = MembershipFactory(organisation=operator.organisation, role=Role.OPERATOR_ADMIN).user
    sent(sheet, operator)
    with tenant_scope([sheet.vendor.organisation_id]):
        assert [letter.to for letter in Letter.objects.all()] == [administrator.email]


def test_a_newer_version_replaces_the_one_that_waits(sheet, operator):
    old = sent(sheet, operator)
    new = sent(sheet, operator)
    old.refresh_from_db()
    assert (old.state, new.state) == (SubmissionState.REPLACED, SubmissionState.PENDING)
    assert Listing.objects.count() == 1


def test_the_same_version_twice_is_one_submission(sheet, operator):
    first = sent(sheet, operator)
    assert sent(sheet, operator, revision=first.revision) == first


def test_a_version_accepted_already_is_refused(sheet, operator):
    listing = ListingFactory(operator=operator, sheet=sheet)
    with pytest.raises(errors.AlreadyApproved, match="Syndicat des Essais a déjà accepté"):
        sent(sheet, operator, revision=listing.approved_revision)


def test_what_was_withdrawn_stays_closed(sheet, operator):
    ListingFactory(operator=operator, sheet=sheet, state=ListingState.WITHDRAWN)
    with pytest.raises(errors.ListingClosed):
        sent(sheet, operator)
    assert not Submission.objects.exists()


def test_a_suspended_vendor_submits_nothing(sheet, operator):
    with as_worker():
        sheet.vendor.state, sheet.vendor.suspension_reason = VendorState.SUSPENDED, "Silence"
        sheet.vendor.save()
    with pytest.raises(MayNotSubmit, match="suspendu"):
        sent(sheet, operator)


def test_the_terms_in_force_must_be_agreed_to(sheet, operator):
    old = VendorTermsFactory(version="1", in_force_from=date(2025, 1, 1))
    new = VendorTermsFactory(version="2", in_force_from=date(2026, 1, 1))
    VendorTermsFactory(version="3", in_force_from=date(2027, 1, 1))
    agreed = {"vendor": sheet.vendor, "agreed_by": UserFactory(), "agreed_at": NOW}
    with as_worker():
        TermsAgreement.objects.create(terms=old, **agreed)
    with pytest.raises(MayNotSubmit, match="conditions des éditeurs"):
        sent(sheet, operator)
    with as_worker():
        TermsAgreement.objects.create(terms=new, **agreed)
    assert sent(sheet, operator).state == SubmissionState.PENDING


def test_another_sheets_version_is_refused(sheet, operator):
    with as_worker():
        foreign = ServiceSheetFactory().save_revision()
    with pytest.raises(errors.ForeignRevision):
        sent(sheet, operator, revision=foreign)


def test_the_vendor_takes_it_back_once(sheet, operator):
    submission = sent(sheet, operator)
    with tenant_scope([sheet.vendor.organisation_id]):
        cancel(submission=submission, by=UserFactory(), now=NOW)
        submission.refresh_from_db()
        assert submission.state == SubmissionState.CANCELLED
        with pytest.raises(errors.AlreadyDecided):
            cancel(submission=submission, by=UserFactory(), now=NOW)
        assert AuditEvent.objects.filter(what="submission.cancelled").count() == 1
