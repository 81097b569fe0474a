"""Groups of agents give access: who is in one has what it gives, and loses it with it."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from django.utils.timezone import localdate

from provisioning.agents import directory_of
from subscriptions.agents import groups
from subscriptions.agents.giving import BY_GROUPS, invite_agent, set_accesses
from subscriptions.agents.listing import keep_groups_only, open_to_all, put_on_list
from subscriptions.agents.reading import open_to
from subscriptions.in_use import services_in_use
from subscriptions.models import Access, AccessRole, AgentGroup, ClosedBecause, GroupMember, State
from tenants.models import AuditEvent, Role
from tenants.people import invitations
from tenants.people.mandates import NotHere, depart
from tenants.people.roles import NotAllowed
from tenants.refusals import Refused
from tenants.tenancy import tenant_scope
from tests.factories import (
    AgentDirectoryFactory,
    AgentGroupFactory,
    ListedServiceFactory,
    MembershipFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.tenants import ISSUER
from tests.subscriptions.test_agents import told
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

USER, MANAGER = AccessRole.USER, AccessRole.MANAGER


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
def sheet(subscription, commune):
    """On a list, with nobody on it."""
    with as_worker():
        found = subscription.listing.sheet
    ListedServiceFactory(tenant=commune, sheet=found)
    return found


@pytest.fixture
def admin(commune):
    return MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user


@pytest.fixture
def agent(commune):
    return MembershipFactory(organisation=commune, role=Role.AGENT).user


@pytest.fixture
def do(commune, admin, now):
    """A verb as a page does it: as the web role, in the commune's scope alone."""

    def done(verb, **more):
        with transaction.atomic(), tenant_scope([commune.pk]):
            return verb(organisation=commune, **{"by": admin, "now": now, **more})

    return done


@pytest.fixture
def made(do, sheet):
    """A group that is on the list of the service."""

    def group(name="Accueil", role=USER):
        found = do(groups.make_group, name=name)
        if role:
            do(groups.set_services, group=found, wanted={sheet.pk: role})
        return found

    return group


def opened(person):
    """Her open accesses: the role, and the group or None."""
    with as_worker():
        rows = Access.objects.filter(user=person, closed_at=None).select_related("group")
        return [(one.role, one.group and one.group.name) for one in rows]


def closed(person):
    with as_worker():
        rows = Access.objects.filter(user=person).exclude(closed_at=None).select_related("group")
        return [(one.group and one.group.name, one.closed_because) for one in rows.order_by("pk")]


def test_all_that_reads_accesses_follows_a_group(do, made, subscription, sheet, commune, agent, now):
    """Entitlements, her applications, the vendor's directory: by the same rows as before groups were."""

    def seen():
        with transaction.atomic():
            used = services_in_use(organisations=[commune], on=localdate(now))
            shown = bool(open_to(person=agent, used=used))
        with as_worker():
            agents = directory_of(subscription, on=localdate(now)).agents
        [known] = [one for one in agents if one.email == agent.email] or [None]
        answer = told(sheet, commune, agent, now)
        return not answer.is_shut, answer.is_admin, shown, bool(known and known.active)

    group = made(role=MANAGER)
    assert seen() == (False, False, False, False)
    assert do(groups.put_in, group=group, people=[agent.pk]) == 1
    assert seen() == (True, True, True, True)
    do(groups.take_out, group=group, person=agent)
    assert seen() == (False, False, False, False)
    with as_worker():
        [row] = Access.objects.filter(user=agent)
    assert (row.group_id, row.closed_because, row.closed_at) == (group.pk, ClosedBecause.GROUP, now)


def test_a_group_on_a_list_gives_to_its_members_and_takes_back(do, made, sheet, agent):
    group = made(role=None)
    do(groups.put_in, group=group, people=[agent.pk])
    assert opened(agent) == []
    do(groups.set_services, group=group, wanted={sheet.pk: USER})
    do(groups.set_services, group=group, wanted={sheet.pk: MANAGER})
    do(groups.set_services, group=group, wanted={sheet.pk: MANAGER})
    assert opened(agent) == [(MANAGER, "Accueil")]
    do(groups.set_services, group=group, wanted={sheet.pk: ""})
    assert opened(agent) == []
    assert closed(agent) == [("Accueil", ClosedBecause.CHANGED), ("Accueil", ClosedBecause.GROUP)]


def test_of_several_groups_the_one_that_gives_most_then_the_oldest(do, made, agent):
    first, second, third = made("A"), made("B"), made("C", role=MANAGER)
    for group in (second, first):
        do(groups.put_in, group=group, people=[agent.pk])
    assert opened(agent) == [(USER, "A")]
    do(groups.put_in, group=third, people=[agent.pk])
    assert opened(agent) == [(MANAGER, "C")]
    do(groups.end_group, group=third)
    do(groups.take_out, group=first, person=agent)
    assert opened(agent) == [(USER, "B")]
    do(groups.take_out, group=second, person=agent)
    assert opened(agent) == []
    assert closed(agent)[-1] == ("B", ClosedBecause.GROUP)


