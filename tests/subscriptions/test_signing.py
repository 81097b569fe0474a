"""Whoever becomes a signatory is told of what waits for a decision, and it is on record."""

import pytest
from django.utils import timezone

from subscriptions.models import State
from tenants.models import AuditEvent, Letter, Membership, Role
from tenants.people import invitations, mandates
from tenants.tenancy import tenant_scope
from tests.factories import (
    EnvelopeFactory,
    InvitationFactory,
    MembershipFactory,
    OrganisationFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def commune():
    return OrganisationFactory()


@pytest.fixture
def administrator(commune):
    return MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user


def give(commune, person, by, *roles) -> None:
    with tenant_scope([commune.pk]):
        mandates.change_roles(organisation=commune, person=person, roles=roles, by=by, now=timezone.now())


def told() -> list[tuple[str, str]]:
    with as_worker():
        return list(Letter.objects.filter(key__startswith="signatory:").values_list("to", "body"))


def passed() -> list[tuple[str, int]]:
    with as_worker():
        rows = AuditEvent.objects.filter(what="subscription.passed_to_signatory").order_by("pk")
        return list(rows.values_list("subject_id", "person"))


def test_what_waits_passes_to_the_new_signatory(commune, administrator):
    first, second = (SubscriptionFactory(tenant=commune) for _ in range(2))
    SubscriptionFactory(tenant=commune, state=State.ACTIVE)
    SubscriptionFactory()  # another commune's
    person = MembershipFactory(organisation=commune, role=Role.AGENT).user
    give(commune, person, administrator, Role.SIGNATORY)
    [(to, body)] = told()
    assert to == person.email
    assert body.count("demandé le 1er décembre 2025") == 2
    assert passed() == [(str(one.public_id), person.pk) for one in (first, second)]
    give(commune, person, administrator, Role.SIGNATORY, Role.AGENT)
    assert len(told()) == 1


def test_nobody_is_told_of_nothing_or_for_another_role(commune, administrator):
    person = MembershipFactory(organisation=commune, role=Role.AGENT).user
    give(commune, person, administrator, Role.SIGNATORY)
    assert told() == []
    SubscriptionFactory(tenant=commune)
    other = MembershipFactory(organisation=commune, role=Role.AGENT).user
    give(commune, other, administrator, Role.FINANCE)
    assert (told(), passed()) == ([], [])


def test_not_of_what_she_asked_for_herself(commune, administrator):
    person = MembershipFactory(organisation=commune, role=Role.SECRETARY).user
    SubscriptionFactory(tenant=commune, requested_by=person, separate_approver=True)
    own = SubscriptionFactory(tenant=commune, requested_by=person, separate_approver=False)
    give(commune, person, administrator, Role.SIGNATORY)
    assert passed() == [(str(own.public_id), person.pk)]


def test_by_an_invitation_too(commune):
    subscription = SubscriptionFactory(tenant=commune)
    person = UserFactory()
    now = timezone.now()
    invitation = InvitationFactory(tenant=commune, roles=[Role.SIGNATORY], email=person.email, created_at=now)
    with tenant_scope([commune.pk]):
        invitations.accept(invitation=invitation, user=person, now=now)
    assert passed() == [(str(subscription.public_id), person.pk)]
    assert [to for to, _ in told()] == [person.email]


def test_an_envelope_says_that_its_signatory_has_left(client, commune):
    mayor = MembershipFactory(organisation=commune, role=Role.SIGNATORY).user
    EnvelopeFactory(tenant=commune, signed_by=mayor)
    client.force_login(MembershipFactory(organisation=commune, role=Role.FINANCE).user)
    url = f"/collectivites/{commune.siren}/enveloppes/"
    assert "Ouverte<" in client.get(url).content.decode()
    Membership.objects.filter(user=mayor).update(ended_at=timezone.now())
    assert "n’est plus signataire" in client.get(url).content.decode()
