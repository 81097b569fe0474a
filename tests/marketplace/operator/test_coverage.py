"""The pages of an operator's coverage."""

import pytest
from django.urls import reverse

from subscriptions.models import CoverageCampaign, State
from tenants.models import Role
from tests.factories import AdhesionFactory, ListingFactory, MembershipFactory, SubscriptionFactory
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
