"""The pages of an operator's coverage."""

import pytest
from django.urls import reverse

from marketplace.web.operator.coverage_map import HAVE, LACK, coverage_map
from subscriptions.models import CoverageCampaign, State
from tenants.models import Role
from tenants.models.territory import TerritoryKind
from tests.factories import (
    AdhesionFactory,
    ListingFactory,
    MembershipFactory,
    SubscriptionFactory,
    TerritoryFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing(operator):
    return ListingFactory(operator=operator)


@pytest.fixture
def curator(operator, sign_in):
    return sign_in(Role.CURATOR, operator)


def member(operator, name, population=860):
    adhesion = AdhesionFactory(
        operator=operator, organisation__name=name, organisation__territory__population=population
    )
    MembershipFactory(organisation=adhesion.organisation, role=Role.SECRETARY)
    return adhesion.organisation


def test_the_table_and_the_picture_say_the_same(operator, listing, curator, snapshot):
    has = member(operator, "Évran", 3_000)
    member(operator, "Ercé", 1_000)
    SubscriptionFactory(tenant=has, listing=listing, state=State.ACTIVE)
    with snapshot_queries(snapshot(name="page")):
        page = curator.get(reverse("operator_coverage", args=[operator.slug]))
    (row,) = page.context["rows"]
    assert (row["having"], row["members"], row["inhabitants"], row["lacking"]) == (
        "1",
        "50\u00a0%",
        "75\u00a0%",
        "1",
    )
    (bar,) = page.context["bars"]["bars"]
    assert (bar["share"], bar["width"]) == ("50\u00a0%", "280.0")


def test_an_empty_shelf_says_so(operator, curator):
    page = curator.get(reverse("operator_coverage", args=[operator.slug]))
    assert "Aucun service au catalogue" in page.content.decode()


def test_one_service_lists_who_lacks_it_by_size(operator, listing, curator, snapshot):
    has, small, large = member(operator, "A"), member(operator, "Bé", 300), member(operator, "=C", 3_000)
    SubscriptionFactory(tenant=has, listing=listing, state=State.ACTIVE)
    url = reverse("operator_coverage_service", args=[operator.slug, listing.pk])
    with snapshot_queries(snapshot(name="service")):
        page = curator.get(url)
    assert {row["name"] for row in page.context["rows"]} == {small.name, large.name}
    assert [row["name"] for row in curator.get(url, {"strate": "2000-3499"}).context["rows"]] == ["=C"]
    assert len(curator.get(url, {"strate": "any"}).context["rows"]) == 2
    file = curator.get(
        reverse("operator_coverage_csv", args=[operator.slug, listing.pk]), {"strate": "2000-3499"}
    )
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[1:] == [f"'=C;{large.siren};commune;3000;{listing.sheet.name}"]


def test_one_writes_to_those_who_lack_it_after_reading_how_many(operator, listing, curator):
    member(operator, "A")
    member(operator, "B")
    url = reverse("operator_coverage_write", args=[operator.slug, listing.pk])
    page = curator.get(url)
    assert "Envoyer à 2 personnes" in page.content.decode()
    form = {"people": "1", "request_key": page.context["request_key"], "message": "Bonjour"}
    refused = curator.post(url, form)
    assert "Le nombre de personnes a changé" in refused.content.decode()
    assert refused.context["message"] == "Bonjour"
    form["people"] = "2"
    for _ in range(2):
        answer = curator.post(url, form, follow=True)
        assert "2 personnes vont recevoir votre courriel." in answer.content.decode()
    with as_worker():
        assert CoverageCampaign.objects.get().message == "Bonjour"


def test_who_counts_money_reads_and_does_not_write(operator, listing, sign_in):
    client = sign_in(Role.OPERATOR_FINANCE, operator)
    member(operator, "A")
    page = client.get(reverse("operator_coverage_service", args=[operator.slug, listing.pk]))
    assert page.context["write_url"] == ""
    url = reverse("operator_coverage_write", args=[operator.slug, listing.pk])
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("name", ["operator_coverage_service", "operator_coverage_csv"])
def test_a_foreign_service_is_not_found(operator, curator, name):
    foreign = ListingFactory()
    assert curator.get(reverse(name, args=[operator.slug, foreign.pk])).status_code == 404
    assert curator.get(reverse(name, args=[foreign.operator.slug, foreign.pk])).status_code == 404


def commune(operator, code):
    adhesion = AdhesionFactory(
        operator=operator,
        organisation__territory__code=code,
        organisation__territory__departement=code[:2],
    )
    return adhesion.organisation


def test_the_map_draws_each_commune_as_it_stands(operator, listing, curator):
    has, asks = commune(operator, "29019"), commune(operator, "29235")
    commune(operator, "29011")
    commune(operator, "97105")  # an ocean away
    SubscriptionFactory(tenant=has, listing=listing, state=State.ACTIVE)
    SubscriptionFactory(tenant=asks, listing=listing, state=State.REQUESTED)
    url = reverse("operator_coverage_service", args=[operator.slug, listing.pk])
    page = curator.get(url)
    drawn = page.context["map"]
    assert sorted(shape["kind"] for shape in drawn["shapes"]) == ["asked", "have", "lack"]
    assert {f"{has.name} l’a", f"{asks.name} l’a demandé"} < {shape["title"] for shape in drawn["shapes"]}
    assert drawn["words"] == "1 l’ont, 1 l’ont demandé, 1 ne l’ont pas"
    assert drawn["elsewhere"] == "1"
    assert [row["name"] for row in curator.get(url, {"etat": "ont"}).context["rows"]] == [has.name]
    assert [row["name"] for row in curator.get(url, {"etat": "demande"}).context["rows"]] == [asks.name]


def test_a_commune_made_since_is_drawn_as_what_it_was_made_of(operator, listing, curator):
    new = commune(operator, "29999")
    url = reverse("operator_coverage_service", args=[operator.slug, listing.pk])
    assert curator.get(url).context["map"] == {}
    with as_worker():
        TerritoryFactory(code="29019", kind=TerritoryKind.DELEGATED, current=new.territory)
    assert [shape["title"] for shape in curator.get(url).context["map"]["shapes"]] == [
        f"{new.name} ne l’a pas"
    ]


def test_too_many_communes_are_shown_by_departement():
    codes = [f"29{number:03}" for number in range(2_400)] + [f"22{number:03}" for number in range(700)]
    states = dict.fromkeys(codes, LACK) | dict.fromkeys(codes[:600], HAVE)
    drawn = coverage_map(states, names={}, parts={})
    assert [(shape["kind"], shape["title"]) for shape in drawn["shapes"]] == [
        ("share-1", "Département 22 : 0\u00a0%"),
        ("share-2", "Département 29 : 25\u00a0%"),
    ]
    assert [label["text"] for label in drawn["labels"]] == ["0\u00a0%", "25\u00a0%"]
