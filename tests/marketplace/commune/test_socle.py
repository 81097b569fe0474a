"""The page "Mon socle" of a commune."""

import pytest

from catalog.models import Family
from subscriptions.models import State
from tests.factories import ListingFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db


def test_what_is_missing_leads_to_what_the_operator_offers(client, at, commune, listing, secretary):
    mail = ListingFactory(operator=listing.operator, sheet__family=Family.EMAIL, sheet__name="Courriels")
    site = ListingFactory(operator=listing.operator, sheet__family=Family.WEBSITE, sheet__name="Mon site")
    subscription = SubscriptionFactory(tenant=commune, listing=site, state=State.ACTIVE)
    client.force_login(secretary)
    page = client.get(at("member_socle"))
    first, second, third = page.context["fundamentals"]
    assert page.context["lead"] == "1 service en place sur 3."
    assert first["badge"]["label"] == "En place"
    assert first["held"][0]["url"] == at("member_subscription", subscription.public_id)
    assert second["badge"]["label"] == third["badge"]["label"] == "Manque"
    assert client.get(second["offers"][0]["url"]).context["listing"] == mail
    assert "Vos opérateurs ne proposent encore rien ici." in page.content.decode()


def test_beyond_three_offers_the_shelf_has_the_others(client, at, listing, secretary):
    ListingFactory.create_batch(4, operator=listing.operator, sheet__family=Family.EMAIL)
    client.force_login(secretary)
    need = client.get(at("member_socle")).context["fundamentals"][1]
    assert len(need["offers"]) == 3
    (shelf,) = need["more"]
    assert client.get(shelf["url"]).status_code == 200


def test_a_stranger_does_not_find_it(client, at, stranger):
    client.force_login(stranger)
    assert client.get(at("member_socle")).status_code == 404