def test_she_is_taken_out_of_all_that_give_a_service(do, made, sheet, agent):
    others = made("Sans", role=None)
    for group in (made("A"), made("B", role=MANAGER), others):
        do(groups.put_in, group=group, people=[agent.pk])
    do(groups.take_out_of_givers, person=agent, sheet=sheet.pk)
    assert opened(agent) == []
    with as_worker():
        assert [one.group_id for one in GroupMember.objects.all()] == [others.pk]


def test_what_is_given_by_name_goes_before_and_stays(do, made, sheet, agent):
    group = made(role=MANAGER)
    do(set_accesses, person=agent, wanted={sheet.pk: USER})
    do(groups.put_in, group=group, people=[agent.pk])
    assert opened(agent) == [(USER, None)]
    do(set_accesses, person=agent, wanted={sheet.pk: BY_GROUPS})
    assert opened(agent) == [(MANAGER, "Accueil")]
    with pytest.raises(Refused, match="vient du groupe « Accueil »"):
        do(set_accesses, person=agent, wanted={sheet.pk: ""})
    do(set_accesses, person=agent, wanted={sheet.pk: MANAGER})
    do(groups.take_out, group=group, person=agent)
    assert opened(agent) == [(MANAGER, None)]
    do(set_accesses, person=agent, wanted={sheet.pk: BY_GROUPS})
    assert opened(agent) == []
    assert closed(agent)[-1] == (None, ClosedBecause.TAKEN)


def test_a_list_is_left_to_its_groups(do, made, commune, sheet, admin, agent):
    other = MembershipFactory(organisation=commune, role=Role.AGENT).user
    do(open_to_all, sheet=sheet)
    do(put_on_list, sheet=sheet)
    with pytest.raises(Refused, match="Aucun groupe"):
        do(keep_groups_only, sheet=sheet)
    do(groups.put_in, group=made(), people=[agent.pk])
    assert opened(agent) == [(USER, None)]
    assert do(keep_groups_only, sheet=sheet) == 1
    assert [opened(one) for one in (admin, agent, other)] == [[(MANAGER, None)], [(USER, "Accueil")], []]
    do(open_to_all, sheet=sheet)
    do(put_on_list, sheet=sheet)
    assert opened(agent) == [(USER, None)]  # a list that begins anew knows no group


def test_whoever_leaves_is_in_no_group(do, made, commune, admin, agent):
    do(groups.put_in, group=made(), people=[agent.pk])
    do(depart, person=agent)
    assert closed(agent) == [("Accueil", ClosedBecause.LEFT)]
    with as_worker():
        assert not GroupMember.objects.exists()
        group = AgentGroup.objects.get()
    with pytest.raises(NotHere):
        do(groups.put_in, group=group, people=[agent.pk, admin.pk])


def test_who_is_invited_into_a_group_has_what_it_gives_once_she_accepts(do, made, commune, sheet, now):
    kept, gone = made("Accueil"), made("Passage", role=MANAGER)
    invitation = do(invite_agent, email="new@x.example", roles={}, groups=[kept, gone])
    do(groups.end_group, group=gone)
    person = UserFactory(email=invitation.email, issuer=ISSUER)
    with transaction.atomic(), tenant_scope([commune.pk]):
        invitations.accept(invitation=invitation, user=person, now=now)
    assert opened(person) == [(USER, "Accueil")]
    with as_worker():
        gone.refresh_from_db()
    with pytest.raises(Refused):
        do(invite_agent, email="other@x.example", roles={}, groups=[gone])


@pytest.mark.parametrize(
    ("name", "says"),
    [("", "Donnez un nom"), ("  ", "Donnez un nom"), ("accueil", "déjà un groupe"), ("é" * 81, "trop long"),
     ("a\nb", "retour à la ligne"), ("a\0b", "invisible")],
)  # fmt: skip
def test_names_that_will_not_do(do, name, says):
    do(groups.make_group, name="Accueil")
    other = do(groups.make_group, name="Urbanisme")
    with pytest.raises(Refused, match=says):
        do(groups.make_group, name=name)
    with pytest.raises(Refused, match=says):
        do(groups.rename_group, group=other, name=name)


def test_only_their_administrator_and_the_log_names_no_group(do, made, agent, commune):
    group = made("Groupe Ornithorynque")
    elsewhere = AgentGroupFactory()
    for verb, more in [
        (groups.make_group, {"name": "X"}),
        (groups.put_in, {"group": group, "people": [agent.pk]}),
        (groups.set_services, {"group": group, "wanted": {}}),
        (groups.end_group, {"group": group}),
    ]:
        with pytest.raises(NotAllowed):
            do(verb, by=agent, **more)
    with pytest.raises(Refused):
        do(groups.put_in, group=elsewhere, people=[agent.pk])
    do(groups.put_in, group=group, people=[agent.pk])
    do(groups.end_group, group=group)
    do(groups.make_group, name="Groupe Ornithorynque")  # its name is free again
    with as_worker():
        told = list(AuditEvent.objects.filter(tenant=commune, what__startswith="agent_group."))
    assert [one.what.partition(".")[2] for one in told] == ["made", "services", "joined", "ended", "made"]
    assert not any("Ornithorynque" in f"{one.sentence}{one.changes}" for one in told)
