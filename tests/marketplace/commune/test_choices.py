"""What a member keeps of a shelf, from the shelf itself to the document of a choice."""

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Favourite, SavedSearch, Shortlist, ShortlistState
from catalog.shortlists import deciding, preparing
from tenants.models import Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    AssistanceFactory,
    FavouriteFactory,
    ListingFactory,
    MembershipFactory,
    SavedSearchFactory,
    ShortlistFactory,
    ShortlistItemFactory,
)
from tests.tools.database import as_worker
from tests.tools.jobs import run_jobs
from tests.tools.queries import snapshot_queries

REASONS = "Il répond au besoin, et ses données restent en France."


@pytest.fixture
def shortlist(commune, listing, secretary):
    """Open, with three services."""
    found = ShortlistFactory(
        tenant=commune, operator=listing.operator, created_by=secretary, query="q=cantine"
    )
    others = [ListingFactory(operator=listing.operator) for _ in range(2)]
    for one in (listing, *others):
        ShortlistItemFactory(shortlist=found, listing=one)
    return found


@pytest.fixture
def frozen(shortlist, secretary):
    with as_worker():
        return deciding.freeze(shortlist=shortlist, by=secretary, now=timezone.now())


def shelf(listing, commune) -> str:
    return f"{reverse('storefront', args=[listing.operator.slug])}?insee={commune.territory.code}"


def mine(model, commune):
    with tenant_scope([commune.pk]):
        return list(model.objects.filter(tenant=commune))


def test_a_visitor_is_offered_nothing_to_keep(client, commune, listing):
    for url in (
        shelf(listing, commune),
        reverse("service", args=[listing.operator.slug, listing.sheet.slug]),
    ):
        text = client.get(url).content.decode()
        assert "Garder" not in text
        assert "présélection" not in text
        assert "Enregistrer cette recherche" not in text


def test_a_member_of_another_operator_is_offered_nothing_either(client, listing, stranger, commune):
    client.force_login(stranger)
    assert "Garder" not in client.get(shelf(listing, commune)).content.decode()


def test_a_button_keeps_a_service_and_leads_back(client, at, commune, listing, secretary):
    client.force_login(secretary)
    page = client.get(shelf(listing, commune))
    assert page.context["cards"][0]["keep"]["kept"] is False
    url = page.context["cards"][0]["keep"]["url"]
    answer = client.post(url, {"action": "garder", "next": page.context["keep"]["next"]})
    assert answer.url == f"{shelf(listing, commune)}#garder-{listing.pk}"
    assert client.get(answer.url).context["cards"][0]["keep"]["kept"] is True
    assert [one.listing for one in mine(Favourite, commune)] == [listing]
    client.post(url, {"action": "retirer"})
    assert mine(Favourite, commune) == []


@pytest.mark.parametrize("next_url", ["https://ailleurs.example/", "//ailleurs.example", "javascript:1", ""])
def test_it_never_leads_elsewhere(client, at, listing, secretary, next_url):
    client.force_login(secretary)
    answer = client.post(at("member_favourite", listing.pk), {"action": "garder", "next": next_url})
    assert answer.url == at("member_favourites")


def test_what_is_not_on_a_shelf_of_hers_is_not_kept(client, at, commune, listing, secretary):
    client.force_login(secretary)
    elsewhere = ListingFactory()
    assert client.post(at("member_favourite", elsewhere.pk), {"action": "garder"}).status_code == 404


def test_a_search_is_named_and_kept(client, at, commune, listing, secretary):
    client.force_login(secretary)
    url = client.get(f"{shelf(listing, commune)}&q=cantine").context["keep"]["save_url"]
    page = client.get(url)
    assert page.context["form"].initial["name"] == "« cantine »"
    sent = {"recherche": "q=cantine", "alert": "on"}
    assert "Donnez un nom" in client.post(url, {**sent, "name": ""}).content.decode()
    assert client.post(url, {**sent, "name": "Cantines"}).url == at("member_searches")
    (search,) = mine(SavedSearch, commune)
    assert (search.name, search.query, search.alert) == ("Cantines", "q=cantine", True)
    again = client.post(url, {**sent, "name": "Cantines"}).content.decode()
    assert "Vous avez déjà une recherche de ce nom" in again
    client.post(at("member_search", search.pk), {"action": "arreter"})
    assert not mine(SavedSearch, commune)[0].alert


