"""Clients of services and organisations, made, changed and taken away on the real Keycloak."""

import uuid
from dataclasses import replace

import jwt
import pytest
import requests
from bs4 import BeautifulSoup

from sso.keycloak import services
from sso.keycloak.organisations import KeycloakOrganisation, ensure_organisation, remove_organisation
from sso.keycloak.own_providers import (
    OwnProvider,
    ensure_provider,
    remove_provider,
    switch_off_provider,
)
from sso.keycloak.server import KeycloakRefused
from sso.keycloak.service_shapes import ServiceClient
from sso.keycloak.values import STAND_IN_SECRET
from tests.sso.keycloak.visitor import Visitor

REALM = "test"
CALLBACK = "http://service.example/callback"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # of the example of RFC 7636, appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


@pytest.fixture
def wanted(keycloak):
    client = ServiceClient(
        subscription=str(uuid.uuid4()), name="Cantinelle, Saint-Essai", redirect_uris=(CALLBACK,),
        siret="21330554800010", insee_code="33555", logout_uri="http://127.0.0.1:9/logout",
    )  # fmt: skip
    yield client
    services.remove_client(keycloak, REALM, client.subscription)


def found(keycloak, wanted) -> dict | None:
    clients = keycloak.get(f"/{REALM}/clients", clientId=wanted.client_id)
    return clients[0] if clients else None


def seen(keycloak, wanted) -> list[services.ClientSeen]:
    every = services.clients_of_services(keycloak, REALM)
    return [one for one in every if one.subscription == wanted.subscription]


def sign_in(known, given, visitor: Visitor) -> requests.Response | str:
    """At the service, by ProConnect. The address of the service where one comes back, or a page."""
    page = visitor.open(
        f"{known['url']}/realms/{REALM}/protocol/openid-connect/auth?response_type=code&scope=openid"
        f"&client_id={given.client_id}&redirect_uri={CALLBACK}&state={'s' * 43}&nonce={'n' * 43}"
        f"&code_challenge={CHALLENGE}&code_challenge_method=S256&kc_idp_hint=proconnect"
    )
    return page if isinstance(page, str) or page.status_code != 200 else visitor.known_as(page, "odile")


def token(known, given, back: str) -> dict:
    """The claims of the ID token for the code in that address."""
    answer = requests.post(
        f"{known['url']}/realms/{REALM}/protocol/openid-connect/token",
        data={
            "grant_type": "authorization_code", "code": Visitor.code_in(back), "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER, "client_id": given.client_id, "client_secret": given.secret,
        },
        timeout=60,
    )  # fmt: skip
    return jwt.decode(answer.json()["id_token"], options={"verify_signature": False})


def test_a_client_is_made_once_and_signs_an_agent_in_with_its_organisation(keycloak, known, wanted):
    given = services.ensure_client(keycloak, REALM, wanted)
    assert services.ensure_client(keycloak, REALM, wanted) == given
    assert given.secret not in repr(given)
    visitor = Visitor(home="http://service.example/")
    claims = token(known, given, sign_in(known, given, visitor))
    assert (claims["aud"], claims["organization_siret"], claims["organization_insee_code"]) == (
        given.client_id, "21330554800010", "33555",
    )  # fmt: skip
    assert "service_roles" not in claims  # nobody has let her in
    assert services.let_in(keycloak, REALM, wanted.subscription, sub=claims["sub"])
    again = token(known, given, sign_in(known, given, visitor))  # known already: no form is shown
    assert again["service_roles"] == ["agent"]


