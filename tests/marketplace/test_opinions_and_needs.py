"""Opinions and needs, page by page: written by a member, read over, answered, read by all."""

import pytest
from django.urls import reverse

from catalog.models import ExperienceSheet, Need, Review
from subscriptions.models import State
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    MembershipFactory,
    NeedFactory,
    ReviewFactory,
    SubscriptionFactory,
    VendorFactory,
)
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def subscription():
    return SubscriptionFactory(state=State.ACTIVE)


def as_role(client, organisation, role):
    client.force_login(MembershipFactory(organisation=organisation, role=role).user)


def test_from_a_subscription_to_the_vendor_s_answer(client, subscription):
    as_role(client, subscription.tenant, Role.SECRETARY)
    page = reverse("member_subscription", args=[subscription.tenant.siren, subscription.public_id])
    url = reverse("member_opinion", args=[subscription.tenant.siren, subscription.public_id])
    assert url in client.get(page).content.decode()
    client.post(url, {"quoi": "avis", "rating": "4", "text": "Simple <b>et</b> rapide."})
    review = Review.objects.get()
    operator = subscription.operator
    as_role(client, operator.organisation, Role.CURATOR)
    listed = client.get(reverse("operator_opinions", args=[operator.slug])).content.decode()
    assert "Simple &lt;b&gt;et&lt;/b&gt; rapide." in listed
    client.post(
        reverse("operator_opinion_decide", args=[operator.slug, "avis", review.public_id]),
        {"decision": "publish"},
    )
    vendor = subscription.listing.vendor
    as_role(client, vendor.organisation, Role.VENDOR_EDITOR)
    siren = vendor.organisation.siren
    answer = reverse("vendor_opinion_answer", args=[siren, review.public_id])
    assert "Écrivez quelques mots" in client.post(answer, {"answer": " "}).content.decode()
    client.post(answer, {"answer": "Merci à vous."})
    assert "Merci à vous." in client.get(reverse("vendor_opinions", args=[siren])).content.decode()


@pytest.mark.parametrize(
    ("role", "offered"), [(Role.SECRETARY, True), (Role.SIGNATORY, True), (Role.FINANCE, False)]
)
def test_the_first_page_asks_who_may_speak(client, subscription, role, offered):
    as_role(client, subscription.tenant, role)
    url = reverse("member_opinion", args=[subscription.tenant.siren, subscription.public_id])
    home = client.get(reverse("member_home", args=[subscription.tenant.siren])).content.decode()
    assert (url in home) is offered


def test_an_account_keeps_what_was_typed_beside_the_mistake(client, subscription):
    as_role(client, subscription.tenant, Role.SECRETARY)
    url = reverse("member_opinion", args=[subscription.tenant.siren, subscription.public_id])
    typed = {"quoi": "experience", "what_we_did": "Tout.", "weeks": "3", "cost": "1.501", "advice": "Osez."}
    page = client.post(url, typed).content.decode()
    assert "se lit de deux façons" in page
    assert 'value="1.501"' in page
    client.post(url, {**typed, "cost": "1 501,50 €"})
    assert ExperienceSheet.objects.get().cost_cents == 150150
    assert "1\u202f501,50" in client.get(url).content.decode()


def test_a_request_not_open_yet_has_no_opinion_page(client):
    asked = SubscriptionFactory(state=State.REQUESTED)
    as_role(client, asked.tenant, Role.SECRETARY)
    assert (
        client.get(reverse("member_opinion", args=[asked.tenant.siren, asked.public_id])).status_code == 404
    )


def test_another_operator_s_text_is_not_found(client):
    review = ReviewFactory(state="pending")
    other = AdhesionFactory().operator
    as_role(client, other.organisation, Role.CURATOR)
    url = reverse("operator_opinion_decide", args=[other.slug, "avis", review.public_id])
    assert client.post(url, {"decision": "publish"}).status_code == 404


def test_a_need_from_the_member_to_everybody(client):
    adhesion = AdhesionFactory()
    as_role(client, adhesion.organisation, Role.SECRETARY)
    siren, slug = adhesion.organisation.siren, adhesion.operator.slug
    new = reverse("member_need_new", args=[siren])
    page = client.post(new, {"operator": slug, "title": "", "description": "En ligne."}).content.decode()
    assert "Dites-le en une ligne" in page
    assert "En ligne." in page
    client.post(new, {"operator": slug, "title": "Louer des salles", "description": "En ligne."})
    need = Need.objects.get()
    client.logout()
    storefront = client.get(reverse("storefront", args=[slug])).content.decode()
    assert reverse("hall_needs", args=[slug]) in storefront
    assert "Louer des salles" in client.get(reverse("hall_needs", args=[slug])).content.decode()
    assert client.get(reverse("hall_need", args=[slug, need.public_id])).status_code == 200
    as_role(client, adhesion.operator.organisation, Role.CURATOR)
    client.post(reverse("operator_need", args=[slug, need.public_id]), {"text": "Nous cherchons."})
    client.logout()
    assert "Nous cherchons." in client.get(reverse("hall_need", args=[slug, need.public_id])).content.decode()


@pytest.mark.parametrize("count", [1, 4])
def test_queries_of_the_lists(client, snapshot, count):
    adhesion = AdhesionFactory()
    vendor = VendorFactory()
    for _ in range(count):
        NeedFactory(operator=adhesion.operator)
        ReviewFactory(operator=adhesion.operator, state="pending")
        ReviewFactory(sheet__vendor=vendor)
    slug = adhesion.operator.slug
    with snapshot_queries(snapshot(name="needs of a hall")):
        client.get(reverse("hall_needs", args=[slug]))
    as_role(client, adhesion.organisation, Role.SECRETARY)
    with snapshot_queries(snapshot(name="needs for a member")):
        client.get(reverse("member_needs", args=[adhesion.organisation.siren]))
    as_role(client, adhesion.operator.organisation, Role.CURATOR)
    with snapshot_queries(snapshot(name="opinions to read over")):
        client.get(reverse("operator_opinions", args=[slug]))
    with snapshot_queries(snapshot(name="needs of an operator")):
        client.get(reverse("operator_needs", args=[slug]))
    as_role(client, vendor.organisation, Role.VENDOR_EDITOR)
    with snapshot_queries(snapshot(name="opinions of a vendor")):
        client.get(reverse("vendor_opinions", args=[vendor.organisation.siren]))
    with snapshot_queries(snapshot(name="needs for a vendor")):
        client.get(reverse("vendor_needs", args=[vendor.organisation.siren]))
