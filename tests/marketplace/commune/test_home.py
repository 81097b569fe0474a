"""The first page of a member: what is open, what waits for whom."""

import pytest

from provisioning.models import StepState
from subscriptions.models import State
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    ListingFactory,
    RunFactory,
    StepFactory,
    SubscriptionFactory,
    issued_invoice,
)
from tests.factories.base import OPENED_AT
from tests.tools.queries import snapshot_queries


@pytest.fixture
def full(commune, listing, secretary):
    """One subscription in each state that the page shows, and an invoice."""
    operator = listing.operator
    made = {
        state: SubscriptionFactory(
            tenant=commune, listing__operator=operator, state=state, requested_by=secretary
        )
        for state in (State.REQUESTED, State.PROVISIONING, State.ACTIVE, State.SUSPENDED, State.REFUSED)
    }
    return made | {"invoice": issued_invoice(operator=operator, tenant=commune)}


def test_the_secretary_sees_what_is_open_and_under_way(client, at, full, secretary):
    client.force_login(secretary)
    page = client.get(at("member_home"))
    text = page.content.decode()
    assert {row["name"] for row in page.context["under_way"]} == {
        full[State.REQUESTED].service_name,
        full[State.PROVISIONING].service_name,
    }
    assert full[State.ACTIVE].service_url in text
    assert full[State.REFUSED].service_name not in text
    assert full["invoice"].number in text
    assert page.context["to_approve"] == []
    assert "Suspendu" in text


@pytest.mark.parametrize(
    ("step", "finished", "label"),
    [
        (StepState.NEEDS_PERSON, None, "Ouverture à terminer"),
        (StepState.WAITING, None, "Ouverture en cours"),
        (StepState.NEEDS_PERSON, OPENED_AT, "Ouverture en cours"),  # of an earlier plan
    ],
)
def test_a_blocked_opening_says_that_the_operator_knows(
    client, at, commune, secretary, step, finished, label
):
    subscription = SubscriptionFactory(tenant=commune, state=State.PROVISIONING)
    run = RunFactory(subscription=subscription, finished_at=finished)
    StepFactory(run=run, state=step, problem="HTTP 500")
    client.force_login(secretary)
    page = client.get(at("member_home"))
    assert [row["badge"]["label"] for row in page.context["under_way"]] == [label]
    told = f"{subscription.operator.short_name} en est averti" in page.content.decode()
    assert told == (label == "Ouverture à terminer")
    assert "HTTP 500" not in page.content.decode()


@pytest.mark.parametrize("count", [1, 5])
def test_queries_of_openings_under_way(client, at, commune, secretary, snapshot, count):
    for _ in range(count):
        subscription = SubscriptionFactory(tenant=commune, state=State.PROVISIONING)
        StepFactory(run=RunFactory(subscription=subscription), state=StepState.NEEDS_PERSON)
    client.force_login(secretary)
    with snapshot_queries(snapshot(name="openings under way")):
        client.get(at("member_home"))


def test_a_suspended_service_has_no_button(client, at, commune, secretary):
    SubscriptionFactory(tenant=commune, state=State.SUSPENDED)
    client.force_login(secretary)
    assert "Ouvrir le service" not in client.get(at("member_home")).content.decode()


def test_the_signatory_sees_first_what_waits_for_her(client, at, full, signatory):
    client.force_login(signatory)
    page = client.get(at("member_home"))
    assert [row["name"] for row in page.context["to_approve"]] == [full[State.REQUESTED].service_name]
    text = page.content.decode()
    assert text.index("Une demande attend votre décision") < text.index("Services ouverts")
    assert "seule une personne ayant le rôle « secrétaire »" in text


def test_her_own_request_waits_for_another_person(client, at, commune, person):
    both = person(Role.SECRETARY, Role.SIGNATORY)
    SubscriptionFactory(tenant=commune, requested_by=both)
    client.force_login(both)
    page = client.get(at("member_home"))
    assert page.context["to_approve"] == []
    assert len(page.context["under_way"]) == 1


def test_empty_it_invites_to_the_storefront_priced_for_the_commune(client, at, commune, listing, secretary):
    client.force_login(secretary)
    text = client.get(at("member_home")).content.decode()
    assert f"/halles/{listing.operator.slug}/?insee={commune.territory.code}" in text
    assert "Aucun service ouvert pour l’instant" in text


def test_without_adhesion_it_says_so(client, at, secretary):
    client.force_login(secretary)
    assert "n’adhère encore à aucun opérateur" in client.get(at("member_home")).content.decode()


def test_an_operator_left_long_ago_is_not_offered(client, at, commune, secretary):
    old = AdhesionFactory(organisation=commune, until="2025-06-30").operator
    client.force_login(secretary)
    assert old.short_name not in client.get(at("member_home")).content.decode()


@pytest.mark.parametrize("role", [Role.AGENT, Role.FINANCE, Role.ORG_ADMIN])
def test_every_member_role_reads_it(client, at, person, role):
    client.force_login(person(role))
    assert client.get(at("member_home")).status_code == 200


@pytest.mark.parametrize("name", ["member_home", "member_subscriptions", "member_invoices"])
def test_a_stranger_finds_nothing(client, at, stranger, name):
    client.force_login(stranger)
    assert client.get(at(name)).status_code == 404


def test_another_commune_of_the_same_operator_shows_nothing_here(client, at, listing, secretary):
    other = SubscriptionFactory(listing=listing, state=State.ACTIVE)
    client.force_login(secretary)
    assert other.service_name not in client.get(at("member_home")).content.decode()


def test_queries(client, at, full, secretary, snapshot):
    client.force_login(secretary)
    with snapshot_queries(snapshot):
        client.get(at("member_home"))


def test_the_list_filters_by_state_and_pages(client, at, commune, listing, secretary):
    for _ in range(26):
        SubscriptionFactory(tenant=commune, listing=ListingFactory(operator=listing.operator))
    SubscriptionFactory(tenant=commune, listing=listing, state=State.REFUSED)
    client.force_login(secretary)
    page = client.get(at("member_subscriptions"))
    assert len(page.context["rows"]) == 25
    assert [tab["count"] for tab in page.context["tabs"]] == ["27", "26", "0", "0", "1"]
    assert len(client.get(at("member_subscriptions"), {"page": 2}).context["rows"]) == 2
    closed = client.get(at("member_subscriptions"), {"etat": "termines"})
    assert [row["badge"]["label"] for row in closed.context["rows"]] == ["Refusé"]
    assert "page=2" not in closed.content.decode()


@pytest.mark.parametrize("query", [{"etat": "nimporte"}, {"page": "x"}, {"page": "99"}])
def test_a_strange_address_shows_the_list(client, at, commune, secretary, query):
    SubscriptionFactory(tenant=commune)
    client.force_login(secretary)
    assert len(client.get(at("member_subscriptions"), query).context["rows"]) == 1


def test_an_empty_list_says_who_may_ask(client, at, signatory):
    client.force_login(signatory)
    assert "ayant le rôle « secrétaire »" in client.get(at("member_subscriptions")).content.decode()


def test_an_empty_tab_leads_back_to_all(client, at, secretary):
    client.force_login(secretary)
    page = client.get(at("member_subscriptions"), {"etat": "ouverts"})
    assert "Aucun abonnement dans cet état" in page.content.decode()


def test_list_queries(client, at, commune, secretary, snapshot):
    for _ in range(3):
        SubscriptionFactory(tenant=commune)
    client.force_login(secretary)
    with snapshot_queries(snapshot):
        client.get(at("member_subscriptions"))
