"""How sure the provider is: asked for, checked here, and asked again at the moment it matters."""

import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from django.core.checks import run_checks
from django.urls import reverse

from marketplace.settings import base
from tenants.models import Role, User
from tenants.people.roles import MEMBER_ROLES, VENDOR_ROLES
from tests.factories import MembershipFactory, OperatorFactory, OrganisationFactory, UserFactory
from tests.fakes.openid import PERSON
from tests.sso.conftest import go, is_signed_in, sign_in, start

pytestmark = pytest.mark.django_db

IBAN = "FR7630001007941234567890185"


@pytest.fixture(autouse=True)
def asked(settings):
    settings.OIDC_ASSURANCE = base.OIDC_ASSURANCE


@pytest.fixture
def person(provider):
    return UserFactory(issuer=provider.url, sub=PERSON["sub"])


@pytest.fixture
def operator(person):
    operator = OperatorFactory(iban="")
    MembershipFactory(user=person, organisation=operator.organisation, role=Role.OPERATOR_ADMIN)
    return operator


def follow(client, address):
    """A link of ours that leads to the provider, and back."""
    path, parameters = go(client.get(address)["Location"])
    return client.get(path, parameters)


def asked_of(address) -> dict:
    """What the provider is asked for, by parameter."""
    return {name: value for name, [value] in parse_qs(urlsplit(address).query).items()}


def page_of(answer):
    return BeautifulSoup(answer.content, "html.parser").main


def test_at_first_it_is_asked_if_it_can(client, provider):
    asked = asked_of(start(client))
    assert json.loads(asked["claims"]) == {
        "id_token": {"acr": {"values": ["eidas0-mfa", "eidas1-mfa", "eidas2", "eidas3"]}}
    }
    assert "prompt" not in asked


def test_a_provider_that_cannot_tell_is_asked_for_nothing(client, provider, settings):
    settings.OIDC_ASSURANCE = []
    assert "claims" not in asked_of(start(client))


def test_that_nothing_is_asked_is_said(settings):
    settings.OIDC_ASSURANCE = []
    found = run_checks(tags=["security"], include_deployment_checks=True)
    assert "sso.W004" in {problem.id for problem in found}


NEEDED = [
    Role.FINANCE, Role.ORG_ADMIN, Role.VENDOR_ADMIN, Role.CURATOR, Role.OPERATOR_FINANCE, Role.OPERATOR_ADMIN,
    Role.AUDITOR,
]  # fmt: skip


ALL = [(role, "") for role in NEEDED] + [(Role.FINANCE, "eidas1"), (Role.FINANCE, "eidas2-nearly")]


@pytest.mark.parametrize(("role", "acr"), ALL)
def test_these_roles_need_two_factors(client, provider, person, role, acr):
    organisation = OrganisationFactory()
    if role not in MEMBER_ROLES | VENDOR_ROLES:
        OperatorFactory(organisation=organisation)
    MembershipFactory(user=person, organisation=organisation, role=role)
    provider.acr = acr
    sign_in(client)
    page = reverse("organisation_home", args=[organisation.siren])
    asking = client.get(page)
    assert asking.status_code == 302
    asked = asked_of(client.get(asking["Location"])["Location"])
    assert json.loads(asked["claims"])["id_token"]["acr"]["essential"] is True
    refused = follow(client, asking["Location"])
    assert refused.status_code == 403
    assert "double authentification" in page_of(refused).h1.text
    assert is_signed_in(client)
    provider.acr = "eidas1-mfa"
    assert follow(client, page_of(refused).find("a", class_="btn")["href"])["Location"] == page
    assert client.get(page).status_code == 200


@pytest.mark.parametrize("role", [Role.AGENT, Role.SECRETARY, Role.SIGNATORY, Role.VENDOR_EDITOR])
def test_the_others_do_not(client, provider, person, role):
    organisation = OrganisationFactory()
    MembershipFactory(user=person, organisation=organisation, role=role)
    sign_in(client)
    assert client.get(reverse("organisation_home", args=[organisation.siren])).status_code == 200


@pytest.mark.parametrize("address", ["/plateforme/", "/admin/", "/cms/"])
def test_the_platform_s_staff_does(client, provider, person, address):
    User.objects.filter(pk=person.pk).update(is_staff=True, is_superuser=True)
    sign_in(client)
    assert client.get(address)["Location"].startswith(reverse("oidc_authentication_init"))
    provider.acr = "eidas2"
    sign_in(client)
    assert client.get(address).status_code == 200


def test_what_the_browser_asks_for_proves_nothing(client, provider, operator):
    """The address says "strong", the session says what the provider did."""
    provider.acr = "eidas1"
    answer = sign_in(client, oidc_level="strong", next="/mes-donnees/")
    assert answer.status_code == 403
    assert client.get(reverse("operator_home", args=[operator.slug])).status_code == 302


def test_an_unknown_level_is_none(client, provider):
    assert "prompt" not in asked_of(start(client, oidc_level="divine"))


