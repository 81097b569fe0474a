"""Single logout from either side, and what a forged logout must not do."""

import time
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from sso.models import ReceivedLogout, SignedIn
from tests.fakes.openid import EC_KEY, OTHER_KEY, PERSON, RSA_KEY
from tests.sso.conftest import go, is_signed_in, sign_in
from tests.sso.test_attacks import signed_with_the_public_key, unsigned

pytestmark = pytest.mark.django_db

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def logout_claims(provider, **changes) -> dict:
    now = int(time.time())
    claims = {
        "iss": provider.url,
        "aud": "halle",
        "iat": now,
        "exp": now + 120,
        "jti": uuid.uuid4().hex,
        "events": {EVENT: {}},
        "sub": PERSON["sub"],
        "sid": "session-1",
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def logout_token(provider, *, signed=(RSA_KEY, "RS256", "key-1"), headers=None, **changes) -> str:
    return provider.sign(logout_claims(provider, **changes), *signed, **(headers or {"typ": "logout+jwt"}))


def tell(token: str):
    """As the provider does: no cookie, no token against forged forms."""
    return Client(enforce_csrf_checks=True).post(reverse("oidc_backchannel_logout"), {"logout_token": token})


# --- From here ----------------------------------------------------------------------------------------


def test_signing_out_ends_the_provider_s_session_too_and_comes_back(client, provider):
    sign_in(client)
    key, id_token = client.session.session_key, client.session["oidc_id_token"]
    page = client.post(reverse("oidc_logout"))
    assert not is_signed_in(client)
    assert not Session.objects.filter(session_key=key).exists()
    assert "no-store" in page["Cache-Control"]
    html = BeautifulSoup(page.content, "html.parser")
    leave = html.main.find("a", class_="btn")["href"]
    assert html.find("meta", attrs={"http-equiv": "refresh"})["content"] == f"0; url={leave}"
    asked = {name: value for name, [value] in parse_qs(urlsplit(leave).query).items()}
    assert leave.startswith(f"{provider.url}/logout?")
    assert asked["id_token_hint"] == id_token
    assert asked["post_logout_redirect_uri"] == f"http://testserver{reverse('oidc_signed_out')}"
    assert len(asked["state"]) >= 32
    path, parameters = go(leave)
    assert "ici et chez votre fournisseur" in client.get(path, parameters, follow=True).content.decode()


@pytest.mark.parametrize("silent", [True, False])
def test_without_the_provider_one_is_signed_out_here_all_the_same(client, provider, settings, silent):
    sign_in(client)
    if silent:
        settings.OIDC_ISSUER = "http://127.0.0.1:9"
    else:
        settings.OIDC_ISSUER = provider.url + "/"  # another name: its description is read again
        provider.document = {"issuer": provider.url + "/", "end_session_endpoint": None}
    answer = client.post(reverse("oidc_logout"), follow=True)
    assert "Vous êtes déconnecté de Halle." in answer.content.decode()
    assert not is_signed_in(client)


def test_nobody_is_signed_out_by_a_link(client, provider):
    sign_in(client)
    assert client.get(reverse("oidc_logout")).status_code == 405
    client.get(reverse("oidc_signed_out"), {"state": "x" * 43})
    assert is_signed_in(client)


def test_nobody_is_signed_out_by_a_form_of_elsewhere(provider):
    browser = Client(enforce_csrf_checks=True)
    sign_in(browser)
    assert browser.post(reverse("oidc_logout")).status_code == 403
    assert is_signed_in(browser)


def test_a_way_back_that_was_not_asked_for_claims_nothing(client, provider):
    answer = client.get(reverse("oidc_signed_out"), {"state": ""}, follow=True)
    assert "déconnecté" not in answer.content.decode()


# --- From the provider --------------------------------------------------------------------------------


def test_the_provider_ends_a_session_at_once(client, provider):
    sign_in(client)
    answer = tell(logout_token(provider))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert client.get(reverse("my_data"))["Location"].startswith(reverse("oidc_authentication_init"))
    assert not SignedIn.objects.exists()


def test_only_the_session_that_it_names(provider):
    one, other = Client(), Client()
    sign_in(one)
    provider.id_token = {"sid": "session-2"}
    sign_in(other)
    tell(logout_token(provider, sub=None))
    assert not is_signed_in(one)
    assert is_signed_in(other)


def test_every_session_of_a_person_when_it_names_her_alone(provider):
    browsers = [Client(), Client()]
    for number, browser in enumerate(browsers):
        provider.id_token = {"sid": f"session-{number}"}
        sign_in(browser)
    colleague = Client()
    provider.person = {**PERSON, "sub": "colleague"}
    sign_in(colleague)
    tell(logout_token(provider, sid=None))
    assert [is_signed_in(browser) for browser in browsers] == [False, False]
    assert is_signed_in(colleague)


def test_a_session_keeps_its_name_under_its_new_key(client, provider):
    """Signed in again in the same browser: one session, found still."""
    sign_in(client)
    provider.id_token = {"sid": "session-2"}
    sign_in(client)
    assert SignedIn.objects.get().session_id == client.session.session_key
    tell(logout_token(provider, sid="session-2"))
    assert not is_signed_in(client)


def test_the_other_algorithms_end_it_as_well(client, provider):
    sign_in(client)
    assert tell(logout_token(provider, signed=(EC_KEY, "ES256", "key-2"), headers={})).status_code == 200
    assert not is_signed_in(client)


def test_a_logout_of_nobody_here_is_done(provider):
    assert tell(logout_token(provider)).status_code == 200


FORGED = {
    "alg none": lambda provider: unsigned(logout_claims(provider)),
    "key confusion": lambda provider: signed_with_the_public_key(logout_claims(provider)),
    "another key": lambda provider: logout_token(provider, signed=(OTHER_KEY, "RS256", "key-1")),
    "wrong issuer": lambda provider: logout_token(provider, iss="https://evil.example"),
    "wrong audience": lambda provider: logout_token(provider, aud="another-client"),
    "expired": lambda provider: logout_token(provider, exp=int(time.time()) - 45),
    "without end": lambda provider: logout_token(provider, exp=None),
    "not yet": lambda provider: logout_token(provider, iat=int(time.time()) + 45),
    "without date": lambda provider: logout_token(provider, iat=None),
    "without a name of its own": lambda provider: logout_token(provider, jti=None),
    "too long a name": lambda provider: logout_token(provider, jti="x" * 300),
    "of nobody": lambda provider: logout_token(provider, sub=None, sid=None),
    "of nothing": lambda provider: logout_token(provider, sub="", sid=None),
    "another event": lambda provider: logout_token(provider, events={"https://other.example": {}}),
    "no event": lambda provider: logout_token(provider, events=None),
    "event of another kind": lambda provider: logout_token(provider, events={EVENT: True}),
    "events of another kind": lambda provider: logout_token(provider, events=[EVENT]),
    "with a nonce": lambda provider: logout_token(provider, nonce="n" * 43),
    "another type": lambda provider: logout_token(provider, headers={"typ": "at+jwt"}),
    "no token": lambda provider: "",
    "not a token": lambda provider: "a.b.c",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_forged_logout_ends_nothing(client, provider, forged):
    sign_in(client)
    answer = tell(forged(provider))
    assert answer.status_code == 400
    assert is_signed_in(client)
    assert not ReceivedLogout.objects.exists()


def test_an_id_token_is_no_logout(client, provider):
    sign_in(client)
    assert tell(client.session["oidc_id_token"]).status_code == 400
    assert is_signed_in(client)


@pytest.mark.parametrize("named", [{"sid": "session-2"}, {"sub": "colleague"}])
def test_what_it_names_must_be_one_and_the_same(client, provider, named):
    sign_in(client)
    tell(logout_token(provider, **named))
    assert is_signed_in(client)


def test_a_logout_serves_once(client, provider):
    token = logout_token(provider)
    assert tell(token).status_code == 200
    sign_in(client)
    assert tell(token).status_code == 400
    assert is_signed_in(client)


def test_names_of_old_logouts_are_forgotten(provider):
    tell(logout_token(provider, exp=int(time.time()) - 20))  # within the leeway
    ReceivedLogout.objects.update(expires_at="2020-01-01T00:00Z")
    tell(logout_token(provider))
    assert ReceivedLogout.objects.count() == 1


def test_a_provider_whose_keys_cannot_be_had_may_say_it_again(provider):
    provider.pages["/keys"] = (503, "text/html", b"")
    assert tell(logout_token(provider)).status_code == 503
