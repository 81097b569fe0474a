"""The pages of an operator's shelf, of its rules, and of what operators share."""

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import get_messages
from django.urls import reverse

from catalog.models import (
    ChecklistItem,
    Listing,
    ListingShare,
    ListingState,
    ShareState,
    ShelfRules,
)
from tenants.models import Role
from tests.factories import (
    ChecklistItemFactory,
    ListingFactory,
    ListingShareFactory,
    OperatorFactory,
    PurchasingVehicleFactory,
    ServiceSheetFactory,
    SubmissionFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def curator(operator, sign_in):
    return sign_in(Role.CURATOR, operator)


def on_shelf(operator, name="Cantine Claire", **values) -> Listing:
    return ListingFactory(operator=operator, sheet__name=name, **values)


def url(name, operator, *things) -> str:
    return reverse(name, args=[operator.slug, *(thing.pk for thing in things)])


def told(answer) -> str:
    return " / ".join(str(message) for message in get_messages(answer.wsgi_request))


def names(client, address) -> list[str]:
    page = BeautifulSoup(client.get(address).content, "html.parser")
    return [link.get_text() for link in page.select("tbody th a")]


def test_the_shelf_in_its_order_with_its_states(operator, curator):
    on_shelf(operator, "Deux", position=2)
    on_shelf(operator, "Un", position=1)
    on_shelf(operator, "Trois", position=3, state=ListingState.DRAFT, grid=None)
    on_shelf(operator, "Zéro", position=0, state=ListingState.WITHDRAWN)
    on_shelf(OperatorFactory(), "Ailleurs")
    SubmissionFactory(listing=Listing.objects.get(offer__product__sheet__name="Un"))
    page = BeautifulSoup(curator.get(url("operator_shelf", operator)).content, "html.parser")
    rows = [" ".join(row.get_text(" ").split()) for row in page.select("tbody tr")]
    assert [row.split()[0] for row in rows] == ["Un", "Deux", "Trois", "Zéro"]
    assert "Une version à examiner" in rows[0]
    assert "Sans tarif publié" in rows[2]
    assert [cell.get_text(strip=True) for cell in page.select("tbody td.num")] == ["1", "2", "3", "—"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=carte", ["Carte"]),
        ("q=%00", ["Carte", "Voirie"]),
        ("famille=gis", ["Carte"]),
        ("famille=rien", ["Carte", "Voirie"]),
        ("etat=suspended", ["Voirie"]),
        ("etat=sans-tarif", ["Carte"]),
        ("etat=rien&page=zz", ["Carte", "Voirie"]),
    ],
)
def test_the_shelf_is_searched_and_filtered(query, found, operator, curator):
    on_shelf(operator, "Carte", sheet__family="gis", grid=None)
    on_shelf(operator, "Voirie", state=ListingState.SUSPENDED)
    assert names(curator, f"{url('operator_shelf', operator)}?{query}") == found


def test_a_service_is_placed_by_plain_buttons(operator, curator):
    first, second = on_shelf(operator, "A"), on_shelf(operator, "B")
    shelf = url("operator_shelf", operator)
    answer = curator.post(url("operator_listing_place", operator, second), {"move": "haut"})
    assert answer.headers["Location"] == f"{shelf}#service-{second.pk}"
    assert names(curator, shelf) == ["B", "A"]
    curator.post(url("operator_listing_place", operator, second), {"move": "bas"})
    assert names(curator, shelf) == ["A", "B"]
    curator.post(url("operator_listing_place", operator, second), {"move": "rang", "position": "1"})
    assert names(curator, shelf) == ["B", "A"]
    back = curator.post(
        url("operator_listing_place", operator, first), {"move": "haut", "back": f"{shelf}?etat=listed"}
    )
    assert back.headers["Location"] == f"{shelf}?etat=listed"


@pytest.mark.parametrize(
    "sent", [{}, {"move": "rang"}, {"move": "rang", "position": "un"}, {"move": "rang", "position": "-3"}]
)
def test_a_rank_that_is_none_moves_nothing(sent, operator, curator):
    listing = on_shelf(operator)
    answer = curator.post(
        url("operator_listing_place", operator, listing), {**sent, "back": "https://ailleurs.example/"}
    )
    assert answer.headers["Location"].startswith(url("operator_shelf", operator))
    assert "Donnez un rang" in told(answer)
    assert Listing.objects.get().position == 100


