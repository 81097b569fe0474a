"""The first person of a member, invited by its operator while nobody there gives roles."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tenants.models import AuditEvent, Invitation, Letter, Role
from tenants.people import invitations
from tests.factories import AdhesionFactory, MembershipFactory, UserFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TYPED = {"email": "premiere@mairie.example", "profile": "secretaire"}


@pytest.fixture
def commune(operator):
    return AdhesionFactory(operator=operator).organisation


@pytest.fixture
def curator(operator, sign_in):
    return sign_in(Role.CURATOR, operator)


@pytest.fixture
def url(operator, commune):
    return reverse("operator_member_invite", args=[operator.slug, commune.siren])


@pytest.fixture
def member_url(operator, commune):
    return reverse("operator_member", args=[operator.slug, commune.siren])


def test_the_first_person_is_invited_and_then_lets_the_others_in(curator, url, member_url, commune):
    assert url in curator.get(member_url).content.decode()
    page = curator.post(url, TYPED, follow=True).content.decode()
    assert "L’invitation part par courriel." in page
    assert "Invitation envoyée à premiere@mairie.example" in page
    with as_worker():
        invitation = Invitation.objects.get(tenant=commune)
        assert invitation.roles == [Role.SECRETARY, Role.ORG_ADMIN]
        assert Letter.objects.get(tenant=commune).to == "premiere@mairie.example"
        assert AuditEvent.objects.get(tenant=commune).what == "invitation.invited"
        first = UserFactory(email="premiere@mairie.example")
        invitations.accept(invitation=invitation, user=first, now=timezone.now())
    assert url not in curator.get(member_url).content.decode()
    answer = curator.post(url, {**TYPED, "email": "autre@mairie.example"}, follow=True)
    assert "Quelqu’un donne déjà les accès" in answer.content.decode()
    with as_worker():
        assert Invitation.objects.filter(tenant=commune).count() == 1


@pytest.mark.parametrize("role", [Role.ORG_ADMIN, Role.SIGNATORY])
def test_whoever_gives_roles_there_does_it(role, curator, url, member_url, commune):
    MembershipFactory(organisation=commune, role=role, suspended_at=NOW)
    assert url not in curator.get(member_url).content.decode()
    assert curator.get(url).status_code == 302
    assert curator.post(url, TYPED).status_code == 302
    with as_worker():
        assert not Invitation.objects.exists()


def test_what_was_typed_is_kept_with_what_to_do(curator, url):
    page = curator.post(url, {"email": "premiere@mairie", "profile": ""}).content.decode()
    assert "Cette adresse est incomplète" in page
    assert "Dites qui est cette personne." in page
    assert 'value="premiere@mairie"' in page
    curator.post(url, TYPED)
    assert "déjà une invitation" in curator.post(url, TYPED).content.decode()


def test_a_member_that_has_left_invites_its_people_itself(operator, curator):
    left = AdhesionFactory(operator=operator, until=timezone.localdate()).organisation
    page = curator.post(reverse("operator_member_invite", args=[operator.slug, left.siren]), TYPED)
    assert "n’adhère plus" in page.content.decode()
    with as_worker():
        assert not Invitation.objects.exists()
