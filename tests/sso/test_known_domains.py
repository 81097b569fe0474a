"""A first sign-in with an address of a domain that an organisation has proven: she asks to join and waits."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants.models import AuditEvent, JoinRequest, Letter, Role, User
from tenants.people import join_answers
from tenants.people.domains import domain_of
from tenants.people.joining import PATIENCE, RefusedLately, ask_to_join, named_by
from tests.factories import InvitationFactory, KnownDomainFactory, MembershipFactory
from tests.sso.conftest import sign_in
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
DOMAIN = "mairie-clair-essai.example"


@pytest.fixture
def commune():
    return KnownDomainFactory(domain=DOMAIN).organisation


@pytest.fixture
def admin(commune):
    return MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user


@pytest.fixture
def odile(provider, admin):
    provider.userinfo = {"email": f"Odile@{DOMAIN.upper()}", "siret": None}


def shown(client, address=None):
    answer = client.get(address or reverse("places"), follow=True)
    return BeautifulSoup(answer.content, "html.parser").main.get_text(" ", strip=True)


def rows(model):
    with as_worker():
        return list(model.objects.order_by("pk"))


def as_admin(admin):
    client = Client()
    client.force_login(admin)
    return client


def answer_to(request, commune) -> str:
    return reverse("organisation_join_answer", args=[commune.siren, request.public_id])


def test_she_waits_then_is_approved_as_a_plain_agent(client, commune, admin, odile):
    for _ in range(2):
        sign_in(client)
    [request] = rows(JoinRequest)
    assert (request.tenant, request.domain) == (commune, DOMAIN)
    text = shown(client)
    assert "En attente d’approbation" in text
    assert "c’est lui qui accepte ou refuse" in text
    [letter] = rows(Letter)
    assert letter.to == admin.email
    assert "que votre organisation a prouvé être le sien" in letter.body
    assert client.get(reverse("member_home", args=[commune.siren])).status_code == 404
    hers = as_admin(admin)
    agents = hers.get(reverse("member_agents", args=[commune.siren]))
    page = BeautifulSoup(agents.content, "html.parser").find(id="demandes")
    assert DOMAIN in page.get_text()
    assert all(form.find("input", {"name": "csrfmiddlewaretoken"}) for form in page.find_all("form"))
    assert page.find("select", {"name": "role"}).find("option")["value"] == Role.AGENT
    said = {"answer": "approve", "role": Role.AGENT, "from": "agents"}
    answered = hers.post(answer_to(request, commune), said, follow=True).content.decode()
    assert "C’est accepté" in answered
    assert "demandes-titre" not in answered
    [mandate] = User.objects.get(sub="odile").memberships.open()
    assert (mandate.role, mandate.given_by) == (Role.AGENT, admin)
    assert client.get(reverse("places"))["Location"].endswith(reverse("member_home", args=[commune.siren]))
    assert "vous a accepté" in rows(Letter)[-1].subject
    assert [one.what for one in rows(AuditEvent)] == ["membership.asked", "join_request.approved"]
    again = hers.post(answer_to(request, commune), {"answer": "refuse", "because": "unknown"}, follow=True)
    assert "a déjà reçu une réponse" in again.content.decode()


def test_refused_she_reads_why_and_waits_before_she_asks_again(client, commune, admin, odile):
    sign_in(client)
    [request] = rows(JoinRequest)
    address = answer_to(request, commune)
    assert (
        "Choisissez une raison"
        in as_admin(admin).post(address, {"answer": "refuse"}, follow=True).content.decode()
    )
    as_admin(admin).post(address, {"answer": "refuse", "because": "unknown"})
    sign_in(client)
    text = shown(client)
    assert "vous n’y êtes pas connu" in text
    assert "Demander à la rejoindre" not in text
    assert (
        "Vous pourrez la refaire à partir du" in client.post(reverse("my_join"), follow=True).content.decode()
    )
    assert len(rows(JoinRequest)) == 1
    person, now = User.objects.get(sub="odile"), timezone.now()
    [named] = named_by(person=person, siret="", now=now)
    with pytest.raises(RefusedLately):
        ask_to_join(named=named, person=person, now=now + PATIENCE - timedelta(minutes=1))
    assert ask_to_join(named=named, person=person, now=now + PATIENCE).settled_at is None
    assert [one.what for one in rows(AuditEvent)][1] == "join_request.refused"


@pytest.mark.parametrize(
    "userinfo",
    [
        {"email_verified": False},
        {"email": f"odile@agents.{DOMAIN}"},
        {"email": f"odile@{DOMAIN}.evil.example"},
        {"email": f"odile@not{DOMAIN}"},
        {"email": f'"odile@{DOMAIN}"@evil.example'},
        {"email": f"odile@evil.example@{DOMAIN}"},
        {"email": f"odile@{DOMAIN.replace('mairie', 'mаirie')}"},  # a Cyrillic letter
        {"email": f"odile@{DOMAIN.replace('m', 'ｍ', 1)}"},  # a full-width one
        {"email": f"odile@{DOMAIN}."},
        {"email": "odile@orange.fr"},
        {"email": 12},
    ],
)
def test_what_is_not_the_domain_to_the_letter_asks_nothing(client, commune, admin, odile, provider, userinfo):
    KnownDomainFactory(domain="orange.fr", organisation=commune)
    provider.userinfo |= userinfo
    sign_in(client)
    assert commune.name not in shown(client)
    client.post(reverse("my_join"), {"siren": commune.siren})
    assert rows(JoinRequest) == []


def test_another_communes_domain_leads_to_that_commune_alone(client, commune, admin, odile, provider):
    other = KnownDomainFactory().organisation
    MembershipFactory(organisation=other, role=Role.ORG_ADMIN)
    provider.userinfo |= {
        "email": f"odile@{KnownDomainFactory._meta.model.objects.get(organisation=other).domain}"
    }
    sign_in(client)
    client.post(reverse("my_join"), {"siren": commune.siren})
    assert [one.tenant for one in rows(JoinRequest)] == [other]
    # Nobody answers for another organisation.
    theirs = reverse("organisation_join_answer", args=[commune.siren, rows(JoinRequest)[0].public_id])
    assert as_admin(admin).post(theirs, {"answer": "approve", "role": "agent"}).status_code == 404


def test_whoever_has_left_asks_herself_and_it_is_said(client, commune, admin, odile):
    sign_in(client)
    [request] = rows(JoinRequest)
    with as_worker():
        join_answers.approve(request=request, role=Role.AGENT, by=admin, now=timezone.now())
    User.objects.get(sub="odile").memberships.update(ended_at=timezone.now())
    sign_in(client)
    assert len(rows(JoinRequest)) == 1
    assert "il faut qu’on vous en redonne un" in shown(client)
    client.post(reverse("my_join"))
    assert "a déjà quitté l’organisation" in rows(Letter)[-1].body
    assert "A déjà quitté l’organisation" in shown(
        as_admin(admin), reverse("organisation_people", args=[commune.siren])
    )
    assert not User.objects.get(sub="odile").memberships.open().exists()


def test_an_invitation_comes_first_and_settles_what_waits(client, commune, admin, odile):
    InvitationFactory(tenant=commune, email=f"odile@{DOMAIN}", expires_at=timezone.now() + timedelta(days=1))
    sign_in(client)
    assert rows(JoinRequest) == []
    assert "Une invitation vous attend" in shown(client)


def test_a_request_is_without_object_once_a_role_came_otherwise(client, commune, admin, odile):
    sign_in(client)
    hers = as_admin(admin)
    hers.post(
        reverse("organisation_invite", args=[commune.siren]),
        {"email": f"odile@{DOMAIN}", "roles": ["finance"]},
    )
    link = next(word for word in rows(Letter)[-1].body.split() if "/invitation/" in word)
    client.post(link)
    [request] = rows(JoinRequest)
    assert (request.outcome, request.settled_by) == ("moot", None)


def test_a_role_that_is_not_to_be_given_is_refused(client, commune, admin, odile):
    sign_in(client)
    [request] = rows(JoinRequest)
    for role in ("operator_admin", "", "nonsense"):
        as_admin(admin).post(answer_to(request, commune), {"answer": "approve", "role": role})
    agent = MembershipFactory(organisation=commune, role=Role.AGENT).user
    said = {"answer": "approve", "role": "agent"}
    assert as_admin(agent).post(answer_to(request, commune), said).status_code == 404
    assert rows(JoinRequest)[0].settled_at is None


def test_where_nobody_answers_nothing_is_asked(client, commune, provider):
    provider.userinfo = {"email": f"odile@{DOMAIN}", "siret": None}
    sign_in(client)
    assert rows(JoinRequest) == []
    assert "Personne ne l’administre encore" in shown(client)


def test_the_domain_of_an_address():
    assert domain_of("Odile@MAIRIE.fr") == "mairie.fr"
    assert domain_of("odile@clair-été.fr") == "xn--clair-t-gyab.fr"
    assert [domain_of(one) for one in ("", "odile", "a@b@c.fr", "@", "a@ﬁn.fr", "a@" + "é" * 70)] == [""] * 6