def test_its_own_words_are_kept(operator, curator):
    listing = on_shelf(operator)
    answer = curator.post(
        url("operator_listing", operator, listing), {"own_text": "Essayez-la.", "price_is_public": "on"}
    )
    assert answer.status_code == 302
    listing.refresh_from_db()
    assert (listing.own_text, listing.price_is_public) == ("Essayez-la.", True)
    answer = curator.post(url("operator_listing", operator, listing), {"own_text": "x" * 2001})
    assert "<title>Erreur : " in answer.content.decode()


def test_through_its_states_and_back(operator, curator):
    sheet = ServiceSheetFactory()
    with as_worker():
        revision = sheet.save_revision()
    listing = ListingFactory(
        operator=operator, sheet=sheet, state=ListingState.DRAFT, approved_revision=revision
    )
    page, move = url("operator_listing", operator, listing), url("operator_listing_move", operator, listing)
    for action, reason, state in (
        ("lister", "", "listed"),
        ("suspendre", "Une panne.", "suspended"),
        ("reprendre", "", "listed"),
        ("retirer", "Fin du marché.", "withdrawn"),
        ("rouvrir", "", "draft"),
    ):
        button = f'value="{action}"'
        assert button in curator.get(page).content.decode()
        curator.post(move, {"action": action, f"{action}-reason": reason})
        listing.refresh_from_db()
        assert listing.state == state
        assert button not in curator.get(page).content.decode()
    assert "Fin du marché." in curator.get(page).content.decode()


def test_a_reason_is_asked(operator, curator):
    listing = on_shelf(operator)
    answer = curator.post(url("operator_listing_move", operator, listing), {"action": "suspendre"})
    page = BeautifulSoup(answer.content, "html.parser")
    assert page.title.get_text().startswith("Erreur : ")
    assert page.select_one("details[open] #id_suspendre-reason")
    assert Listing.objects.get().state == ListingState.LISTED


@pytest.mark.parametrize(("action", "status"), [("lister", 302), ("brûler", 404), ("", 404)])
def test_what_cannot_be_done_is_said(action, status, operator, curator):
    listing = on_shelf(operator)
    answer = curator.post(url("operator_listing_move", operator, listing), {"action": action})
    assert answer.status_code == status
    if status == 302:
        assert "n’est pas en préparation" in told(answer)


def test_without_a_price_it_says_so(operator, curator):
    sheet = ServiceSheetFactory()
    with as_worker():
        revision = sheet.save_revision()
    listing = ListingFactory(
        operator=operator, sheet=sheet, state="draft", approved_revision=revision, grid=None
    )
    assert "Publiez un tarif" in curator.get(url("operator_listing", operator, listing)).content.decode()
    answer = curator.post(url("operator_listing_move", operator, listing), {"action": "lister"})
    assert "Aucun tarif n’est publié" in told(answer)


def test_an_opinion_is_noted(operator, curator):
    listing = on_shelf(operator)
    address = url("operator_listing_visa", operator, listing)
    sent = {"visa-opinion": "reservations", "visa-given_on": "2026-01-05"}
    assert "Écrivez les réserves" in curator.post(address, sent).content.decode()
    assert curator.post(address, {**sent, "visa-text": "Sans photo."}).status_code == 302
    page = curator.get(url("operator_listing", operator, listing)).content.decode()
    assert "Favorable avec réserves" in page
    assert "rendu le 5 janvier 2026" in page
    assert "Donnez une date." in curator.post(address, {**sent, "visa-given_on": "hier"}).content.decode()


def test_the_purchasing_vehicle_is_chosen(operator, curator):
    listing = on_shelf(operator)
    other = PurchasingVehicleFactory(operator=operator, name="Centrale d’achat")
    foreign = PurchasingVehicleFactory()
    address = url("operator_listing_vehicle", operator, listing)
    for wrong in ("", "x", foreign.pk):
        assert "Choisissez un cadre d’achat" in curator.post(address, {"vehicle": wrong}).content.decode()
    curator.post(address, {"vehicle": other.pk})
    with as_worker():
        assert list(listing.vehicles.all()) == [other]


def test_without_one_nobody_can_subscribe(operator, curator):
    listing = on_shelf(operator, vehicle=False)
    assert "Aucun cadre d’achat" in curator.get(url("operator_listing", operator, listing)).content.decode()


