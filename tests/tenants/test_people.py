"""People come, change and go: operations, refusals, and what the log keeps."""

import re
from datetime import date, timedelta

import pytest
from django.core import signing
from django.db import transaction

from tenants.models import AuditEvent, Invitation, Letter, Membership, Role
from tenants.models.organisation import OrganisationKind
from tenants.people import invitations, mandates
from tenants.people.roles import (
    GIVEN_BY,
    MEMBER_ROLES,
    VENDOR_ROLES,
    LastAdministrator,
    NoRole,
    NotAllowed,
    RoleNotHere,
    RolesApart,
    given_by,
    roles_of,
)
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    InvitationFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    UserFactory,
    VendorFactory,
)
from tests.factories.base import NOW
from tests.factories.tenants import PopulationFactory
from tests.tools.database import as_worker
from tests.tools.threads import at_once

EMAIL = "Nouvelle@mairie.example"


def inside(organisation, operation, /, **values):
    """What a page does: one operation in a transaction, inside the organisation's scope."""
    with transaction.atomic(), tenant_scope([organisation.pk]):
        return operation(**{"now": NOW, **values})


def person(organisation, *roles, **fields):
    user = UserFactory(**fields)
    for role in roles:
        MembershipFactory(user=user, organisation=organisation, role=role)
    return user


def roles_in_force(user, organisation):
    held = user.memberships.in_force().filter(organisation=organisation)
    return set(held.values_list("role", flat=True))


def events(organisation):
    with as_worker():
        return list(AuditEvent.objects.filter(tenant=organisation).order_by("pk"))


@pytest.fixture
def commune(db):
    return OrganisationFactory(territory__population=860)


@pytest.fixture
def admin(commune):
    return person(commune, Role.ORG_ADMIN)


@pytest.fixture
def invited(commune, admin):
    return inside(
        commune, invitations.invite, organisation=commune, email=EMAIL, roles=[Role.AGENT], invited_by=admin
    )


# --- Which roles, given by whom ------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_roles_of_each_kind_of_organisation():
    assert roles_of(OrganisationFactory()) == MEMBER_ROLES
    assert roles_of(VendorFactory().organisation) == VENDOR_ROLES
    public_operator = OperatorFactory()
    assert roles_of(public_operator.organisation) == MEMBER_ROLES | GIVEN_BY[Role.OPERATOR_ADMIN]
    assert roles_of(OperatorFactory(private=True).organisation) == GIVEN_BY[Role.OPERATOR_ADMIN]
    assert roles_of(OrganisationFactory(kind=OrganisationKind.ASSOCIATION, territory=None)) == MEMBER_ROLES
    VendorFactory(organisation=public_operator.organisation)
    public_operator.organisation.refresh_from_db()
    assert roles_of(public_operator.organisation) == frozenset(Role.values)


@pytest.mark.django_db
def test_who_gives_which_roles(commune):
    operator, vendor = OperatorFactory().organisation, VendorFactory().organisation
    assert given_by(held=[Role.ORG_ADMIN], organisation=commune) == MEMBER_ROLES
    assert given_by(held=[Role.VENDOR_ADMIN], organisation=vendor) == VENDOR_ROLES
    given = given_by(held=[Role.OPERATOR_ADMIN], organisation=operator)
    assert given == GIVEN_BY[Role.OPERATOR_ADMIN]
    assert Role.AUDITOR in given
    for role in (Role.AGENT, Role.SECRETARY, Role.FINANCE, Role.CURATOR, Role.VENDOR_EDITOR, Role.AUDITOR):
        assert given_by(held=[role], organisation=commune) == frozenset()


@pytest.mark.django_db
def test_a_signatory_stands_in_while_there_is_no_administrator(commune):
    assert given_by(held=[Role.SIGNATORY], organisation=commune) == MEMBER_ROLES
    mandate = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN)
    assert given_by(held=[Role.SIGNATORY], organisation=commune) == frozenset()
    mandate.ended_at = NOW
    mandate.save()
    assert given_by(held=[Role.SIGNATORY], organisation=commune) == MEMBER_ROLES


# --- Invitations ---------------------------------------------------------------------------------------


