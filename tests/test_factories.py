"""The factories make rows that the database and the operations accept."""

import pytest

from catalog.prices import listing_price, territory_facts
from subscriptions.models import State, Subscription
from subscriptions.models.subscription import TRANSITIONS
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    DelegatedCommuneFactory,
    EndpointFactory,
    EpciFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    SubscriptionFactory,
    TerritoryFactory,
    drafted_run,
    issued_invoice,
)
from tests.factories.base import ACTIVE_FROM
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", list(State))
def test_a_subscription_came_to_its_state_by_allowed_moves(state):
    subscription = SubscriptionFactory(state=state)
    with tenant_scope([subscription.tenant_id]):
        subscription = Subscription.objects.get(pk=subscription.pk)
        moves = [(move.before, move.after) for move in subscription.transitions.order_by("pk")]
        approved = hasattr(subscription, "decision")
    assert moves[0] == ("", State.REQUESTED)
    assert moves[-1][1] == state
    assert set(moves[1:]) <= TRANSITIONS
    assert (subscription.approved_by is not None) == approved == (State.APPROVED in dict(moves).values())


@pytest.mark.parametrize(
    ("trait", "euros"),
    [({}, 258), ({"flat": True}, 120), ({"marginal": True}, 276), ({"fixed_plus": True}, 200)],
)
def test_a_listing_has_the_price_of_its_pattern(trait, euros):
    listing = ListingFactory(**{f"grid__{name}": value for name, value in trait.items()})
    territory = TerritoryFactory(population=860)
    facts = territory_facts(territories=[territory], on=ACTIVE_FROM)[territory.pk]
    assert listing_price(listing=listing, facts=facts).net_cents == euros * 100


def test_places_people_and_endpoints():
    delegated = DelegatedCommuneFactory()
    assert delegated.code == delegated.current.code
    assert EpciFactory().populations.count() == 3
    assert OrganisationFactory(epci=True).territory.kind == "epci"
    assert OperatorFactory(private=True).issuer_kind == "private"
    assert AdhesionFactory().operator.adhesions.count() == 1
    assert MembershipFactory().user.memberships.count() == 1
    assert EndpointFactory(osb=True, url="http://127.0.0.1:9").config["url"] == "http://127.0.0.1:9"


def test_a_run_has_one_draft_for_each_member():
    run = drafted_run(members=2)
    with as_worker():
        assert [draft.gross_cents for draft in run.invoices.all()] == [30960, 30960]
        assert run.state == "review"
        assert run.problems == []


def test_an_issued_invoice_is_whole():
    invoice = issued_invoice()
    assert invoice.number == "F2026-00001"
    assert invoice.settlement.channel == "titre"
