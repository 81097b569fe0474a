"""A body asks to be a vendor: checked, decided once, and made of nothing before that."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from catalog.models import ApplicationState, Vendor, VendorApplication
from catalog.vendors import applications
from catalog.vendors.terms import NoTerms, TermsChanged
from tenants.models import AuditEvent, Letter, Membership, Organisation, Role
from tests.factories import (
    OrganisationFactory,
    UserFactory,
    VendorApplicationFactory,
    VendorFactory,
    VendorTermsFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
SIREN = "732829320"


def statement(**changes) -> applications.Statement:
    said = {
        "siren": "732 829 320",
        "name": "Essai Logiciels",
        "kind": "company",
        "address": "1 rue des Essais",
        "postcode": "35000",
        "city": "Rennes",
        "contact_email": "bonjour@essai.example",
        "presentation": "Un logiciel pour les cantines.",
    }
    return applications.Statement(**{**said, **changes})


def ask(applicant=None, version="essai", **changes) -> VendorApplication:
    return applications.apply(
        applicant=applicant or UserFactory(),
        statement=statement(**changes),
        terms_version=version,
        now=NOW,
    )


@pytest.fixture(autouse=True)
def terms():
    return VendorTermsFactory()


def test_nothing_of_the_body_exists_before_the_platform_decides():
    application = ask()
    assert (application.siren, application.state) == (SIREN, ApplicationState.PENDING)
    assert not Organisation.objects.filter(siren=SIREN).exists()


def test_acceptance_makes_the_vendor_and_its_administrator():
    applicant, staff = UserFactory(), UserFactory(is_staff=True)
    vendor = applications.accept(application=ask(applicant), by=staff, now=NOW)
    assert (vendor.organisation.siren, vendor.organisation.kind) == (SIREN, "company")
    assert vendor.partner.name == "Essai Logiciels"
    assert list(vendor.agreements.values_list("terms__version", "agreed_by")) == [("essai", applicant.pk)]
    mandate = Membership.objects.get(user=applicant)
    assert (mandate.organisation, mandate.role) == (vendor.organisation, Role.VENDOR_ADMIN)
    with as_worker():
        assert AuditEvent.objects.filter(tenant=vendor.organisation, what="vendor.accepted").count() == 1
        assert Letter.objects.get(tenant=vendor.organisation).to == "bonjour@essai.example"


def test_a_body_that_halle_knows_keeps_its_name_and_kind():
    known = OrganisationFactory(company=True, siren=SIREN, name="Nom du registre")
    application = ask(name="Nom tapé")
    assert application.name == "Nom du registre"
    assert applications.accept(application=application, by=UserFactory(), now=NOW).organisation == known


@pytest.mark.parametrize("decide", [applications.accept, applications.refuse, applications.cancel])
def test_a_request_is_decided_once(decide):
    application = ask()
    applications.accept(application=application, by=UserFactory(), now=NOW)
    words = {"message": "Non."} if decide is applications.refuse else {}
    with pytest.raises(applications.Decided, match="acceptée"):
        decide(application=application, by=UserFactory(), now=NOW, **words)
    assert Vendor.objects.count() == 1


def test_a_refusal_says_why():
    application = ask()
    with pytest.raises(applications.ApplicationRefused) as refusal:
        applications.refuse(application=application, message="  ", by=UserFactory(), now=NOW)
    assert refusal.value.field == "message"
    applications.refuse(application=application, message="Trop tôt.", by=UserFactory(), now=NOW)
    application.refresh_from_db()
    assert (application.state, application.message) == (ApplicationState.REFUSED, "Trop tôt.")
    assert not Organisation.objects.filter(siren=SIREN).exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"siren": "732 829 321"}, "siren"), ({"siren": "73"}, "siren"), ({"kind": "commune"}, "kind")],
)
def test_what_cannot_be_is_refused_on_its_field(typed, field):
    with pytest.raises(applications.ApplicationRefused) as refusal:
        ask(**typed)
    assert refusal.value.field == field


def test_a_vendor_does_not_ask_again():
    VendorFactory(organisation__siren=SIREN, organisation__name="Déjà Là")
    with pytest.raises(applications.ApplicationRefused, match="Déjà Là est déjà éditeur"):
        ask()


def test_one_pending_request_a_body():
    ask()
    with pytest.raises(applications.ApplicationRefused, match="déjà en attente"):
        ask()
    applications.cancel(application=VendorApplication.objects.get(), by=UserFactory(), now=NOW)
    assert ask().state == ApplicationState.PENDING


def test_a_person_does_not_flood_the_platform():
    applicant = UserFactory()
    for siren in ("552100554", "542065479", "775670417"):
        VendorApplicationFactory(applicant=applicant, siren=siren)
    with pytest.raises(applications.ApplicationRefused, match="3 demandes"):
        ask(applicant)


def test_the_terms_agreed_to_are_those_in_force(terms):
    VendorTermsFactory(version="neuve", in_force_from=date(2026, 9, 1))
    with pytest.raises(TermsChanged, match="neuve"):
        ask(version="essai")
    assert ask(version="neuve").terms.version == "neuve"


def test_without_terms_nobody_asks(terms):
    with as_worker():
        terms.delete()
    with pytest.raises(NoTerms):
        ask()


def test_a_body_closed_meanwhile_is_not_accepted():
    application = ask()
    OrganisationFactory(company=True, siren=SIREN, closed_on=timezone.localdate(NOW) - timedelta(days=1))
    with pytest.raises(applications.ApplicationRefused, match="n’existe plus"):
        applications.accept(application=application, by=UserFactory(), now=NOW)
    application.refresh_from_db()
    assert application.state == ApplicationState.PENDING
