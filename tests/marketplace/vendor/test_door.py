"""The vendors' door: from outside to a request, and the platform's answer, page by page."""

import pytest
from django.urls import reverse

from catalog.models import Vendor, VendorApplication
from catalog.vendors.declarations import QUESTIONS
from tenants.models import Role
from tests.factories import (
    MembershipFactory,
    UserFactory,
    VendorApplicationFactory,
    VendorFactory,
    VendorTermsFactory,
)
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
TYPED = {
    "siren": "732 829 320",
    "name": "Essai Logiciels",
    "kind": "company",
    "address": "1 rue des Essais",
    "postcode": "35000",
    "city": "Rennes",
    "contact_email": "bonjour@essai.example",
    "presentation": "Un logiciel <script>alert(1)</script>",
    "terms_version": "essai",
    "terms": "on",
}


@pytest.fixture
def person(client):
    VendorTermsFactory()
    person = UserFactory()
    client.force_login(person)
    return person


def test_the_whole_way_in(client, person):
    assert client.post(reverse("vendor_apply"), TYPED).status_code == 302
    application = VendorApplication.objects.get()
    assert "À examiner" in client.get(reverse("vendor_apply")).content.decode()
    client.force_login(UserFactory(is_staff=True))
    assert "1 demande à examiner" in client.get(reverse("platform_home")).content.decode()
    url = reverse("platform_vendor_application", args=[application.public_id])
    page = client.get(url).content.decode()
    assert "732" in page
    assert "<script>alert" not in page
    assert client.post(url, {"decision": "accept"}).status_code == 302
    assert "à examiner" not in client.get(reverse("platform_home")).content.decode()
    client.force_login(person)
    assert client.get(reverse("vendor_home", args=["732829320"])).status_code == 200
    assert "Essai Logiciels" in client.get(reverse("vendors_door")).content.decode()


def test_what_was_typed_is_kept_beside_the_mistake(client, person):
    page = client.post(reverse("vendor_apply"), {**TYPED, "siren": "732 829 321"}).content.decode()
    assert "clé de contrôle" in page
    assert 'value="732 829 321"' in page
    assert 'value="Essai Logiciels"' in page
    assert not VendorApplication.objects.exists()


def test_a_version_that_changed_meanwhile_is_shown_to_be_read(client, person):
    VendorTermsFactory(version="neuve", in_force_from="2026-01-01")
    page = client.post(reverse("vendor_apply"), TYPED).content.decode()
    assert "Relisez-la" in page
    assert 'name="terms_version" value="neuve"' in page


def test_without_terms_the_page_says_so(client):
    client.force_login(UserFactory())
    assert "pas encore publié" in client.get(reverse("vendor_apply")).content.decode()


def test_somebody_else_s_request_is_not_withdrawn(client, person):
    foreign = VendorApplicationFactory()
    assert client.post(reverse("vendor_apply_cancel", args=[foreign.public_id])).status_code == 404
    mine = VendorApplicationFactory(applicant=person, siren="552100554")
    client.post(reverse("vendor_apply_cancel", args=[mine.public_id]))
    mine.refresh_from_db()
    assert mine.state == "cancelled"


def test_a_refusal_needs_words_and_keeps_them(client):
    application = VendorApplicationFactory()
    client.force_login(UserFactory(is_staff=True))
    url = reverse("platform_vendor_application", args=[application.public_id])
    assert "Dites pourquoi" in client.post(url, {"decision": "refuse", "message": " "}).content.decode()
    assert client.post(url, {"decision": "refuse", "message": "Pas encore."}).status_code == 302


def test_papers_are_signed_on_one_page(client):
    VendorTermsFactory()
    vendor = VendorFactory()
    admin = MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_ADMIN).user
    client.force_login(admin)
    papers = reverse("vendor_papers", args=[vendor.organisation.siren])
    page = client.get(papers).content.decode()
    assert "attend votre accord" in page
    assert "dernière déclaration" not in page  # there is none
    client.post(reverse("vendor_agree", args=[vendor.organisation.siren]), {"version": "essai"})
    declare = reverse("vendor_declare", args=[vendor.organisation.siren])
    page = client.post(declare, {"insurer": "Assurelle"}).content.decode()
    assert "Cochez pour le déclarer" in page
    assert 'value="Assurelle"' in page
    client.post(declare, {q.code: "on" if q.yes else "Assurelle" for q in QUESTIONS})
    page = client.get(papers).content.decode()
    assert "Signée" in page
    assert "En ordre" in page


def test_an_editor_reads_and_does_not_sign(client):
    VendorTermsFactory()
    vendor = VendorFactory()
    client.force_login(MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_EDITOR).user)
    page = client.get(reverse("vendor_papers", args=[vendor.organisation.siren])).content.decode()
    assert "J’accepte" not in page


@pytest.mark.parametrize("count", [1, 6])
def test_queries_of_the_platform_s_list(client, snapshot, count):
    for _ in range(count):
        VendorFactory()
    VendorApplicationFactory()
    client.force_login(UserFactory(is_staff=True))
    client.get(reverse("home"))
    with snapshot_queries(snapshot(name="vendors of the platform")):
        client.get(reverse("platform_vendors"))
    assert Vendor.objects.count() == count
