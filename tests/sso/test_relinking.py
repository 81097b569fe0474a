"""A person whose provider has changed: she asks, whoever administers her confirms, nothing is automatic."""

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketplace.settings import base
from tenants.models import AuditEvent, Identity, Letter, Membership, Relink, Role, User
from tenants.people.relinking import NewcomerHasMandates, confirm, person_alike
from tenants.personal_data.erasure import erase
from tests.factories import (
    AdhesionFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    UserFactory,
)
from tests.fakes.openid import PERSON
from tests.sso.conftest import is_signed_in, sign_in
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

BEFORE = "https://before.example"


@pytest.fixture
def commune():
    return OrganisationFactory()


@pytest.fixture
def person(commune):
    """Known under the provider of before, with the e-mail that the new one gives."""
    user = UserFactory(issuer=BEFORE, sub="odile-before", email=PERSON["email"].upper())
    MembershipFactory(user=user, organisation=commune, role=Role.SECRETARY)
    return user


@pytest.fixture
def administrator(commune):
    return MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user


def browser_of(user):
    client = Client()
    client.force_login(user)
    return client


def text_of(answer):
    return BeautifulSoup(answer.content, "html.parser").main.get_text(" ", strip=True)


def ask(client) -> Relink:
    sign_in(client)
    client.post(reverse("my_relink"))
    return Relink.objects.get()


def answer(user, relink, said="yes"):
    return browser_of(user).post(reverse("relink", args=[relink.public_id]), {"answer": said})


def test_from_the_new_account_to_what_the_old_one_opened(client, provider, person, commune, administrator):
    home = reverse("member_home", args=[commune.siren])
    sign_in(client)
    assert client.get(home).status_code == 404
    assert "Vous aviez déjà des accès" in text_of(client.get(reverse("places")))
    page = text_of(client.get(reverse("my_relink")))
    assert commune.name in page
    assert "C’est moi" in page
    client.post(reverse("my_relink"))
    assert "attend une réponse" in text_of(client.get(reverse("my_relink")))
    assert client.get(home).status_code == 404

    relink = Relink.objects.get()
    address = reverse("relink", args=[relink.public_id])
    with as_worker():
        [letter] = Letter.objects.all()
    assert letter.to == administrator.email
    assert address in letter.body
    hers = browser_of(administrator)
    people = BeautifulSoup(
        hers.get(reverse("organisation_people", args=[commune.siren])).content, "html.parser"
    )
    assert people.find("a", href=address)
    assert BEFORE in text_of(hers.get(address))
    assert provider.url in text_of(hers.get(address))
    done = hers.post(address, {"answer": "yes"}, follow=True)
    assert "reconnu par" in text_of(done)

    assert client.get(reverse("my_data")).status_code == 302  # the newcomer is nobody any more
    sign_in(client)
    assert client.session["_auth_user_id"] == str(person.pk)
    assert client.get(home).status_code == 200
    with as_worker():
        told = Letter.objects.exclude(pk=letter.pk).get()
        log = list(AuditEvent.objects.order_by("pk").values_list("what", "actor", "person"))
    assert told.to.lower() == PERSON["email"]
    assert log == [
        ("relink.asked", relink.newcomer_id, person.pk),
        ("relink.confirmed", administrator.pk, person.pk),
    ]
    closed = User.objects.get(pk=relink.newcomer_id)
    assert (closed.email, closed.last_name, closed.is_active) == ("", "", False)


def test_both_accounts_open_the_same(client, provider, person, administrator):
    answer(administrator, ask(client))
    User.objects.filter(pk=person.pk).update(
        issuer=provider.url, sub="of-before", subject=f"{provider.url} of-before"
    )
    for sub in ("of-before", PERSON["sub"]):
        provider.person = {**PERSON, "sub": sub}
        browser = Client()
        sign_in(browser)
        assert browser.session["_auth_user_id"] == str(person.pk)


def test_refused_it_changes_nothing(client, provider, person, administrator):
    relink = ask(client)
    answer(administrator, relink, "no")
    assert not Identity.objects.exists()
    sign_in(client)
    assert client.session["_auth_user_id"] == str(relink.newcomer_id)
    answer(administrator, relink, "yes")  # answered once and for all
    assert not Identity.objects.exists()


