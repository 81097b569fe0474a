"""The pages of an operator's purchasing vehicles and of their lots."""

from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import get_messages
from django.urls import reverse

from subscriptions.models import FrameworkLot, LegalBasis, PurchasingVehicle
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    FrameworkLotFactory,
    ListingFactory,
    OrganisationFactory,
    PurchasingVehicleFactory,
    VendorFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
VEHICLE = {
    "name": "Centrale d’achat 2027",
    "legal_basis": "centrale",
    "separate_approver": "on",
    "term_years": "3",
    "renewal": "tacit",
    "renewals": "2",
    "notice_days": "90",
    "starts_on": "2027-01-01",
    "last_day": "2029-12-31",
}
LOT = {
    "title": "Cartes et plans",
    "ceiling": "250 000,50 €",
    "starts_on": "2027-01-01",
    "last_day": "2030-12-31",
    "renewals": "3",
    "revision_formula": "P = P0 × (S / S0)",
}


@pytest.fixture
def curator(operator, sign_in):
    return sign_in(Role.CURATOR, operator)


@pytest.fixture
def framework(operator) -> PurchasingVehicle:
    return PurchasingVehicleFactory(
        operator=operator, legal_basis=LegalBasis.FRAMEWORK, name="Accord-cadre cartes"
    )


def at(name, *things) -> str:
    return reverse(f"operator_{name}", args=things)


def page_of(answer) -> BeautifulSoup:
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def words(tag) -> str:
    return " ".join(tag.get_text(" ").split())


def told(answer) -> str:
    return " / ".join(str(message) for message in get_messages(answer.wsgi_request))


def errors(page) -> dict[str, str]:
    return {
        field.select_one("input, select, textarea")["name"]: words(field)
        for field in page.select(".halle-field--error")
    }


def test_the_list_says_basis_validity_and_listings(operator, curator, framework):
    grouping = PurchasingVehicleFactory(
        operator=operator, name="Groupement 2020", starts_on=date(2020, 1, 1), ends_on=date(2024, 1, 1)
    )
    grouping.listings.add(*(ListingFactory(operator=operator, vehicle=False) for _ in range(2)))
    FrameworkLotFactory(vehicle=framework)
    PurchasingVehicleFactory(name="Ailleurs")
    page = page_of(curator.get(at("vehicles", operator.slug)))
    rows = [words(row) for row in page.select("tbody tr")]
    assert len(rows) == 2
    assert rows[0].startswith("Accord-cadre cartes 1 lot Accord-cadre (CCP")
    assert "du 1er janvier 2020 au 31 décembre 2023 Terminé 2" in rows[1]
    assert page.select_one("a.btn")["href"] == at("vehicle_new", operator.slug)


def test_without_any(operator, curator):
    assert "Aucun cadre d’achat" in words(page_of(curator.get(at("vehicles", operator.slug))).main)


def test_one_is_made_then_changed(operator, curator):
    answer = curator.post(at("vehicle_new", operator.slug), VEHICLE)
    made = PurchasingVehicle.objects.get()
    assert answer.headers["Location"] == at("vehicle", operator.slug, made.pk)
    assert (made.ends_on, made.deliberation_required, made.separate_approver) == (
        date(2030, 1, 1),
        False,
        True,
    )
    form = page_of(curator.get(at("vehicle_edit", operator.slug, made.pk)))
    assert form.select_one("[name=last_day]")["value"] == "2029-12-31"
    curator.post(at("vehicle_edit", operator.slug, made.pk), {**VEHICLE, "last_day": "", "name": "Centrale"})
    page = page_of(curator.get(at("vehicle", operator.slug, made.pk)))
    assert page.h1.get_text(strip=True).endswith("Centrale")
    assert "Depuis le 1er janvier 2027" in words(page.main)
    assert "3 ans" in words(page.main)


def test_mistakes_are_told_at_their_field_and_what_was_typed_stays(operator, curator):
    wrong = {**VEHICLE, "term_years": "40", "last_day": "2020-01-01", "coordinator": "123"}
    page = page_of(curator.post(at("vehicle_new", operator.slug), wrong))
    assert set(errors(page)) == {"term_years", "last_day", "coordinator"}
    assert page.title.string.startswith("Erreur : ")
    assert page.select_one("[name=name]")["value"] == VEHICLE["name"]
    assert page.select_one("[name=coordinator]")["value"] == "123"
    page = page_of(curator.post(at("vehicle_new", operator.slug), {"starts_on": "9999-12-31", "name": "a\0"}))
    assert set(errors(page)) == {
        "name", "legal_basis", "term_years", "starts_on", "renewal", "renewals", "notice_days",
    }  # fmt: skip
    assert not PurchasingVehicle.objects.exists()


