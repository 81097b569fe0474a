"""A service is put on a list, and its list decides who uses it: entitlements, directories, applications."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from django.utils.timezone import localdate

from provisioning.agents import directory_of
from provisioning.entitlements.reading import Account, ask
from provisioning.models import Event, Run
from subscriptions.agents.giving import invite_agent, set_accesses
from subscriptions.agents.listing import open_to_all, put_on_list
from subscriptions.agents.reading import open_to
from subscriptions.in_use import services_in_use
from subscriptions.models import Access, AccessRole, ClosedBecause, State
from tenants.models import Role
from tenants.people import invitations
from tenants.people.mandates import NotHere, depart, suspend
from tenants.people.roles import NotAllowed
from tenants.refusals import Refused
from tenants.tenancy import tenant_scope
from tests.factories import (
    AgentDirectoryFactory,
    CoverFactory,
    ListingFactory,
    MembershipFactory,
    ServiceKeyFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.tenants import ISSUER
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now() + timedelta(hours=1)


@pytest.fixture
def subscription():
    found = SubscriptionFactory(state=State.ACTIVE)
    AgentDirectoryFactory(offer=found.listing.offer)
    return found


@pytest.fixture
def commune(subscription):
    return subscription.tenant


@pytest.fixture
def sheet(subscription):
    with as_worker():
        return subscription.listing.sheet


@pytest.fixture
def admin(commune):
    return MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user


@pytest.fixture
def agent(commune):
    return MembershipFactory(organisation=commune, role=Role.AGENT).user


@pytest.fixture
def do(commune):
    """A verb as a page does it: as the web role, in the commune's scope alone."""

    def done(verb, **more):
        with transaction.atomic(), tenant_scope([commune.pk]):
            return verb(organisation=commune, **more)

    return done


def told(sheet, commune, person, now):
    """What the service of this sheet is told of one of the commune's agents."""
    secret = f"halle_{sheet.pk}"
    with as_worker():
        known = sheet.keys.exists()
    if not known:
        ServiceKeyFactory(sheet=sheet, secret=secret, issuer=ISSUER)
    return ask(secret=secret, siret=commune.siret, account=Account(sub=person.sub), now=now).entitlement


@pytest.fixture
def asked(subscription, commune, sheet, now):
    """What the service is told of one of its agents, and what her own page shows."""

    def answer(person):
        found = told(sheet, commune, person, now)
        with transaction.atomic():
            used = services_in_use(organisations=[commune], on=localdate(now))
            shown = bool(open_to(person=person, used=used))
        with as_worker():
            [known] = [
                one for one in directory_of(subscription, on=localdate(now)).agents
                if one.email == person.email
            ] or [None]  # fmt: skip
        return not found.is_shut, shown, bool(known and known.active)

    return answer


EVERYWHERE, NOWHERE = (True, True, True), (False, False, False)


def test_everybody_keeps_a_service_until_somebody_is_taken_off_its_list(do, asked, sheet, admin, agent, now):
    assert asked(agent) == EVERYWHERE
    do(put_on_list, sheet=sheet, by=admin, now=now)
    assert asked(agent) == asked(admin) == EVERYWHERE
    do(set_accesses, person=agent, wanted={sheet.pk: ""}, by=admin, now=now)
    assert asked(agent) == NOWHERE
    assert asked(admin) == EVERYWHERE
    with as_worker():
        [closed] = Access.objects.filter(closed_at__isnull=False)
        assert (closed.user, closed.closed_at, closed.closed_by) == (agent, now, admin)
        assert closed.closed_because == ClosedBecause.TAKEN
        # One that nobody has begun tells the vendor of all.
        assert Run.objects.filter(event=Event.AGENTS).count() == 1
    do(set_accesses, person=agent, wanted={sheet.pk: AccessRole.USER}, by=admin, now=now)
    assert asked(agent) == EVERYWHERE
    do(suspend, person=agent, by=admin, now=now)
    assert asked(agent)[0::2] == (False, False)


