"""The pages about an organisation's agents: who uses what, and how that changes."""

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from subscriptions.models import Access, ListedService, OfferedAccess, OfferedGroup, State
from tenants.models import Invitation, Role
from tests.factories import (
    AccessFactory,
    AgentGroupFactory,
    GroupMemberFactory,
    GroupServiceFactory,
    ListedServiceFactory,
    MembershipFactory,
    SubscriptionFactory,
)
from tests.tools.database import as_worker
from tests.tools.jobs import run_jobs
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def subscription():
    return SubscriptionFactory(state=State.ACTIVE)


@pytest.fixture
def commune(subscription):
    return subscription.tenant


@pytest.fixture
def sheet(subscription):
    with as_worker():
        return subscription.listing.sheet


@pytest.fixture
def admin(commune):
    return MembershipFactory(
        organisation=commune, role=Role.ORG_ADMIN, user__first_name="Alix", user__last_name="Administrante"
    ).user


@pytest.fixture
def agent(commune):
    return MembershipFactory(
        organisation=commune, role=Role.AGENT, user__first_name="Éloïse", user__last_name="Bétrix"
    ).user


@pytest.fixture
def client(admin):
    client = Client()
    client.force_login(admin)
    return client


def at(commune, name, *args):
    return reverse(name, args=[commune.siren, *args])


def page_of(answer):
    assert answer.status_code == 200, answer.content
    return BeautifulSoup(answer.content, "html.parser")


def shown(answer):
    return page_of(answer).main.get_text(" ", strip=True)


def test_a_service_goes_on_a_list_from_which_an_agent_is_taken(client, commune, sheet, admin, agent):
    assert "Tous les services : aucun n’est sur liste" in shown(client.get(at(commune, "member_agents")))
    services = at(commune, "member_agent_services")
    assert "Ouvert à tous" in shown(client.get(services))
    answer = client.post(services, {"service": sheet.pk, "what": "put"}, follow=True)
    assert "est sur liste. Tous vos agents y sont" in shown(answer)
    hers = at(commune, "member_agent", agent.pk)
    field = f"service-{sheet.pk}"
    assert page_of(client.get(hers)).find("select", {"name": field}).find(selected=True)["value"] == "user"
    assert "Les accès sont enregistrés" in shown(client.post(hers, {field: ""}, follow=True))
    text = shown(client.get(hers))
    assert "Accès fermés" in text
    assert "retiré, par Alix Administrante" in text
    found = shown(client.get(at(commune, "member_agents"), {"service": sheet.pk}))
    assert "1 agent" in found
    assert "Bétrix" not in found
    client.post(services, {"service": sheet.pk, "what": "open"})
    with as_worker():
        assert not ListedService.objects.exists()
        assert not Access.objects.filter(closed_at__isnull=True).exists()


def test_agents_are_found_by_name_whatever_the_accents(client, commune, agent, admin):
    for typed in ("betrix", "Éloïse B", "Bétrix Elo", agent.email[:12].upper()):
        found = shown(client.get(at(commune, "member_agents"), {"q": typed}))
        assert "Bétrix" in found, typed
        assert "1 agent" in found, typed
    assert "Aucun agent ne correspond" in shown(client.get(at(commune, "member_agents"), {"q": "zz\0%_"}))


def test_an_agent_is_invited_with_her_services(client, commune, sheet, admin):
    ListedServiceFactory(tenant=commune, sheet=sheet)
    address = at(commune, "member_agent_invite")
    wrong = client.post(address, {"email": "camille", f"service-{sheet.pk}": "manager"})
    assert "Cette adresse est incomplète" in shown(wrong)
    assert page_of(wrong).find("select").find(selected=True)["value"] == "manager"
    group = AgentGroupFactory(tenant=commune)
    sent = {"email": "camille@saint-essai.example", f"service-{sheet.pk}": "manager", "groups": group.pk}
    assert "n’existe plus" in shown(client.post(address, {**sent, "groups": group.pk + 1}))
    client.post(address, sent)
    with as_worker():
        assert OfferedGroup.objects.get().group_id == group.pk
        offered = OfferedAccess.objects.select_related("invitation").get()
    assert (offered.sheet, offered.role, offered.invitation.roles) == (sheet, "manager", [Role.AGENT])
    again = client.post(address, {"email": "Camille@saint-essai.example"})
    assert "a déjà une invitation en attente" in shown(again)
    with as_worker():
        assert Invitation.objects.count() == 1
    assert mail.outbox == []  # written, and sent by a worker


@pytest.mark.parametrize("number", ["", "²", "9" * 30, "-1", "7"])
def test_a_service_that_is_no_such_thing(client, commune, number):
    assert client.post(at(commune, "member_agent_services"), {"service": number}).status_code == 404
    assert client.get(at(commune, "member_agents"), {"service": number}).status_code == 200


def test_queries(client, commune, sheet, admin, snapshot):
    others = SubscriptionFactory.create_batch(2, tenant=commune, state=State.ACTIVE)
    for one in (sheet, *(other.listing.sheet for other in others)):
        ListedServiceFactory(tenant=commune, sheet=one)
    for _ in range(3):
        mandate = MembershipFactory(organisation=commune, role=Role.AGENT)
        AccessFactory(tenant=commune, user=mandate.user, sheet=sheet)
    group = GroupMemberFactory(user=mandate.user, group__tenant=commune).group
    GroupServiceFactory(group=group, sheet=sheet)
    client.get(at(commune, "member_agents"))
    with snapshot_queries(snapshot(name="groups")):
        client.get(at(commune, "member_agent_groups"))
    with snapshot_queries(snapshot(name="group")):
        client.get(at(commune, "member_agent_group", group.pk))
    with snapshot_queries(snapshot(name="agents")):
        client.get(at(commune, "member_agents"))
    with snapshot_queries(snapshot(name="services")):
        client.get(at(commune, "member_agent_services"))


