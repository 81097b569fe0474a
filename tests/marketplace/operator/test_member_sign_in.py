"""How a member's agents sign in, as its operator sees and sets it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from provisioning.models import MemberDomain, MemberProvider, ProviderState, SyncRound
from sso.automatic import what_is_automatic
from sso.checks import what_is_left_to_a_person
from tenants.models import Role
from tests.factories import (
    AccountDriftFactory,
    AdhesionFactory,
    MemberDomainFactory,
    MemberProviderFactory,
    MembershipFactory,
    OrganisationFactory,
    OrganisationToldFactory,
)
from tests.factories.base import NOW
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
SENT = {"kind": "oidc", "name": "Annuaire", "issuer": "https://a.example/", "client_id": "halle"}


@pytest.fixture
def adhesion():
    return AdhesionFactory()


@pytest.fixture
def at(client, adhesion):
    """The page, as an administrator of the operator."""
    admin = MembershipFactory(organisation=adhesion.operator.organisation, role=Role.OPERATOR_ADMIN)
    client.force_login(admin.user)
    return reverse("operator_member_sign_in", args=[adhesion.operator.slug, adhesion.organisation.siren])


def kept() -> MemberProvider:
    with as_worker():
        return MemberProvider.objects.get()


def test_a_provider_goes_from_its_settings_to_its_trial_and_its_domain(client, at):
    assert "Aucun fournisseur raccordé" in client.get(at).text
    assert client.post(at, SENT | {"secret": "hidden-one"}).status_code == 302
    page = client.get(at).text
    assert f"/broker/{kept().alias}/endpoint" in page
    assert "hidden-one" not in page
    client.post(at, {"do": "essayer"})
    assert kept().state == ProviderState.TRYING
    client.post(at, {"do": "domaine", "domain": "Mairie.example"})
    with as_worker():
        domain = MemberDomain.objects.get()
    page = client.get(at).text
    assert "_halle-verification.mairie.example" in page
    assert f"halle-verification={domain.token}" in page
    client.post(at, {"do": "verifier", "domain": domain.public_id})
    assert [task for task, _ in jobs.waiting()] == [
        "provisioning.tasks.try_own_provider",
        "provisioning.tasks.check_domain",
    ]
    client.post(at, {"do": "oublier", "domain": domain.public_id})
    assert "mairie.example" not in client.get(at).text


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (SENT, "Écrivez le secret de client"),
        (SENT | {"issuer": "annuaire"}, "Écrivez l’adresse en entier"),
        (SENT | {"kind": "ldap"}, "n’en fait pas partie"),
        ({"kind": "saml", "name": "x", "attributes": "oid"}, "Donnez l’adresse des métadonnées"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, at, sent, said):
    answer = client.post(at, sent)
    assert answer.status_code == 200
    assert said in answer.text
    if "name" in sent:
        assert f'value="{sent["name"]}"' in answer.text


def test_a_file_of_metadata_that_is_not_xml_is_refused(client, at):
    file = SimpleUploadedFile("idp.xml", b"%PDF")
    answer = client.post(at, {"kind": "saml", "name": "x", "attributes": "oid", "metadata": file})
    assert "XML bien formé" in answer.text


def test_what_cannot_be_done_any_more_is_told(client, at, adhesion):
    MemberProviderFactory(tenant=adhesion.organisation)
    for sent in ({"do": "demarrer"}, {"do": "arreter"}, {"do": "verifier", "domain": "x"}):
        answer = client.post(at, sent, follow=True)
        assert answer.status_code == 200
        assert "halle-message" in answer.text or "alert" in answer.text
    assert kept().state == ProviderState.TRIED


def test_queries(client, at, adhesion, snapshot):
    provider = MemberProviderFactory(tenant=adhesion.organisation)
    for _ in range(3):
        MemberDomainFactory(provider=provider)
    client.get(at)
    with snapshot_queries(snapshot):
        client.get(at)


def test_what_signing_in_leaves_to_a_person_is_said(client, at, adhesion, settings):
    page = reverse("operator_settings_sign_in", args=[adhesion.operator.slug])
    assert "À la main" in client.get(page).text
    (told,) = what_is_left_to_a_person(None)
    assert "Ouvrir un service derrière la même connexion" in told.hint
    settings.KEYCLOAK = settings.KEYCLOAK | {"url": "https://sso.example"}
    settings.OIDC_ISSUER = "https://sso.example/realms/halle"
    by_hand = [matter.what for matter in what_is_automatic() if not matter.automatic]
    assert by_hand == ["Exiger une double authentification"]  # not checked in the tests' settings
    assert client.get(page).text.count("À la main") == 1
    settings.OIDC_ASSURANCE = [{"since": "2026-01-01", "acr": ["eidas2"], "level": "strong"}]
    assert what_is_left_to_a_person(None) == []


def test_what_keycloak_has_of_the_members_is_shown(client, at, adhesion, settings, snapshot):
    page = reverse("operator_settings_sign_in", args=[adhesion.operator.slug])
    now = timezone.now()
    with as_worker():
        SyncRound.objects.create(
            kind="tell", asked_at=now, started_at=now, in_all=400, organisations=150, agents=900, changes=12,
            seconds=10,
        )  # fmt: skip
    lost = MembershipFactory(organisation=adhesion.organisation).user
    for tenant in (adhesion.organisation, OrganisationFactory()):
        AccountDriftFactory(tenant=tenant)
        AccountDriftFactory(tenant=tenant, kind="account", account="x", user=lost, words="Compte disparu.")
    AccountDriftFactory(tenant=adhesion.organisation, kind="left", closed_at=NOW)
    problem = "Keycloak refuse (400) : domaine pris."
    OrganisationToldFactory(tenant=adhesion.organisation, to_tell_since=NOW, problem=problem)
    assert "chez Keycloak</h2>" not in client.get(page).text
    settings.KEYCLOAK = settings.KEYCLOAK | {"url": "https://sso.example"}
    settings.OIDC_ISSUER = "https://sso.example/realms/halle"
    text = client.get(page).text
    assert "150 organisations sur 400, 900 agents, 12 changements" in text
    assert "90 agents par seconde" in text
    shown = ("Pas transmis", "domaine pris.", "Compte disparu.", "À régler")
    assert [text.count(one) for one in (*shown, "Halle le remet en place</", "Réglé le")] == [1] * 6
    with snapshot_queries(snapshot):
        client.get(page)