def test_an_invitation_is_written_to_its_address_and_told_to_the_log(commune, admin, invited):
    assert invited.expires_at == NOW + timedelta(days=14)
    with as_worker():
        letter = Letter.objects.get()
    assert (letter.to, letter.tenant, letter.key) == (EMAIL, commune, f"invitation:{invited.public_id}")
    assert "- agent" in letter.body
    assert "15 octobre 2026" in letter.body
    [link] = re.findall(r"http\S+", letter.body)
    assert link.endswith(f"/organisations/{commune.siren}/invitation/{invitations.token_of(invited)}/")
    [event] = events(commune)
    assert (event.what, event.actor, event.changes) == (
        "invitation.invited",
        admin,
        {"roles": [[], ["agent"]]},
    )
    assert EMAIL not in f"{event.sentence}{event.changes}{event.details}"


def test_a_link_is_signed_and_only_ours_is_read(invited):
    token = invitations.token_of(invited)
    assert invitations.read_token(token) == invited.public_id
    forged = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        str(invited.public_id),
        "",
        "é\0",
        signing.Signer(salt="another", sep=".").sign(str(invited.public_id)),
        signing.Signer(salt="tenants.invitation", sep=".").sign("no identifier"),
    ]
    assert [invitations.read_token(text) for text in forged] == [None] * len(forged)


def test_what_cannot_be_invited(commune, admin, invited):
    def refused(**values):
        asked = {"organisation": commune, "email": "a@b.example", "roles": [Role.AGENT], "invited_by": admin}
        with pytest.raises(invitations.PeopleRefused) as refusal:
            inside(commune, invitations.invite, **asked | values)
        return type(refusal.value)

    person(commune, Role.AGENT, email="la@mairie.example")
    assert refused(email=EMAIL.upper()) is invitations.AlreadyInvited
    assert refused(email="LA@mairie.example") is invitations.AlreadyHere
    assert refused(roles=[]) is NoRole
    assert refused(roles=[Role.CURATOR]) is NotAllowed
    assert refused(roles=[Role.CURATOR], invited_by=None) is RoleNotHere
    assert refused(invited_by=person(commune, Role.SECRETARY)) is NotAllowed
    assert refused(invited_by=person(OrganisationFactory(), Role.ORG_ADMIN)) is NotAllowed
    commune.closed_on = date(2026, 1, 1)
    commune.save()
    assert refused() is invitations.OrganisationClosed


def test_the_platform_s_staff_invites_the_first_administrator(commune):
    staff = UserFactory(is_staff=True)
    inside(
        commune,
        invitations.invite,
        organisation=commune,
        email=EMAIL,
        roles=[Role.ORG_ADMIN],
        invited_by=staff,
    )
    with as_worker():
        assert Invitation.objects.get().roles == [Role.ORG_ADMIN]


def test_an_expired_invitation_makes_room_for_another(commune, admin, invited):
    later = NOW + timedelta(days=14)
    inside(
        commune, invitations.invite, organisation=commune, email=EMAIL, roles=[Role.AGENT], invited_by=admin,
        now=later,
    )  # fmt: skip
    with as_worker():
        invited.refresh_from_db()
        assert invited.cancelled_at == later
        assert Invitation.objects.count() == 2


def test_accepting_gives_the_roles_once(commune, admin, invited):
    user = UserFactory(email=EMAIL.lower())
    inside(commune, invitations.accept, invitation=invited, user=user)
    assert roles_in_force(user, commune) == {Role.AGENT}
    assert user.memberships.get().given_by == admin
    with pytest.raises(invitations.InvitationAccepted) as refusal:
        inside(commune, invitations.accept, invitation=invited, user=user)
    assert refusal.value.by_you
    with pytest.raises(invitations.InvitationAccepted) as refusal:
        inside(commune, invitations.accept, invitation=invited, user=UserFactory())
    assert not refusal.value.by_you
    event = events(commune)[-1]
    assert (event.what, event.person, event.changes) == (
        "invitation.accepted", user, {"roles": [[], ["agent"]]},
    )  # fmt: skip


def test_what_cannot_be_accepted(commune, admin, invited):
    user = UserFactory(email=EMAIL)

    def refused(**values):
        with pytest.raises(invitations.PeopleRefused) as refusal:
            inside(commune, invitations.accept, **{"invitation": invited, "user": user} | values)
        return refusal.value

    somebody = refused(user=UserFactory())
    assert isinstance(somebody, invitations.InvitedSomebodyElse)
    assert somebody.masked == "N…@…"
    assert isinstance(refused(user=UserFactory(email="")), invitations.InvitedSomebodyElse)
    assert isinstance(refused(now=NOW + timedelta(days=14)), invitations.InvitationExpired)
    inside(commune, invitations.cancel_invitation, invitation=invited, by=admin)
    assert isinstance(refused(), invitations.InvitationCancelled)
    with pytest.raises(invitations.InvitationCancelled):
        inside(commune, invitations.resend, invitation=invited, by=admin)
    other = InvitationFactory(tenant=commune, email=user.email)
    commune.closed_on = NOW.date()
    commune.save()
    assert isinstance(refused(invitation=other), invitations.OrganisationClosed)
    assert roles_in_force(user, commune) == set()


