"""What waits for a vendor is on its home page, with the way to do it."""

from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from freezegun import freeze_time

from catalog.models import ClaimTopic
from catalog.vendors import declarations, operations, terms
from marketplace.web.vendor.todo import todo
from tenants.models import Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    ClaimFactory,
    EndpointFactory,
    MembershipFactory,
    OfferFactory,
    ServiceSheetFactory,
    UserFactory,
    VendorFactory,
    VendorTermsFactory,
    prove,
)
from tests.factories.base import NOW

pytestmark = pytest.mark.django_db
TODAY = date(2026, 10, 1)
ANSWERS = {q.code: True if q.yes else "Assurelle" for q in declarations.QUESTIONS}


@pytest.fixture
def vendor():
    return VendorFactory()


def owed(vendor, on=TODAY):
    return [task["label"] for task in todo(vendor=vendor, may_sign=True, on=on)]


def home(vendor, client, role=Role.VENDOR_ADMIN):
    client.force_login(MembershipFactory(organisation=vendor.organisation, role=role).user)
    page = client.get(reverse("vendor_home", args=[vendor.organisation.siren]))
    return BeautifulSoup(page.content, "html.parser").main


def test_terms_and_the_declaration_wait_until_they_are_signed(vendor):
    VendorTermsFactory(version="neuve", in_force_from=TODAY)
    with tenant_scope([vendor.organisation_id]):
        assert owed(vendor) == ["Accepter les conditions des éditeurs", "Signer la déclaration 2026"]
        terms.agree(vendor=vendor, version="neuve", by=UserFactory(), now=NOW)
        declarations.declare(vendor=vendor, answers=ANSWERS, by=UserFactory(), now=NOW)
        assert owed(vendor) == []
        assert owed(vendor, on=date(2027, 1, 1)) == ["Signer la déclaration 2027"]


def test_a_broker_that_has_not_passed_the_kit_waits(vendor, client):
    sheet = ServiceSheetFactory(vendor=vendor, name="Cantinelle")
    endpoint = EndpointFactory(offer=OfferFactory(sheet=sheet), osb=True, proved=False)
    said = "Réussir le banc d’essai : Cantinelle"
    page = home(vendor, client)
    assert said in page.get_text()
    assert page.find("a", href=reverse("vendor_connection", args=[vendor.organisation.siren, sheet.slug]))
    prove(endpoint)
    assert said not in home(vendor, client).get_text()


def test_claims_that_end_are_counted_service_by_service(vendor):
    sheet = ServiceSheetFactory(vendor=vendor, name="Cantinelle")
    for topic, until in [
        (ClaimTopic.LICENCE, date(2026, 9, 30)),
        (ClaimTopic.HOSTING, date(2026, 10, 1)),
        (ClaimTopic.RGAA, date(2026, 11, 30)),
        (ClaimTopic.RGPD, date(2026, 12, 1)),
    ]:
        ClaimFactory(sheet=sheet, topic=topic, valid_until=until)
    ClaimFactory(sheet__vendor=vendor, sheet__name="Agenda", valid_until=date(2026, 9, 1))
    ClaimFactory(sheet__vendor=vendor, valid_until=date(2026, 9, 1), withdrawn_at=NOW)
    ClaimFactory(sheet__vendor=vendor)  # for good
    ClaimFactory(valid_until=date(2026, 9, 1))  # another vendor's
    with tenant_scope([vendor.organisation_id]):
        tasks = todo(vendor=vendor, may_sign=True, on=TODAY)[1:]
    assert [(task["label"], task["detail"]) for task in tasks] == [
        ("Reconduire 1 engagement : Agenda", "1 a pris fin et ne se lit plus."),
        (
            "Reconduire 3 engagements : Cantinelle",
            "1 a pris fin et ne se lit plus ; 2 finissent bientôt, le premier le 1er octobre 2026.",
        ),
    ]


def test_the_home_page_leads_to_each_duty(vendor, client):
    VendorTermsFactory()
    ClaimFactory(sheet__vendor=vendor, valid_until=TODAY)
    main = home(vendor, client)
    links = main.find("section", attrs={"aria-labelledby": "a-faire"}).find_all("a")
    assert [link["href"].partition("#")[2] for link in links] == ["conditions", "declaration", ""]
    for link in links:
        address, _, anchor = link["href"].partition("#")
        answer = client.get(address)
        assert answer.status_code == 200
        assert not anchor or BeautifulSoup(answer.content, "html.parser").find(id=anchor)


def test_an_editor_reads_who_signs(vendor, client):
    text = home(vendor, client, Role.VENDOR_EDITOR).get_text()
    assert "Une personne qui administre l’éditeur doit le faire." in text


def test_a_vendor_in_order_reads_no_duty(vendor, client):
    with tenant_scope([vendor.organisation_id]), freeze_time(NOW):
        declarations.declare(vendor=vendor, answers=ANSWERS, by=UserFactory(), now=NOW)
        assert home(vendor, client).find(id="a-faire") is None


def test_a_suspended_vendor_reads_why(vendor, client):
    with tenant_scope([vendor.organisation_id]):
        operations.suspend(vendor=vendor, reason="Preuves fausses.", by=UserFactory(), now=NOW)
    assert "Preuves fausses." in home(vendor, client).get_text()