def test_a_client_edited_by_hand_is_put_back(keycloak, wanted):
    services.ensure_client(keycloak, REALM, wanted)
    before = found(keycloak, wanted)
    path = f"/{REALM}/clients/{before['id']}"
    evil = {"redirectUris": ["*"], "attributes": before["attributes"] | {"pkce.code.challenge.method": ""}}
    keycloak.put(path, before | evil)
    siret = next(one for one in before["protocolMappers"] if one["name"] == "organization_siret")
    keycloak.put(
        f"{path}/protocol-mappers/models/{siret['id']}",
        siret | {"config": siret["config"] | {"claim.value": "99999999999999"}},
    )
    roles = next(one["id"] for one in keycloak.get(f"/{REALM}/client-scopes") if one["name"] == "roles")
    keycloak.put(f"{path}/default-client-scopes/{roles}", {})
    assert seen(keycloak, wanted)[0].redirect_uris == ("*",)  # what the drift check reads
    services.ensure_client(keycloak, REALM, wanted)
    after = found(keycloak, wanted)
    assert after["redirectUris"] == [CALLBACK]
    assert after["attributes"]["pkce.code.challenge.method"] == "S256"
    assert set(after["defaultClientScopes"]) == {"basic", "agent"}
    values = {one["name"]: one["config"].get("claim.value") for one in after["protocolMappers"]}
    assert values["organization_siret"] == "21330554800010"


def test_its_addresses_follow_and_its_secret_stays(keycloak, wanted):
    given = services.ensure_client(keycloak, REALM, wanted)
    moved = replace(wanted, redirect_uris=("https://new.example/callback",), insee_code="")
    assert services.ensure_client(keycloak, REALM, moved) == given
    after = found(keycloak, wanted)
    assert after["redirectUris"] == ["https://new.example/callback"]
    assert {one["name"] for one in after["protocolMappers"]} == {"organization_siret", "service_roles"}


def test_a_suspended_client_signs_nobody_in_until_it_is_resumed(keycloak, known, wanted):
    given = services.ensure_client(keycloak, REALM, wanted)
    assert services.suspend_client(keycloak, REALM, wanted.subscription)
    assert services.suspend_client(keycloak, REALM, wanted.subscription)
    assert not seen(keycloak, wanted)[0].enabled
    refused = sign_in(known, given, Visitor(home="http://service.example/"))
    assert refused.status_code == 400
    assert services.resume_client(keycloak, REALM, wanted.subscription)
    assert isinstance(sign_in(known, given, Visitor(home="http://service.example/")), str)


def test_a_removed_client_is_gone_however_often_it_is_asked(keycloak, wanted):
    services.ensure_client(keycloak, REALM, wanted)
    services.remove_client(keycloak, REALM, wanted.subscription)
    services.remove_client(keycloak, REALM, wanted.subscription)
    assert found(keycloak, wanted) is None
    assert seen(keycloak, wanted) == []
    assert not services.suspend_client(keycloak, REALM, wanted.subscription)


def test_a_person_whose_sessions_are_ended_must_sign_in_again(keycloak, known, wanted):
    given = services.ensure_client(keycloak, REALM, wanted)
    visitor = Visitor(home="http://service.example/")
    sub = token(known, given, sign_in(known, given, visitor))["sub"]
    assert keycloak.get(f"/{REALM}/users/{sub}/sessions")
    assert services.end_sessions(keycloak, REALM, sub=sub)
    assert keycloak.get(f"/{REALM}/users/{sub}/sessions") == []
    assert services.end_sessions(keycloak, REALM, sub=sub)
    assert not services.end_sessions(keycloak, REALM, sub=str(uuid.uuid4()))


@pytest.fixture
def commune(keycloak):
    commune = KeycloakOrganisation(
        public_id=str(uuid.uuid4()), alias=f"commune-{uuid.uuid4().hex[:8]}", name="Commune de Saint-Essai",
        domains=("mairie-essai.example", "essai.example"), provider="proconnect",
    )  # fmt: skip
    yield commune
    remove_organisation(keycloak, REALM, commune.public_id)


def test_whoever_gives_an_address_of_a_domain_is_led_to_its_provider(keycloak, known, commune):
    ensure_organisation(keycloak, REALM, commune)
    ensure_organisation(keycloak, REALM, commune)
    visitor = Visitor(home="http://testserver/")
    page = visitor.open(
        f"{known['url']}/realms/{REALM}/protocol/openid-connect/auth?response_type=code&client_id=halle"
        f"&scope=openid&redirect_uri=http://testserver/oidc/callback/&state={'s' * 43}"
        f"&code_challenge={CHALLENGE}&code_challenge_method=S256"
    )
    led = visitor.submit(page, username="odile@essai.example")
    assert f"/realms/{known['stand_in_realm']}/" in led.url
    elsewhere = visitor.open(page.url)
    alone = visitor.submit(elsewhere, username="theo@unknown.example")
    assert f"/realms/{REALM}/" in alone.url
    assert BeautifulSoup(alone.content, "html.parser").find("input", {"name": "password"})


