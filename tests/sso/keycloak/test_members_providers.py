"""A member's own provider from its settings to the real Keycloak, and back: OpenID Connect and SAML."""

import uuid
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from provisioning.models import MemberDomain, MemberProvider, ProviderState
from provisioning.own_providers import domains, operations
from provisioning.own_providers.typed import Typed
from sso.keycloak.organisations import remove_organisation
from sso.keycloak.own_providers import remove_provider
from sso.keycloak.values import STAND_IN_SECRET
from tests.factories import AdhesionFactory, UserFactory
from tests.fakes import dns
from tests.sso.keycloak.visitor import Visitor
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
REALM = "test"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # of the example of RFC 7636, appendix B


@pytest.fixture
def path(keycloak, known, settings):
    """What an operator does for a member, one thing after the other, each followed by its job."""
    settings.OIDC_ISSUER = f"{known['url']}/realms/{REALM}"
    organisation, by = AdhesionFactory().organisation, UserFactory()
    domain = f"mairie-{uuid.uuid4().hex[:8]}.example"

    def do(operation, **more):
        with as_worker():
            made = operation(organisation=organisation, by=by, now=timezone.now(), **more)
        jobs.run_jobs()
        return made

    def prove(names):
        made = do(domains.add_domain, domain=domain)
        names.records[f"_halle-verification.{domain}"] = [f"halle-verification={made.token}"]
        with as_worker():
            domains.ask_check(organisation=organisation, public_id=made.public_id, now=timezone.now())
        jobs.run_jobs()
        return made

    def provider() -> MemberProvider:
        with as_worker():
            return MemberProvider.objects.get(tenant=organisation)

    with dns.serving() as names:
        settings.DNS_RESOLVER = names.address
        yield SimpleNamespace(
            do=do, prove=lambda: prove(names), provider=provider, domain=domain, organisation=organisation
        )
    remove_organisation(keycloak, REALM, organisation.siren)
    with as_worker():
        for one in MemberProvider.objects.all():
            remove_provider(keycloak, REALM, one.alias)


def led(known, domain: str):
    """The page where whoever gives an address of that domain arrives."""
    visitor = Visitor(home="http://testserver/")
    page = visitor.open(
        f"{known['url']}/realms/{REALM}/protocol/openid-connect/auth?response_type=code&client_id=halle"
        f"&scope=openid&redirect_uri=http://testserver/oidc/callback/&state={'s' * 43}"
        f"&code_challenge={CHALLENGE}&code_challenge_method=S256"
    )
    return visitor, visitor.submit(page, username=f"odile@{domain}")


def stays(page) -> bool:
    """At the broker: no provider has the domain."""
    return f"/realms/{REALM}/" in page.url and BeautifulSoup(page.content, "html.parser").find(
        "input", {"name": "password"}
    )


def at_stand_in(keycloak, known, client_id: str, **changed):
    """A client of the realm that plays the member's provider, and a way to put it back."""
    realm = f"/{known['stand_in_realm']}/clients"
    (client,) = keycloak.get(realm, clientId=client_id)
    keycloak.put(f"{realm}/{client['id']}", client | changed)
    return lambda: keycloak.put(f"{realm}/{client['id']}", client)


def test_an_openid_provider_is_tried_proven_put_in_service_and_stopped(keycloak, known, path):
    issuer = f"{known['url']}/realms/{known['stand_in_realm']}"
    said = {"kind": "oidc", "name": "Annuaire", "issuer": issuer, "client_id": "keycloak"}
    path.do(operations.keep, typed=Typed(**said, secret="wrong"))
    path.do(operations.ask_trial)
    assert "ne reconnaît pas" in path.provider().problem  # Keycloak knows the wrong secret by itself
    path.do(operations.keep, typed=Typed(**said, secret=STAND_IN_SECRET))
    path.do(operations.ask_trial)
    assert (path.provider().state, path.provider().problem) == (ProviderState.TRIED, "")
    path.prove()
    assert stays(led(known, path.domain)[1])
    path.do(operations.turn_on)
    provider = path.provider()
    assert (provider.state, provider.problem) == (ProviderState.ON, "")

    back = f"{known['url']}/realms/{REALM}/broker/{provider.alias}/endpoint"
    put_back = at_stand_in(keycloak, known, "keycloak", redirectUris=[back])
    try:
        for _ in range(2):  # stopped and put in service again, her account is hers still
            visitor, page = led(known, path.domain)
            assert f"/realms/{known['stand_in_realm']}/" in page.url
            assert isinstance(visitor.known_as(page, "odile"), str)
            path.do(operations.turn_off)
            assert path.provider().state == ProviderState.TRIED
            assert stays(led(known, path.domain)[1])
            path.do(operations.turn_on)
        people = keycloak.get(f"/{REALM}/users", username=f"{provider.alias}.")
        assert len(people) == 1
        with as_worker():
            proven = MemberDomain.objects.get()
        path.do(domains.remove_domain, public_id=proven.public_id)
        assert path.provider().state == ProviderState.TRIED
        assert stays(led(known, path.domain)[1])
    finally:
        put_back()


def test_agents_sign_in_by_a_saml_provider_whose_metadata_were_read(keycloak, known, path):
    address = f"{known['url']}/realms/{known['stand_in_realm']}/protocol/saml/descriptor"
    typed = Typed(kind="saml", name="Annuaire", metadata_url=address, attributes="plain")
    path.do(operations.keep, typed=typed)
    path.do(operations.ask_trial)
    assert (path.provider().state, path.provider().problem) == (ProviderState.TRIED, "")
    path.prove()
    path.do(operations.turn_on)
    alias = path.provider().alias
    back = f"{known['url']}/realms/{REALM}/broker/{alias}/endpoint"
    clients = f"/{known['stand_in_realm']}/clients"
    ours = f"{known['url']}/realms/{REALM}"
    made = keycloak.post(clients, {
        "clientId": ours, "protocol": "saml", "enabled": True, "redirectUris": [back],
        "attributes": {
            "saml.client.signature": "false", "saml.assertion.signature": "true",
            "saml.server.signature": "true", "saml_name_id_format": "persistent",
            "saml_assertion_consumer_url_post": back,
        },
        "protocolMappers": [
            {"name": said, "protocol": "saml", "protocolMapper": "saml-user-property-mapper",
             "config": {"user.attribute": attribute, "attribute.name": said,
                        "attribute.nameformat": "Basic"}}
            for said, attribute in (("mail", "email"), ("givenName", "firstName"), ("sn", "lastName"))
        ],
    })  # fmt: skip
    try:
        visitor, page = led(known, path.domain)
        for _ in range(3):  # a form that a browser sends by itself
            if BeautifulSoup(page.content, "html.parser").find("input", {"name": "SAMLRequest"}):
                page = visitor.submit(page)
        answered = visitor.known_as(page, "odile")
        assert not isinstance(answered, str)
        back_at_halle = visitor.submit(answered)
        assert isinstance(back_at_halle, str), back_at_halle.text
        (person,) = keycloak.get(f"/{REALM}/users", username=f"{alias}.", briefRepresentation="false")
        assert (person["firstName"], person["lastName"]) == ("Odile", "Brunerie")
        assert (person["email"], person["emailVerified"]) == ("odile.brunerie@mairie-virelade.example", False)
    finally:
        keycloak.delete(f"{clients}/{made}")