def test_resending_gives_fourteen_days_more_and_one_letter_a_minute(commune, admin, invited):
    later = NOW + timedelta(days=20)
    for seconds in (0, 5):
        inside(
            commune, invitations.resend, invitation=invited, by=admin, now=later + timedelta(seconds=seconds)
        )
    with as_worker():
        invited.refresh_from_db()
        assert Letter.objects.count() == 2
    assert invited.is_open(now=later + timedelta(days=13))
    user = UserFactory(email=EMAIL)
    inside(commune, invitations.accept, invitation=invited, user=user, now=later)
    assert roles_in_force(user, commune) == {Role.AGENT}


def test_the_letter_says_the_first_day_of_a_month_as_people_do(commune, admin, invited):
    inside(commune, invitations.resend, invitation=invited, by=admin, now=NOW + timedelta(days=17))
    with as_worker():
        assert "jusqu’au 1er novembre 2026" in Letter.objects.latest("pk").body


def test_an_invitation_is_the_business_of_who_gives_its_roles(commune, admin, invited):
    stranger = person(OrganisationFactory(), Role.ORG_ADMIN)
    for operation in (invitations.resend, invitations.cancel_invitation):
        with pytest.raises(NotAllowed):
            inside(commune, operation, invitation=invited, by=stranger)


# --- Secretary and signatory ---------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("population", [860, 3499, None])
def test_in_a_small_commune_one_person_holds_both_roles(population):
    commune = OrganisationFactory(territory__population={"municipale": population, "totale": 9000})
    admin, user = person(commune, Role.ORG_ADMIN), person(commune, Role.SECRETARY)
    both = [Role.SECRETARY, Role.SIGNATORY]
    inside(commune, mandates.change_roles, organisation=commune, person=user, roles=both, by=admin)
    assert roles_in_force(user, commune) == set(both)


@pytest.mark.django_db
def test_from_3500_inhabitants_the_two_roles_are_apart():
    commune = OrganisationFactory(territory__population={"municipale": 3500, "totale": 3600})
    admin, user = person(commune, Role.ORG_ADMIN), person(commune, Role.SECRETARY, email=EMAIL)
    both = [Role.SECRETARY, Role.SIGNATORY]
    with pytest.raises(RolesApart):
        inside(commune, mandates.change_roles, organisation=commune, person=user, roles=both, by=admin)
    with pytest.raises(RolesApart):
        inside(
            commune,
            invitations.invite,
            organisation=commune,
            email="a@b.example",
            roles=both,
            invited_by=admin,
        )
    offered = InvitationFactory(tenant=commune, email=EMAIL, roles=[Role.SIGNATORY])
    with pytest.raises(RolesApart):
        inside(commune, invitations.accept, invitation=offered, user=user)
    assert roles_in_force(user, commune) == {Role.SECRETARY}


@pytest.mark.django_db
def test_the_population_that_counts_is_the_one_in_force():
    commune = OrganisationFactory(territory__population={"municipale": 3400})
    PopulationFactory(territory=commune.territory, value=3600, in_force_from=date(2027, 1, 1))
    admin, user = person(commune, Role.ORG_ADMIN), person(commune, Role.SECRETARY)
    both = {"organisation": commune, "person": user, "roles": [Role.SECRETARY, Role.SIGNATORY], "by": admin}
    with pytest.raises(RolesApart):
        inside(commune, mandates.change_roles, **both, now=NOW + timedelta(days=365))
    inside(commune, mandates.change_roles, **both)


# --- Changing, suspending, leaving ---------------------------------------------------------------------


def test_roles_change_and_the_log_says_before_and_after(commune, admin):
    user = person(commune, Role.AGENT, Role.FINANCE)
    change = {"organisation": commune, "person": user, "roles": [Role.FINANCE, Role.SECRETARY], "by": admin}
    inside(commune, mandates.change_roles, **change)
    inside(commune, mandates.change_roles, **change)  # the same again is nothing new
    assert roles_in_force(user, commune) == {Role.FINANCE, Role.SECRETARY}
    [event] = events(commune)
    assert (event.what, event.actor, event.person) == ("membership.changed", admin, user)
    assert event.changes == {"roles": [["agent", "finance"], ["secretary", "finance"]]}
    assert user.last_name not in event.sentence
    assert user.last_name in str(event)