def test_rules_and_points(operator, curator):
    rules = url("operator_shelf_rules", operator)
    curator.post(rules, {"visa_required": "on", "x": ""})
    with as_worker():
        kept = ShelfRules.objects.get()
    assert (kept.visa_required, kept.grids_from_january) == (True, False)
    add = url("operator_point_add", operator)
    curator.post(add, {"family": "gis", "label": "Le cadastre", "compulsory": "on"})
    assert (
        "déjà dans la liste" in curator.post(add, {"family": "gis", "label": "Le cadastre"}).content.decode()
    )
    assert "Écrivez ce qu’il faut" in curator.post(add, {"family": "", "label": " "}).content.decode()
    assert "<title>Erreur : " in curator.post(add, {"family": "rien", "label": "X"}).content.decode()
    assert "Le cadastre" in curator.get(rules).content.decode()
    with as_worker():
        point = ChecklistItem.objects.get()
    curator.post(url("operator_point_remove", operator, point))
    assert "Aucun point" in curator.get(rules).content.decode()


def test_another_operators_things_are_not_found(operator, curator):
    listing, point, share = ListingFactory(), ChecklistItemFactory(), ListingShareFactory()
    for name, thing in (
        ("operator_listing", listing),
        ("operator_share_offer", listing),
    ):
        assert curator.get(url(name, operator, thing)).status_code == 404
    for name, thing in (
        ("operator_listing_move", listing),
        ("operator_listing_place", listing),
        ("operator_listing_visa", listing),
        ("operator_point_remove", point),
        ("operator_share_accept", share),
        ("operator_share_refuse", share),
        ("operator_share_cancel", share),
    ):
        assert curator.post(url(name, operator, thing), {"action": "lister"}).status_code == 404


def test_offered_then_accepted_on_the_other_side(operator, curator, sign_in):
    there = OperatorFactory(short_name="Là-bas")
    listing = on_shelf(operator)
    address = url("operator_share_offer", operator, listing)
    assert "Choisissez un opérateur." in curator.post(address, {"message": "x"}).content.decode()
    assert "a déjà ce service" in curator.post(address, {"to_operator": operator.pk}).content.decode()
    answer = curator.post(address, {"to_operator": there.pk, "message": "Prenez-la."})
    assert "est proposé à Là-bas" in told(answer)
    assert "Annuler la proposition" in curator.get(answer.headers["Location"]).content.decode()
    other = sign_in(Role.CURATOR, there)
    page = other.get(url("operator_shares", there)).content.decode()
    assert "Prenez-la." in page
    with as_worker():
        share = ListingShare.objects.get()
    answer = other.post(url("operator_share_accept", there, share))
    with as_worker():
        copy = Listing.objects.get(operator=there)
    assert answer.headers["Location"] == url("operator_listing", there, copy)
    page = other.get(answer.headers["Location"]).content.decode()
    assert f"<dd>{operator.short_name}" in page  # whence it came
    assert "déjà reçu une réponse" in told(curator.post(url("operator_share_cancel", operator, share)))


def test_nobody_is_left_to_offer_it_to(operator, curator):
    address = url("operator_share_offer", operator, on_shelf(operator))
    assert "Personne à qui le proposer" in curator.get(address).content.decode()


def test_refused_with_a_reason(operator, curator):
    share = ListingShareFactory(to_operator=operator)
    address = url("operator_share_refuse", operator, share)
    answer = curator.post(address, {f"{share.pk}-reason": " "})
    assert "<title>Erreur : " in answer.content.decode()
    curator.post(address, {f"{share.pk}-reason": "Nous avons le nôtre."})
    share.refresh_from_db()
    assert (share.state, share.reason) == (ShareState.REFUSED, "Nous avons le nôtre.")


def test_an_offer_is_taken_back(operator, curator):
    share = ListingShareFactory(listing__operator=operator)
    curator.post(url("operator_share_cancel", operator, share))
    share.refresh_from_db()
    assert share.state == ShareState.CANCELLED


@pytest.mark.parametrize("count", [1, 4])
def test_queries_of_the_shelf(count, operator, curator, snapshot):
    for number in range(count):
        on_shelf(operator, f"Service {number}")
    with snapshot_queries(snapshot(name="shelf")):
        curator.get(url("operator_shelf", operator))


@pytest.mark.parametrize("count", [1, 4])
def test_queries_of_the_shares(count, operator, curator, snapshot):
    for _ in range(count):
        ListingShareFactory(to_operator=operator)
    with snapshot_queries(snapshot(name="shares")):
        curator.get(url("operator_shares", operator))


@pytest.mark.parametrize("count", [1, 4])
def test_queries_of_the_rules(count, operator, curator, snapshot):
    for _ in range(count):
        ChecklistItemFactory(operator=operator)
    with snapshot_queries(snapshot(name="rules")):
        curator.get(url("operator_shelf_rules", operator))
