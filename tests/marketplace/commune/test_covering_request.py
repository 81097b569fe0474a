"""An intercommunality chooses the communes that it covers, on the screen by which it asks for a service."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from subscriptions.models import State, Subscription
from subscriptions.wanted_covers import cover_wanted, wanted_of
from tenants.models import Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    CoverFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    SubscriptionFactory,
    WantedCoverFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
PER_COVERED = {"pattern": "per_unit", "unit": "covered_commune", "unit_price": "50"}


@pytest.fixture
def epci():
    return OrganisationFactory(epci=True, name="Dinan Agglomération", territory__population=30_000)


@pytest.fixture
def communes(epci):
    return [
        OrganisationFactory(name=name, territory__epci=epci.territory, territory__population=860)
        for name in ("Évran", "Plouër", "Quévert")
    ]


def on_shelf(epci, **values):
    listing = ListingFactory(**values)
    AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
    return listing


@pytest.fixture
def listing(epci):
    return on_shelf(epci)


@pytest.fixture
def clerk(client, epci):
    client.force_login(MembershipFactory(organisation=epci, role=Role.SECRETARY).user)
    return client


def at(epci, listing) -> str:
    return reverse("member_subscribe", args=[epci.siren, listing.pk])


def page_of(answer) -> BeautifulSoup:
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def words(tag) -> str:
    return " ".join(tag.get_text(" ").split()).replace("\u202f", " ").replace("\xa0", " ")


def sent(page: BeautifulSoup, **typed) -> dict:
    """What a browser sends of the page, with what a person changes."""
    found: dict = {}
    for one in page.select("input[name]"):
        if one.has_attr("disabled") or one["type"] == "file":
            continue
        if one["type"] in ("checkbox", "radio"):
            if one.has_attr("checked"):
                found.setdefault(one["name"], []).append(one.get("value", "on"))
        else:
            found[one["name"]] = one.get("value", "")
    return {**found, **typed}


def ticked(page) -> list[str]:
    return [one["value"] for one in page.select("[name=communes][checked]")]


def chosen(page) -> str:
    return page.select_one("[name=couvre][checked]")["value"]


def wanted(epci) -> list[str]:
    with tenant_scope([epci.pk]):
        one = Subscription.objects.get(tenant=epci)
        return [row.commune_name for row in wanted_of(one)]


def none_made(epci) -> bool:
    with tenant_scope([epci.pk]):
        return not Subscription.objects.exists()


def test_all_by_default(clerk, epci, listing, communes):
    page = page_of(clerk.get(at(epci, listing)))
    assert (chosen(page), len(ticked(page))) == ("toutes", 3)
    answer = clerk.post(at(epci, listing), sent(page))
    assert answer.status_code == 302
    assert wanted(epci) == ["Évran", "Plouër", "Quévert"]
    shown = words(page_of(clerk.get(answer.url)).main)
    assert "Communes à couvrir" in shown
    assert "Quévert" in shown


@pytest.mark.parametrize(("mode", "names"), [("aucune", []), ("certaines", ["Évran"])])
def test_none_or_some(clerk, epci, listing, communes, mode, names):
    page = page_of(clerk.get(at(epci, listing)))
    clerk.post(at(epci, listing), sent(page, couvre=mode, communes=[communes[0].siren]))
    assert wanted(epci) == names


def test_who_has_it_already_is_greyed_with_why(clerk, epci, listing, communes):
    SubscriptionFactory(tenant=communes[0], listing=listing)
    CoverFactory(tenant=communes[1], listing=listing)
    page = page_of(clerk.get(at(epci, listing)))
    greyed = [words(one.parent) for one in page.select("[name=communes][disabled]")]
    assert len(greyed) == 2
    assert greyed[0].startswith("Évran a déjà son propre abonnement")
    assert "Plouër a déjà le service par" in greyed[1]
    assert "Toutes celles qui peuvent l’être (1)" in words(page)
    clerk.post(at(epci, listing), sent(page))
    assert wanted(epci) == ["Quévert"]


def test_nobody_left_to_cover(clerk, epci, listing, communes):
    for one in communes:
        SubscriptionFactory(tenant=one, listing=listing)
    page = page_of(clerk.get(at(epci, listing)))
    assert "Aucune ne peut être couverte aujourd’hui." in words(page.main)
    assert page.select("[name=couvre]") == []
    clerk.post(at(epci, listing), sent(page))
    assert wanted(epci) == []


def test_what_was_chosen_stays_through_an_error(clerk, epci, listing, communes):
    page = page_of(clerk.get(at(epci, listing)))
    wrong = sent(page, couvre="certaines", communes=[communes[2].siren], wanted_from="hier")
    again = page_of(clerk.post(at(epci, listing), wrong))
    assert words(again.title).startswith("Erreur")
    assert (chosen(again), ticked(again)) == ("certaines", [communes[2].siren])
    assert again.select_one("[aria-labelledby=couvrir] details").has_attr("open")
    assert none_made(epci)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"couvre": "certaines", "communes": []}, "Cochez au moins une commune"),
        ({"couvre": "certaines", "communes": ["999999999", "x"]}, "Cochez au moins une commune"),
        ({"couvre": "autre"}, "Choisissez : toutes"),
        ({"couvre": ""}, "Choisissez : toutes"),
    ],
)
def test_mistakes_are_told(clerk, epci, listing, communes, typed, said):
    page = page_of(clerk.get(at(epci, listing)))
    again = page_of(clerk.post(at(epci, listing), sent(page, **typed)))
    assert said in words(again.main)
    assert words(again.title).startswith("Erreur")
    assert none_made(epci)


def test_a_commune_that_asks_meanwhile_is_said_before_anything_is_asked(clerk, epci, listing, communes):
    page = page_of(clerk.get(at(epci, listing)))
    SubscriptionFactory(tenant=communes[0], listing=listing)
    again = page_of(clerk.post(at(epci, listing), sent(page)))
    assert "Ce qu’ont vos communes a changé" in words(again.main)
    assert none_made(epci)
    clerk.post(at(epci, listing), sent(again))
    assert wanted(epci) == ["Plouër", "Quévert"]


def test_a_price_that_counts_them_follows_the_boxes(clerk, epci, communes):
    listing = on_shelf(epci, grid__definition=PER_COVERED)
    page = page_of(clerk.get(at(epci, listing)))
    assert "150,00 €" in words(page.main)
    assert page.select("[name^=units]") == [], "it is not asked as a number"
    two = {"couvre": "certaines", "communes": [one.siren for one in communes[:2]]}
    again = page_of(clerk.post(at(epci, listing), sent(page, **two, recalculer="1")))
    assert "100,00 €" in words(again.main)
    straight = page_of(clerk.post(at(epci, listing), sent(page, **two)))
    assert "Vos choix ont changé depuis le dernier calcul" in words(straight.main)
    assert none_made(epci)
    clerk.post(at(epci, listing), sent(straight))
    with tenant_scope([epci.pk]):
        assert Subscription.objects.get().yearly_cents == 10_000
    assert wanted(epci) == ["Évran", "Plouër"]


def test_a_commune_is_asked_nothing_of_it(client, epci, communes, listing):
    clerk = MembershipFactory(organisation=communes[0], role=Role.SECRETARY).user
    client.force_login(clerk)
    page = page_of(client.get(at(communes[0], listing)))
    assert page.select("#couvrir, [name=couvre]") == []


def test_what_became_of_them_is_on_the_page_of_the_subscription(client, epci, listing, communes):
    held = SubscriptionFactory(tenant=epci, listing=listing, state=State.ACTIVE)
    for one in communes:
        WantedCoverFactory(subscription=held, commune=one)
    SubscriptionFactory(tenant=communes[0], listing=listing)
    with as_worker():
        cover_wanted(subscription=held, now=NOW)
    client.force_login(MembershipFactory(organisation=epci, role=Role.SIGNATORY).user)
    page = page_of(client.get(reverse("member_subscription", args=[epci.siren, held.public_id])))
    panel = words(page.select_one("[aria-labelledby=a-couvrir]"))
    assert "Évran : a déjà son propre abonnement ou sa demande" in panel


@pytest.mark.parametrize("count", [1, 4])
def test_page_queries(clerk, epci, listing, count, snapshot):
    for _ in range(count):
        OrganisationFactory(territory__epci=epci.territory, territory__population=860)
    clerk.get(at(epci, listing))
    with snapshot_queries(snapshot(name="request")):
        clerk.get(at(epci, listing))