@pytest.mark.django_db
def test_an_administrator_leaves_the_roles_of_other_kinds_alone():
    operator = OperatorFactory().organisation
    admin = person(operator, Role.ORG_ADMIN)
    user = person(operator, Role.AGENT, Role.CURATOR)
    inside(
        operator, mandates.change_roles, organisation=operator, person=user, roles=[Role.FINANCE], by=admin
    )
    assert roles_in_force(user, operator) == {Role.FINANCE, Role.CURATOR}
    inside(operator, mandates.suspend, organisation=operator, person=user, by=admin)
    assert roles_in_force(user, operator) == {Role.CURATOR}
    inside(operator, mandates.depart, organisation=operator, person=user, by=admin)
    assert list(user.memberships.open().values_list("role", flat=True)) == [Role.CURATOR]


@pytest.mark.django_db
def test_an_administrator_does_not_give_the_roles_of_other_kinds():
    """A curator's role is not a member's administrator's to give."""
    operator = OperatorFactory().organisation
    admin, user = person(operator, Role.ORG_ADMIN), person(operator, Role.AGENT)
    with pytest.raises(NotAllowed):
        inside(
            operator,
            mandates.change_roles,
            organisation=operator,
            person=user,
            roles=[Role.CURATOR],
            by=admin,
        )


def test_suspending_and_restoring(commune, admin):
    user = person(commune, Role.SECRETARY, Role.FINANCE)
    here = {"organisation": commune, "person": user, "by": admin}
    inside(commune, mandates.suspend, **here)
    assert roles_in_force(user, commune) == set()
    with pytest.raises(mandates.NotHere):
        inside(commune, mandates.suspend, **here)
    with pytest.raises(mandates.Suspended):
        inside(commune, mandates.change_roles, **here, roles=[Role.AGENT])
    inside(commune, mandates.restore, **here)
    assert roles_in_force(user, commune) == {Role.SECRETARY, Role.FINANCE}
    with pytest.raises(mandates.NotHere):
        inside(commune, mandates.restore, **here)
    assert [event.what for event in events(commune)] == ["membership.suspended", "membership.restored"]


def test_leaving_by_oneself_or_by_an_administrator(commune, admin):
    user, other = person(commune, Role.SECRETARY, Role.FINANCE), person(commune, Role.AGENT)
    inside(commune, mandates.depart, organisation=commune, person=user, by=user)
    inside(commune, mandates.depart, organisation=commune, person=other, by=admin)
    assert not Membership.objects.open().filter(user__in=[user, other]).exists()
    assert [str(event).split(" ", 2)[2] for event in events(commune)] == [
        f"{user.last_name.split()[1]} a quitté l’organisation.",
        f"{admin.last_name.split()[1]} a mis fin aux mandats\u00a0: {other}.",
    ]


def test_nobody_changes_people_elsewhere_or_without_the_role(commune, admin):
    user = person(commune, Role.AGENT)
    for by in (user, person(commune, Role.SIGNATORY), person(OrganisationFactory(), Role.ORG_ADMIN)):
        other = person(commune, Role.FINANCE)
        here = {"organisation": commune, "person": other, "by": by}
        for operation, more in (
            (mandates.change_roles, {"roles": [Role.AGENT]}),
            (mandates.suspend, {}),
            (mandates.restore, {}),
            (mandates.depart, {}),
        ):
            with pytest.raises(NotAllowed):
                inside(commune, operation, **here, **more)
    assert events(commune) == []


@pytest.mark.parametrize(
    ("role", "operation", "more"),
    [
        (role, operation, more)
        for role in (Role.ORG_ADMIN, Role.OPERATOR_ADMIN, Role.VENDOR_ADMIN)
        for operation, more in (
            (mandates.change_roles, {"roles": "others"}),
            (mandates.suspend, {}),
            (mandates.depart, {}),
        )
    ],
)
@pytest.mark.django_db
def test_the_last_administrator_stays(role, operation, more):
    organisation = {
        Role.ORG_ADMIN: OrganisationFactory,
        Role.OPERATOR_ADMIN: lambda: OperatorFactory().organisation,
        Role.VENDOR_ADMIN: lambda: VendorFactory().organisation,
    }[role]()
    user = person(organisation, role)
    if more:
        more = {"roles": [sorted(GIVEN_BY[role] - {role})[0]]}
    here = {"organisation": organisation, "person": user, "by": user, **more}
    MembershipFactory(organisation=organisation, role=role, suspended_at=NOW)  # does not count
    with pytest.raises(LastAdministrator):
        inside(organisation, operation, **here)
    assert roles_in_force(user, organisation) == {role}
    assert events(organisation) == []
    person(organisation, role)
    inside(organisation, operation, **here)
    assert role not in roles_in_force(user, organisation)


