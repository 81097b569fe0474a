"""The lots of a framework agreement: open to change until the notice is published."""

from dataclasses import replace
from datetime import date

import pytest

from subscriptions import lots
from subscriptions.exceptions import LotIncomplete, LotPublished, TermsInvalid
from subscriptions.lots import LotTerms
from subscriptions.models import FrameworkLot, LegalBasis
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    ListingFactory,
    OperatorFactory,
    OrganisationFactory,
    PurchasingVehicleFactory,
    UserFactory,
    VendorFactory,
)
from tests.factories.base import NOW

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def operator():
    operator = OperatorFactory()
    with tenant_scope([operator.organisation_id]):
        yield operator


@pytest.fixture
def vehicle(operator):
    return PurchasingVehicleFactory(operator=operator, legal_basis=LegalBasis.FRAMEWORK)


@pytest.fixture
def terms(operator):
    return LotTerms(
        title="Cartes",
        ceiling_cents=25_000_000,
        starts_on=date(2027, 1, 1),
        ends_on=date(2031, 1, 1),
        listings=(ListingFactory(operator=operator, sheet__name="Carte"),),
        holders=(VendorFactory(), VendorFactory()),
        buyers=(AdhesionFactory(operator=operator).organisation,),
    )


def make(vehicle, terms, **changed) -> FrameworkLot:
    return lots.make_lot(vehicle=vehicle, terms=replace(terms, **changed), by=UserFactory(), now=NOW)


def change(lot, terms, **changed) -> None:
    lots.change_lot(lot=lot, terms=replace(terms, **changed), by=UserFactory(), now=NOW)


def publish(lot) -> None:
    lots.publish_lot(lot=lot, by=UserFactory(), now=NOW)


def test_lots_are_numbered_with_all_that_the_notice_says(vehicle, terms):
    made = make(vehicle, terms)
    assert make(vehicle, terms, listings=()).number == made.number + 1 == 2
    assert list(made.listings.all()) == list(terms.listings)
    assert [held.vendor for held in made.holders.order_by("rank")] == list(terms.holders)
    assert [named.organisation for named in made.buyers.all()] == list(terms.buyers)
    assert made.published_on is None
    assert set(AuditEvent.objects.values_list("what", flat=True)) == {"lot.made"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "title"),
        ({"ceiling_cents": 0}, "ceiling"),
        ({"ends_on": date(2027, 1, 1)}, "ends_on"),
        ({"ends_on": date(2031, 1, 2)}, "duration_reason"),
    ],
)
def test_what_cannot_be_kept(vehicle, terms, wrong, field):
    with pytest.raises(TermsInvalid) as refused:
        make(vehicle, terms, **wrong)
    assert set(refused.value.errors) == {field}
    assert not FrameworkLot.objects.exists()


@pytest.mark.parametrize("first", [date(2027, 1, 1), date(2028, 2, 29)])
def test_four_years_to_the_day_as_the_database_counts(vehicle, terms, first):
    make(vehicle, terms, starts_on=first, ends_on=first.replace(year=first.year + 4))


def test_five_years_with_a_reason(vehicle, terms):
    made = make(vehicle, terms, ends_on=date(2032, 1, 1), duration_reason="Amortissement")
    assert made.duration_reason == "Amortissement"


def test_a_holder_has_one_rank(vehicle, terms):
    with pytest.raises(TermsInvalid) as refused:
        make(vehicle, terms, holders=(terms.holders[0], terms.holders[0]))
    assert set(refused.value.errors) == {"holders"}


def test_a_listing_is_the_operators_and_in_one_lot(vehicle, terms):
    make(vehicle, terms)
    for listings, words in ((terms.listings, "déjà dans le lot 1"), ((ListingFactory(),), "votre rayon")):
        with pytest.raises(TermsInvalid, match=words):
            make(vehicle, terms, listings=listings)


def test_only_a_framework_agreement_has_lots(operator, terms):
    with pytest.raises(TermsInvalid, match="accord-cadre"):
        make(PurchasingVehicleFactory(operator=operator), terms)


def test_a_change_replaces_all_and_is_logged_once(operator, vehicle, terms):
    made = make(vehicle, terms)
    other = AdhesionFactory(operator=operator).organisation
    for _ in range(2):
        change(made, terms, title="Plans", holders=terms.holders[::-1], buyers=(other,), listings=())
    made.refresh_from_db()
    assert made.title == "Plans"
    assert [held.vendor for held in made.holders.order_by("rank")] == list(terms.holders[::-1])
    assert [named.organisation for named in made.buyers.all()] == [other]
    changes = AuditEvent.objects.get(what="lot.changed").changes
    assert set(changes) == {"title", "holders", "buyers", "listings"}


def test_publishing_closes_the_lot_and_opens_its_listings(vehicle, terms):
    made = make(vehicle, terms)
    publish(made)
    made.refresh_from_db()
    assert made.published_on == TODAY
    assert list(vehicle.listings.all()) == list(terms.listings)
    for again in (lambda: publish(made), lambda: change(made, terms, title="Plans")):
        with pytest.raises(LotPublished):
            again()
    assert AuditEvent.objects.filter(what="lot.published").count() == 1


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({"holders": ()}, "titulaire"),
        ({"listings": ()}, "service"),
        ({"buyers": ()}, "acheteur"),
        ({"starts_on": date(2025, 1, 1), "ends_on": TODAY}, "validité"),
    ],
)
def test_what_a_lot_needs_to_be_published(vehicle, terms, lacking, words):
    made = make(vehicle, terms, **lacking)
    with pytest.raises(LotIncomplete, match=words) as refused:
        publish(made)
    assert len(refused.value.missing) == 1
    made.refresh_from_db()
    assert made.published_on is None


class TestBuyers:
    def read(self, operator, text):
        return lots.read_buyers(operator=operator, text=text, on=TODAY)

    def test_one_a_line_each_once(self, operator):
        one, other = (AdhesionFactory(operator=operator).organisation for _ in range(2))
        spaced = f"{one.siren[:3]} {one.siren[3:6]} {one.siren[6:]}"
        assert self.read(operator, f"{spaced}\r\n\r\n{other.siren}\n{one.siren}") == (one, other)

    def test_each_wrong_line_is_told(self, operator):
        stranger = OrganisationFactory()
        gone = AdhesionFactory(operator=operator, since=date(2020, 1, 1), until=TODAY).organisation
        with pytest.raises(TermsInvalid) as refused:
            self.read(operator, f"{stranger.siren}\nMairie\n{gone.siren}")
        told = refused.value.errors["buyers"]
        assert f"Ligne 1 : {stranger.siren} n’est pas un de vos adhérents" in told
        assert "Ligne 2 : " in told
        assert f"Ligne 3 : {gone.siren}" in told

    def test_a_long_list_of_mistakes_is_cut(self, operator):
        with pytest.raises(TermsInvalid, match="Et 3 autres lignes"):
            self.read(operator, "x\n" * 8)
