"""A vendor's administrator says where agents' accounts are kept."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from provisioning.models import AgentDirectory
from tenants.models import AuditEvent, Role
from tests.factories import MembershipFactory, ServiceSheetFactory
from tests.fakes.scim import TOKEN, Fault, directory
from tests.tools.database import as_worker
from tests.tools.jobs import run_jobs
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

URL = "https://service.example/scim/v2"


@pytest.fixture
def sheet():
    return ServiceSheetFactory()


@pytest.fixture
def page(sheet):
    return reverse("vendor_directory", args=[sheet.vendor.organisation.siren, sheet.slug])


@pytest.fixture
def signed_in(sheet, client):
    organisation = sheet.vendor.organisation
    client.force_login(MembershipFactory(organisation=organisation, role=Role.VENDOR_ADMIN).user)
    return client


def events():
    with as_worker():
        return list(
            AuditEvent.objects.filter(what__startswith="agent_directory").values_list("what", flat=True)
        )


def test_says_it_once_then_takes_it_back(signed_in, page, sheet):
    for _ in range(2):
        answer = signed_in.post(page, {"url": f" {URL} "}, follow=True)
        assert "L’annuaire est enregistré." in answer.content.decode()
    variable = f"SCIM_TOKEN_{sheet.vendor.organisation.siren}"
    assert AgentDirectory.objects.get().config == {"url": URL, "token_variable": variable}
    assert variable in signed_in.get(page).content.decode()
    answer = signed_in.post(page, {"url": ""}, follow=True)
    assert "Aucun agent ne vous est plus annoncé." in answer.content.decode()
    assert not AgentDirectory.objects.exists()
    assert events() == ["agent_directory.changed", "agent_directory.removed"]


def test_tries_it_and_reads_what_came_of_it(signed_in, page, sheet, monkeypatch, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = True
    monkeypatch.setenv(f"SCIM_TOKEN_{sheet.vendor.organisation.siren}", TOKEN)
    button = reverse("vendor_directory_try", args=[sheet.vendor.organisation.siren, sheet.slug])
    assert "Écrivez d’abord l’adresse" in signed_in.post(button, follow=True).content.decode()
    with directory(faults=[Fault("GET", status=503)]) as server:
        said = signed_in.post(page, {"url": server.url}, follow=True).content.decode()
        assert "Essayez-le maintenant" in said
        assert "Pas encore essayé" in said
        assert "Essai en cours" in signed_in.post(button, follow=True).content.decode()
        run_jobs()
        said = signed_in.get(page).content.decode()
        assert "Essai non réussi" in said
        assert "en panne (réponse 503)" in said
        signed_in.post(button)
        run_jobs()
        assert "En service" in signed_in.get(page).content.decode()
    assert events() == ["agent_directory.changed", "agent_directory.tried", "agent_directory.tried"]


@pytest.mark.parametrize(
    "url",
    ["service.example", "ftp://service.example/", "https://", f"{URL}?a=1", f"{URL}#a", "https://a b/", "\0"],
)
def test_what_is_no_address_is_refused_and_kept_in_the_form(signed_in, page, url):
    answer = signed_in.post(page, {"url": url})
    assert answer.status_code == 200
    assert not AgentDirectory.objects.exists()
    if url.isprintable():
        found = BeautifulSoup(answer.content, "html.parser").find("input", {"name": "url"})
        assert found["value"] == url


def test_without_https_in_production(signed_in, page, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    assert signed_in.post(page, {"url": "http://service.example/scim"}).status_code == 200
    assert not AgentDirectory.objects.exists()


def test_what_the_page_asks(signed_in, page, snapshot):
    signed_in.post(page, {"url": URL})
    signed_in.get(page)
    with snapshot_queries(snapshot):
        signed_in.get(page)
