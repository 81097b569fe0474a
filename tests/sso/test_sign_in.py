"""Sign-in through a provider on this machine: who one is, where one goes, what a silent provider does."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from bs4 import BeautifulSoup
from django.contrib.sessions.models import Session
from django.urls import reverse

from tenants.models import User
from tests.factories import OperatorFactory
from tests.fakes import identity
from tests.fakes.openid import EC_KEY, OTHER_KEY, PERSON, RSA_KEY
from tests.sso.conftest import go, is_signed_in, sign_in, start

pytestmark = pytest.mark.django_db


def text_of(answer):
    return BeautifulSoup(answer.content, "html.parser").main.get_text(" ", strip=True)


def test_a_person_met_for_the_first_time_is_known_without_any_right(client, provider):
    answer = sign_in(client)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("places")
    person = User.objects.get()
    assert (person.issuer, person.sub, person.email) == (provider.url, "odile", PERSON["email"])
    assert person.get_full_name() == "Odile Brunerie"
    assert not person.memberships.exists()
    assert "pas encore de mandat" in client.get(reverse("places")).content.decode()


def test_the_demo_s_provider_signs_in_as_any_other(client, settings, tmp_path):
    person = {**PERSON, "role": "Secrétaire", "organisation": "Commune"}
    with identity.running([person], tmp_path) as url:
        settings.OIDC_ISSUER = url
        chosen = requests.post(start(client), data={"sub": "odile"}, allow_redirects=False, timeout=10)
        back = urlsplit(chosen.headers["Location"])
        client.get(back.path, {name: value for name, [value] in parse_qs(back.query).items()})
    assert User.objects.get().email == PERSON["email"]
    assert is_signed_in(client)


def test_the_same_person_is_recognised_and_her_name_follows(client, provider):
    User.objects.create_user(issuer=provider.url, sub="odile", first_name="Ancien", last_name="Nom")
    sign_in(client)
    assert User.objects.get().last_name == "Brunerie"


def test_the_same_email_from_another_issuer_is_somebody_else(client, provider):
    other = User.objects.create_user(issuer="https://elsewhere.example", sub="odile", email=PERSON["email"])
    sign_in(client)
    assert client.session["_auth_user_id"] != str(other.pk)
    assert User.objects.count() == 2


def test_one_returns_to_the_page_one_came_from(client, provider):
    assert sign_in(client, next="/accessibilite/")["Location"] == "/accessibilite/"


def test_the_request_carries_pkce_a_long_state_and_a_long_nonce(client, provider):
    asked = parse_qs(urlsplit(start(client)).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert len(asked["state"][0]) >= 32
    assert len(asked["nonce"][0]) >= 32


def test_an_authorization_address_may_have_a_query_of_its_own(client, provider):
    provider.document = {"authorization_endpoint": f"{provider.url}/authorize?tenant=1"}
    assert parse_qs(urlsplit(start(client)).query)["tenant"] == ["1"]
    sign_in(client)
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "signature", [(RSA_KEY, "RS256", "key-1"), (RSA_KEY, "PS256", "key-1"), (EC_KEY, "ES256", "key-2")]
)
def test_signed_userinfo_is_read_as_the_plain_one(client, provider, signature):
    """ProConnect's is a token, whose family name is `usual_name`."""
    provider.signs_with = provider.signs_userinfo = signature
    provider.userinfo = {"iss": provider.url, "aud": "halle", "exp": int(time.time()) + 60}
    sign_in(client)
    assert User.objects.get().get_full_name() == "Odile Brunerie"


def test_a_provider_without_key_identifiers_is_understood(client, provider):
    provider.keys, provider.signs_with = {"key-1": RSA_KEY}, (RSA_KEY, "RS256", None)
    sign_in(client)
    assert is_signed_in(client)


def test_a_key_that_the_provider_has_just_changed_is_asked_for(client, provider):
    sign_in(client)
    client.logout()
    provider.keys, provider.signs_with = {"key-3": OTHER_KEY}, (OTHER_KEY, "RS256", "key-3")
    sign_in(client)
    assert is_signed_in(client)
    assert len(provider.asked_for("/keys")) == 2


