"""Agents counted for prices that go by agent: who has access, once a month, kept for good."""

from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from subscriptions.agents.seats import count_seats
from subscriptions.models import SeatCount, State
from tenants.models import Role
from tests.factories import (
    AccessFactory,
    CoverFactory,
    ListedServiceFactory,
    MembershipFactory,
    OrganisationFactory,
    SubscriptionFactory,
)
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
BY_AGENT = {"pattern": "per_unit", "unit": "agent", "unit_price": "3"}
NIGHT = datetime(2026, 12, 1, 2, 47, tzinfo=UTC)


def by_agent(**more):
    return SubscriptionFactory(state=State.ACTIVE, grid=BY_AGENT, counts={"agents": 10}, **more)


def counted(now=NIGHT):
    with as_worker():
        count_seats(now=now)
        return list(SeatCount.objects.order_by("month", "pk").values_list("agents", "named"))


def shown(subscription):
    client = Client()
    client.force_login(MembershipFactory(organisation=subscription.tenant, role=Role.FINANCE).user)
    address = reverse("member_subscription", args=[subscription.tenant.siren, subscription.public_id])
    return BeautifulSoup(client.get(address).content, "html.parser").main.get_text(" ", strip=True)


def test_whoever_has_a_role_is_counted_once_a_month():
    subscription = by_agent()
    SubscriptionFactory(state=State.ACTIVE, tenant=subscription.tenant)  # its price goes by something else
    SubscriptionFactory(state=State.REQUESTED, grid=BY_AGENT, counts={"agents": 10})
    agent = MembershipFactory(organisation=subscription.tenant, role=Role.AGENT).user
    MembershipFactory(organisation=subscription.tenant, role=Role.FINANCE, user=agent)
    MembershipFactory(organisation=subscription.tenant, role=Role.AGENT)
    MembershipFactory(organisation=subscription.tenant, role=Role.AGENT, suspended_at=NIGHT)
    MembershipFactory(organisation=subscription.tenant, role=Role.AGENT, ended_at=NIGHT)
    assert "pas encore comptés" in shown(subscription)  # by somebody who has a role, and counts
    assert counted() == [(3, 0)]
    MembershipFactory(organisation=subscription.tenant, role=Role.AGENT)
    assert counted(NIGHT + timedelta(days=30)) == [(3, 0)]  # still December
    assert "3 agents au 1er décembre 2026" in shown(subscription)
    assert counted(NIGHT + timedelta(days=31)) == [(3, 0), (5, 0)]
    assert "5 agents au 1er janvier 2027" in shown(subscription)


def test_a_list_names_those_who_count():
    subscription = by_agent()
    with as_worker():
        sheet = subscription.listing.sheet
    ListedServiceFactory(tenant=subscription.tenant, sheet=sheet)
    for closed in ({}, {"closed_at": NIGHT, "closed_because": "taken"}):
        user = MembershipFactory(organisation=subscription.tenant, role=Role.AGENT).user
        by = {"closed_by": user} if closed else {}
        AccessFactory(tenant=subscription.tenant, sheet=sheet, user=user, **closed, **by)
    AccessFactory(tenant=subscription.tenant, sheet=sheet)  # of somebody who has no role
    assert counted() == [(1, 1)]
    assert "1 agent par la liste du service" in shown(subscription)


def test_agents_of_the_communes_that_are_covered_count_too():
    epci = OrganisationFactory(epci=True)
    subscription = by_agent(tenant=epci)
    both = MembershipFactory(organisation=epci, role=Role.AGENT).user
    covered = CoverFactory(subscription=subscription, covering=epci).tenant
    MembershipFactory(organisation=covered, role=Role.AGENT, user=both)
    MembershipFactory(organisation=covered, role=Role.AGENT)
    assert counted() == [(2, 0)]
