"""Sign-in through a real provider process, and tokens that must be refused."""

import time
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import SuspiciousOperation
from django.urls import reverse

from sso.backend import OidcBackend
from tenants.models import User
from tests.fakes import identity

PERSON = {
    "sub": "odile",
    "given_name": "Odile",
    "usual_name": "Brunerie",
    "email": "odile@mairie.example",
    "siret": "21420137800012",
    "role": "Secrétaire",
    "organisation": "Commune",
}
NONCE = "n" * 43


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with identity.running([PERSON], tmp_path_factory.mktemp("identity")) as url:
        yield url


@pytest.fixture
def door(provider, settings):
    """Halle's settings pointed at the provider."""
    settings.OIDC_ISSUER = provider
    settings.OIDC_OP_AUTHORIZATION_ENDPOINT = f"{provider}/oauth2/authorize"
    settings.OIDC_OP_TOKEN_ENDPOINT = f"{provider}/oauth2/token"
    settings.OIDC_OP_USER_ENDPOINT = f"{provider}/userinfo"
    settings.OIDC_OP_JWKS_ENDPOINT = f"{provider}/jwks"
    return provider


def sign_in(client, *, next_url="", sub="odile"):
    """Through the provider's page and back, as a browser does. Returns the answer to the callback."""
    start = client.get(reverse("oidc_authentication_init"), {"next": next_url} if next_url else {})
    chosen = requests.post(start["Location"], data={"sub": sub}, allow_redirects=False, timeout=10)
    back = urlsplit(chosen.headers["Location"])
    return client.get(back.path, {name: value for name, [value] in parse_qs(back.query).items()})


@pytest.mark.django_db
def test_a_person_met_for_the_first_time_is_known_without_any_right(client, door):
    answer = sign_in(client)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("places")
    person = User.objects.get()
    assert (person.issuer, person.sub) == (door, "odile")
    assert person.get_full_name() == "Odile Brunerie"
    assert not person.memberships.exists()
    assert "pas encore de mandat" in client.get(reverse("places")).content.decode()


@pytest.mark.django_db
def test_the_same_person_is_recognised_and_her_name_follows(client, door):
    User.objects.create_user(issuer=door, sub="odile", first_name="Ancien", last_name="Nom")
    sign_in(client)
    assert User.objects.get().last_name == "Brunerie"


@pytest.mark.django_db
def test_the_same_email_from_another_issuer_is_somebody_else(client, door):
    other = User.objects.create_user(issuer="https://elsewhere.example", sub="odile", email=PERSON["email"])
    sign_in(client)
    assert client.session["_auth_user_id"] != str(other.pk)
    assert User.objects.count() == 2


@pytest.mark.django_db
def test_one_returns_to_the_page_one_came_from_but_never_elsewhere(client, door):
    assert sign_in(client, next_url="/accessibilite/")["Location"] == "/accessibilite/"
    client.logout()
    assert sign_in(client, next_url="https://evil.example/")["Location"] == reverse("places")


@pytest.mark.django_db
def test_the_request_carries_pkce_a_long_state_and_a_long_nonce(client, door):
    asked = parse_qs(urlsplit(client.get(reverse("oidc_authentication_init"))["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 32
    assert len(asked["nonce"][0]) >= 32


@pytest.mark.django_db
def test_a_callback_with_the_state_of_another_session_is_refused(client, door):
    client.get(reverse("oidc_authentication_init"))
    answer = client.get(reverse("oidc_authentication_callback"), {"code": "x", "state": "f" * 43})
    assert answer.status_code == 400
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_a_cancelled_sign_in_says_so(client, door):
    answer = client.get(reverse("oidc_authentication_callback"), {"error": "access_denied"}, follow=True)
    assert "La connexion n’a pas abouti" in answer.content.decode()


@pytest.mark.django_db
def test_a_provider_that_does_not_answer_is_a_failed_sign_in(client, door, settings):
    start = client.get(reverse("oidc_authentication_init"))
    chosen = requests.post(start["Location"], data={"sub": "odile"}, allow_redirects=False, timeout=10)
    back = urlsplit(chosen.headers["Location"])
    settings.OIDC_OP_TOKEN_ENDPOINT = "http://127.0.0.1:9/token"
    parameters = {name: value for name, [value] in parse_qs(back.query).items()}
    answer = client.get(back.path, parameters, follow=True)
    assert answer.status_code == 200
    assert "La connexion n’a pas abouti" in answer.content.decode()


# --- Tokens ---------------------------------------------------------------------------------

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def backend(settings):
    settings.OIDC_ISSUER = "https://idp.example"
    settings.OIDC_RP_IDP_SIGN_KEY = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return OidcBackend()


def token(*, key=KEY, algorithm="RS256", **changes):
    now = int(time.time())
    claims = {
        "iss": "https://idp.example",
        "aud": "halle",
        "sub": "odile",
        "nonce": NONCE,
        "iat": now,
        "exp": now + 60,
        **changes,
    }
    return jwt.encode(claims, key, algorithm=algorithm)


def test_a_good_token_is_accepted(backend):
    assert backend.verify_token(token(), nonce=NONCE)["sub"] == "odile"
    assert backend.verify_token(token(aud=["halle", "other"]), nonce=NONCE)["sub"] == "odile"


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(lambda: token(iss="https://evil.example"), id="another issuer"),
        pytest.param(lambda: token(aud="another-client"), id="another client"),
        pytest.param(lambda: token(aud=["another-client"]), id="other clients"),
        pytest.param(lambda: token(nonce="replayed"), id="nonce of another session"),
        pytest.param(lambda: token(key=OTHER_KEY), id="another key"),
        pytest.param(lambda: token(key=None, algorithm="none"), id="alg none"),
        pytest.param(lambda: token(key="secret" * 8, algorithm="HS256"), id="key confusion"),
        pytest.param(lambda: token(exp=int(time.time()) - 60), id="expired"),
    ],
)
def test_a_forged_token_is_refused(backend, forged):
    with pytest.raises(SuspiciousOperation):
        backend.verify_token(forged(), nonce=NONCE)
