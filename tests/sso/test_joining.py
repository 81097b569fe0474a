"""The SIRET of an account suggests an organisation to ask; it gives nothing there."""

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from tenants.models import Letter, Role, User
from tests.factories import MembershipFactory, OrganisationFactory
from tests.sso.conftest import sign_in
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def commune(provider):
    commune = OrganisationFactory()
    provider.userinfo = {"siret": f"{commune.siren}00012"}
    return commune


def places(client):
    return BeautifulSoup(client.get(reverse("places")).content, "html.parser").main.get_text(" ", strip=True)


def letters_to() -> list[str]:
    with as_worker():
        return list(Letter.objects.order_by("pk").values_list("to", flat=True))


def test_its_administrators_are_asked_and_nothing_is_given(client, commune):
    administrator = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user
    MembershipFactory(organisation=commune, role=Role.SIGNATORY)
    sign_in(client)
    assert commune.name in places(client)
    form = BeautifulSoup(client.get(reverse("places")).content, "html.parser").main.form
    assert form.find("input", {"name": "csrfmiddlewaretoken"})
    for _ in range(2):
        answer = client.post(reverse("my_join"), follow=True)
    assert "Votre demande est envoyée" in answer.content.decode()
    assert letters_to() == [administrator.email]  # once
    with as_worker():
        assert reverse("organisation_people", args=[commune.siren]) in Letter.objects.get().body
    assert not User.objects.get(sub="odile").memberships.exists()
    assert client.get(reverse("member_home", args=[commune.siren])).status_code == 404


def test_the_signatory_is_asked_while_nobody_administers(client, commune):
    signatory = MembershipFactory(organisation=commune, role=Role.SIGNATORY).user
    sign_in(client)
    client.post(reverse("my_join"))
    assert letters_to() == [signatory.email]


def test_where_nobody_is_yet_one_is_told_whom_to_ask(client, commune):
    sign_in(client)
    answer = client.post(reverse("my_join"), follow=True)
    assert "Écrivez à votre opérateur" in answer.content.decode()
    assert letters_to() == []


def test_without_a_verified_e_mail_nobody_can_be_invited(client, commune, provider):
    MembershipFactory(organisation=commune, role=Role.ORG_ADMIN)
    provider.userinfo |= {"email_verified": False}
    sign_in(client)
    assert "faites-le confirmer" in client.post(reverse("my_join"), follow=True).content.decode()
    assert letters_to() == []


@pytest.mark.parametrize(
    "siret", ["", "123", "99999999900012", "21420137800012 OR 1=1", 21420137800012, None]
)
def test_a_siret_of_nobody_suggests_nothing(client, provider, siret):
    provider.userinfo = {"siret": siret}
    sign_in(client)
    assert "Demander à la rejoindre" not in places(client)
    assert client.post(reverse("my_join"))["Location"] == reverse("places")


def test_the_form_cannot_name_another_organisation(client, commune):
    other = OrganisationFactory()
    MembershipFactory(organisation=other, role=Role.ORG_ADMIN)
    sign_in(client)
    client.post(reverse("my_join"), {"siret": f"{other.siren}00012", "organisation": other.pk})
    assert letters_to() == []


def test_the_suggestion_is_not_the_next_person_s(commune, provider):
    MembershipFactory(organisation=commune, role=Role.ORG_ADMIN)
    client = Client()
    sign_in(client)
    provider.person, provider.userinfo = {**provider.person, "sub": "somebody-else"}, {"siret": None}
    sign_in(client)
    assert commune.name not in places(client)
