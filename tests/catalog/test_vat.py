"""VAT regimes: which one, from when, on what proof."""

from datetime import date
from decimal import Decimal

import pytest

from catalog.models import LineNature, VatDecision, VatRate, VatZone
from catalog.prices import listing_price, territory_facts
from catalog.vat import Member, Terms, zone_of
from catalog.vat.books import rules_of
from catalog.vat.deciding import Choice, Proof, VatInvalid, decide, say_eligible, set_rate
from tenants.models import AuditEvent
from tests.factories import (
    ListingFactory,
    OperatorFactory,
    OrganisationFactory,
    TerritoryFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

SERVICE = Terms("S", Decimal(20))
SHARED = Terms("E", Decimal(0), "Groupement de moyens, article 261 B du CGI")
CONTRIBUTION = Terms("O", Decimal(0), "Activité hors champ, article 256 B du CGI")
DAY = date(2026, 7, 1)
SAID = {"nature": "service", "choice": "taxed"}
JANUARY = Proof(since=date(2026, 1, 1), source="Rescrit du 12/03/2025")
NO_TAX = "TVA non applicable, article 294 du CGI"


def commune(departement: str = "35", territory: int | None = None) -> Member:
    return Member(kind="commune", zone=zone_of(departement=departement), territory=territory)


def deciding(operator, **values):
    return {"operator": operator, "by": UserFactory(), "now": NOW, "proof": JANUARY} | values


@pytest.mark.parametrize(
    ("departement", "category", "rate", "reason"),
    [
        ("35", "S", "20", ""),
        ("2A", "S", "20", ""),
        ("971", "S", "8.5", ""),
        ("972", "S", "8.5", ""),
        ("974", "S", "8.5", ""),
        ("973", "O", "0", NO_TAX),
        ("976", "O", "0", NO_TAX),
    ],
)
def test_the_territory_gives_the_rate_of_a_service(departement, category, rate, reason):
    found = rules_of(OperatorFactory().pk).regime(SERVICE, member=commune(departement), on=DAY)

    assert (found.category, found.rate, found.reason) == (category, Decimal(rate), reason)
    assert found.source.startswith("CGI, article 29" if departement[:2] == "97" else "CGI, article 278")
    assert not found.undecided


@pytest.mark.parametrize("departement", ["975", "988", ""])
def test_a_territory_without_a_known_rate_is_undecided(departement):
    found = rules_of(OperatorFactory().pk).regime(SERVICE, member=commune(departement), on=DAY)

    assert "Aucun taux de TVA n’est enregistré" in found.undecided
    assert rules_of(OperatorFactory().pk).regime(SERVICE, member=commune(), on=date(2013, 1, 1)).undecided


def test_without_a_decision_a_published_tariff_is_believed_but_for_its_rate():
    rules = rules_of(OperatorFactory().pk)

    assert rules.regime(SHARED, member=commune("974"), on=DAY).reason == SHARED.reason
    assert rules.regime(CONTRIBUTION, member=commune("974"), on=DAY).category == "O"
    assert rules.regime(Terms("S", Decimal("5.5")), member=commune(), on=DAY).rate == Decimal("5.5")
    assert rules.regime(Terms("S", Decimal("5.5")), member=commune("974"), on=DAY).undecided
    assert "aucun tableau" in rules.regime(Terms("S", Decimal(19)), member=commune(), on=DAY).undecided


def test_an_exemption_of_article_261_b_reaches_eligible_members_only():
    operator = OperatorFactory()
    taxed = OrganisationFactory()
    with as_worker():
        decide(nature="shared", choice=Choice.SHARED_COSTS, **deciding(operator))
        before = rules_of(operator.pk).regime(SHARED, member=commune(), on=DAY)
        say_eligible(who="commune", eligible=True, **deciding(operator))
        say_eligible(who=taxed, eligible=False, **deciding(operator))
    rules = rules_of(operator.pk)
    exempt = rules.regime(SHARED, member=commune(), on=DAY)
    other = rules.regime(SHARED, member=commune(territory=taxed.territory_id), on=DAY)

    assert "éligible" in before.undecided
    assert (exempt.category, exempt.code) == ("E", "VATEX-FR-CGI261B")
    assert "part exacte des dépenses communes" in exempt.reason
    assert (other.category, other.rate) == ("S", 20)
    assert rules.regime(SHARED, member=Member("epci", VatZone.METROPOLE), on=DAY).undecided
    assert rules.regime(SHARED, member=commune(), on=date(2025, 12, 31)).reason == SHARED.reason


def test_a_decision_ends_the_one_before_and_one_of_the_same_day_takes_its_place():
    operator = OperatorFactory()
    july = Proof(since=DAY, source="Courrier du 3 juin 2026")
    with as_worker():
        decide(nature="service", choice=Choice.TAXED, **deciding(operator, proof=july))
        decide(nature="service", choice=Choice.FRANCHISE, **deciding(operator))
        decide(nature="service", choice=Choice.ON_DEBITS, **deciding(operator, proof=july))
        rows = VatDecision.objects.order_by("pk").values_list("treatment", "since", "until")
        told = AuditEvent.objects.filter(what="operator.vat_decided").count()
    rules = rules_of(operator.pk)

    assert list(rows) == [("S", DAY, DAY), ("E", JANUARY.since, DAY), ("S", DAY, None)]
    assert told == 3
    assert rules.regime(SERVICE, member=commune(), on=date(2026, 6, 30)).code == "VATEX-FR-FRANCHISE"
    assert rules.regime(SERVICE, member=commune(), on=DAY).on_debits
    year = {"start": JANUARY.since, "end": date(2027, 1, 1)}
    assert rules.changes_within(SERVICE, member=commune(), **year) == [DAY]
    assert rules.changes_within(SHARED, member=commune(), **year) == []


def test_an_operator_s_own_rate_is_believed_before_that_of_all():
    operator = OperatorFactory()
    with as_worker():
        set_rate(zone="guyane", rate=Decimal("8.5"), reason="", **deciding(operator))
    own = rules_of(operator.pk).regime(SERVICE, member=commune("973"), on=DAY)
    other = rules_of(OperatorFactory().pk).regime(SERVICE, member=commune("973"), on=DAY)

    assert (own.rate, own.source) == (Decimal("8.5"), JANUARY.source)
    assert other.category == "O"


@pytest.mark.parametrize(
    ("verb", "values", "fields"),
    [
        (decide, {"nature": "x", "choice": "y"}, ["nature", "choice"]),
        (decide, SAID | {"proof": Proof(None, " ")}, ["since", "source"]),
        (decide, SAID | {"proof": Proof(date(26, 1, 1), "a" * 301)}, ["since", "source"]),
        (say_eligible, {"who": "voisin", "eligible": True}, ["who"]),
        (set_rate, {"zone": "x", "rate": Decimal("0.2"), "reason": "trop"}, ["zone", "rate", "reason"]),
        (set_rate, {"zone": "corse", "rate": Decimal(0), "reason": " "}, ["reason"]),
        (set_rate, {"zone": "corse", "rate": Decimal("8.555"), "reason": ""}, ["rate"]),
    ],
)  # fmt: skip
def test_mistakes_are_told_together_and_nothing_is_written(verb, values, fields):
    with pytest.raises(VatInvalid) as refusal, as_worker():
        verb(**deciding(OperatorFactory(), **values))

    assert sorted(refusal.value.errors) == sorted(fields)
    assert not VatDecision.objects.exists()
    assert not VatRate.objects.filter(operator__isnull=False).exists()


def test_the_price_shown_bears_the_tax_of_the_commune_s_territory():
    listing = ListingFactory()
    places = [TerritoryFactory(departement="974"), TerritoryFactory(departement="35")]
    facts = territory_facts(territories=places, on=DAY)
    reunion, mainland = (listing_price(listing=listing, facts=facts[place.pk]) for place in places)

    assert (reunion.net_cents, reunion.vat_cents) == (25_800, 2_193)
    assert mainland.vat_cents == 5_160


def test_a_price_is_shown_without_tax_while_nobody_knows_it():
    listing = ListingFactory()
    with as_worker():
        decide(nature=LineNature.SERVICE, choice=Choice.UNDECIDED, **deciding(listing.operator))
    place = TerritoryFactory()
    found = listing_price(listing=listing, facts=territory_facts(territories=[place], on=DAY)[place.pk])

    assert found.vat_cents == 0
    assert found.vat_reason == "TVA à déterminer. Le régime reste à décider : Rescrit du 12/03/2025."