def test_who_acts_for_the_commune_has_no_search_there_and_does_not_choose(
    client, at, commune, listing, frozen
):
    agent = MembershipFactory(organisation=listing.operator.organisation, role=Role.CURATOR).user
    AssistanceFactory(operator=listing.operator, tenant=commune, opened_at=timezone.now())
    client.force_login(agent)
    assert client.get(at("member_favourites")).status_code == 200
    assert "Recherches" not in client.get(at("member_shortlists")).content.decode()
    assert client.get(at("member_searches")).status_code == 404
    assert client.get(at("member_shortlist_decide", frozen.public_id)).status_code == 404
    assert not client.get(at("member_shortlist", frozen.public_id)).context["decide_url"]


def test_services_go_to_a_new_list_or_to_one_that_is_open(client, at, commune, listing, secretary):
    client.force_login(secretary)
    url = at("member_shortlist_add", listing.operator.slug)
    sent = {"service": [listing.sheet.slug, "inconnu"], "recherche": "q=cantine", "shortlist": "nouvelle"}
    page = client.post(url, sent)
    assert "Dites en quelques mots ce que vous cherchez" in page.content.decode()
    answer = client.post(url, {**sent, "title": "Une cantine", "need": "Soixante enfants."})
    (made,) = mine(Shortlist, commune)
    assert answer.url == at("member_shortlist", made.public_id)
    assert (made.title, made.query, made.search) == ("Une cantine", "q=cantine", "« cantine »")
    other = ListingFactory(operator=listing.operator)
    client.post(url, {"service": [other.sheet.slug], "shortlist": str(made.public_id)})
    names = [one["name"] for one in client.get(answer.url).context["services"]]
    assert names == [listing.sheet.name, other.sheet.name]


def test_the_search_is_carried_from_the_shelf_through_the_comparison(client, commune, listing, secretary):
    client.force_login(secretary)
    page = client.get(f"{shelf(listing, commune)}&q=cantine")
    assert b'name="recherche" value="q=cantine"' in page.content
    compared = client.get(
        reverse("compare", args=[listing.operator.slug]),
        {"service": [listing.sheet.slug], "recherche": "q=cantine"},
    )
    added = client.get(compared.context["prepare_url"])
    assert added.context["search"] == "« cantine »"
    assert [one.name for one in added.context["services"]] == [listing.sheet.name]


def test_a_refused_service_leaves_no_empty_list_behind(client, at, commune, listing, secretary):
    client.force_login(secretary)
    more = [ListingFactory(operator=listing.operator).sheet.slug for _ in range(preparing.MOST + 1)]
    page = client.post(
        at("member_shortlist_add", listing.operator.slug),
        {"service": more, "shortlist": "nouvelle", "title": "Tout"},
    )
    assert "10 services au plus" in page.content.decode()
    assert mine(Shortlist, commune) == []


def test_notes_too_long_are_shown_again(client, at, commune, listing, shortlist, secretary):
    client.force_login(secretary)
    note = "m" * 2001
    page = client.post(
        at("member_shortlist_item", shortlist.public_id, listing.pk), {f"{listing.pk}-note": note}
    )
    assert "2 000 caractères au plus" in page.content.decode()
    assert note in page.content.decode()


