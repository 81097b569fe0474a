"""A vendor's directory follows the roles that people have in an organisation."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from provisioning import operations
from provisioning.agents import directory_of, plan_agents
from provisioning.models import Event, Run, Step, StepState
from subscriptions import sharing
from subscriptions.models import State, Subscription
from tenants.models import Role
from tenants.people.mandates import change_roles, depart, restore, suspend
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    AgentDirectoryFactory,
    EndpointFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    SubscriptionFactory,
)
from tests.fakes.scim import TOKEN, Fault, directory
from tests.tools.database import as_worker, undone

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now() + timedelta(hours=1)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("TEST_SCIM_TOKEN", TOKEN)
    with directory() as server:
        yield server


@pytest.fixture
def commune(server):
    """With a service open whose vendor has a directory, and an administrator."""
    open_one = SubscriptionFactory(state=State.ACTIVE)
    AgentDirectoryFactory(offer=open_one.listing.offer, url=server.url)
    return open_one.tenant


@pytest.fixture
def admin(commune):
    return MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user


@pytest.fixture
def agent(commune):
    return MembershipFactory(organisation=commune, role=Role.AGENT).user


def change(verb, organisation, person, *, by, now, **more):
    """As the page does, as the web role: in the scope of the organisation alone."""
    with transaction.atomic(), tenant_scope([organisation.pk]):
        verb(organisation=organisation, person=person, by=by, now=now, **more)


def turn(*, now):
    with as_worker():
        operations.take_turn(now=now)
        return list(Step.objects.filter(run__event=Event.AGENTS).order_by("pk"))


def agents_runs():
    with as_worker():
        return Run.objects.filter(event=Event.AGENTS).count()


def test_who_is_given_a_role_is_known_and_who_leaves_is_inactive(commune, admin, agent, server, now):
    change(change_roles, commune, agent, roles=[Role.FINANCE], by=admin, now=now)
    [step] = turn(now=now)
    assert step.state == StepState.DONE
    assert {one["userName"] for one in server.held["Users"].values()} == {admin.email, agent.email}
    [member] = server.group(f"{commune.name} – finances")["members"]
    assert member["value"] == server.user(agent.email)["id"]
    for do, active in ((suspend, False), (restore, True), (depart, False)):
        change(do, commune, agent, by=admin, now=now)
        turn(now=now + timedelta(minutes=1))
        assert server.user(agent.email)["active"] is active
    assert server.user(admin.email)["active"] is True
    assert server.group(f"{commune.name} – finances")["members"] == []


def test_the_plan_and_the_role_are_one_transaction(commune, admin, agent, now):
    with undone():
        change(depart, commune, agent, by=admin, now=now)
        assert agents_runs() == 1
    assert agents_runs() == 0


def test_a_plan_not_begun_serves_several_changes(commune, admin, agent, server, now):
    change(change_roles, commune, agent, roles=[Role.FINANCE], by=admin, now=now)
    change(depart, commune, agent, by=admin, now=now)
    assert agents_runs() == 1
    turn(now=now)
    assert [one["userName"] for one in server.held["Users"].values()] == [admin.email]


def test_a_change_while_the_vendor_is_asked_is_told_after(commune, admin, agent, now):
    change(depart, commune, agent, by=admin, now=now)
    with as_worker():
        Step.objects.update(
            state=StepState.RUNNING, first_tried_at=now, lease_until=now + timedelta(minutes=1)
        )
    MembershipFactory(organisation=commune, user=agent, role=Role.AGENT)
    change(change_roles, commune, agent, roles=[Role.FINANCE], by=admin, now=now)
    assert agents_runs() == 2


def test_nothing_is_planned_where_no_directory_is(admin, now):
    elsewhere = SubscriptionFactory(state=State.ACTIVE).tenant
    assert plan_agents(organisation=elsewhere, now=now) == []
    assert plan_agents(organisation=OrganisationFactory(), now=now) == []


def test_agents_are_told_when_a_service_opens(server, now):
    opening = SubscriptionFactory(state=State.APPROVED)
    offer = opening.listing.offer
    AgentDirectoryFactory(offer=offer, url=server.url)
    EndpointFactory(offer=offer)
    admin = MembershipFactory(organisation=opening.tenant, role=Role.ORG_ADMIN).user
    with as_worker():
        run = operations.plan_activation(subscription=opening, now=now)
        operations.take_turn(now=now)
        step = run.steps.get()
        operations.mark_done(step=step, by=admin, service_url="https://service.example/", now=now)
    [told] = turn(now=now + timedelta(minutes=1))
    assert told.state == StepState.DONE
    assert server.user(admin.email)["active"] is True


def test_a_service_that_closed_meanwhile_is_told_nothing(commune, admin, agent, server, now):
    change(depart, commune, agent, by=admin, now=now)
    with as_worker():
        run = Run.objects.get(event=Event.AGENTS)
        type(run.subscription).objects.filter(pk=run.subscription_id).update(
            state=State.ENDED, ended_on=now.date()
        )
    [step] = turn(now=now)
    assert step.state == StepState.DONE
    assert server.asked == []


def test_a_vendor_that_asks_to_wait_is_asked_later(commune, admin, agent, server, now):
    server.faults = [Fault("GET", status=429, headers={"Retry-After": "600"})]
    change(depart, commune, agent, by=admin, now=now)
    [step] = turn(now=now)
    assert (step.state, step.doubtful) == (StepState.PENDING, False)
    assert step.run_after >= now + timedelta(seconds=600)
    [step] = turn(now=step.run_after + timedelta(seconds=1))
    assert step.state == StepState.DONE


def test_what_a_machine_cannot_settle_needs_a_person(commune, admin, agent, server, now):
    server.add("Users", {"userName": admin.email})
    change(depart, commune, agent, by=admin, now=now)
    [step] = turn(now=now)
    assert step.state == StepState.NEEDS_PERSON
    assert "a déjà l’adresse d’un agent" in step.problem
    with as_worker():
        operations.mark_done(step=step, by=admin, service_url="", now=now)
        step.run.refresh_from_db()
        assert step.run.finished_at == now


@pytest.mark.parametrize("config", [{}, {"url": "nulle part", "token_variable": "X"}])
def test_a_wrong_configuration_needs_a_person(commune, admin, agent, config, now):
    with as_worker():
        offer = Run.subscription.field.related_model.objects.get(tenant=commune).listing.offer
        type(offer.agent_directory).objects.update(config=config)
    change(depart, commune, agent, by=admin, now=now)
    [step] = turn(now=now)
    assert (step.state, step.problem) == (
        StepState.NEEDS_PERSON,
        "L’annuaire des agents de cette offre est mal configuré.",
    )


def test_an_erased_person_is_inactive_and_says_nothing_of_herself(commune, admin, agent, server, now):
    change(change_roles, commune, agent, roles=[Role.FINANCE], by=admin, now=now)
    turn(now=now)
    with as_worker():
        type(agent).objects.filter(pk=agent.pk).update(email="", first_name="", last_name="")
        plan_agents(organisation=commune, now=now)
    turn(now=now + timedelta(minutes=1))
    assert server.user(agent.email)["active"] is False


def test_an_external_id_is_hers_in_one_organisation(commune, agent, now):
    other = MembershipFactory(user=agent).organisation
    with as_worker():
        mine = Subscription.objects.get(tenant=commune)
        theirs = SubscriptionFactory(tenant=other, state=State.ACTIVE)
        here, there = (directory_of(one, on=now.date()).agents[0] for one in (mine, theirs))
    assert here.external_id != there.external_id
    assert uuid.UUID(here.external_id).version == 5  # says nothing of her number
    assert there.external_id in here.elsewhere


class TestCovers:
    """The agents of a commune that its intercommunality covers have accounts too."""

    @pytest.fixture
    def held(self, server):
        """The service of an intercommunality, which may cover its communes."""
        listing, epci = ListingFactory(), OrganisationFactory(epci=True)
        AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
        AgentDirectoryFactory(offer=listing.offer, url=server.url)
        return SubscriptionFactory(tenant=epci, listing=listing, state=State.ACTIVE)

    @pytest.fixture
    def commune(self, held):
        return OrganisationFactory(territory__epci=held.tenant.territory)

    @pytest.fixture
    def president(self, held):
        return MembershipFactory(organisation=held.tenant, role=Role.SIGNATORY).user

    def cover(self, held, commune, *, by, now):
        with transaction.atomic(), tenant_scope([held.tenant_id]):
            sharing.cover(subscription=held, organisations=[commune], by=by, now=now)

    def uncover(self, held, commune, *, by, now):
        with transaction.atomic(), tenant_scope([held.tenant_id]):
            sharing.uncover(subscription=held, organisation=commune, by=by, now=now)

    def test_agents_come_with_the_cover_and_are_inactive_after_it(
        self, held, commune, admin, agent, president, server, now
    ):
        self.cover(held, commune, by=president, now=now)
        [step] = turn(now=now)
        assert (step.state, step.tenant) == (StepState.DONE, held.tenant)
        names = {one["userName"] for one in server.held["Users"].values()}
        assert names == {president.email, admin.email, agent.email}
        [member] = server.group(f"{commune.name} – administrateur de la collectivité")["members"]
        assert member["value"] == server.user(admin.email)["id"]

        self.uncover(held, commune, by=president, now=now + timedelta(minutes=1))
        turn(now=now + timedelta(minutes=2))
        active = {name: server.user(name)["active"] for name in names}
        assert active == {president.email: True, admin.email: False, agent.email: False}
        assert server.group(f"{commune.name} – administrateur de la collectivité")["members"] == []

    def test_a_change_in_a_covered_commune_is_told(self, held, commune, admin, agent, president, server, now):
        self.cover(held, commune, by=president, now=now)
        turn(now=now)
        change(depart, commune, agent, by=admin, now=now)
        turn(now=now + timedelta(minutes=1))
        assert server.user(agent.email)["active"] is False
        self.uncover(held, commune, by=president, now=now)
        turn(now=now + timedelta(minutes=2))
        before = agents_runs()
        change(change_roles, commune, admin, roles=[Role.ORG_ADMIN, Role.FINANCE], by=admin, now=now)
        assert agents_runs() == before

    def test_who_works_for_both_has_one_account_and_keeps_it(self, held, commune, president, server, now):
        MembershipFactory(organisation=commune, user=president, role=Role.AGENT)
        self.cover(held, commune, by=president, now=now)
        turn(now=now)
        [one] = server.held["Users"].values()
        self.uncover(held, commune, by=president, now=now)
        [*_, step] = turn(now=now + timedelta(minutes=1))
        assert step.state == StepState.DONE
        assert server.user(president.email) == one | {"meta": server.user(president.email)["meta"]}
        assert one["active"] is True

    def test_a_commune_that_subscribes_itself_later_keeps_its_accounts(
        self, held, commune, admin, agent, president, server, now
    ):
        self.cover(held, commune, by=president, now=now)
        turn(now=now)
        known = server.user(agent.email)["id"]
        self.uncover(held, commune, by=president, now=now)
        turn(now=now + timedelta(minutes=1))
        SubscriptionFactory(tenant=commune, listing=held.listing, state=State.ACTIVE)
        with as_worker():
            plan_agents(organisation=commune, now=now)
        [*_, step] = turn(now=now + timedelta(minutes=2))
        assert (step.state, step.problem) == (StepState.DONE, "")
        assert (server.user(agent.email)["id"], server.user(agent.email)["active"]) == (known, True)

        change(depart, held.tenant, MembershipFactory(organisation=held.tenant).user, by=president, now=now)
        turn(now=now + timedelta(minutes=3))
        assert server.user(agent.email)["active"] is True
