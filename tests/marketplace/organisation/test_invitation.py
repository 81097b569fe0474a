"""The link of an invitation, from the letter to the door."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants.models import Letter, Role, User
from tenants.people import invitations
from tenants.tenancy import tenant_scope
from tests.factories import (
    InvitationFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    UserFactory,
    VendorFactory,
)
from tests.fakes import identity
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
EMAIL = "odile@mairie.example"
ODILE = {"sub": "odile", "given_name": "Odile", "usual_name": "Brunerie", "email": EMAIL}


def invited(organisation=None, **fields):
    fields = {"email": EMAIL, "created_at": timezone.now(), **fields}
    return InvitationFactory(tenant=organisation or OrganisationFactory(), **fields)


def link(invitation):
    return reverse(
        "organisation_invitation", args=[invitation.tenant.siren, invitations.token_of(invitation)]
    )


def browser(**fields):
    client = Client()
    client.force_login(UserFactory(**fields))
    return client


def text_of(answer):
    return BeautifulSoup(answer.content, "html.parser").main.get_text(" ", strip=True)


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with identity.running([ODILE], tmp_path_factory.mktemp("identity")) as url:
        yield url


@pytest.fixture
def door(provider, settings):
    """Halle's settings pointed at the provider."""
    settings.OIDC_ISSUER = provider


def test_from_the_letter_through_sign_in_to_the_door(client, door):
    commune = OrganisationFactory()
    admin = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user
    with tenant_scope([commune.pk]):
        invitations.invite(
            organisation=commune, email=EMAIL, roles=[Role.SECRETARY], invited_by=admin, now=timezone.now()
        )
    with as_worker():
        [address] = re.findall(r"http\S+", Letter.objects.get().body)
    path = urlsplit(address).path
    # Nobody is signed in: to the provider and back to the same address.
    to_sign_in = client.get(path)
    to_provider = client.get(to_sign_in.url)
    chosen = requests.post(to_provider.url, data={"sub": "odile"}, allow_redirects=False, timeout=10)
    back = urlsplit(chosen.headers["Location"])
    returned = client.get(back.path, {name: value for name, [value] in parse_qs(back.query).items()})
    assert urlsplit(returned.url).path == path
    text = text_of(client.get(path))
    assert commune.name in text
    assert "Secrétaire : demande les abonnements" in text
    assert not User.objects.get(sub="odile").memberships.exists()  # to look is not to accept
    accepted = client.post(path)
    assert accepted.url == reverse("member_home", args=[commune.siren])
    assert "Bienvenue" in client.get(accepted.url).content.decode()


def test_each_kind_of_role_leads_to_its_door():
    operator, vendor = OperatorFactory(), VendorFactory()
    doors = {
        link(invited(operator.organisation, roles=[Role.AUDITOR])): ("operator_home", operator.slug),
        link(invited(vendor.organisation, roles=[Role.VENDOR_EDITOR])): (
            "vendor_home",
            vendor.organisation.siren,
        ),
    }
    client = browser(email=EMAIL)
    for address, (name, argument) in doors.items():
        answer = client.post(address)
        assert answer.url == reverse(name, args=[argument])
        assert client.get(answer.url).status_code == 200


def test_the_address_is_compared_without_capitals():
    assert browser(email="Odile@Mairie.example").post(link(invited())).status_code == 302


@pytest.mark.parametrize("method", ["get", "post"])
def test_somebody_else_is_told_so_and_learns_nothing(method):
    invitation = invited()
    client = browser(email="bastien@mairie.example")
    answer = getattr(client, method)(link(invitation))
    text = text_of(answer)
    assert answer.status_code == 200
    assert "o…@…" in text
    assert EMAIL not in answer.content.decode()
    assert "bastien@mairie.example" in text
    assert "Se déconnecter" in text
    with as_worker():
        invitation.refresh_from_db()
    assert invitation.accepted_at is None


def test_a_person_without_address_is_told_so():
    assert "n’a pas d’adresse de courriel" in text_of(browser(email="").get(link(invited())))


def _expired():
    return invited(created_at=timezone.now() - timedelta(days=15))


def _cancelled():
    return invited(cancelled_at=timezone.now())


def _used():
    return invited(accepted_at=timezone.now(), accepted_by=UserFactory())


def _closed():
    return invited(OrganisationFactory(closed_on=timezone.now().date() - timedelta(days=1)))


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("make", "words", "todo"),
    [
        (_expired, "a expiré", "Demandez qu’on vous la renvoie"),
        (_cancelled, "a été annulée", "Demandez une nouvelle invitation"),
        (_used, "a déjà servi", "Demandez une nouvelle invitation"),
        (_closed, "n’existe plus", "Il n’y a rien à accepter"),
    ],
)
def test_what_is_over_says_why_and_what_to_do(make, words, todo, method):
    client = browser(email=EMAIL)
    answer = getattr(client, method)(link(make()))
    assert answer.status_code == 410
    assert words in text_of(answer)
    assert todo in text_of(answer)
    assert not User.objects.filter(email=EMAIL, memberships__isnull=False).exists()


def test_accepting_twice_leads_on():
    client, invitation = browser(email=EMAIL), invited()
    client.post(link(invitation))
    again = client.post(link(invitation))
    assert again.status_code == 200
    assert "Vous avez déjà accepté cette invitation" in text_of(again)
    assert reverse("places") in again.content.decode()


def test_roles_that_cannot_be_held_together():
    town = OrganisationFactory(territory__population=9000)
    user = UserFactory(email=EMAIL)
    MembershipFactory(user=user, organisation=town, role=Role.SIGNATORY)
    client = Client()
    client.force_login(user)
    address = link(invited(town))
    for answer in (client.get(address), client.post(address)):
        assert answer.status_code == 200
        assert "à la fois secrétaire et signataire" in text_of(answer)
        assert "Prévenez la personne qui vous invite" in text_of(answer)


def test_a_link_that_halle_did_not_make_does_not_exist():
    invitation, elsewhere = invited(), invited()
    client = browser(email=EMAIL)
    siren, token = invitation.tenant.siren, invitations.token_of(invitation)
    never = InvitationFactory.build(tenant=invitation.tenant)
    for at, text in (
        (siren, token[:-2]),
        (siren, str(invitation.public_id)),
        (siren, invitations.token_of(elsewhere)),
        (siren, invitations.token_of(never)),
        (elsewhere.tenant.siren, token),
        ("999999999", token),
    ):
        for method in (client.get, client.post):
            assert method(reverse("organisation_invitation", args=[at, text])).status_code == 404