@pytest.mark.parametrize(
    "stranger", ["newcomer", "person", "signatory", "administrator elsewhere", "anybody"]
)
def test_nobody_else_may_answer(client, provider, person, commune, administrator, stranger):
    relink = ask(client)
    who = {
        "newcomer": lambda: relink.newcomer,
        "person": lambda: person,
        "signatory": lambda: MembershipFactory(organisation=commune, role=Role.SIGNATORY).user,
        "administrator elsewhere": lambda: MembershipFactory(role=Role.ORG_ADMIN).user,
        "anybody": UserFactory,
    }[stranger]()
    assert browser_of(who).get(reverse("relink", args=[relink.public_id])).status_code == 404
    assert answer(who, relink).status_code == 404
    assert not Identity.objects.exists()


def test_her_own_administration_does_not_let_her_confirm_herself(client, provider, person, commune):
    MembershipFactory(user=person, organisation=commune, role=Role.ORG_ADMIN)
    relink = ask(client)
    assert answer(person, relink).status_code == 404


def test_one_organisation_does_not_answer_for_another(client, provider, person, administrator):
    """Her new account would open both."""
    MembershipFactory(user=person, role=Role.FINANCE)
    relink = ask(client)
    assert answer(administrator, relink).status_code == 404
    with as_worker():
        assert administrator.email in set(Letter.objects.values_list("to", flat=True))


def test_the_operator_may_answer_for_its_members(client, provider, person, commune):
    operator = OperatorFactory()
    AdhesionFactory(operator=operator, organisation=commune)
    curator = MembershipFactory(organisation=operator.organisation, role=Role.CURATOR).user
    answer(curator, ask(client))
    assert Identity.objects.get().user == person


def test_whoever_answers_has_two_factors(client, provider, person, administrator, settings):
    relink = ask(client)
    settings.OIDC_ASSURANCE = base.OIDC_ASSURANCE
    assert answer(administrator, relink).status_code == 403
    assert not Identity.objects.exists()


@pytest.mark.parametrize(
    "claims",
    [{"email_verified": False}, {"email": "autre@mairie.example"}, {"email": None}],
    ids=["not verified", "another", "none"],
)
def test_without_the_same_verified_e_mail_there_is_nothing_to_ask(client, provider, person, claims):
    """The e-mail of another commune gives no access to it, and is not even told."""
    provider.userinfo = claims
    sign_in(client)
    assert "Vous aviez déjà" not in text_of(client.get(reverse("places")))
    assert client.post(reverse("my_relink"))["Location"] == reverse("places")
    assert not Relink.objects.exists()


def test_who_may_be_recognised(client, provider, person):
    """Neither one of two people, nor the platform's staff, nor by somebody who has been given a role."""
    sign_in(client)
    newcomer = User.objects.get(sub=PERSON["sub"])
    assert person_alike(newcomer) == person
    User.objects.filter(pk=person.pk).update(is_staff=True)
    assert person_alike(newcomer) is None
    User.objects.filter(pk=person.pk).update(is_staff=False)
    twin = MembershipFactory(user__email=PERSON["email"]).user
    assert person_alike(newcomer) is None
    User.objects.filter(pk=twin.pk).update(email="une-autre@essai.example")
    assert person_alike(newcomer) == person
    MembershipFactory(user=newcomer)
    assert person_alike(newcomer) is None


def test_a_newcomer_who_was_given_a_role_meanwhile_stays_herself(client, provider, person, administrator):
    relink = ask(client)
    MembershipFactory(user=relink.newcomer)
    with pytest.raises(NewcomerHasMandates):
        confirm(relink=relink, by=administrator, now=timezone.now())
    assert "ne peut plus être rattaché" in answer_text(administrator, relink)
    assert not Identity.objects.exists()


def answer_text(user, relink):
    client = browser_of(user)
    client.post(reverse("relink", args=[relink.public_id]), {"answer": "yes"})
    return client.get(reverse("my_data")).content.decode()


def test_asked_twice_it_is_asked_once(client, provider, person, administrator):
    ask(client)
    client.post(reverse("my_relink"))
    with as_worker():
        assert Letter.objects.count() == 1
    assert Relink.objects.count() == 1


def test_an_identity_is_one_person_s(person):
    now = timezone.now()
    Identity.objects.create(user=person, issuer="i", sub="s", attached_at=now)
    with pytest.raises(IntegrityError, match="identity_issuer_sub_unique"), transaction.atomic():
        Identity.objects.create(user=UserFactory(), issuer="i", sub="s", attached_at=now)


def test_an_erased_person_is_not_found_by_any_of_her_identities(client, provider, person, administrator):
    answer(administrator, ask(client))
    Membership.objects.update(ended_at=timezone.now())
    with as_worker():
        erase(person=person, by=person, now=timezone.now())
    sign_in(client)
    assert is_signed_in(client)
    assert client.session["_auth_user_id"] != str(person.pk)