def test_a_list_that_is_given_up_opens_the_service_to_all(do, asked, sheet, admin, agent, now):
    do(put_on_list, sheet=sheet, by=admin, now=now)
    do(set_accesses, person=agent, wanted={sheet.pk: ""}, by=admin, now=now)
    do(open_to_all, sheet=sheet, by=admin, now=now)
    assert asked(agent) == EVERYWHERE
    with as_worker():
        assert not Access.objects.filter(closed_at__isnull=True).exists()
    do(put_on_list, sheet=sheet, by=admin, now=now)
    assert asked(agent) == EVERYWHERE


def test_a_manager_of_the_service_administers_it_there(do, subscription, sheet, commune, admin, agent, now):
    do(put_on_list, sheet=sheet, by=admin, now=now)
    do(set_accesses, person=agent, wanted={sheet.pk: AccessRole.MANAGER}, by=admin, now=now)
    do(set_accesses, person=admin, wanted={sheet.pk: AccessRole.USER}, by=admin, now=now)
    answers = [told(sheet, commune, one, now) for one in (agent, admin)]
    assert [one.is_admin for one in answers] == [True, False]
    with as_worker():
        known = directory_of(subscription, on=localdate(now))
    [managers] = [group for group in known.groups if "gestionnaires" in group.name]
    assert [one.email for one in known.agents if managers.external_id in one.groups] == [agent.email]


def test_who_is_invited_has_what_she_was_offered_once_she_accepts(do, asked, sheet, commune, admin, now):
    do(put_on_list, sheet=sheet, by=admin, now=now)
    offered = do(invite_agent, email="new@x.example", roles={sheet.pk: "user"}, by=admin, now=now)
    other = do(invite_agent, email="other@x.example", roles={}, by=admin, now=now)
    people = []
    for invitation in (offered, other):
        person = UserFactory(email=invitation.email, issuer=ISSUER)
        with transaction.atomic(), tenant_scope([commune.pk]):
            invitations.accept(invitation=invitation, user=person, now=now)
        people.append(person)
    assert [asked(person) for person in people] == [EVERYWHERE, NOWHERE]


def test_who_has_left_is_let_in_nowhere(do, asked, sheet, admin, agent, now):
    do(depart, person=agent, by=admin, now=now)
    assert asked(agent)[0::2] == (False, False)  # of a service open to all, too
    do(put_on_list, sheet=sheet, by=admin, now=now)
    with as_worker():
        assert not Access.objects.filter(user=agent).exists()
    with pytest.raises(NotHere):
        do(set_accesses, person=agent, wanted={sheet.pk: "user"}, by=admin, now=now)


def test_whoever_leaves_loses_her_accesses_in_the_same_transaction(do, sheet, admin, agent, now):
    do(put_on_list, sheet=sheet, by=admin, now=now)
    do(depart, person=agent, by=admin, now=now)
    with as_worker():
        found = Access.objects.get(user=agent)
    assert (found.closed_at, found.closed_because) == (now, ClosedBecause.LEFT)


def test_only_its_administrator_and_only_its_own_services(do, sheet, admin, agent, now):
    with pytest.raises(NotAllowed):
        do(put_on_list, sheet=sheet, by=agent, now=now)
    with as_worker():
        elsewhere = ListingFactory().sheet
    with pytest.raises(Refused):
        do(put_on_list, sheet=elsewhere, by=admin, now=now)
    with pytest.raises(Refused):
        do(set_accesses, person=agent, wanted={sheet.pk: "user"}, by=admin, now=now)


def test_a_commune_lists_who_uses_what_its_intercommunality_gives():
    cover = CoverFactory()
    commune = cover.tenant
    administrator = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user
    agent = MembershipFactory(organisation=commune, role=Role.AGENT).user
    with as_worker():
        subscription = cover.subscription
        given = subscription.listing.sheet
    day = timezone.now()
    with transaction.atomic(), tenant_scope([commune.pk]):
        put_on_list(organisation=commune, sheet=given, by=administrator, now=day)
        set_accesses(organisation=commune, person=agent, wanted={given.pk: ""}, by=administrator, now=day)
    shut = [told(given, commune, one, day).is_shut for one in (administrator, agent)]
    assert shut == [False, True]
