"""The page of people and roles, the invitation form, one person's page."""

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tenants.models import AuditEvent, Invitation, Letter, LetterState, Role
from tests.factories import (
    InvitationFactory,
    LetterFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    UserFactory,
    VendorFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


def person(organisation, *roles, **fields):
    user = UserFactory(**fields)
    for role in roles:
        MembershipFactory(user=user, organisation=organisation, role=role)
    return user


def at(organisation, name, *args):
    return reverse(f"organisation_{name}", args=[organisation.siren, *args])


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def page_of(answer):
    return BeautifulSoup(answer.content, "html.parser")


@pytest.fixture
def commune():
    return OrganisationFactory(territory__population=860)


@pytest.fixture
def admin(commune):
    return person(commune, Role.ORG_ADMIN, first_name="Alix", last_name="Administrante")


@pytest.fixture
def client(admin):
    return browser(admin)


def test_the_list_shows_people_their_roles_and_what_is_under_way(client, commune):
    seen = person(commune, Role.SECRETARY, Role.FINANCE, last_name="Présent", last_login=NOW)
    gone = person(commune, last_name="Parti")
    MembershipFactory(user=gone, organisation=commune, ended_at=NOW)
    away = person(commune, last_name="Absent")
    MembershipFactory(user=away, organisation=commune, role=Role.AGENT, suspended_at=NOW)
    now = timezone.now()
    InvitationFactory(tenant=commune, email="attendue@mairie.example", created_at=now)
    InvitationFactory(tenant=commune, email="perdue@mairie.example")  # of NOW, expired since
    InvitationFactory(tenant=commune, email="annulee@mairie.example", cancelled_at=NOW)
    page = page_of(client.get(at(commune, "people")))
    rows = [row.get_text(" ", strip=True) for row in page.select("tbody tr")]
    assert [row.split(" ")[1] for row in rows[:3]] == ["Absent", "Administrante", "Présent"]
    assert "Accès suspendu" in rows[0]
    assert "Secrétaire" in rows[2]
    assert "Finances" in rows[2]
    assert "1er octobre 2026 à 11\u00a0h\u00a000" in rows[2]
    assert "jamais" in rows[0]
    assert "attendue@mairie.example Secrétaire Invitée" in rows[3]
    assert "perdue@mairie.example Secrétaire Expirée" in rows[4]
    assert len(rows) == 5
    assert seen.email in rows[2]


@pytest.mark.parametrize("count", [1, 6])
def test_queries_of_the_list(client, commune, snapshot, count):
    for _ in range(count):
        person(commune, Role.SECRETARY, Role.FINANCE)
        InvitationFactory(tenant=commune)
    with snapshot_queries(snapshot(name="people")):
        assert client.get(at(commune, "people")).status_code == 200


def test_inviting(client, commune, admin):
    form = page_of(client.get(at(commune, "invite")))
    offered = [box["value"] for box in form.select("input[name=roles]")]
    assert offered == ["agent", "secretary", "signatory", "finance", "org_admin"]
    answer = client.post(
        at(commune, "invite"),
        {"email": "nouvelle@mairie.example", "roles": ["agent", "finance"]},
        follow=True,
    )
    assert "L’invitation part par courriel." in answer.content.decode()
    with as_worker():
        invitation = Invitation.objects.get()
        assert (invitation.roles, invitation.invited_by) == (["agent", "finance"], admin)
        assert Letter.objects.get().to == "nouvelle@mairie.example"


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        ({"email": ""}, "email", "Indiquez l’adresse"),
        ({"email": "sans-arobase"}, "email", "incomplète"),
        ({"email": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.fr"}, "email", "trop longue"),
        ({"email": "ici@mairie.example"}, "email", "Changez ses rôles"),
        ({"email": "Attendue@mairie.example"}, "email", "déjà une invitation"),
        ({"roles": []}, "roles", "au moins un rôle"),
        ({"roles": ["curator"]}, "roles", "pas à donner ici"),
        ({"roles": ["secretary", "signatory"]}, "roles", "À partir de 3\u202f500 habitants"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(sent, field, words):
    town = OrganisationFactory(territory__population=9000)
    client = browser(person(town, Role.ORG_ADMIN))
    person(town, Role.AGENT, email="ici@mairie.example")
    InvitationFactory(tenant=town, email="attendue@mairie.example", created_at=timezone.now())
    typed = {"email": "x@mairie.example", "roles": ["agent"]} | sent
    answer = client.post(at(town, "invite"), typed)
    page = page_of(answer)
    assert answer.status_code == 200
    assert page.title.get_text().startswith("Erreur")
    assert any(words in error for error in answer.context["form"].errors[field])
    assert page.select_one("input[name=email]").get("value", "") == typed["email"]
    kept = [box["value"] for box in page.select("input[name=roles][checked]")]
    assert kept == [role for role in typed["roles"] if role != "curator"]
    with as_worker():
        assert Invitation.objects.count() == 1


def test_a_closed_organisation_invites_nobody(client, commune):
    commune.closed_on = NOW.date()
    commune.save()
    answer = client.post(at(commune, "invite"), {"email": "x@mairie.example", "roles": ["agent"]})
    assert "n’existe plus" in answer.content.decode()


def test_resending_and_cancelling(client, commune):
    invitation = InvitationFactory(tenant=commune)
    answer = client.post(at(commune, "invitation_resend", invitation.public_id), follow=True)
    assert "L’invitation repart" in answer.content.decode()
    answer = client.post(at(commune, "invitation_cancel", invitation.public_id), follow=True)
    assert "est annulée" in answer.content.decode()
    for name in ("invitation_resend", "invitation_cancel"):
        again = client.post(at(commune, name, invitation.public_id), follow=True)
        assert "Cette invitation a été annulée." in again.content.decode()
    with as_worker():
        assert Letter.objects.count() == 1


def test_the_roles_of_a_person_change(client, commune):
    user = person(commune, Role.AGENT)
    url = at(commune, "person", user.pk)
    checked = page_of(client.get(url)).select("input[name=roles][checked]")
    assert [box["value"] for box in checked] == ["agent"]
    answer = client.post(url, {"roles": ["secretary", "signatory"]}, follow=True)
    assert "Les rôles sont enregistrés" in answer.content.decode()
    assert {mandate.role for mandate in user.memberships.in_force()} == {"secretary", "signatory"}


def test_what_cannot_change_is_said_at_the_roles(client, commune, admin):
    user = person(commune, Role.AGENT)
    answer = client.post(at(commune, "person", user.pk), {"roles": []})
    assert "Choisissez au moins un rôle" in answer.context["form"].errors["roles"][0]
    answer = client.post(at(commune, "person", admin.pk), {"roles": ["agent"]})
    assert "dernière personne" in answer.context["form"].errors["roles"][0]
    assert answer.context["form"]["roles"].value() == ["agent"]
    assert admin.memberships.in_force().get().role == Role.ORG_ADMIN


def test_a_suspension_takes_effect_in_an_open_session_at_its_next_request(client, commune):
    user = person(commune, Role.SECRETARY)
    session, home = browser(user), reverse("member_home", args=[commune.siren])
    assert session.get(home).status_code == 200
    page = client.post(at(commune, "person_suspend", user.pk), follow=True).content.decode()
    assert "L’accès est suspendu" in page
    assert session.get(home).status_code == 404
    assert commune.name not in session.get(reverse("home")).content.decode()  # nor in her menu
    page = client.get(at(commune, "person", user.pk))
    assert not page_of(page).select("input[name=roles]")
    client.post(at(commune, "person_restore", user.pk))
    assert session.get(home).status_code == 200


def test_a_departure_is_confirmed_then_takes_effect_at_once(client, commune):
    user = person(commune, Role.SECRETARY)
    session, home = browser(user), reverse("member_home", args=[commune.siren])
    url = at(commune, "person_end", user.pk)
    confirmation = page_of(client.get(url)).select_one(".halle-confirm").get_text(" ", strip=True)
    assert "Secrétaire" in confirmation
    assert session.get(home).status_code == 200
    answer = client.post(url, follow=True)
    assert answer.redirect_chain == [(at(commune, "people"), 302)]
    assert session.get(home).status_code == 404
    assert client.get(url).status_code == 404


def test_leaving_by_oneself(commune, admin):
    user = person(commune, Role.AGENT)
    session = browser(user)
    assert "Vous ne serez plus agent." in session.get(at(commune, "leave")).content.decode()
    answer = session.post(at(commune, "leave"), follow=True)
    assert "Vous n’avez plus de rôle ici" in answer.content.decode()
    assert session.get(at(commune, "leave")).status_code == 404
    with as_worker():
        assert AuditEvent.objects.get().what == "membership.ended"


def test_the_last_administrator_cannot_leave(client, commune, admin):
    for url in (at(commune, "leave"), at(commune, "person_end", admin.pk)):
        answer = client.post(url, follow=True)
        assert "dernière personne qui peut administrer" in answer.content.decode()
    assert client.post(at(commune, "leave")).status_code == 409
    person(commune, Role.ORG_ADMIN)
    answer = client.post(at(commune, "person_end", admin.pk))
    assert answer.url == reverse("places")  # the list is no longer hers


def test_a_reader_sees_no_button(commune, admin):
    signatory = person(commune, Role.SIGNATORY)
    InvitationFactory(tenant=commune)
    session = browser(signatory)
    for url in (at(commune, "people"), at(commune, "person", admin.pk)):
        page = page_of(session.get(url)).main
        assert not page.select("form, .btn")
    text = session.get(at(commune, "people")).content.decode()
    assert "Seul l’administrateur" in text
    assert "Invitations en attente" not in text
    refused = [
        session.get(at(commune, "invite")),
        session.post(at(commune, "person", admin.pk), {"roles": ["agent"]}),
        session.post(at(commune, "person_suspend", admin.pk)),
        session.get(at(commune, "person_end", admin.pk)),
    ]
    assert [answer.status_code for answer in refused] == [404] * 4


def test_a_signatory_administers_while_nobody_else_does():
    commune = OrganisationFactory()
    session = browser(person(commune, Role.SIGNATORY))
    answer = session.post(at(commune, "invite"), {"email": "admin@mairie.example", "roles": ["org_admin"]})
    assert answer.url == at(commune, "people")


def test_an_operator_s_people_and_its_auditor():
    operator = OperatorFactory()
    admin = person(operator.organisation, Role.OPERATOR_ADMIN)
    auditor = person(operator.organisation, Role.AUDITOR)
    page = page_of(browser(admin).get(at(operator.organisation, "invite")))
    offered = [box["value"] for box in page.select("input[name=roles]")]
    assert offered == ["curator", "operator_finance", "operator_admin", "auditor"]
    for url in (at(operator.organisation, "people"), at(operator.organisation, "person", admin.pk)):
        page = page_of(browser(auditor).get(url))
        assert not page.main.select("form, .btn")
        assert page.select_one(".halle-nav [aria-current=page]").get_text() == "Personnes et rôles"
        assert "Tableau de bord" in page.select_one(".halle-nav").get_text()


def test_the_roles_of_another_kind_are_read_only():
    operator = OperatorFactory()
    admin = person(operator.organisation, Role.OPERATOR_ADMIN)
    user = person(operator.organisation, Role.SECRETARY, Role.CURATOR)
    clerk = person(operator.organisation, Role.SECRETARY)
    session = browser(admin)
    page = page_of(session.get(at(operator.organisation, "person", user.pk)))
    assert "Ses autres rôles Secrétaire" in page.main.get_text(" ", strip=True)
    assert session.get(at(operator.organisation, "person_end", clerk.pk)).status_code == 404
    session.post(at(operator.organisation, "person_suspend", user.pk))
    assert [mandate.role for mandate in user.memberships.in_force()] == [Role.SECRETARY]
    assert "Suspendu en partie" in session.get(at(operator.organisation, "people")).content.decode()


def test_the_menu_offers_people_to_who_may_see_them():
    commune, vendor = OrganisationFactory(), VendorFactory()
    homes = {
        Role.AGENT: ("member_home", commune, False),
        Role.SECRETARY: ("member_home", commune, False),
        Role.SIGNATORY: ("member_home", commune, True),
        Role.ORG_ADMIN: ("member_home", commune, True),
        Role.VENDOR_EDITOR: ("vendor_home", vendor.organisation, False),
        Role.VENDOR_ADMIN: ("vendor_home", vendor.organisation, True),
    }
    for role, (name, organisation, offered) in homes.items():
        session = browser(person(organisation, role))
        page = page_of(session.get(reverse(name, args=[organisation.siren])))
        ours = reverse("organisation_home", args=[organisation.siren])
        assert ours in [link["href"] for link in page.select(".halle-nav a")]
        labels = [link.get_text() for link in page_of(session.get(ours)).select(".halle-nav a")]
        assert ("Personnes et rôles" in labels) is offered, role
        assert session.get(at(organisation, "people")).status_code == (200 if offered else 404)


def test_a_letter_that_did_not_leave_is_told(commune, client):
    refused, left = InvitationFactory(tenant=commune), InvitationFactory(tenant=commune)
    for invitation, state in ((refused, LetterState.FAILED), (left, LetterState.PENDING)):
        LetterFactory(
            tenant=commune,
            key=f"invitation:{invitation.public_id}",
            state=state,
            problem="Le serveur refuse cette adresse.",
        )
    shown = client.get(at(commune, "people")).context["invitations"]
    assert {row["email"]: row["problem"] for row in shown} == {
        refused.email: "Le serveur refuse cette adresse.",
        left.email: "",
    }
