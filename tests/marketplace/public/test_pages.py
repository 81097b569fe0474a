"""What a visitor sees: halls, shelves, a price for the commune named, or why there is none."""

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from catalog.models import Family, ListingState
from tenants.models import FormerCode, Role
from tests.factories import (
    AdhesionFactory,
    DelegatedCommuneFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    SubscriptionFactory,
    TerritoryFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

PER_INHABITANT = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.75"}


@pytest.fixture
def operator():
    return OperatorFactory(slug="hall", short_name="La Halle d’essai")


@pytest.fixture
def listing(operator):
    return ListingFactory(
        operator=operator,
        sheet__name="Cantine facile",
        sheet__slug="cantine-facile",
        grid__definition=PER_INHABITANT,
    )


@pytest.fixture
def commune():
    return TerritoryFactory(name="Trévières", code="14711", departement="14", departement_name="Calvados")


def text(answer) -> str:
    """The visible words of a page, with plain spaces."""
    words = BeautifulSoup(answer.content, "html.parser").get_text(" ", strip=True)
    return words.replace("\u202f", " ").replace("\u00a0", " ")


def shelf(client: Client, **parameters):
    return client.get(reverse("storefront", args=["hall"]), parameters)


def service(client: Client, **parameters):
    return client.get(reverse("service", args=["hall", "cantine-facile"]), parameters)


def test_home_lists_the_halls(client, operator):
    assert "La Halle d’essai" in text(client.get("/"))


def test_home_of_an_operators_own_address_is_its_storefront(client, operator, settings):
    with as_worker():
        type(operator).objects.filter(pk=operator.pk).update(hostname="halle.essai.example")
    answer = client.get("/", headers={"host": "halle.essai.example"})
    assert answer["Location"] == reverse("storefront", args=["hall"])


def test_without_a_commune_no_price_is_shown(client, listing):
    page = text(shelf(client))
    assert "Cantine facile" in page
    assert "Choisissez votre commune" in page
    assert "€" not in page


def test_a_card_shows_the_price_for_the_commune_named(client, listing, commune):
    page = text(shelf(client, insee="14711"))
    assert "774,00 €" in page  # 860 × 0,75 € = 645,00 € and VAT
    assert "645,00 € HT, soit 0,90 € TTC par habitant" in page
    assert "860 habitants, population municipale 2022" in page


def test_a_name_that_one_commune_answers_to_leads_to_its_prices(client, listing, commune):
    answer = shelf(client, commune="trevieres", famille="canteen")
    assert answer.status_code == 302
    assert answer["Location"].endswith("?famille=canteen&insee=14711")


def test_an_ambiguous_name_asks_which(client, listing):
    for code, departement in (("05135", "05"), ("17319", "17")):
        TerritoryFactory(name="Sainte-Colombe", code=code, departement=departement)
    answer = shelf(client, commune="Sainte Colombe")
    links = BeautifulSoup(answer.content, "html.parser").select("[aria-labelledby=quelle-commune] a")
    assert sorted(link["href"].rpartition("insee=")[2] for link in links) == ["05135", "17319"]


@pytest.mark.parametrize("typed", ["Zzyzx", "'; DROP TABLE", "%%%", "\x00", "a" * 10_000])
def test_a_name_nobody_answers_to_says_so_and_keeps_it(client, listing, commune, typed):
    answer = shelf(client, commune=typed)
    assert answer.status_code == 200
    assert "Aucune commune ne correspond" in text(answer) or "Choisissez votre commune" in text(answer)


def test_an_unknown_code_says_so(client, listing):
    assert "Aucune commune ne porte le code 99999" in text(shelf(client, insee="99999"))


def test_a_delegated_commune_leads_to_the_current_one_and_says_so(client, listing, commune):
    DelegatedCommuneFactory(name="Ancien-Bourg", code="14999", current=commune)
    page = text(shelf(client, insee="14999"))
    assert "Ancien-Bourg fait partie de Trévières" in page
    assert "774,00 €" in page


def test_a_code_that_was_absorbed_leads_to_the_current_commune(client, listing, commune):
    with as_worker():
        FormerCode.objects.create(code="14998", commune=commune)
    assert "774,00 €" in text(shelf(client, insee="14998"))


def test_a_code_that_is_both_current_and_delegated_is_the_current_one(client, listing, commune):
    DelegatedCommuneFactory(name="Trévières-Bourg", current=commune)
    page = text(shelf(client, insee="14711"))
    assert "774,00 €" in page
    assert "fait partie de" not in page


@pytest.mark.parametrize(
    ("population", "why"),
    [
        pytest.param({"municipale": 0}, "compte 0 habitant", id="nobody lives there"),
        pytest.param({"municipale": None}, "population", id="unknown"),
        pytest.param(False, "population", id="no row at all"),
    ],
)
def test_a_commune_that_cannot_be_priced_says_why(client, listing, population, why):
    TerritoryFactory(name="Beaumont-en-Verdunois", code="55039", population=population)
    page = text(shelf(client, insee="55039"))
    assert "Pas de prix affiché pour Beaumont-en-Verdunois" in page
    assert why in page


def test_a_commune_without_siren_says_why(client, listing):
    TerritoryFactory(name="Miquelon-Langlade", code="97501", siren="")
    page = text(shelf(client, insee="97501"))
    assert "Pas de prix affiché pour Miquelon-Langlade" in page
    assert "n’a pas de numéro SIREN" in page


def test_unknown_and_nobody_are_told_apart(client, listing):
    TerritoryFactory(name="Vide", code="55039", population={"municipale": 0})
    TerritoryFactory(name="Inconnue", code="98735", population={"municipale": None})
    empty, unknown = (shelf(client, insee=code) for code in ("55039", "98735"))
    reasons = [
        BeautifulSoup(a.content, "html.parser").select_one(".halle-slate__why").text for a in (empty, unknown)
    ]
    assert reasons[0] != reasons[1]


def test_a_family_filters_the_shelf(client, listing, operator):
    ListingFactory(operator=operator, sheet__name="Bel Archivage", sheet__family=Family.ARCHIVES)
    page = shelf(client, famille="archives")
    cards = [card.text for card in BeautifulSoup(page.content, "html.parser").select(".halle-card__name")]
    assert len(cards) == 1
    assert "Bel Archivage" in cards[0]


def test_what_is_not_listed_is_on_no_shelf(client, operator):
    for state in (ListingState.DRAFT, ListingState.SUSPENDED):
        ListingFactory(
            operator=operator, state=state, sheet__slug=f"s-{state}", sheet__name=f"Service {state}"
        )
        assert client.get(reverse("service", args=["hall", f"s-{state}"])).status_code == 404
    assert "Service draft" not in text(shelf(client))


def test_the_service_of_another_hall_is_not_here(client, listing):
    OperatorFactory(slug="other")
    assert client.get(reverse("service", args=["other", "cantine-facile"])).status_code == 404


def test_the_service_page_explains_the_price(client, listing, commune):
    page = text(service(client, insee="14711"))
    assert (
        "860 habitants (population municipale 2022, en vigueur au 1er janvier 2025) × 0,75 € = 645,00 €"
        in page
    )
    assert "Se connecter pour s’abonner" in page


def test_html_in_a_description_is_shown_as_text(client, operator):
    ListingFactory(
        operator=operator, sheet__slug="cantine-facile", sheet__description="<script>alert(1)</script>"
    )
    assert b"<script>alert" not in service(client).content


@pytest.fixture
def member(commune, operator):
    organisation = OrganisationFactory(territory=commune)
    AdhesionFactory(operator=operator, organisation=organisation)
    return organisation


def signed_in(client, organisation, role=Role.SECRETARY):
    client.force_login(MembershipFactory(organisation=organisation, role=role).user)


def test_a_secretary_is_offered_to_subscribe(client, listing, member):
    signed_in(client, member)
    page = service(client, insee="14711")
    assert reverse("member_subscribe", args=[member.siren, listing.pk]) in page.content.decode()


def test_a_signatory_is_not(client, listing, member):
    signed_in(client, member, Role.SIGNATORY)
    assert "Demander l’abonnement" not in text(service(client, insee="14711"))


def test_a_commune_that_has_the_service_is_led_to_it(client, listing, member):
    subscription = SubscriptionFactory(tenant=member, listing=listing)
    signed_in(client, member)
    page = service(client, insee="14711")
    assert "déjà ce service" in text(page)
    assert str(subscription.public_id) in page.content.decode()


def test_a_secretary_of_elsewhere_is_led_to_her_own_price(client, listing, member):
    TerritoryFactory(name="Autre", code="14001")
    signed_in(client, member)
    assert "Voir le prix pour" in text(service(client, insee="14001"))


def test_a_commune_outside_the_group_is_told_to_join(client, listing, commune):
    signed_in(client, OrganisationFactory(territory=commune))
    assert "n’adhère pas encore" in text(service(client, insee="14711"))


def test_suggestions_need_two_letters(client, commune):
    address = reverse("commune_suggestions")
    assert "Trévières" not in text(client.get(address, {"commune": "t"}))
    assert "Trévières" in text(client.get(address, {"commune": "trev"}))


def test_the_operators_colour_is_a_stylesheet(client, operator):
    answer = client.get(reverse("operator_stylesheet", args=["hall"]))
    assert answer["Content-Type"] == "text/css"
    assert operator.accent in answer.content.decode()


def test_queries_of_the_shelf(client, operator, commune, snapshot):
    for _ in range(3):
        ListingFactory(operator=operator)
    with snapshot_queries(snapshot(name="shelf")):
        shelf(client, insee="14711")


def test_queries_of_a_service_for_a_secretary(client, listing, member, snapshot):
    signed_in(client, member)
    with snapshot_queries(snapshot(name="service")):
        service(client, insee="14711")


def test_the_shelf_takes_as_many_queries_whatever_its_length(
    client, operator, commune, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ListingFactory(operator=operator)
    with CaptureQueriesContext(connection) as few:
        shelf(client, insee="14711")
    for _ in range(10):
        ListingFactory(operator=operator)
    with django_assert_num_queries(len(few)):
        shelf(client, insee="14711")


@pytest.mark.parametrize("path", ["/nowhere/", "/operateurs/nobody/", "/collectivites/000000000/"])
def test_an_unknown_address_is_a_page_in_french(client, path):
    client.force_login(MembershipFactory().user)
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Cette page n’existe pas" in text(answer)


def test_a_page_loads_nothing_from_elsewhere_and_the_administration_alone_has_no_policy(client):
    """The policy is written once for all answers: it must be on each of ours all the same."""
    wanted = "default-src 'self'"
    assert wanted in client.get("/")["Content-Security-Policy"]
    missing = client.get("/nulle-part/")
    assert missing.status_code == 404
    assert wanted in missing["Content-Security-Policy"]
    assert "Content-Security-Policy" not in client.get("/admin/login/")