def test_a_lot_from_its_first_form_to_its_publication(operator, curator, framework):
    listing = ListingFactory(operator=operator, sheet__name="Plan du pays")
    buyer, other = (AdhesionFactory(operator=operator).organisation for _ in range(2))
    vendor = listing.vendor
    curator.post(
        at("lot_new", operator.slug, framework.pk),
        {**LOT, "listings": [listing.pk], "holder_2": vendor.pk, "buyers": buyer.siren},
    )
    lot = FrameworkLot.objects.get()
    assert (lot.ceiling_cents, lot.ends_on, lot.renewals) == (25_000_050, date(2031, 1, 1), 3)
    assert [(held.rank, held.vendor) for held in lot.holders.all()] == [(1, vendor)]
    address = (operator.slug, framework.pk, lot.number)
    form = page_of(curator.get(at("lot_edit", *address)))
    assert form.select_one("[name=buyers]").string.strip() == buyer.siren
    assert form.select_one("[name=ceiling]")["value"].replace("\u202f", " ") == "250 000,50"
    sent = {**LOT, "listings": [listing.pk], "holder_1": vendor.pk, "every_member": "on"}
    curator.post(at("lot_edit", *address), sent)
    assert {named.organisation for named in lot.buyers.all()} == {buyer, other}
    asked = page_of(curator.get(at("lot_publish", *address)))
    assert "2 acheteurs" in words(asked.main)
    assert "Le lot 1 est publié." in told(curator.post(at("lot_publish", *address)))
    page = page_of(curator.get(at("vehicle", operator.slug, framework.pk)))
    assert "Plan du pays" in words(page.main)
    buttons = [words(link) for link in page.select("section[aria-labelledby=lot-1] a.btn")]
    assert buttons == ["Modifier le lot 1 par avenant"]
    for name in ("lot_edit", "lot_publish"):
        answer = curator.get(at(name, *address))
        assert (answer.status_code, "ne se modifie" in told(answer)) == (302, True)


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"ceiling": ""}, "ceiling", "obligatoire"),
        ({"ceiling": "beaucoup"}, "ceiling", "n’est pas un montant"),
        ({"ceiling": "0"}, "ceiling", "plus grand que zéro"),
        ({"ceiling": "10,005"}, "ceiling", "deux chiffres"),
        ({"last_day": "2031-01-01"}, "duration_reason", "quatre ans"),
        ({"last_day": "2026-12-31"}, "last_day", "avant le premier"),
        ({"last_day": "demain"}, "last_day", "n’existe pas"),
        ({"renewals": "-1"}, "renewals", "0 à 10"),
        ({"listings": ["0"]}, "listings", "votre rayon"),
        ({"holder_1": "0"}, "holder_1", "liste"),
        ({"buyers": "12 34"}, "buyers", "Ligne 1"),
    ],
)
def test_a_lot_that_cannot_be_kept(operator, curator, framework, wrong, field, sentence):
    ListingFactory(operator=operator)
    page = page_of(curator.post(at("lot_new", operator.slug, framework.pk), {**LOT, **wrong}))
    assert set(errors(page)) == {field}
    assert sentence in errors(page)[field]
    kept = {**LOT, **wrong}["revision_formula"]
    assert page.select_one("[name=revision_formula]")["value"] == kept
    assert not FrameworkLot.objects.exists()


def test_a_buyer_must_be_a_member(operator, curator, framework):
    stranger = OrganisationFactory()
    page = page_of(
        curator.post(at("lot_new", operator.slug, framework.pk), {**LOT, "buyers": stranger.siren})
    )
    assert "n’est pas un de vos adhérents" in errors(page)["buyers"]
    assert stranger.siren in page.select_one("[name=buyers]").string


def test_an_incomplete_lot_is_not_published(operator, curator, framework):
    lot = FrameworkLotFactory(vehicle=framework, published_on=None)
    address = at("lot_publish", operator.slug, framework.pk, lot.number)
    page = page_of(curator.get(address))
    assert "Nommez au moins un titulaire." in words(page.main)
    assert page.main.select("form") == []
    assert "Nommez au moins un acheteur." in told(curator.post(address))
    lot.refresh_from_db()
    assert lot.published_on is None


def test_only_a_framework_agreement_has_lots(operator, curator):
    grouping = PurchasingVehicleFactory(operator=operator)
    assert curator.get(at("lot_new", operator.slug, grouping.pk)).status_code == 404
    page = page_of(curator.get(at("vehicle", operator.slug, grouping.pk)))
    assert page.select_one("#lots") is None


def test_what_is_left_is_said_in_words(operator, curator, framework):
    holder = VendorFactory(organisation__name="Cartes & Cie")
    FrameworkLotFactory(vehicle=framework, number=1, holders=[holder])
    page = page_of(curator.get(at("vehicle", operator.slug, framework.pk)))
    section = page.select_one("section[aria-labelledby=lot-1]")
    assert "0 % du maximum" in words(section).replace("\u00a0", " ")
    assert "1. Cartes & Cie" in words(section)
    assert (section.progress["value"], section.progress["max"]) == ("0", "100")


def test_an_auditor_reads_only(operator, sign_in, framework):
    lot = FrameworkLotFactory(vehicle=framework, published_on=None)
    auditor = sign_in(Role.AUDITOR, operator)
    for address in (
        at("vehicles", operator.slug),
        at("vehicle_new", operator.slug),
        at("vehicle", operator.slug, framework.pk),
        at("vehicle_edit", operator.slug, framework.pk),
        at("lot_new", operator.slug, framework.pk),
        at("lot_publish", operator.slug, framework.pk, lot.number),
    ):
        page = page_of(auditor.get(address))
        assert "Accord-cadre cartes" in words(page.main)
        assert page.main.select("form[method=post], a.btn") == []


@pytest.mark.parametrize("count", [1, 4])
def test_list_queries(operator, curator, count, snapshot):
    for _ in range(count):
        PurchasingVehicleFactory(operator=operator).listings.add(ListingFactory(operator=operator))
    curator.get(at("vehicles", operator.slug))
    with snapshot_queries(snapshot(name="list")):
        curator.get(at("vehicles", operator.slug))


@pytest.mark.parametrize("count", [1, 4])
def test_page_queries(operator, curator, framework, count, snapshot):
    with as_worker():
        for number in range(1, count + 1):
            FrameworkLotFactory(
                vehicle=framework,
                number=number,
                listing=ListingFactory(operator=operator),
                buyers=[OrganisationFactory()],
                holders=[VendorFactory()],
            )
            framework.listings.add(ListingFactory(operator=operator, vehicle=False))
    address = at("vehicle", operator.slug, framework.pk)
    curator.get(address)
    with snapshot_queries(snapshot(name="page")):
        curator.get(address)