def test_the_discovery_document_and_the_keys_are_read_once(client, provider):
    for _ in range(2):
        sign_in(client)
        client.logout()
    assert len(provider.asked_for("/.well-known/openid-configuration")) == 1
    assert len(provider.asked_for("/keys")) == 1


def test_a_provider_that_wants_http_basic_gets_it(client, provider):
    provider.document = {"token_endpoint_auth_methods_supported": None}  # the default of the specification
    sign_in(client)
    assert is_signed_in(client)
    [asked] = provider.asked_for("/token")
    assert asked["by"] == "basic"


def test_clocks_may_differ_a_little(client, provider):
    now = int(time.time())
    provider.id_token = {"iat": now + 10, "exp": now - 10}
    sign_in(client)
    assert is_signed_in(client)


def test_whoever_is_no_longer_active_is_signed_out_at_her_next_click(client, provider):
    sign_in(client)
    User.objects.update(is_active=False)
    for _ in range(2):
        assert client.get(reverse("places"))["Location"].startswith(reverse("oidc_authentication_init"))
        assert sign_in(client)["Location"] == "/"  # the provider knows her, and it does not help


# --- The provider is down, or answers with a page ------------------------------------------------------

HTML = (200, "text/html", b"<html>En maintenance</html>")
BROKEN = {
    "in error": (503, "application/json", b"{}"),
    "a page": HTML,
    "led elsewhere": (302, "text/plain", b""),
    "no object": (200, "application/json", b"[]"),
    "without end": (200, "application/json", b" " * 1_100_000),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token", "/userinfo"])
def test_a_provider_that_gives_no_answer_is_told_with_whom_to_ask(client, provider, path, broken):
    OperatorFactory(contact_email="aide@operateur.example", contact_name="Ève Martin")
    provider.pages[path] = broken
    if path == "/.well-known/openid-configuration":
        answer = client.get(reverse("oidc_authentication_init"), {"next": "/accessibilite/"})
    else:
        answer = sign_in(client, next="/accessibilite/")
    assert answer.status_code == 503
    assert "ne répond pas" in text_of(answer)
    assert "Ève Martin : aide@operateur.example" in text_of(answer)
    assert "En maintenance" not in answer.content.decode()
    again = BeautifulSoup(answer.content, "html.parser").main.find("a", class_="btn")["href"]
    assert not is_signed_in(client)
    provider.pages.clear()
    back, parameters = go(client.get(again)["Location"])
    assert client.get(back, parameters)["Location"] == "/accessibilite/"


def test_sessions_go_on_while_the_provider_is_down(client, provider, settings):
    sign_in(client)
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    assert client.get(reverse("my_data")).status_code == 200


def test_a_provider_that_fell_silent_is_remembered(client, provider):
    """Its addresses are known for a day: whoever comes is led there, and it will say itself how it is."""
    start(client)
    provider.pages["/.well-known/openid-configuration"] = HTML
    assert start(client).startswith(f"{provider.url}/authorize?")


def test_on_an_operator_s_own_address_only_that_one_is_named(client, provider, settings):
    settings.ALLOWED_HOSTS = ["halle.operateur.example"]
    OperatorFactory(contact_email="aide@autre.example")
    OperatorFactory(contact_email="aide@ici.example", hostname="halle.operateur.example")
    provider.pages["/.well-known/openid-configuration"] = HTML
    answer = client.get(reverse("oidc_authentication_init"), HTTP_HOST="halle.operateur.example")
    assert "aide@ici.example" in text_of(answer)
    assert "aide@autre.example" not in text_of(answer)


@pytest.mark.parametrize(
    "wrong", [{"issuer": "https://evil.example"}, {"token_endpoint": "ftp://evil.example"}]
)
def test_a_discovery_document_that_cannot_be_trusted_is_no_answer(client, provider, wrong):
    provider.document = wrong
    assert client.get(reverse("oidc_authentication_init")).status_code == 503


def test_a_cancelled_sign_in_says_so(client, provider):
    answer = client.get(reverse("oidc_authentication_callback"), {"error": "access_denied"}, follow=True)
    assert "La connexion n’a pas abouti" in answer.content.decode()


def test_a_session_is_hers_from_sign_in_on(client, provider):
    """The key of before is worth nothing any more."""
    start(client)
    before = client.session.session_key
    sign_in(client)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()