def test_a_group_is_made_filled_put_on_a_list_and_ended_in_one_page(client, commune, sheet, admin, agent):
    ListedServiceFactory(tenant=commune, sheet=sheet)
    everywhere = at(commune, "member_agent_groups")
    assert "Aucun groupe" in shown(client.get(everywhere))
    assert "Donnez un nom au groupe" in shown(client.post(everywhere, {"name": "\t"}))
    made = client.post(everywhere, {"name": "Accueil"})
    page, field = made.url, f"service-{sheet.pk}"
    assert "déjà un groupe de ce nom" in shown(client.post(everywhere, {"name": "ACCUEIL"}))
    offered = client.get(page, {"q": "betrix"})
    assert [box["value"] for box in page_of(offered).select("[name=people]")] == [str(agent.pk)]
    assert "Cochez au moins un agent" in shown(client.post(page, {"what": "put"}, follow=True))
    assert "1 agent mis dans le groupe" in shown(
        client.post(page, {"what": "put", "people": agent.pk}, follow=True)
    )
    for wrong in ("x", admin.pk + 10_000):
        answer = client.post(page, {"what": "put", "people": wrong}, follow=True)
        assert "n’a plus ces mandats" in shown(answer)
    client.post(page, {"what": "services", field: "manager"})
    assert f"Accueil 1 agent {sheet.name} (gère)" in shown(client.get(everywhere))
    hers = at(commune, "member_agent", agent.pk)
    chosen = page_of(client.get(hers)).find("select", {"name": field}).find(selected=True)
    assert chosen.text == "Groupe : gère"
    assert "Donné par son groupe « Accueil »." in shown(client.get(hers))
    client.post(hers, {field: chosen["value"]})  # the same again
    assert "déjà un groupe" not in shown(client.post(page, {"what": "name", "name": "Guichet"}, follow=True))
    client.post(page, {"what": "take", "person": agent.pk})
    assert "(gère, par le groupe Guichet)" in shown(client.get(hers))
    assert "0 agent sort du groupe" in shown(client.get(page, {"supprimer": "1"}))
    client.post(page, {"what": "end"})
    assert client.get(page).status_code == 404
    with as_worker():
        assert not Access.objects.filter(closed_at=None).exists()


def test_a_list_is_left_to_its_groups_once_confirmed(client, commune, sheet, admin, agent):
    services = at(commune, "member_agent_services")
    client.post(services, {"service": sheet.pk, "what": "put"})
    assert client.get(services, {"groupes": sheet.pk}).status_code == 404  # no group is on it
    page = client.post(at(commune, "member_agent_groups"), {"name": "Accueil"}).url
    client.post(page, {"what": "services", f"service-{sheet.pk}": "user"})
    asked = client.get(services, {"groupes": sheet.pk})
    assert "les agents de Accueil" in shown(asked)
    sent = {one["name"]: one["value"] for one in page_of(asked).main.select("form [type=hidden]")}
    assert "1 agent n’y a plus accès" in shown(client.post(services, sent, follow=True))
    with as_worker():
        assert [one.user for one in Access.objects.filter(closed_at=None).select_related("user")] == [admin]


def test_a_file_of_agents_is_read_confirmed_and_found_again(client, commune, sheet, admin, snapshot):
    ListedServiceFactory(tenant=commune, sheet=sheet)
    page = at(commune, "member_agent_imports")

    def send(content):
        return client.post(page, {"file": SimpleUploadedFile("=rh.csv", content)})

    assert "Choisissez le fichier CSV" in shown(client.post(page))
    assert "Il manque la colonne" in shown(send(b"Nom\nLea\n"))
    assert "dépasse 1 Mo" in shown(send(b"x" * (1024 * 1024 + 1)))
    model = client.get(page, {"fichier": "modele"})
    assert model["Content-Disposition"] == 'attachment; filename="agents-modele.csv"'
    assert "que des exemples" in shown(send(model.content))
    good = f"Courriel;Nom;Services\nlea@x.fr;Léa;{sheet.name} (gère)\n=1+1;<b>Zoé</b>;\n"
    report = send(good.encode("cp1252")).url
    assert "Confirmez-le ou abandonnez-le" in shown(client.get(page))
    assert "Un import attend déjà" in shown(
        client.post(page, {"file": SimpleUploadedFile("b.csv", b"Courriel\na@x.fr")}, follow=True)
    )
    text = shown(client.get(report))
    assert f"Services : {sheet.name} (gère)" in text
    assert "1 ligne écartée" in text
    assert "n’est pas une adresse complète" in shown(client.get(report, {"etat": "ecartees"}))
    refused = client.get(report, {"fichier": "ecartees"}).content.decode("utf-8-sig")
    assert refused.splitlines()[1].startswith("'=1+1;<b>Zoé</b>;;Ligne 3")
    with as_worker():
        assert not Invitation.objects.exists()
    client.get(report)
    with snapshot_queries(snapshot(name="report")):
        client.get(report)
    confirmed = client.post(report, {"what": "confirm"}, follow=True)
    assert "0 sur 1 ligne" in shown(confirmed)
    assert page_of(confirmed).select_one("[hx-get]")["hx-get"] == report
    run_jobs()
    done = client.get(report)
    assert "1 invitation partie" in shown(done)
    assert page_of(done).select_one("#suivi[hx-get]") is None
    assert "vient d’être confirmé" in shown(client.post(report, {"what": "abandon"}, follow=True))
    with as_worker():
        assert Invitation.objects.get().email == "lea@x.fr"
