"""Terms, declarations, suspension: what a vendor owes, and what stops it."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from catalog.models import ShelfEntry, TermsAgreement
from catalog.vendors import declarations, operations, publishing, terms
from catalog.vendors.queries import duties, vendors
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import ListingFactory, UserFactory, VendorFactory, VendorTermsFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = date(2026, 10, 1)
ANSWERS = {q.code: True if q.yes else "Assurelle" for q in declarations.QUESTIONS}


@pytest.fixture
def vendor():
    return VendorFactory()


@pytest.fixture
def inside(vendor):
    with tenant_scope([vendor.organisation_id]):
        yield vendor


def test_a_new_version_stops_submissions_until_it_is_agreed(inside):
    terms.may_submit(vendor=inside, on=TODAY)
    VendorTermsFactory(version="neuve", in_force_from=TODAY)
    with pytest.raises(terms.MayNotSubmit, match="Acceptez d’abord"):
        terms.may_submit(vendor=inside, on=TODAY)
    terms.agree(vendor=inside, version="neuve", by=UserFactory(), now=NOW)
    terms.agree(vendor=inside, version="neuve", by=UserFactory(), now=NOW)
    terms.may_submit(vendor=inside, on=TODAY)
    assert TermsAgreement.objects.count() == 1
    assert AuditEvent.objects.filter(what="vendor.terms_agreed").count() == 1


def test_what_was_not_read_is_not_agreed(inside):
    VendorTermsFactory(version="neuve", in_force_from=TODAY)
    with pytest.raises(terms.TermsChanged):
        terms.agree(vendor=inside, version="essai", by=UserFactory(), now=NOW)


def test_a_version_binds_from_its_day(vendor):
    VendorTermsFactory(version="neuve", in_force_from=date(2026, 10, 2))
    assert duties(vendor=vendor, on=TODAY).terms is None
    assert duties(vendor=vendor, on=date(2026, 10, 2)).terms.version == "neuve"


def test_nobody_agrees_backwards():
    with pytest.raises(publishing.TermsRefused) as refusal:
        publishing.publish_terms(version="x", in_force_from=date(2026, 9, 30), text="T", now=NOW)
    assert refusal.value.field == "in_force_from"
    publishing.publish_terms(version="x", in_force_from=TODAY, text="T", now=NOW)
    for version, day, field in (("x", date(2027, 1, 1), "version"), ("y", TODAY, "in_force_from")):
        with pytest.raises(publishing.TermsRefused) as refusal:
            publishing.publish_terms(version=version, in_force_from=day, text="T", now=NOW)
        assert refusal.value.field == field


def test_an_agreement_is_for_good(inside):
    VendorTermsFactory(version="neuve", in_force_from=TODAY)
    agreement = terms.agree(vendor=inside, version="neuve", by=UserFactory(), now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        agreement.delete()


def test_a_declaration_is_signed_once_and_reused_the_next_year(inside):
    declarations.declare(vendor=inside, answers=ANSWERS, by=UserFactory(), now=NOW)
    with pytest.raises(declarations.AlreadyDeclared):
        declarations.declare(vendor=inside, answers=ANSWERS, by=UserFactory(), now=NOW)
    assert duties(vendor=inside, on=TODAY).declaration_year is None
    assert duties(vendor=inside, on=date(2027, 1, 1)).declaration_year == 2027
    proposed = declarations.proposed_answers(vendor=inside, year=2027)
    assert proposed["insurer"] == "Assurelle"
    assert "no_exclusion" not in proposed  # affirmed anew each year
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # 2027 in Paris
    assert declarations.declare(vendor=inside, answers=ANSWERS, by=UserFactory(), now=new_year).year == 2027


@pytest.mark.parametrize(
    ("code", "value"), [("no_exclusion", False), ("insurer", " "), ("insurer", "x" * 201)]
)
def test_an_incomplete_declaration_names_what_is_missing(inside, code, value):
    with pytest.raises(declarations.DeclarationIncomplete) as refusal:
        declarations.declare(vendor=inside, answers={**ANSWERS, code: value}, by=UserFactory(), now=NOW)
    assert list(refusal.value.errors) == [code]


def test_a_suspended_vendor_leaves_the_shelves_and_comes_back():
    listing = ListingFactory()
    vendor = listing.vendor

    def listed():
        return ShelfEntry.objects.get(listing=listing).listed

    assert listed()
    with pytest.raises(operations.StateRefused):
        operations.suspend(vendor=vendor, reason=" ", by=UserFactory(), now=NOW)
    operations.suspend(vendor=vendor, reason="Preuves fausses.", by=UserFactory(), now=NOW)
    assert not listed()
    vendor.refresh_from_db()
    with pytest.raises(terms.MayNotSubmit, match="suspendu"):
        terms.may_submit(vendor=vendor, on=TODAY)
    with pytest.raises(operations.StateRefused, match="Rechargez"):
        operations.suspend(vendor=vendor, reason="Encore.", by=UserFactory(), now=NOW)
    operations.resume(vendor=vendor, by=UserFactory(), now=NOW)
    assert listed()
    with as_worker():
        told = AuditEvent.objects.filter(tenant=vendor.organisation).values_list("what", flat=True)
        assert list(told.order_by("pk")) == ["vendor.suspended", "vendor.resumed"]


@pytest.mark.parametrize(
    ("field", "typed"),
    [("website", "javascript:alert(1)"), ("contact_email", "x@"), ("contact_phone", "zéro")],
)
def test_a_profile_is_judged_field_by_field(inside, field, typed):
    profile = {"presentation": "", "website": "", "contact_email": "", "contact_phone": "", field: typed}
    with pytest.raises(operations.ProfileRefused) as refusal:
        operations.change_profile(vendor=inside, profile=profile, by=UserFactory(), now=NOW)
    assert refusal.value.field == field


def test_vendors_are_found_by_name_and_number():
    wanted = VendorFactory(organisation__name="Éditions Écarlates", organisation__siren="732829320")
    VendorFactory(organisation__name="Autres")
    for search in ("ecarlate", "ÉCARLATES", "732 829", "732829320"):
        assert list(vendors(search=search)) == [wanted]