def test_from_an_open_list_to_its_document(client, at, listing, shortlist, secretary, signatory):
    client.force_login(secretary)
    page = at("member_shortlist", shortlist.public_id)
    client.post(
        at("member_shortlist_item", shortlist.public_id, listing.pk), {f"{listing.pk}-note": "Clair."}
    )
    assert client.post(at("member_shortlist_freeze", shortlist.public_id)).url == page
    shown = client.get(page)
    assert shown.context["badge"]["label"] == "Figée, choix à motiver"
    assert "Clair." in shown.content.decode()
    assert b"<textarea" not in shown.content
    client.force_login(signatory)
    url = at("member_shortlist_decide", shortlist.public_id)
    sent = {"chosen": str(listing.pk), "criteria": ["price"], "reasons": REASONS}
    refused = client.post(url, sent).content.decode()
    assert "il ne suffit pas à motiver un choix" in refused
    assert REASONS in refused
    assert client.post(url, {**sent, "criteria": ["price", "environment"]}).url == page
    assert "Le document se prépare" in client.get(page).content.decode()
    assert client.get(at("member_shortlist_file", shortlist.public_id)).status_code == 404
    waiting = client.get(at("member_shortlist_progress", shortlist.public_id)).content.decode()
    assert "hx-trigger" in waiting
    run_jobs()
    ready = client.get(at("member_shortlist_progress", shortlist.public_id)).content.decode()
    assert "hx-trigger" not in ready
    file = client.get(at("member_shortlist_file", shortlist.public_id))
    assert file["Content-Type"] == "application/pdf"
    assert file["Content-Disposition"].startswith('attachment; filename="choix-')
    assert file.content.startswith(b"%PDF")
    assert client.post(url, {**sent, "criteria": ["fit"]}).url == page  # decided: nothing more to send
    assert client.get(page).context["choice"]["name"] == listing.sheet.name


def test_a_second_decision_says_that_it_is_too_late(client, at, frozen, listing, signatory):
    client.force_login(signatory)
    url = at("member_shortlist_decide", frozen.public_id)
    sent = {"chosen": "aucun", "criteria": ["fit"], "reasons": REASONS}
    client.post(url, sent)
    client.post(url, {**sent, "chosen": str(listing.pk)})
    with as_worker():
        kept = Shortlist.objects.get(pk=frozen.pk)
    assert (kept.state, kept.chosen) == (ShortlistState.DECIDED, None)


def test_an_open_list_is_thrown_away(client, at, commune, shortlist, secretary):
    client.force_login(secretary)
    assert client.post(at("member_shortlist_discard", shortlist.public_id)).url == at("member_shortlists")
    assert mine(Shortlist, commune) == []


def test_the_list_leads_who_may_to_what_is_to_be_decided(client, at, person, frozen, signatory):
    url = at("member_shortlist_decide", frozen.public_id)
    client.force_login(signatory)
    assert client.get(at("member_shortlists")).context["rows"][0]["decide_url"] == url
    client.force_login(person(Role.AGENT))
    assert client.get(at("member_shortlists")).context["rows"][0]["decide_url"] == ""


@pytest.mark.parametrize("role", [Role.AGENT, Role.FINANCE])
def test_others_read_and_press_nothing(client, at, person, shortlist, role):
    client.force_login(person(role))
    page = client.get(at("member_shortlist", shortlist.public_id))
    assert b"Figer la pr" not in page.content
    assert b"<textarea" not in page.content


@pytest.fixture
def several(commune, listing, secretary):
    """Three of everything."""
    for number in range(3):
        one = ListingFactory(operator=listing.operator)
        FavouriteFactory(tenant=commune, listing=one, added_by=secretary)
        SavedSearchFactory(tenant=commune, operator=listing.operator, user=secretary)
        ShortlistFactory(tenant=commune, operator=listing.operator, title=f"Besoin {number}")
    AdhesionFactory(organisation=commune)


@pytest.mark.parametrize("name", ["member_favourites", "member_searches", "member_shortlists"])
def test_queries_of_lists(client, at, several, secretary, snapshot, name):
    client.force_login(secretary)
    client.get(at(name))
    with snapshot_queries(snapshot(name=name)):
        assert client.get(at(name)).status_code == 200


def test_queries_of_an_open_list(client, at, shortlist, several, secretary, snapshot):
    client.force_login(secretary)
    with snapshot_queries(snapshot(name="open")):
        client.get(at("member_shortlist", shortlist.public_id))


def test_queries_of_a_frozen_list(client, at, frozen, secretary, snapshot):
    client.force_login(secretary)
    with snapshot_queries(snapshot(name="frozen")):
        client.get(at("member_shortlist", frozen.public_id))


def test_queries_of_a_shelf_for_a_member(client, commune, listing, several, secretary, snapshot):
    client.force_login(secretary)
    client.get(shelf(listing, commune))
    with snapshot_queries(snapshot(name="shelf")) as queries:
        client.get(shelf(listing, commune))
    assert len(queries) <= 25