def send_bank_details(client, operator):
    return client.post(
        reverse("operator_settings_billing", args=[operator.slug]),
        {"payment_days": "30", "iban": IBAN, "bic": "", "csrfmiddlewaretoken": "x"},
    )


def test_bank_details_need_more_than_a_code_by_e_mail_and_what_was_typed_is_kept(client, provider, operator):
    provider.acr = "eidas1-mfa"
    sign_in(client)
    assert client.get(reverse("operator_settings_billing", args=[operator.slug])).status_code == 200
    refused = send_bank_details(client, operator)
    assert refused.status_code == 403
    operator.refresh_from_db()
    assert operator.iban == ""
    asking = page_of(refused).find("a", class_="btn")["href"]
    asked = asked_of(client.get(asking)["Location"])
    assert json.loads(asked["claims"])["id_token"]["acr"] == {
        "essential": True,
        "values": ["eidas0-mfa", "eidas2", "eidas3"],
    }
    assert asked["prompt"] == "login"
    assert "max_age" not in asked  # ProConnect would refuse the whole request
    assert follow(client, asking).status_code == 403  # the provider had nothing better

    provider.acr = "eidas2"
    back = follow(client, asking)
    assert back["Location"] == reverse("oidc_resume")
    form = page_of(client.get(back["Location"])).form
    operator.refresh_from_db()
    assert operator.iban == ""  # nothing is sent by itself
    assert form.button.text == "Enregistrer les coordonnées bancaires"
    sent = {field["name"]: field["value"] for field in form.find_all("input")}
    done = client.post(form["action"], sent)
    assert done["Location"] == reverse("operator_settings_billing", args=[operator.slug])
    operator.refresh_from_db()
    assert operator.iban == IBAN
    assert client.get(reverse("oidc_resume"))["Location"] == reverse("places")  # once


def test_strength_does_not_last(client, provider, operator, settings):
    provider.acr = "eidas2"
    sign_in(client)
    settings.OIDC_STRONG_FOR_SECONDS = -1
    assert send_bank_details(client, operator).status_code == 403
    assert client.get(reverse("operator_home", args=[operator.slug])).status_code == 200


@pytest.mark.parametrize("auth_time", [-7200, 7200])
def test_it_counts_from_when_she_proved_herself(client, provider, operator, settings, auth_time):
    """A session of the provider that was opened this morning is no proof of now; nor is a time to come."""
    settings.OIDC_STRONG_FOR_SECONDS = 3600 if auth_time < 0 else -1
    provider.acr = "eidas3"
    provider.id_token = {"auth_time": int(time.time()) + auth_time}
    sign_in(client)
    assert send_bank_details(client, operator).status_code == 403


@pytest.mark.parametrize(
    "name", ["operator_run_approve", "operator_credit_note"], ids=["invoices", "credit note"]
)
def test_so_do_invoices_and_credit_notes(client, provider, operator, name):
    """Whatever the invoice: nobody gets as far as looking for it."""
    provider.acr = "eidas1-mfa"
    sign_in(client)
    address = reverse(name, args=[operator.slug, "11111111-2222-4333-8444-555555555555"])
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 403
    provider.acr = "eidas2"
    sign_in(client)
    assert client.post(address).status_code == 404


def test_somebody_else_who_comes_back_finds_nothing_of_it(client, provider, operator):
    provider.acr = "eidas1-mfa"
    sign_in(client)
    send_bank_details(client, operator)
    provider.person, provider.acr = {**PERSON, "sub": "somebody-else"}, "eidas2"
    sign_in(client)
    assert client.get(reverse("oidc_resume"))["Location"] == reverse("places")


def test_a_step_up_that_is_given_up_leaves_her_where_she_was(client, provider, operator):
    provider.acr = "eidas1-mfa"
    sign_in(client)
    asking = page_of(send_bank_details(client, operator)).find("a", class_="btn")["href"]
    provider.answer = {"code": None, "error": "access_denied"}
    assert "La connexion n’a pas abouti" in client.get(*_back(client, asking), follow=True).content.decode()
    assert is_signed_in(client)


def _back(client, address):
    return go(client.get(address)["Location"])


def test_what_is_too_long_is_not_kept(client, provider, operator):
    provider.acr = "eidas1-mfa"
    sign_in(client)
    address = reverse("operator_settings_billing", args=[operator.slug])
    refused = client.post(address, {"iban": "x" * 30_000})
    assert "à remplir de nouveau" in page_of(refused).text
    provider.acr = "eidas2"
    back = follow(client, page_of(refused).find("a", class_="btn")["href"])
    page = page_of(client.get(back["Location"]))
    assert page.form is None
    assert page.find("a")["href"] == address


def test_a_new_list_counts_from_its_day(client, provider, person, settings):
    row = base.OIDC_ASSURANCE[0]
    settings.OIDC_ASSURANCE = [
        {"since": "2020-01-01", "multi_factor": ["eidas3"], "strong": ["eidas3"]},
        {**row, "since": "2999-01-01"},
    ]
    asked = json.loads(asked_of(start(client))["claims"])
    assert asked["id_token"]["acr"]["values"] == ["eidas3"]