@pytest.fixture
def own(keycloak, known, commune):
    """The provider of the commune: the realm that plays ProConnect, under another name."""
    issuer = f"{known['url']}/realms/{known['stand_in_realm']}"
    own = OwnProvider(
        alias=f"own-{uuid.uuid4().hex[:8]}", name="Annuaire de Saint-Essai", organisation=commune.public_id,
        issuer=issuer, client_id="keycloak", secret=STAND_IN_SECRET,
        described=keycloak.description(REALM, issuer=issuer),
    )  # fmt: skip
    (client,) = keycloak.get(f"/{known['stand_in_realm']}/clients", clientId="keycloak")
    path = f"/{known['stand_in_realm']}/clients/{client['id']}"
    back = f"{known['url']}/realms/{REALM}/broker/{own.alias}/endpoint"
    keycloak.put(path, client | {"redirectUris": [*client["redirectUris"], back]})
    yield own
    keycloak.put(path, client)
    remove_provider(keycloak, REALM, own.alias)


def test_agents_of_a_member_sign_in_by_its_own_provider(keycloak, known, commune, own):
    ensure_provider(keycloak, REALM, own)
    ensure_organisation(keycloak, REALM, replace(commune, provider=own.alias))
    before = keycloak.get(f"/{REALM}/identity-provider/instances/{own.alias}")
    ensure_provider(keycloak, REALM, own)
    assert keycloak.get(f"/{REALM}/identity-provider/instances/{own.alias}") == before
    visitor = Visitor(home="http://testserver/")
    page = visitor.open(
        f"{known['url']}/realms/{REALM}/protocol/openid-connect/auth?response_type=code&client_id=halle"
        f"&scope=openid&redirect_uri=http://testserver/oidc/callback/&state={'s' * 43}"
        f"&code_challenge={CHALLENGE}&code_challenge_method=S256"
    )
    assert own.name not in page.text  # only those whom an organisation leads there
    back = visitor.known_as(visitor.submit(page, username="odile@essai.example"), "odile")
    assert isinstance(back, str), back.text
    (person,) = keycloak.get(f"/{REALM}/users", username=f"{own.alias}.", briefRepresentation="false")
    assert (person["firstName"], person["emailVerified"]) == ("Odile", False)


def test_a_member_s_provider_edited_by_hand_is_put_back_and_another_s_is_left(keycloak, own):
    ensure_provider(keycloak, REALM, own)
    path = f"/{REALM}/identity-provider/instances/{own.alias}"
    found = keycloak.get(path)
    by_hand = {"validateSignature": "false", "tokenUrl": "https://evil.example/token"}
    keycloak.put(path, found | {"trustEmail": True, "config": found["config"] | by_hand})
    ensure_provider(keycloak, REALM, own)
    assert keycloak.get(path) == found
    with pytest.raises(KeycloakRefused, match="déjà pris"):
        ensure_provider(keycloak, REALM, replace(own, organisation=str(uuid.uuid4())))
    switch_off_provider(keycloak, REALM, own.alias, organisation="another")
    assert keycloak.get(path) == found
    assert own.secret not in repr(own)


def test_domains_and_provider_that_are_not_wanted_are_taken_away(keycloak, commune):
    ensure_organisation(keycloak, REALM, commune)
    ensure_organisation(keycloak, REALM, replace(commune, domains=("essai.example",), provider=None))
    (one,) = keycloak.get(f"/{REALM}/organizations", search=commune.name, exact="true")
    assert [domain["name"] for domain in one["domains"]] == ["essai.example"]
    assert keycloak.get(f"/{REALM}/organizations/{one['id']}/identity-providers") == []


def test_a_domain_of_another_organisation_is_refused(keycloak, commune):
    ensure_organisation(keycloak, REALM, commune)
    thief = replace(commune, public_id=str(uuid.uuid4()), alias="thief", name="Autre", provider=None)
    with pytest.raises(KeycloakRefused):
        ensure_organisation(keycloak, REALM, thief)