def test_the_last_signatory_stays_while_she_administers(commune):
    signatory = person(commune, Role.SIGNATORY)
    leaving = {"organisation": commune, "person": signatory, "by": signatory}
    with pytest.raises(LastAdministrator):
        inside(commune, mandates.depart, **leaving)
    becoming = [Role.ORG_ADMIN]  # no longer a stand-in
    inside(commune, mandates.change_roles, **leaving, roles=becoming)
    assert roles_in_force(signatory, commune) == {Role.ORG_ADMIN}


# --- At the same moment --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_of_administrators_leaving_together_one_stays(turn):
    commune = OrganisationFactory()
    admins = [person(commune, Role.ORG_ADMIN) for _ in range(4)]
    results = at_once(
        *[
            lambda admin=admin: inside(commune, mandates.depart, organisation=commune, person=admin, by=admin)
            for admin in admins
        ]
    )
    assert sorted(map(type, results), key=str) == [*[type(None)] * 3, LastAdministrator]
    assert Membership.objects.in_force().filter(organisation=commune, role=Role.ORG_ADMIN).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_suspend_each_other_one_stays():
    commune = OrganisationFactory()
    one, two = person(commune, Role.ORG_ADMIN), person(commune, Role.ORG_ADMIN)
    results = at_once(
        lambda: inside(commune, mandates.suspend, organisation=commune, person=one, by=two),
        lambda: inside(commune, mandates.suspend, organisation=commune, person=two, by=one),
    )
    assert sorted(map(type, results), key=str) == [type(None), NotAllowed]
    assert Membership.objects.in_force().filter(organisation=commune).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_acceptances_at_once_are_one():
    commune = OrganisationFactory()
    user = UserFactory()
    invitation = InvitationFactory(tenant=commune, email=user.email, roles=[Role.AGENT, Role.FINANCE])
    results = at_once(*[lambda: inside(commune, invitations.accept, invitation=invitation, user=user)] * 4)
    assert sorted(map(type, results), key=str) == [type(None), *[invitations.InvitationAccepted] * 3]
    assert user.memberships.count() == 2
    assert [event.what for event in events(commune)] == ["invitation.accepted"]


@pytest.mark.django_db(transaction=True)
def test_two_invitations_at_once_to_one_address_are_one():
    commune = OrganisationFactory()
    admin = person(commune, Role.ORG_ADMIN)
    asked = {"organisation": commune, "roles": [Role.AGENT], "invited_by": admin}
    results = at_once(
        *[
            lambda email=email: inside(commune, invitations.invite, email=email, **asked)
            for email in (EMAIL, EMAIL.lower(), EMAIL.upper())
        ]
    )
    assert sum(isinstance(result, Invitation) for result in results) == 1
    assert sum(isinstance(result, invitations.AlreadyInvited) for result in results) == 2
    with as_worker():
        assert Letter.objects.count() == 1


@pytest.mark.django_db
def test_an_operator_brings_the_first_person_in_and_changes_nobodys_roles():
    commune = OrganisationFactory()
    adhesion = AdhesionFactory(organisation=commune)
    curator = person(adhesion.operator.organisation, Role.CURATOR)
    agent = person(commune, Role.AGENT)
    first = {"email": EMAIL, "roles": [Role.ORG_ADMIN], "invited_by": curator}
    inside(commune, invitations.invite, organisation=commune, **first)
    for operation, more in (
        (mandates.change_roles, {"roles": [Role.SIGNATORY]}),
        (mandates.suspend, {}),
        (mandates.depart, {}),
    ):
        with pytest.raises(NotAllowed):
            inside(commune, operation, organisation=commune, person=agent, by=curator, **more)
    stranger = person(OperatorFactory().organisation, Role.CURATOR)
    with pytest.raises(NotAllowed):
        inside(commune, invitations.invite, organisation=commune, **{**first, "invited_by": stranger})
