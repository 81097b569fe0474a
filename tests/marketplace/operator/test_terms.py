"""An operator sees which contracts near their end, and may refuse to renew one."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils.timezone import localdate

from subscriptions.models import NonRenewal, State
from tenants.models import Role
from tests.factories import ListingFactory, SubscriptionFactory, TermFactory
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract(operator):
    def make(days=120, **rules):
        asked = SubscriptionFactory(
            listing__operator=operator,
            state=State.ACTIVE,
            **{"renewal": "tacit", "term_years": 4, "renewals": 3, **rules},
        )
        return TermFactory(subscription=asked, ends=localdate() + timedelta(days=days)).subscription

    return make


def rows(client, operator) -> list[str]:
    page = client.get(reverse("operator_terms", args=[operator.slug]))
    found = BeautifulSoup(page.content, "html.parser").select("tbody tr")
    return [" ".join(row.get_text(" ").split()) for row in found]


def test_the_nearest_end_comes_first_with_what_follows(operator, contract, sign_in):
    far = contract(days=366)
    express = contract(days=200, renewal="express")
    tacit = contract(days=100)
    over = contract(days=-3, renewal="none", term_years=1, renewals=0)
    found = rows(sign_in(Role.CURATOR, operator), operator)
    expected = ((over, "Terminé"), (tacit, "Reconduit tacitement"), (express, "À reconduire par"))
    assert len(found) == len(expected)
    for row, (subscription, word) in zip(found, expected, strict=True):
        assert subscription.tenant.name in row
        assert word in row
    assert far.tenant.name not in " ".join(found)


def test_it_refuses_to_renew_then_changes_its_mind(operator, contract, sign_in):
    subscription = contract()
    curator = sign_in(Role.CURATOR, operator)
    address = reverse("operator_term_notice", args=[operator.slug, subscription.public_id])
    curator.post(address, {"reason": "Le marché n’est pas renouvelé."})
    with as_worker():
        assert NonRenewal.objects.get().side == "operator"
    assert "Refusé par l’opérateur" in rows(curator, operator)[0]
    curator.post(address, {"action": "reconduire"})
    with as_worker():
        assert NonRenewal.objects.get().withdrawn_at is not None


@pytest.mark.parametrize("count", [1, 4])
def test_list_queries(operator, contract, sign_in, snapshot, count):
    for _ in range(count):
        contract()
    client, address = sign_in(Role.CURATOR, operator), reverse("operator_terms", args=[operator.slug])
    client.get(address)
    with snapshot_queries(snapshot(name="list")):
        client.get(address)


def test_another_operators_contract_is_not_found(operator, sign_in):
    foreign = SubscriptionFactory(listing=ListingFactory(), state=State.ACTIVE)
    address = reverse("operator_term_notice", args=[operator.slug, foreign.public_id])
    assert sign_in(Role.CURATOR, operator).get(address).status_code == 404
